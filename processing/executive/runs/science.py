"""Science jobs: one quadrant of one exposure becomes a calibrated image and catalogs."""

from __future__ import annotations

from functools import partial

import numpy as np
from astropy.io import fits

from archive.models import (
    Exposure,
    ProcessingVersion,
    ProductFile,
    RawImage,
    ScienceImage,
)
from archive.models.versions import CURRENT
from archive.products import register, residuals, versions
from archive.products.calibrations import Choice
from archive.products.versions import FOLDER
from archive.releases.rights import own_date
from archive.sky.footprints import footprint
from archive.survey import identifiers
from processing.executive.products import calibrations, files
from processing.executive.products.quadrants import Quadrant
from processing.executive.products.reference_stars import gaia_stars, panstarrs_stars
from processing.executive.queue import Outcome
from processing.executive.runs.calibration import pixels
from processing.executive.runs.distortion import with_prior
from processing.executive.runs.statics import with_statics
from processing.executive.versions import config_of_version
from processing.models import Job
from processing.pipelines.science.pipeline import SCIENCE, ScienceConfig, ScienceInputs
from processing.pipelines.science.state import ProductIdentity
from processing.science import tpv
from processing.science.errors import UnusableFrameError

MARGIN = 0.05  # deg around the footprint, for errors of the pointing
BRIGHT, BRIGHT_MARGIN = 9.0, 0.3  # G mag and deg: stars whose ghosts and halos may reach the quadrant
ASTROMETRIC_CATALOG = "archive_gaiastar"


def run_science(job: Job, config: ScienceConfig | None = None) -> Outcome:
    """Calibrate one quadrant, for the current version or for the one that the job names."""
    version = job.parameters.get("version", CURRENT)
    image = None if version == CURRENT else _current_image(job)
    if config is None:
        config = ScienceConfig() if version == CURRENT else config_of_version(version, SCIENCE.name)
    exposure = _exposure(job)
    quadrant = Quadrant(job.parameters["rcid"], exposure.fid, exposure.field)
    inputs, chosen = _inputs(job, exposure, quadrant)
    products = SCIENCE.run(inputs, config)
    name_of = partial(quadrant.science_name, exposure.filefracday)
    written = files.write_products(products, name_of, "" if image is None else f"{FOLDER}/{version}/")
    cards = _header_of(products.files["sciimg.fits"], np.shape(inputs.raw))
    provenance = files.provenance(SCIENCE, config, {"exposure": exposure.expid, **calibrations.provenance(chosen)})
    measured = files.plain(products.measurements) | calibrations.measurements(chosen)

    def record() -> None:
        place = footprint(cards)
        if image is None:
            header = _as_dict(inputs.header) | _as_dict(cards)
            made = register.register_science(name_of("sciimg.fits"), header, place, quality=measured)
            made.calibrations.set([choice.image for choice in chosen])
            family, number = ProductFile.Family.SCI, made.pid
        else:
            values = register.quality_of(_as_dict(cards), place)
            row = versions.register(image, ProcessingVersion.objects.get(pk=version), values, measured)
            made, family, number = image, ProductFile.Family.VERSION, row.pk
        residuals.register(made, version, products.details)
        rights = {"programid": made.programid, "public_date": own_date(made)}  # a release keeps its own list of files
        files.register_all(written, family, number, rights, provenance | {"processing_version": version})

    found = products.measurements | {"calibration_fallback": calibrations.fallback_flag(chosen)}
    return Outcome(record, found, files.seconds(products), files.log_of(products), files.places_of(written))


def _exposure(job: Job) -> Exposure:
    return Exposure.objects.get(pk=job.parameters["expid"])


def _current_image(job: Job) -> ScienceImage:
    """The image that a version stands beside."""
    pid = identifiers.make_pid(job.parameters["expid"], job.parameters["rcid"])
    image = ScienceImage.objects.filter(pk=pid).first()
    if image is None:
        raise UnusableFrameError(
            f"pid {pid}: there is no current science image to stand beside; its job did not succeed"
        )
    return image


def _inputs(job: Job, exposure: Exposure, quadrant: Quadrant) -> tuple[ScienceInputs, list[Choice]]:
    """The pipeline's inputs, and which calibrations are among them."""
    rcid, raw = quadrant.rcid, RawImage.objects.get(exposure=exposure, ccdid=quadrant.ccdid)
    frame, strip, header = files.raw_quadrant(raw, quadrant.qid)
    chosen = [
        calibrations.best("bias", rcid, exposure.nid),
        calibrations.best("hifreqflat", rcid, exposure.nid, exposure.fid),
    ]
    bias, flat = (choice.image for choice in chosen)
    bias_image = _fitting(pixels(bias, "bias.fits"), frame, "bias")
    flat_image = _fitting(pixels(flat, "hifreqflat.fits"), frame, "flat")
    response, response_unc, defects, statics = with_statics(
        flat_image, pixels(flat, "hifreqflatunc.fits"), _defects(bias, flat), rcid, exposure
    )
    chosen += statics
    guess, prior = with_prior(tpv.from_header(header), rcid, exposure)
    chosen += prior
    header.extend(calibrations.cards(chosen), update=True)
    ra, dec, radius = _region(guess, frame.shape)
    inputs = ScienceInputs(
        raw=frame,
        overscan=strip,
        header=header,
        bias=bias_image,
        bias_unc=pixels(bias, "biasunc.fits"),
        flat=response,
        flat_unc=response_unc,
        defects=defects,
        guess=guess,
        filtercode=exposure.filtercode,
        stars=gaia_stars(ra, dec, radius),
        calibrators=panstarrs_stars(ra, dec, radius),
        bright=gaia_stars(ra, dec, radius + BRIGHT_MARGIN, BRIGHT),
        boresight=(exposure.ra, exposure.dec),
        identity=_identity(job, exposure, quadrant),
        astrometric_catalog=ASTROMETRIC_CATALOG,
    )
    return inputs, chosen


def _identity(job: Job, exposure: Exposure, quadrant: Quadrant) -> ProductIdentity:
    return ProductIdentity(
        field=exposure.field,
        ccdid=quadrant.ccdid,
        qid=quadrant.qid,
        rcid=quadrant.rcid,
        fid=exposure.fid,
        nid=exposure.nid,
        expid=exposure.expid,
        rid=identifiers.make_rid(exposure.expid, quadrant.rcid),
        pid=identifiers.make_pid(exposure.expid, quadrant.rcid),
        created=f"{job.created:%Y-%m-%dT%H:%M:%S}",
    )


def _region(guess: tpv.Tpv, shape: tuple[int, int]) -> tuple[float, float, float]:
    """Centre and radius (deg) of where the quadrant should be."""
    ny, nx = shape
    ra, dec = tpv.pixel_to_sky(guess, np.array([(nx - 1) / 2]), np.array([(ny - 1) / 2]))
    scale = abs(np.linalg.det(guess.cd)) ** 0.5
    return float(ra[0]) % 360, float(dec[0]), float(np.hypot(nx, ny) / 2 * scale + MARGIN)


def _fitting(calibration: np.ndarray, frame: np.ndarray, what: str) -> np.ndarray:
    if calibration.shape != frame.shape:
        raise UnusableFrameError(f"frame has shape {frame.shape}, its {what} {calibration.shape}")
    return calibration


def _defects(bias, flat) -> np.ndarray:
    return pixels(bias, "biascmask.fits") | pixels(flat, "hifreqflatcmask.fits")


def _header_of(product, shape: tuple[int, int]) -> fits.Header:
    header = fits.Header()
    header["NAXIS"], header["NAXIS1"], header["NAXIS2"] = 2, shape[1], shape[0]
    for keyword, value, _ in product.cards:
        if not (isinstance(value, float) and not np.isfinite(value)):
            header[keyword] = value.item() if hasattr(value, "item") else value
    return header


def _as_dict(header: fits.Header) -> dict:
    return {card.keyword: card.value for card in header.cards if card.keyword}
