"""Reference jobs: the best public science images of one field, quadrant and filter become a co-add."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
from astropy.io import fits
from django.utils import timezone

from archive.files import storage
from archive.models import ScienceImage
from archive.products import register
from archive.sky.footprints import footprint
from archive.survey.bits import InfoBit
from archive.survey.camera import FULL_NX, Camera, filter_of, plane_to_sky, quadrant_centre
from archive.survey.fields import field_centre
from archive.survey.identifiers import make_rfid
from processing.executive.products import files
from processing.executive.products.quadrants import Quadrant
from processing.executive.queue import Outcome
from processing.models import Job
from processing.pipelines.reference.pipeline import (
    MAX_FRAMES,
    REFERENCE,
    ZERO_POINTS,
    ReferenceConfig,
    ReferenceFrame,
    ReferenceInputs,
)
from processing.science import tpv
from processing.science.errors import UnusableFrameError

PUBLIC = 1
WORST_SEEING = 4.0  # arcsec
SHALLOWEST = 19.0  # mag, limit of a frame that deepens a co-add
DEFAULT_SATURATION = 50000.0  # DN
EXCLUDED = InfoBit.BACKGROUND_HIGH | InfoBit.NOISE_HIGH | InfoBit.GRID_RESIDUAL_HIGH | InfoBit.BAD_PHOTOMETRIC_QUALITY


def run_reference(job: Job, config: ReferenceConfig = ReferenceConfig()) -> Outcome:  # noqa: B008 (frozen)
    """Make the reference of one field, quadrant and filter."""
    quadrant = Quadrant.of_job(job)
    config = replace(config, minimum=job.parameters.get("minimum", config.minimum))
    images = choose(quadrant, config.minimum)
    frames = [_frame(image) for image in images]
    centre = nominal_centre(quadrant, frames[0].image.shape)
    cards = (
        ("FIELDID", quadrant.field, "ZTF field ID number"),
        ("FILTER", filter_of(quadrant.fid).name, "Filter name"),
        ("CCDID", quadrant.ccdid, "CCD number (1..16)"),
        ("QID", quadrant.qid, "Quadrant number (1..4)"),
        ("RCID", quadrant.rcid, "Readout channel (0..63)"),
    )
    products = REFERENCE.run(ReferenceInputs(frames, centre, quadrant.filtercode, cards), config)
    written = files.write_products(products, quadrant.reference_name)
    provenance = files.provenance(REFERENCE, config, {"science": [image.pid for image in images]})
    header = fits.getheader(written["refimg.fits"].place)

    def record() -> None:
        rights = {"programid": PUBLIC, "public_date": timezone.now()}
        times = [(image.obsdate, image.obsdate + timedelta(seconds=image.exptime)) for image in images]
        values = rights | {
            "nframes": len(images),
            "startobsdate": min(start for start, _ in times),
            "endobsdate": max(end for _, end in times),
            "magzp": ZERO_POINTS[quadrant.filtercode],
            "maglimit": header.get("MAGLIM"),
            "seeing": products.measurements["seeing_arcsec"],
            "quality": files.plain(products.measurements),
        }
        register.register_reference(quadrant.reference_name("refimg.fits"), values, footprint(header), images)
        rfid = make_rfid(quadrant.field, quadrant.fid, quadrant.rcid)
        files.register_all(written, "ref", rfid, rights, provenance)

    return Outcome(record, products.measurements, files.seconds(products), files.log_of(products))


def choose(quadrant: Quadrant, minimum: int) -> list[ScienceImage]:
    """The sharpest public images of a field's quadrant and filter, at most MAX_FRAMES.

    Raises
    ------
    UnusableFrameError
        if fewer than `minimum` will do.
    """
    rows = ScienceImage.objects.filter(
        **quadrant.lookup, origin="ours", programid=PUBLIC, status=1, seeing__lte=WORST_SEEING, maglimit__gte=SHALLOWEST
    )
    good = [image for image in rows.exclude(magzp=None).order_by("seeing") if not image.infobits & EXCLUDED]
    if len(good) < minimum:
        raise UnusableFrameError(
            f"field {quadrant.field}, channel {quadrant.rcid}, filter {quadrant.fid}: {len(good)} public images with "
            f"seeing below {WORST_SEEING} arcsec and limit beyond {SHALLOWEST} mag; {minimum} needed",
            frames=len(good),
        )
    return good[:MAX_FRAMES]


def nominal_centre(quadrant: Quadrant, shape: tuple[int, int]) -> tuple[float, float]:
    """The nominal centre of a quadrant, (ra, dec) deg, on a camera with quadrants of this shape."""
    camera = Camera() if shape[1] == FULL_NX else Camera().scaled(shape[1], shape[0])
    ra, dec = plane_to_sky(*quadrant_centre(camera, quadrant.ccdid, quadrant.qid), *field_centre(quadrant.field))
    return float(ra), float(dec)


def _frame(image: ScienceImage) -> ReferenceFrame:
    pixels, header = _memory_map(image, "sciimg.fits")
    mask, _ = _memory_map(image, "mskimg.fits")
    return ReferenceFrame(
        image=pixels,
        mask=mask,
        wcs=tpv.from_header(header),
        magzp=image.magzp,
        gain=header.get("GAIN", Camera().gain),
        seeing=header["SEEING"],
        saturation=header.get("SATURATE", DEFAULT_SATURATION),
        name=str(image.pid),
    )


def _memory_map(image: ScienceImage, suffix: str) -> tuple[np.ndarray, fits.Header]:
    """Pixels that are read from the file as they are needed, and the header."""
    path = storage.absolute(files.product("sci", image.pid, suffix).location)
    with fits.open(path, memmap=True) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.data is not None)
        return hdu.data, hdu.header
