"""The usual projection of a quadrant: made of its newest good images, used by those that follow."""

from __future__ import annotations

from dataclasses import replace

from astropy.io import fits
from django.db.models import F

from archive.models import Exposure, RawImage, ScienceImage
from archive.products import calibrations
from archive.products.calibrations import Choice
from archive.survey.bits import InfoBit
from processing.executive.products import files
from processing.executive.products.quadrants import Quadrant
from processing.executive.queue import Outcome
from processing.executive.runs.calibration import outcome
from processing.models import Job
from processing.pipelines.calibration.distortion import (
    DISTORTION,
    DistortionConfig,
    DistortionInputs,
    prior_of,
)
from processing.science import tpv
from processing.science.errors import UnusableFrameError

DOUBTS = (
    InfoBit.NO_ASTROMETRY
    | InfoBit.FEW_GRID_MATCHES
    | InfoBit.PIXEL_SCALE_ODD
    | InfoBit.CHI2_HIGH
    | InfoBit.GRID_RESIDUAL_HIGH
    | InfoBit.FEW_DETECTED_MATCHES
)


def good_images(rcid: int, fid: int, nid: int):
    """Science images before a night whose projections tell of the quadrant's, newest first."""
    rows = ScienceImage.objects.filter(rcid=rcid, fid=fid, nid__lt=nid, status=1, origin="ours")
    return rows.alias(doubts=F("infobits").bitand(int(DOUBTS))).filter(doubts=0).order_by("-obsjd")


def run_distortion(job: Job, config: DistortionConfig = DistortionConfig()) -> Outcome:  # noqa: B008 (frozen)
    """The prior of one quadrant and filter."""
    quadrant = Quadrant.of_job(job)
    config = replace(config, min_frames=job.parameters["minimum"])
    images = list(good_images(quadrant.rcid, quadrant.fid, job.nid)[: config.frames])
    if not images:
        raise UnusableFrameError(
            f"no good science image of CCD {quadrant.ccdid}, quadrant {quadrant.qid} in filter {quadrant.fid}"
        )
    raw = RawImage.objects.filter(exposure__in=[image.exposure_id for image in images], ccdid=quadrant.ccdid)
    by_exposure = {row.exposure_id: row for row in raw.select_related("exposure")}
    headers = [fits.getheader(files.product("sci", image.pid, "sciimg.fits").on_disk) for image in images]
    nominal = [tpv.from_header(files.raw_header(by_exposure[image.exposure_id], quadrant.qid)) for image in images]
    shape = headers[0]["NAXIS2"], headers[0]["NAXIS1"]
    products = DISTORTION.run(DistortionInputs(nominal, [tpv.from_header(header) for header in headers], shape), config)
    provenance = files.provenance(DISTORTION, config, {"images": [image.pid for image in images]})
    taken = sorted(by_exposure.values(), key=lambda row: row.exposure.obsjd)
    return outcome(job, "distortion", quadrant, taken, products, provenance)


def with_prior(nominal: tpv.Tpv, rcid: int, exposure: Exposure) -> tuple[tpv.Tpv, list[Choice]]:
    """The projection to be expected of a frame, and the prior that it was taken from, if there is one."""
    found = calibrations.optional("distortion", rcid, exposure.nid, exposure.fid)
    if found is None:
        return nominal, []
    table, header = files.table(files.product("cal", found.image.cid, "distortion.fits").location)
    return prior_of(table, header).applied(nominal), [found]
