"""Plans: what a night's raw files call for."""

import pytest

from archive.models import RawImage
from archive.survey.camera import rcid
from processing.executive.plan import PlanConfig, plan_night
from processing.models import Job
from tests import factories

pytestmark = pytest.mark.django_db
NID = 1362
CONFIG = PlanConfig(reference_frames=3)


def frames(imgtypecode: str, count: int, **values) -> None:
    for _ in range(count):
        exposure = factories.exposure(imgtypecode=imgtypecode, **values)
        RawImage.objects.create(exposure=exposure, ccdid=13, **factories.PUBLIC)


def counts() -> dict[str, int]:
    return {name: Job.objects.filter(pipeline=name).count() for name in Job.objects.values_list("pipeline", flat=True)}


def test_a_night_of_one_ccd_is_calibrated_quadrant_by_quadrant():
    frames("b", 5, fid=0, filtercode="bi")
    frames("f", 5)
    frames("o", 2)
    plan_night(NID, CONFIG)
    assert counts() == {"bias": 4, "flat": 4, "science": 8}
    ready = set(Job.objects.filter(state=Job.State.READY).values_list("pipeline", flat=True))
    assert ready == {"bias"}
    science = Job.objects.filter(pipeline="science").first()
    assert {one.pipeline for one in science.prerequisites.all()} == {"bias", "flat"}


def test_enough_images_call_for_a_reference_and_what_needs_it():
    frames("o", 3)
    plan_night(NID, CONFIG)
    made = counts()
    assert made.pop("hips") == 4
    assert made == {"science": 12, "reference": 4, "difference": 12, "alerts": 12, "lightcurves": 12, "statistics": 4}
    reference = Job.objects.filter(pipeline="reference").first()
    assert reference.waits_for == 3


def test_images_of_earlier_nights_are_differenced_once_there_is_a_reference():
    frames("o", 2)
    plan_night(NID, CONFIG)
    assert counts() == {"science": 8}
    frames("o", 1, jd=factories.JD + 1)
    plan_night(NID + 1, CONFIG)
    assert counts()["difference"] == 12


def test_nights_planned_together_share_one_reference():
    for night in range(3):
        frames("o", 3, jd=factories.JD + night)
        plan_night(NID + night, CONFIG)
    assert counts()["reference"] == 4
    assert counts()["difference"] == 36


def test_planning_a_night_again_adds_only_what_came_late():
    frames("o", 1)
    assert len(plan_night(NID, CONFIG)) == 4
    assert plan_night(NID, CONFIG) == []
    frames("o", 1)
    assert len(plan_night(NID, CONFIG)) == 4


def test_dithered_engineering_exposures_make_the_static_calibrations_before_science():
    frames("b", 5, fid=0, filtercode="bi")
    frames("f", 5)
    for step in range(5):
        frames("o", 1, programid=0, ra=55.0 + 0.1 * step, dec=33.0)
    frames("o", 2)
    plan_night(NID, CONFIG)
    assert counts() == {"bias": 4, "flat": 4, "lownuflat": 4, "pmask": 4, "science": 8}
    science = Job.objects.filter(pipeline="science").first()
    assert {one.pipeline for one in science.prerequisites.all()} == {"bias", "flat", "lownuflat", "pmask"}


def test_engineering_exposures_that_are_not_dithered_are_science():
    frames("o", 5, programid=0, ra=55.0, dec=33.0)
    plan_night(NID, PlanConfig(reference_frames=99))
    assert counts() == {"science": 20}


def test_a_prior_of_the_projection_is_made_of_earlier_nights_before_the_science_of_this_one():
    frames("o", 5)
    for image in RawImage.objects.select_related("exposure"):
        for qid in (1, 2, 3, 4):
            factories.science_image(image.exposure, rcid=rcid(13, qid), infobits=0)
    plan_night(NID, PlanConfig(reference_frames=99))
    assert counts() == {"science": 20}
    later = NID + 1
    frames("o", 1, jd=factories.JD + 1)
    plan_night(later, PlanConfig(reference_frames=99))
    assert counts() == {"science": 24, "distortion": 4}
    job = Job.objects.filter(pipeline="science", nid=later).first()
    assert {one.pipeline for one in job.prerequisites.all()} == {"distortion"}
