"""A small archive made by the main job itself: nights simulated, taken in, processed; and the portal that serves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.db import connections

from archive.ingest import ingest
from archive.ingest.reference_catalogs import refcats
from archive.models import Exposure, Membership
from archive.survey.camera import Camera
from processing.executive import queue, tasks
from processing.executive.plan import PlanConfig, plan_night
from processing.models import Job
from processing.simulate.plan import SurveyPlan
from processing.simulate.sky import Population
from processing.simulate.survey import simulate_night, survey_sky, write_reference_catalogs, write_truth
from tests import leftovers, servers

CAMERA = Camera().scaled(640, 640, (8,))
PLAN = SurveyPlan(
    field=557,
    first_night=date(2026, 10, 25),
    nights=2,
    exposures=(("zr", 4),),
    program_shares=((1, 0.75), (2, 0.25)),
    bias_frames=4,
    flat_frames=8,
    star_flats=7,
    seed=5,
    population=Population(rrlyrae=400.0, supernovae=300.0),
)
REFERENCE_FRAMES = 3
DISTORTION_FRAMES = 3


def pytest_collection_modifyitems(items):
    """Tests here read what the session committed, under both roles."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.django_db(databases=["default", "reader"]))


@dataclass(frozen=True)
class Night:
    """What was simulated, and its truth."""

    folder: Path
    exposures: pd.DataFrame
    quadrants: pd.DataFrame
    detections: pd.DataFrame
    sources: pd.DataFrame


@pytest.fixture(scope="package")
def emptied(committed):
    """Tests of other folders find nothing of this one."""
    yield
    leftovers.empty()


@pytest.fixture(scope="package")
def small_archive(emptied, archive_root, tmp_path_factory) -> Night:
    """Two nights on one CCD of a small detector, through every pipeline."""
    folder = tmp_path_factory.mktemp("night")
    sky = survey_sky(PLAN, CAMERA)
    nights = [simulate_night(PLAN, number, folder, CAMERA, sky=sky) for number in range(PLAN.nights)]
    for name, path in write_reference_catalogs(sky, PLAN.seed, folder).items():
        refcats.load(name, path)
    for night in nights:
        for path in night.paths:
            ingest(path)
    for nid in sorted(set(Exposure.objects.filter(field=PLAN.field).values_list("nid", flat=True))):
        plan_night(nid, PlanConfig(reference_frames=REFERENCE_FRAMES, distortion_frames=DISTORTION_FRAMES))
        run_all()
    truth = {name: pd.read_parquet(path) for name, path in write_truth(sky, nights, folder / "truth").items()}
    return Night(folder, **truth)


def run_all() -> None:
    """What workers do, one job after another in this process."""
    while (ready := Job.objects.filter(state=Job.State.READY).order_by("pk").first()) is not None:
        job = queue.claim(ready.pk)
        tasks.run_claimed(job)
        queue.release(job.pk)


@pytest.fixture(scope="package")
def people(emptied) -> dict[str, User]:
    """A visitor with an account, a member of the partnership, an admin; their password is their name twice."""
    made = {name: User.objects.create_user(name, password=name * 2) for name in ("visitor", "partner")}
    made["admin"] = User.objects.create_superuser("admin", password="adminadmin")
    Membership.objects.create(user=made["partner"], program_id=2)
    return made


@pytest.fixture(scope="package")
def portal(small_archive, people, tmp_path_factory) -> str:
    """The address of the portal that serves the small archive."""
    connections.close_all()
    with servers.portal(tmp_path_factory.mktemp("portal")) as address:
        yield address
