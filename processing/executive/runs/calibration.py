"""Bias and flat jobs: a night's calibration frames of one quadrant become one stack."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import numpy as np
from astropy.io import fits

from archive.files import storage
from archive.models import CalibrationImage, RawImage
from archive.products import calibrations, register
from archive.survey import identifiers
from processing.executive.products import files
from processing.executive.products.calibrations import best_calibration
from processing.executive.products.quadrants import Quadrant
from processing.executive.queue import Outcome
from processing.models import Job
from processing.pipelines.calibration.bias import BIAS, BiasConfig, BiasInputs
from processing.pipelines.calibration.flat import FLAT, FlatConfig, FlatInputs, lamps_of_cube
from processing.science.errors import UnusableFrameError
from processing.science.surface import Surface

OPEN = {"programid": 1}  # calibrations are open to all


def run_bias(job: Job, config: BiasConfig = BiasConfig()) -> Outcome:  # noqa: B008 (frozen)
    """The night's bias of one quadrant."""
    quadrant = Quadrant.of_job(job)
    images, frames = _frames(job.nid, quadrant, "b")
    inputs = BiasInputs([frame for frame, _, _ in frames], [strip for _, strip, _ in frames])
    products = BIAS.run(inputs, config)
    return outcome(job, "bias", quadrant, images, products, files.provenance(BIAS, config, _ids(images)))


def run_flat(job: Job, config: FlatConfig = FlatConfig()) -> Outcome:  # noqa: B008 (frozen)
    """The night's high-frequency flat of one quadrant and filter."""
    quadrant = Quadrant.of_job(job)
    images, frames = _frames(job.nid, quadrant, "f")
    bias = best_calibration("bias", quadrant.rcid, job.nid)
    lamps = calibrations.optional("lampcorr", quadrant.rcid, job.nid, quadrant.fid)
    inputs = FlatInputs(
        [frame for frame, _, _ in frames],
        [strip for _, strip, _ in frames],
        pixels(bias, "bias.fits"),
        pixels(bias, "biascmask.fits"),
        quadrant.filtercode,
        [header.get("ILUM_LED") for _, _, header in frames],
        None if lamps is None else lamp_surfaces(lamps.image, "lampcorr.fits"),
    )
    products = FLAT.run(inputs, config)
    made_of = _ids(images) | {"bias": bias.cid} | ({} if lamps is None else {"lampcorr": lamps.image.cid})
    return outcome(job, "hifreqflat", quadrant, images, products, files.provenance(FLAT, config, made_of))


def lamp_surfaces(calibration: CalibrationImage, suffix: str) -> dict[int, Surface]:
    """The lamps' surfaces of a calibration, by lamp."""
    path = files.product("cal", calibration.cid, suffix).location
    return lamps_of_cube(files.image_pixels(path), fits.getheader(storage.absolute(path)))


def pixels(calibration: CalibrationImage, suffix: str):
    """An image of a calibration."""
    return files.image_pixels(files.product("cal", calibration.cid, suffix).location)


def _frames(nid: int, quadrant: Quadrant, imgtypecode: str):
    rows = RawImage.objects.filter(exposure__nid=nid, exposure__imgtypecode=imgtypecode, ccdid=quadrant.ccdid)
    if quadrant.fid:
        rows = rows.filter(exposure__fid=quadrant.fid)
    images = list(rows.select_related("exposure").order_by("exposure__obsjd"))
    if not images:
        raise UnusableFrameError(f"night {nid} has no frames of type {imgtypecode!r} for CCD {quadrant.ccdid}")
    return images, [files.raw_quadrant(image, quadrant.qid) for image in images]


def _ids(images: list[RawImage]) -> dict:
    return {"exposures": [image.exposure_id for image in images]}


def outcome(job: Job, caltype: str, quadrant: Quadrant, images: list[RawImage], products, provenance: dict) -> Outcome:
    """Write the products of a calibration; their rows are recorded when the job ends."""
    night = int(identifiers.date_of_nid(job.nid).strftime("%Y%m%d"))
    name_of = partial(quadrant.calibration_name, night, caltype)
    written = files.write_products(products, name_of)
    first, last = images[0].exposure, images[-1].exposure
    shape = np.shape(products.files[next(iter(written))].data)

    def record() -> None:
        calibration = register.register_calibration(
            name_of(next(iter(written))),
            len(images),
            first.obsdate,
            last.obsdate + timedelta(seconds=last.exptime),
            products.measurements | {"pixels": int(np.prod(shape))},
        )
        rights = OPEN | {"public_date": first.obsdate}
        files.register_all(written, "cal", calibration.cid, rights, provenance)

    return Outcome(record, products.measurements, files.seconds(products), files.log_of(products))
