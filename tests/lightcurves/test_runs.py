"""Light-curve jobs: from the files of a science image and its reference to points and statistics."""

import pytest
from astropy.io import fits
from astropy.table import Table

from archive.files import storage
from archive.models import ReferenceImage
from archive.products import register
from lightcurves.models import Detection, ImageCorrection, Source, SourceStatistics
from lightcurves.storage import read
from lightcurves.updates import sources
from processing.executive import queue, upkeep
from processing.executive.runs.lightcurves import run_compact, run_lightcurves, run_statistics
from processing.models import Job
from processing.science.errors import UnusableFrameError

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PLACE = {"field": 655, "rcid": 50, "fid": 2}


@pytest.fixture(autouse=True)
def tree(settings, tmp_path):
    settings.ARCHIVE_ROOT = tmp_path


def put(family, product_id, suffix, table, magzp=26.0):
    """A catalog file in the tree, registered."""
    path = f"{family}/{product_id}_{suffix}"
    hdu = fits.BinTableHDU(Table(table))
    if magzp is not None:
        hdu.header["MAGZP"] = magzp
    with storage.new_file(path) as temporary:
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(temporary, overwrite=True)
    rights = {"programid": 1, "public_date": None}
    register.register_file(storage.stored(path), family, product_id, suffix, rights)


def reference_of(image):
    values = {
        name: getattr(image, name) for name in ("field", "ccdid", "qid", "rcid", "fid", "filtercode", "ra", "dec")
    }
    values |= {"radius": 0.6, "programid": 1, "public_date": image.public_date, "nframes": 15}
    values |= {f"{axis}{n}": getattr(image, f"{axis}{n}") for axis in ("ra", "dec") for n in (1, 2, 3, 4)}
    values |= dict.fromkeys(("crpix1", "crpix2", "crval1", "crval2", "cd11", "cd12", "cd21", "cd22"), 1.0)
    return ReferenceImage.objects.create(rfid=655120250, **values)


def job(pipeline, parameters):
    made = Job.objects.create(pipeline=pipeline, key=str(parameters), nid=1, parameters=parameters)
    return queue.claim(made.pk)


def run(runner, pipeline, parameters):
    """A job as a worker runs it; returns its row when it has ended."""
    claimed = job(pipeline, parameters)
    queue.finish(claimed, runner(claimed))
    return Job.objects.get(pk=claimed.pk)


def test_the_first_image_seeds_the_sources_from_the_reference_and_later_ones_match(sky):
    images = [sky.image(day) for day in (0, 1, 2, 3)]
    reference = reference_of(images[0])
    put("ref", reference.rfid, "refpsfcat.fits", sky.table())
    for image in images:
        put("sci", image.pid, "psfcat.fits", sky.table())
    ended = [run(run_lightcurves, "lightcurves", {"pid": image.pid}) for image in images]
    assert [one.state for one in ended] == ["done"] * 4
    assert ended[0].measurements["seeded"] == 40
    assert [one.measurements["points"] for one in ended] == [40] * 4
    assert Source.objects.filter(rfid=reference.rfid).count() == 40
    assert sources.seed(reference, sky.catalog(), reference.rfid) == 0

    statistics = run(run_statistics, "statistics", PLACE)
    assert statistics.measurements["corrected"] == 4
    assert SourceStatistics.objects.count() == 40 and ImageCorrection.objects.count() == 4


def test_without_a_reference_the_job_says_so(sky):
    image = sky.image(0)
    put("sci", image.pid, "psfcat.fits", sky.table())
    with pytest.raises(UnusableFrameError, match="no reference image"):
        run_lightcurves(job("lightcurves", {"pid": image.pid}))


def test_without_an_image_or_its_calibration_the_job_says_so(sky):
    with pytest.raises(UnusableFrameError, match="pid=12: there is no such science image"):
        run_lightcurves(job("lightcurves", {"pid": 12}))
    image = sky.image(0)
    put("sci", image.pid, "psfcat.fits", sky.table(), magzp=None)
    with pytest.raises(UnusableFrameError, match="has no MAGZP"):
        run_lightcurves(job("lightcurves", {"pid": image.pid}))
    with pytest.raises(UnusableFrameError, match="no source is known"):
        run_statistics(job("statistics", PLACE))


def test_a_job_that_lost_its_claim_leaves_no_point(sky):
    image = sky.image(0)
    put("ref", reference_of(image).rfid, "refpsfcat.fits", sky.table())
    put("sci", image.pid, "psfcat.fits", sky.table())
    claimed = job("lightcurves", {"pid": image.pid})
    outcome = run_lightcurves(claimed)
    Job.objects.filter(pk=claimed.pk).update(attempts=2)
    queue.finish(claimed, outcome)
    assert Detection.objects.count() == 0 and Source.objects.count() == 0


def test_places_with_settled_nights_get_a_job_that_packs_them(sky):
    image = sky.image(0)
    put("ref", reference_of(image).rfid, "refpsfcat.fits", sky.table())
    put("sci", image.pid, "psfcat.fits", sky.table())
    run(run_lightcurves, "lightcurves", {"pid": image.pid})
    (number,) = upkeep.plan_compaction()
    assert upkeep.plan_compaction() == [], "one job a place"
    claimed = queue.claim(number)
    queue.finish(claimed, run_compact(claimed))
    ended = Job.objects.get(pk=number)
    assert (ended.state, ended.measurements["points"], ended.measurements["chunks"]) == ("done", 40, 40)
    assert Detection.objects.count() == 0
    assert upkeep.plan_compaction() == []
    assert len(read.get([Source.objects.first().pk])) == 1
