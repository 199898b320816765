"""Bias and flat jobs: a night's calibration frames of one quadrant become one stack."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from astropy.io import fits

from archive.files import storage
from archive.models import CalibrationImage, RawImage
from archive.products import calibrations, register
from archive.survey import identifiers
from archive.survey.camera import ccd_quadrant
from archive.survey.filenames import cal_name
from processing.executive.products import files
from processing.executive.products.calibrations import best_calibration
from processing.executive.queue import Outcome
from processing.models import Job
from processing.pipelines.calibration.bias import BIAS, BiasConfig, BiasInputs
from processing.pipelines.calibration.flat import FLAT, FlatConfig, FlatInputs, lamps_of_cube
from processing.science.errors import UnusableFrameError
from processing.science.surface import Surface

OPEN = {"programid": 1}  # calibrations are open to all


def run_bias(job: Job, config: BiasConfig = BiasConfig()) -> Outcome:  # noqa: B008 (frozen)
    """The night's bias of one quadrant."""
    rcid = job.parameters["rcid"]
    images, frames = _frames(job.nid, rcid, "b")
    inputs = BiasInputs([frame for frame, _, _ in frames], [strip for _, strip, _ in frames])
    products = BIAS.run(inputs, config)
    return outcome(job, "bias", "00", images, products, files.provenance(BIAS, config, _ids(images)))


def run_flat(job: Job, config: FlatConfig = FlatConfig()) -> Outcome:  # noqa: B008 (frozen)
    """The night's high-frequency flat of one quadrant and filter."""
    rcid, fid = job.parameters["rcid"], job.parameters["fid"]
    images, frames = _frames(job.nid, rcid, "f", fid)
    bias = best_calibration("bias", rcid, job.nid)
    filtercode = images[0].exposure.filtercode
    lamps = calibrations.optional("lampcorr", rcid, job.nid, fid)
    inputs = FlatInputs(
        [frame for frame, _, _ in frames],
        [strip for _, strip, _ in frames],
        pixels(bias, "bias.fits"),
        pixels(bias, "biascmask.fits"),
        filtercode,
        [header.get("ILUM_LED") for _, _, header in frames],
        None if lamps is None else lamp_surfaces(lamps.image, "lampcorr.fits"),
    )
    products = FLAT.run(inputs, config)
    made_of = _ids(images) | {"bias": bias.cid} | ({} if lamps is None else {"lampcorr": lamps.image.cid})
    return outcome(job, "hifreqflat", filtercode, images, products, files.provenance(FLAT, config, made_of))


def lamp_surfaces(calibration: CalibrationImage, suffix: str) -> dict[int, Surface]:
    """The lamps' surfaces of a calibration, by lamp."""
    path = files.product("cal", calibration.cid, suffix).location
    return lamps_of_cube(files.image_pixels(path), fits.getheader(storage.absolute(path)))


def pixels(calibration: CalibrationImage, suffix: str):
    """An image of a calibration."""
    return files.image_pixels(files.product("cal", calibration.cid, suffix).location)


def _frames(nid: int, rcid: int, imgtypecode: str, fid: int | None = None):
    ccdid, qid = ccd_quadrant(rcid)
    rows = RawImage.objects.filter(exposure__nid=nid, exposure__imgtypecode=imgtypecode, ccdid=ccdid)
    if fid is not None:
        rows = rows.filter(exposure__fid=fid)
    images = list(rows.select_related("exposure").order_by("exposure__obsjd"))
    if not images:
        raise UnusableFrameError(f"night {nid} has no frames of type {imgtypecode!r} for CCD {ccdid}")
    return images, [files.raw_quadrant(image, qid) for image in images]


def _ids(images: list[RawImage]) -> dict:
    return {"exposures": [image.exposure_id for image in images]}


def outcome(job: Job, caltype: str, filtercode: str, images: list[RawImage], products, provenance: dict) -> Outcome:
    """Write the products of a calibration; their rows are recorded when the job ends."""
    ccdid, qid = ccd_quadrant(job.parameters["rcid"])
    night = int(identifiers.date_of_nid(job.nid).strftime("%Y%m%d"))

    def name_of(suffix: str):
        return cal_name(night, caltype, filtercode, ccdid, qid, suffix)

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
