"""Whatever is wrong with a frame ends in a reason; nothing half made stays, and the night goes on."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from django.conf import settings

from archive.files import storage
from archive.ingest import RefusedError, ingest
from archive.models import Exposure, ProductFile, ScienceImage
from archive.products import register
from archive.survey.bits import InfoBit, MaskBit
from archive.survey.camera import rcid
from archive.survey.filenames import parse
from archive.survey.identifiers import make_pid
from processing.executive.plan import Selection, plan_night
from processing.models import Job
from tests.processing.executive import nights
from tests.processing.executive.bad_input import BAD_QUADRANT, CASES, CCD, GOOD_QUADRANT, Case, expose, table

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
TWO_QUADRANTS = Selection(ccdids=frozenset({CCD}), qids=frozenset({BAD_QUADRANT, GOOD_QUADRANT}))
BY_NAME = {case.name: case for case in CASES}


@pytest.fixture(scope="module")
def calibrated(catalogs, tmp_path_factory) -> int:
    """The night's calibrations of two quadrants; its nid."""
    paths = nights.simulate(tmp_path_factory.mktemp("night"))
    nights.take_all(paths)
    nid = Exposure.objects.get(field=nights.PLAN.field).nid
    plan_night(nid, selection=TWO_QUADRANTS)
    nights.run_all()
    return nid


@pytest.fixture(autouse=True)
def whole_tree(calibrated, archive_root):
    """Every file that a test leaves in the tree is known by a row, and none has a temporary name."""
    before = _files(archive_root)
    yield
    new = {str(path.relative_to(archive_root)) for path in _files(archive_root) - before}
    assert new <= set(ProductFile.objects.values_list("path", flat=True))


def _files(root: Path) -> set[Path]:
    """Without what lies in quarantine."""
    return {path for path in root.rglob("*") if path.is_file() and ".quarantine" not in path.parts}


def process(case: Case, folder: Path) -> tuple[Job, Job]:
    """The jobs of the bad and of a good quadrant of an exposure, after they ended."""
    path = expose(folder, CASES.index(case), case)
    ingest(path)
    if case.archive:
        case.archive(ProductFile.objects.get(path=parse(path.name).path))
    exposure = Exposure.objects.get(filefracday=parse(path.name).filefracday)
    plan_night(exposure.nid, selection=TWO_QUADRANTS)
    nights.run_all()
    pids = [make_pid(exposure.expid, rcid(CCD, qid)) for qid in (BAD_QUADRANT, GOOD_QUADRANT)]
    bad, good = (Job.objects.get(pipeline="science", key=str(pid)) for pid in pids)
    return bad, good


@pytest.mark.parametrize("case", [case for case in CASES if case.outcome == "refused"], ids=lambda case: case.name)
def test_a_broken_file_is_refused_with_its_reason_and_changes_nothing(case, tmp_path):
    before = Exposure.objects.count(), ProductFile.objects.count(), len(_files(settings.ARCHIVE_ROOT))
    with pytest.raises(RefusedError) as reason:
        ingest(expose(tmp_path, CASES.index(case), case))
    assert case.reason in str(reason.value)
    assert before == (Exposure.objects.count(), ProductFile.objects.count(), len(_files(settings.ARCHIVE_ROOT)))


@pytest.mark.parametrize("case", [case for case in CASES if case.outcome == "quarantined"], ids=lambda case: case.name)
def test_an_unusable_frame_is_quarantined_with_its_reason(case, tmp_path):
    bad, good = process(case, tmp_path)
    assert (bad.state, bad.attempts) == ("quarantined", 1)
    assert case.reason in bad.reason
    assert not ScienceImage.objects.filter(pk=int(bad.key)).exists()
    assert not ProductFile.objects.filter(family="sci", product_id=int(bad.key)).exists()
    if not case.spreads:
        assert ScienceImage.objects.get(pk=int(good.key)).status == 1


@pytest.mark.parametrize("case", [case for case in CASES if case.outcome == "done"], ids=lambda case: case.name)
def test_a_poor_frame_is_made_as_far_as_it_goes_and_says_what_is_wrong(case, tmp_path):
    bad, good = process(case, tmp_path)
    assert (bad.state, bad.reason) == ("done", "")
    image = ScienceImage.objects.get(pk=int(bad.key))
    assert case.status in (None, image.status)
    assert case.bits & InfoBit(image.infobits) == case.bits
    problems = [text for name, text in image.quality.items() if name.endswith("_problem")]
    assert any(case.reason in problem for problem in problems) or not case.reason
    if case.undefined_rows:
        undefined = _mask(bad) & int(MaskBit.NAN) != 0
        assert undefined.all(axis=1).sum() == case.undefined_rows
        assert undefined.sum() == case.undefined_rows * undefined.shape[1]
    if not case.spreads:
        assert ScienceImage.objects.get(pk=int(good.key)).status == 1


def _mask(job: Job) -> np.ndarray:
    file = ProductFile.objects.get(family="sci", product_id=int(job.key), suffix="mskimg.fits")
    return fits.getdata(storage.absolute(file.path))


def test_a_run_that_cannot_be_recorded_leaves_no_file_and_is_given_up_with_its_reason(tmp_path, monkeypatch):
    def breaks(*arguments, **values):
        raise RuntimeError("disk full")

    monkeypatch.setattr(register, "register_science", breaks)
    for job in process(BY_NAME["NaN rows"], tmp_path):
        assert (job.state, job.attempts, job.reason) == ("failed", 3, "RuntimeError: disk full")
        assert not ProductFile.objects.filter(family="sci", product_id=int(job.key)).exists()


def test_the_documented_table_is_what_these_tests_hold():
    page = settings.BASE_DIR / "docs" / "supplement" / "bad_input.md"
    assert table() in page.read_text()
