"""Nights without calibrations of their own, and calibrations that come later: through jobs, as workers run them."""

import pytest
from astropy.io import fits
from django.core.management import call_command

from archive.files import storage
from archive.models import CalibrationImage, Exposure, ProductFile, ScienceImage
from archive.products import calibrations
from processing.executive.plan import plan_night
from processing.models import Job
from tests.processing.executive import nights

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def next_day(night, tmp_path) -> ScienceImage:
    """The next night, of which only the frame of the sky was taken in."""
    biases_and_flats = nights.simulate(tmp_path, night=1)
    nights.take_all([path for path in biases_and_flats if path.name.endswith("_o.fits.fz")])
    plan_night(night + 1, selection=nights.QUADRANT)
    nights.run_all()
    return ScienceImage.objects.get(nid=night + 1)


def card(image: ScienceImage, keyword: str):
    file = ProductFile.objects.get(family="sci", product_id=image.pid, suffix="sciimg.fits")
    return fits.getheader(storage.absolute(file.path))[keyword]


def test_the_nights_own_calibrations_leave_no_flag(night):
    image = ScienceImage.objects.get(nid=night)
    assert image.quality["calibration_fallback"] == 0
    assert (card(image, "CALFALL"), card(image, "BIASAGE"), card(image, "HIFLTAGE")) == (0, 0, 0)
    assert card(image, "CIDBIAS") == image.calibrations.get(caltype="bias").cid


def test_last_nights_calibrations_are_used_with_a_flag_on_row_header_and_page(next_day, night, client):
    assert next_day.quality["calibration_fallback"] == 1 + 4
    assert (card(next_day, "CALFALL"), card(next_day, "BIASAGE")) == (5, 1)
    used = {choice.image.caltype: (choice.grade, choice.age) for choice in calibrations.used_for(next_day)}
    assert used == {"bias": (1, 1), "hifreqflat": (1, 1)}
    provenance = ProductFile.objects.filter(family="sci", product_id=next_day.pid).first().provenance
    assert provenance["inputs"]["bias"]["age"] == 1


def test_calibrations_that_come_later_change_nothing_until_redo(next_day, night, tmp_path_factory):
    nights.take_all(nights.simulate(tmp_path_factory.mktemp("late"), night=1)[:8])
    plan_night(night + 1, selection=nights.QUADRANT)
    nights.run_all()
    assert CalibrationImage.objects.filter(nid=night + 1, rcid=nights.RCID).count() == 2
    before = next_day.magzp
    next_day.refresh_from_db()
    assert (next_day.magzp, next_day.quality["bias_age"]) == (before, 1)
    call_command("process", str(night + 1), "--ccd", "8", "--quadrant", "1", "--redo", "--no-wait", verbosity=0)
    nights.run_all()
    next_day.refresh_from_db()
    assert next_day.quality["calibration_fallback"] == 0
    assert card(next_day, "BIASAGE") == 0
    assert Job.objects.get(pipeline="science", key=str(next_day.pid)).attempts == 2
    assert Exposure.objects.filter(nid=night + 1, imgtypecode="o").count() == 1


def test_a_stack_unlike_the_others_is_bad_and_is_not_used(next_day, night):
    assert CalibrationImage.objects.get(caltype="bias", nid=night, rcid=nights.RCID).status == "good"
    bias = CalibrationImage.objects.get(caltype="bias", nid=night, rcid=nights.RCID)
    assert bias.quality["pixels"] == 512 * 512
    bias.nframes = 3
    assert calibrations.judge(bias).status == "bad"
    call_command("process", str(night + 1), "--ccd", "8", "--quadrant", "1", "--redo", "--no-wait", verbosity=0)
    nights.run_all()
    job = Job.objects.get(pipeline="science", key=str(next_day.pid))
    assert job.state == "quarantined"
    assert "no good bias of CCD 8, quadrant 1" in job.reason
