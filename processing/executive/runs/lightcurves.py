"""Light-curve jobs: the points of one science image, statistics of a field's quadrant and filter, and compaction."""

from __future__ import annotations

import time

from archive.models import ReferenceImage, ScienceImage
from lightcurves.models import Source
from lightcurves.storage import chunks
from lightcurves.updates import sources, statistics
from lightcurves.updates.sources import Catalog, MatchConfig
from lightcurves.updates.statistics import StatisticsConfig
from processing.executive.products import files
from processing.executive.products.quadrants import Quadrant
from processing.executive.queue import Outcome
from processing.models import Job
from processing.science.errors import UnusableFrameError


def run_lightcurves(job: Job, config: MatchConfig = MatchConfig()) -> Outcome:  # noqa: B008 (frozen)
    """Match the PSF catalog of one science image to the sources of its field, and append the points.

    Magnitudes are kept for a source of colour zero (instrumental + MAGZP); CLRCOEFF times the source's Pan-STARRS
    colour is added when a light curve is read, where that colour is known.
    """
    image = ScienceImage.objects.filter(pk=job.parameters["pid"]).first()
    if image is None:
        raise UnusableFrameError(
            f"pid={job.parameters['pid']}: there is no such science image; its job did not succeed"
        )
    try:
        sources.require_no_files(image.field, image.rcid, image.fid)
    except sources.CameAsFilesError as reason:
        raise UnusableFrameError(f"pid={image.pid}: {reason}") from reason
    found = _catalog("sci", image.pid, "psfcat.fits")
    reference = None if _has_sources(image) else _reference(image)
    seeds = None if reference is None else _catalog("ref", reference.rfid, "refpsfcat.fits")
    measured, seconds = {}, {}

    def record() -> None:
        start = time.process_time()
        if reference is not None and seeds is not None:
            measured["seeded"] = sources.seed(reference, seeds, reference.rfid)
        measured.update(sources.add_points(image, found, config))
        seconds["match_and_append"] = round(time.process_time() - start, 4)

    return Outcome(record, measured, seconds)


def run_statistics(job: Job, config: StatisticsConfig = StatisticsConfig()) -> Outcome:  # noqa: B008 (frozen)
    """Relative zero points of the images of a field's quadrant and filter, and the metrics of its light curves."""
    place = Quadrant.of_job(job).lookup
    if not Source.objects.filter(**place).exists():
        raise UnusableFrameError(
            f"{place}: no source is known there; the light-curve jobs of its images did not succeed"
        )
    measured, seconds = {}, {}

    def record() -> None:
        start = time.process_time()
        measured.update(statistics.refresh(**place, config=config))
        seconds["relphot_and_metrics"] = round(time.process_time() - start, 4)

    return Outcome(record, measured, seconds)


def run_compact(job: Job) -> Outcome:
    """Pack the points of settled nights of one place (see lightcurves.storage.chunks)."""
    measured, seconds = {}, {}

    def record() -> None:
        start = time.process_time()
        measured.update(chunks.pack_place(job.parameters["place"], job.parameters["last_nid"]))
        seconds["pack"] = round(time.process_time() - start, 4)

    return Outcome(record, measured, seconds)


def _has_sources(image: ScienceImage) -> bool:
    return Source.objects.filter(**Quadrant.of(image).lookup).exists()


def _reference(image: ScienceImage) -> ReferenceImage:
    quadrant = Quadrant.of(image)
    reference = quadrant.current_reference()
    if reference is None:
        raise UnusableFrameError(
            f"pid={image.pid}: no reference image of {quadrant.lookup}; its sources are not known yet"
        )
    return reference


def _catalog(family: str, product_id: int, suffix: str) -> Catalog:
    path = files.product(family, product_id, suffix).path
    table, header = files.table(path)
    if "MAGZP" not in header:
        raise UnusableFrameError(f"{path}: has no MAGZP; its photometry could not be calibrated")
    return sources.catalog(table, header["MAGZP"])
