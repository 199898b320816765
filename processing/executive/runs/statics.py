"""Static calibrations, made when a night has dithered exposures: low-frequency flat, lamp correction, pixel mask."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from archive.models import CalibrationImage, Exposure, RawImage
from archive.products import calibrations
from archive.products.calibrations import Choice
from processing.executive.products import files
from processing.executive.products.calibrations import best_calibration
from processing.executive.products.quadrants import Quadrant
from processing.executive.products.reference_stars import gaia_stars, panstarrs_stars
from processing.executive.queue import Outcome
from processing.executive.runs.calibration import lamp_surfaces, outcome, pixels
from processing.models import Job
from processing.pipelines.base import Product, Products
from processing.pipelines.calibration.flat import lamp_cube
from processing.pipelines.calibration.lowflat import LOWFLAT, LowFlatConfig, LowFlatInputs, StarExposure
from processing.pipelines.calibration.pmask import PMASK, PixelMaskConfig, PixelMaskInputs
from processing.science import tpv
from processing.science.detector.defects import combine_defects
from processing.science.detector.detrend import combine_flats
from processing.science.errors import UnusableFrameError

MIN_DITHERED = 5
MIN_DITHER_DEG = 0.01
"""rms about their mean pointing, from which exposures count as dithered"""
ENGINEERING = 0
MARGIN_DEG = 0.1


def star_flats(exposures: Iterable[Exposure]) -> dict[int, list[Exposure]]:
    """The engineering exposures of a night that are dithered for a low-frequency flat, by filter (fid)."""
    by_filter: dict[int, list[Exposure]] = {}
    for exposure in exposures:
        if exposure.imgtypecode == "o" and exposure.programid == ENGINEERING and exposure.ra is not None:
            by_filter.setdefault(exposure.fid, []).append(exposure)
    return {fid: found for fid, found in by_filter.items() if len(found) >= MIN_DITHERED and _dithered(found)}


def star_flat_exposures(exposures: Iterable[Exposure]) -> set[int]:
    """Their expids, of all filters."""
    once = {exposure.expid: exposure for exposure in exposures}
    return {exposure.expid for found in star_flats(once.values()).values() for exposure in found}


def _dithered(exposures) -> bool:
    ra, dec = np.array([(exposure.ra, exposure.dec) for exposure in exposures]).T
    east = (np.mod(ra - ra[0] + 180.0, 360.0) - 180.0) * np.cos(np.radians(dec))
    return float(np.hypot(east.std(), dec.std())) > MIN_DITHER_DEG


def run_lowflat(job: Job, config: LowFlatConfig = LowFlatConfig()) -> Outcome:  # noqa: B008 (frozen)
    """The low-frequency flat of one quadrant and filter, and with it the lamps' patterns of that night."""
    quadrant = Quadrant.of_job(job)
    rcid, fid = quadrant.rcid, quadrant.fid
    exposures = star_flats(Exposure.objects.filter(nid=job.nid, fid=fid)).get(fid, [])
    raw = RawImage.objects.filter(exposure__in=exposures, ccdid=quadrant.ccdid).select_related("exposure")
    images = list(raw.order_by("exposure__obsjd"))
    bias = best_calibration("bias", rcid, job.nid)
    flat = best_calibration("hifreqflat", rcid, job.nid, fid)
    frames = [_star_exposure(image, quadrant.qid) for image in images]
    if not frames:
        raise UnusableFrameError(f"night {job.nid} has no dithered exposures of CCD {quadrant.ccdid} in filter {fid}")
    ra, dec, radius = _region(frames)
    products = LOWFLAT.run(
        LowFlatInputs(
            frames,
            pixels(bias, "bias.fits"),
            pixels(flat, "hifreqflat.fits"),
            pixels(bias, "biascmask.fits") | pixels(flat, "hifreqflatcmask.fits"),
            quadrant.filtercode,
            gaia_stars(ra, dec, radius),
            panstarrs_stars(ra, dec, radius),
        ),
        config,
    )
    made_of = {"exposures": [image.exposure_id for image in images], "bias": bias.cid, "flat": flat.cid}
    provenance = files.provenance(LOWFLAT, config, made_of)
    low = outcome(job, "lofreqflat", quadrant, images, products, provenance)
    lamps = _lamp_correction(flat)
    if lamps is None:
        return low
    corrected = outcome(job, "lampcorr", quadrant, images, lamps, files.provenance(LOWFLAT, config, made_of))

    def record() -> None:
        low.record()
        corrected.record()

    return Outcome(record, low.measurements, low.seconds, low.log)


def _star_exposure(image: RawImage, qid: int) -> StarExposure:
    frame, strip, header = files.raw_quadrant(image, qid)
    return StarExposure(frame, strip, header, tpv.from_header(header))


def _region(frames: list[StarExposure]) -> tuple[float, float, float]:
    """Centre and radius (deg) of a circle that holds all exposures."""
    ny, nx = frames[0].raw.shape
    centres = [tpv.pixel_to_sky(frame.guess, np.array([(nx - 1) / 2]), np.array([(ny - 1) / 2])) for frame in frames]
    ra, dec = (np.array([float(centre[axis][0]) for centre in centres]) for axis in (0, 1))
    east = (np.mod(ra - ra[0] + 180.0, 360.0) - 180.0) * np.cos(np.radians(dec))
    reach = float(np.hypot(np.ptp(east), np.ptp(dec)))
    scale = abs(np.linalg.det(frames[0].guess.cd)) ** 0.5
    middle = (ra[0] + east.mean() / np.cos(np.radians(dec.mean()))) % 360
    return float(middle), float(dec.mean()), float(0.5 * np.hypot(nx, ny) * scale + reach + MARGIN_DEG)


def _lamp_correction(flat: CalibrationImage) -> Products | None:
    """The lamps' patterns that the night's flat measured, if it had every lamp."""
    surfaces = lamp_surfaces(flat, "hifreqflatlamps.fits")
    if not surfaces or flat.quality.get("lamp_share", 0.0) < 0.999:
        return None
    data, cards = lamp_cube(surfaces, next(iter(surfaces.values())).shape)
    return Products({"lampcorr.fits": Product(data, cards)}, {"lamps": len(surfaces)}, ())


def run_pmask(job: Job, config: PixelMaskConfig = PixelMaskConfig()) -> Outcome:  # noqa: B008 (frozen)
    """The hardware mask of one quadrant, from the masks of the newest nights."""
    quadrant = Quadrant.of_job(job)
    kinds = {"bias": "biascmask.fits", "hifreqflat": "hifreqflatcmask.fits", "lofreqflat": "lownuflatcmask.fits"}
    masks: dict[str, list[np.ndarray]] = {}
    cids = []
    made = CalibrationImage.objects.filter(rcid=quadrant.rcid, nid__lte=job.nid, caltype__in=kinds).order_by("-nid")
    for image in made:
        kind = masks.setdefault(f"{image.caltype}-{image.fid}", [])
        if len(kind) < config.nights:
            kind.append(pixels(image, kinds[image.caltype]))
            cids.append(image.cid)
    products = PMASK.run(PixelMaskInputs(masks), config)
    raw = RawImage.objects.filter(exposure__nid=job.nid, ccdid=quadrant.ccdid).select_related("exposure")
    images = list(raw.order_by("exposure__obsjd"))
    return outcome(job, "pmask", quadrant, images, products, files.provenance(PMASK, config, {"calibrations": cids}))


def with_statics(
    flat: np.ndarray, flat_unc: np.ndarray, defects: np.ndarray, rcid: int, exposure: Exposure
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[Choice]]:
    """A high-frequency flat, its uncertainty and a mask, with the static calibrations in force brought in.

    Returns the product of both flats, its uncertainty, the union of the masks, and which statics there were.
    """
    low = calibrations.optional("lofreqflat", rcid, exposure.nid, exposure.fid)
    hardware = calibrations.optional("pmask", rcid, exposure.nid)
    if low is not None:
        surface, error = (pixels(low.image, suffix) for suffix in ("lownuflat.fits", "lownuflatunc.fits"))
        flat, flat_unc = combine_flats(flat, flat_unc, surface, error)
    if hardware is not None:
        defects = combine_defects(defects, pixels(hardware.image, "pmask.fits"))
    return flat, flat_unc, defects, [choice for choice in (low, hardware) if choice is not None]
