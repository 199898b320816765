"""Raw frames in, a searchable archive out: held against the simulated truth."""

import shutil
from collections import Counter

import numpy as np
import pytest
from astropy.io import fits

from archive.files import storage
from archive.models import Alert, CalibrationImage, DifferenceImage, ProductFile, ReferenceImage, ScienceImage
from archive.pixels.rendering import cutout
from archive.search import query
from archive.search.query import ImageQuery
from archive.sky.footprints import read_wcs
from archive.sky.sphere import separation
from lightcurves.models import Detection
from processing.models import Job
from tests.conftest import REAL_DATA

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_archive")]


def science_images():
    return ScienceImage.objects.filter(field=557, origin="ours")


def test_every_job_ended_and_none_failed():
    states = Counter(Job.objects.values_list("pipeline", "state"))
    reasons = set(Job.objects.exclude(state=Job.State.DONE).values_list("pipeline", "state", "reason"))
    assert reasons == set()
    assert states["science", "done"] == 2 * 4 * 4  # nights, exposures, quadrants


def test_zero_points_are_the_skys_to_a_few_hundredths(small_archive):
    truth = small_archive.quadrants.set_index(["expid", "rcid"]).magzp
    errors = [image.magzp - truth[image.exposure_id, image.rcid] for image in science_images() if image.status]
    assert abs(np.median(errors)) < 0.04
    assert np.std(errors) < 0.05


def test_the_wcs_puts_stars_where_they_are_to_a_twentieth_of_a_pixel(small_archive):
    image = science_images().filter(status=1).order_by("pid").first()
    file = ProductFile.objects.get(family="sci", product_id=image.pid, suffix="sciimg.fits")
    with fits.open(storage.absolute(file.path)) as hdus:
        wcs = read_wcs(hdus[0].header)
    here = small_archive.detections.query("expid == @image.exposure_id and rcid == @image.rcid and mag < 18")
    ra, dec = wcs.all_pix2world(here.x, here.y, 0)
    assert np.median(separation(ra, dec, here.ra, here.dec)) * 3600 < 0.05


def test_an_image_is_found_by_any_star_in_it(small_archive):
    star = small_archive.detections.iloc[100]
    found = query.images(ImageQuery(ra=star.ra, dec=star.dec, expid=int(star.expid)))
    assert [image.rcid for image in found] == [star.rcid]


def test_a_cutout_is_centred_on_what_was_asked_for(small_archive):
    star = small_archive.detections.query("mag < 16 and kind == 0").iloc[0]
    image = query.images(ImageQuery(ra=star.ra, dec=star.dec, expid=int(star.expid))).get()
    file = ProductFile.objects.get(family="sci", product_id=image.pid, suffix="sciimg.fits")
    hdu = cutout(file, star.ra, star.dec, 11 / 3600)
    x, y = read_wcs(hdu.header).all_world2pix(star.ra, star.dec, 0)
    peak = np.unravel_index(np.argmax(hdu.data), hdu.data.shape)
    assert abs(peak[1] - x) < 1.5
    assert abs(peak[0] - y) < 1.5


def test_references_are_made_of_public_images_only():
    references = ReferenceImage.objects.filter(field=557, origin="ours")
    assert references.count() == 4
    for reference in references:
        assert reference.nframes >= 3
        assert set(reference.inputs.values_list("programid", flat=True)) == {1}


def test_every_image_is_differenced_and_its_files_are_whole():
    assert DifferenceImage.objects.count() == science_images().filter(status=1).count()
    for file in ProductFile.objects.all():
        assert storage.checksum(storage.absolute(file.path)) == file.sha256, file.path
        assert file.origin != "ours" or file.family in ("raw", "alert") or file.provenance["config_sha256"]


def test_bright_supernovae_raise_alerts(small_archive):
    """A supernova away from the edges and clearly above its own light in the reference must be an alert."""
    truth = small_archive.detections.merge(small_archive.sources[["id", "kind"]], on="id", suffixes=("", "_s"))
    swings = truth.query("mag < 19").groupby("id").filter(lambda one: one.mag.max() - one.mag.min() > 0.6)
    inside = swings.query("40 < x < 600 and 40 < y < 600")
    if inside.empty:
        pytest.skip("the simulated sky has no strongly varying source in this field")
    ids = inside.groupby("id")[["ra", "dec"]].mean()
    found = [Alert.objects.within(one.ra, one.dec, 1.5 / 3600).exists() for one in ids.itertuples()]
    assert np.mean(found) > 0.5


def test_a_light_curve_repeats_to_its_errors(small_archive):
    steady = small_archive.detections.query("kind == 0 and 15 < mag < 17").groupby("id")[["ra", "dec", "mag"]].mean()
    scatters = []
    from lightcurves.models import Source

    for star in steady.itertuples():
        source = Source.objects.within(star.ra, star.dec, 1 / 3600).first()
        mags = (
            list(Detection.objects.filter(oid=source.oid, catflags=0).values_list("mag", flat=True)) if source else []
        )
        if len(mags) >= 5:
            scatters.append(1.4826 * np.median(np.abs(np.array(mags) - np.median(mags))))
    assert len(scatters) > 20
    assert np.median(scatters) < 0.03


def test_processing_again_makes_nothing_new():
    from processing.executive.plan import PlanConfig, plan_night

    before = Job.objects.count()
    for nid in set(Job.objects.values_list("nid", flat=True)):
        plan_night(nid, PlanConfig(reference_frames=3))
    assert Job.objects.count() == before


@pytest.fixture
def tree_as_before(small_archive, settings, tmp_path):
    """The database forgets what a test does; this makes the product tree forget it too."""
    kept = tmp_path / "tree"
    shutil.copytree(settings.ARCHIVE_ROOT, kept)
    yield
    shutil.rmtree(settings.ARCHIVE_ROOT)
    shutil.copytree(kept, settings.ARCHIVE_ROOT)


def test_redoing_a_quadrant_and_all_that_follows_leaves_the_same_rows_once(tree_as_before):
    from processing.executive.plan import Selection, redo_night
    from tests.whole.conftest import run_all

    def redo() -> list[int]:
        again = redo_night(nid, selection=Selection(qids=frozenset({1})))
        run_all()
        assert set(Job.objects.filter(pk__in=again).values_list("state", "reason")) == {("done", "")}
        return again

    def rows() -> dict:
        models = (ScienceImage, DifferenceImage, ProductFile, Job, Detection)
        return {model: model.objects.count() for model in models}

    before, nid = rows(), science_images().earliest("obsjd").nid
    pipelines = Counter(Job.objects.filter(pk__in=redo()).values_list("pipeline", flat=True))
    assert {"science", "difference", "alerts", "lightcurves", "statistics"} == set(pipelines)
    assert pipelines["science"] == pipelines["difference"] == 4
    once = rows()
    # The first night's points now find the sources that only the second night's images showed.
    assert before[Detection] <= once[Detection] < 1.01 * before[Detection]
    assert once | {Detection: before[Detection]} == before
    redo()
    assert rows() == once


# Cards that describe SCAMP's own run, or the layout of a file
NOT_OURS = {"FGROUPNO", "ASTINST", "FLXSCALE", "MAGZEROP", "PHOTIRMS", "PHOTINST", "PHOTLINK", "SCAMPPTH"}
NOT_OURS |= {"BUNIT", "PCOUNT", "GCOUNT", "EXTNAME", "COMMENT", "HISTORY", ""}


@pytest.mark.parametrize("suffix", ["sciimg.fits", "mskimg.fits"])
def test_headers_have_every_card_of_a_real_product(suffix):
    real = REAL_DATA / "images" / f"ztf_20200924431759_000655_zr_c13_o_q3_{suffix}"
    if not real.exists():
        pytest.skip(f"no real product at {real}")
    made = ProductFile.objects.filter(family="sci", suffix=suffix).order_by("path").first()
    header = fits.getheader(storage.absolute(made.path))
    assert set(fits.getheader(real)) - set(header) - NOT_OURS == set()


def test_the_second_night_starts_from_the_projection_that_the_first_one_had():
    prior = CalibrationImage.objects.filter(caltype="distortion")
    assert prior.count() == 4 and all(one.quality["distortion_scatter"] < 0.1 for one in prior)
    second = ScienceImage.objects.filter(field=557, nid=prior.first().nid)
    assert second and all(image.calibrations.filter(caltype="distortion").count() == 1 for image in second)
    header = fits.getheader(
        storage.absolute(ProductFile.objects.get(family="sci", product_id=second[0].pid, suffix="sciimg.fits").path)
    )
    assert header["CIDDISTO"] in prior.values_list("cid", flat=True)
