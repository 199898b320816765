"""The difference pipeline: a science image minus its reference -> difference, its PSF, candidates.

The reference is registered on the science image by their common stars, resampled to its pixels, matched to
its flux scale; both skies are taken off; then the proper subtraction, and the search on both its sides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from astropy.table import Table
from scipy.ndimage import maximum_filter
from scipy.spatial import cKDTree

from archive.survey.bits import BAD_PIXEL_MASK, MaskBit
from archive.survey.robust import robust_scatter
from processing.pipelines.base import Pipeline
from processing.pipelines.difference.products import SUFFIXES, VERSION, make_products
from processing.science import tpv
from processing.science.astrometry import registration
from processing.science.background import measure_background
from processing.science.coadd import resample
from processing.science.errors import UnusableFrameError
from processing.science.fill import fill_masked
from processing.science.masks import grow_saturation
from processing.science.psf import model as psf
from processing.science.psf.model import PsfConfig
from processing.science.subtraction import candidates, features, zogy
from processing.science.subtraction.zogy import SubtractConfig

WARNING_BITS = MaskBit.GHOST | MaskBit.HALO
"""Bits that warn but do not make a pixel unfit to be subtracted."""


@dataclass(frozen=True)
class DifferenceConfig:
    """Every number the difference pipeline turns on.

    background_box : px; match_radius : px; psf_snr : of the stars that model the PSFs; psf_isolation : px
    without a neighbour; max_peak : of those stars, as a fraction of saturation; threshold : of |Scorr|;
    saturation_growth, bad_growth : px around saturated and bad pixels where no candidate is taken;
    max_candidates : more make the difference unusable; triggers : of an alert
    """

    background_box: int = 128
    match_radius: float = 2.0
    psf_snr: float = 40.0
    psf_isolation: float = 9.0
    max_peak: float = 0.7
    threshold: float = 5.0
    saturation_growth: int = 5
    bad_growth: int = 1
    max_candidates: int = 4999
    psf: PsfConfig = field(default_factory=lambda: PsfConfig(max_stars=200, cell=768))
    subtract: SubtractConfig = field(default_factory=SubtractConfig)
    triggers: features.Triggers = field(default_factory=features.Triggers)


@dataclass(frozen=True)
class ImageInputs:
    """One image. image, uncertainty: float32 (ny, nx), DN; mask: int16 or None; wcs; catalog: psfcat; header:
    MAGZP, GAIN, SATURATE, SEEING."""

    image: np.ndarray
    uncertainty: np.ndarray
    mask: np.ndarray | None
    wcs: tpv.Tpv
    catalog: Table
    header: Mapping[str, Any]


@dataclass(frozen=True)
class DifferenceInputs:
    """science; reference: its uncertainty is 0 where it was not seen; cards: carried into the products."""

    science: ImageInputs
    reference: ImageInputs
    cards: tuple = ()


def begin(inputs: DifferenceInputs, config: DifferenceConfig) -> SimpleNamespace:
    for name, one in (("science image", inputs.science), ("reference", inputs.reference)):
        missing = [card for card in ("MAGZP", "GAIN", "SATURATE") if card not in one.header]
        if missing:
            raise UnusableFrameError(f"the {name}'s header has no {', '.join(missing)}: subtraction needs them")
    mask = inputs.science.mask
    saturated = grow_saturation((mask & np.int16(int(MaskBit.SATURATED))) != 0)
    bad = (mask & np.int16(BAD_PIXEL_MASK & ~int(WARNING_BITS))) != 0
    return SimpleNamespace(
        inputs=inputs,
        shape=inputs.science.image.shape,
        bad=bad | saturated | ~np.isfinite(inputs.science.image),
        saturated=saturated,
        stars=_positions(inputs.science.catalog),
        reference_stars=_positions(inputs.reference.catalog),
    )


def _positions(catalog: Table) -> SimpleNamespace:
    """Columns of a PSF catalog, 0-based pixels."""
    values = {name: np.asarray(catalog[name], float) for name in ("flux", "sigflux", "snr", "chi", "sharp")}
    return SimpleNamespace(
        x=np.asarray(catalog["xpos"], float) - 1, y=np.asarray(catalog["ypos"], float) - 1,
        ra=np.asarray(catalog["ra"], float), dec=np.asarray(catalog["dec"], float),
        flags=np.asarray(catalog["flags"], int), **values,
    )  # fmt: skip


def register_reference(state, config):
    """Where the reference's stars lie in this image, and what the two WCS differ by."""
    stars, others = state.stars, state.reference_stars
    others.x, others.y = tpv.sky_to_pixel(state.inputs.science.wcs, others.ra, others.dec)
    ny, nx = state.shape
    inside = (others.x > -50) & (others.x < nx + 50) & (others.y > -50) & (others.y < ny + 50)
    state.reference_rows = np.flatnonzero(inside)
    for name, values in vars(others).items():
        setattr(others, name, values[inside])
    usable, theirs = np.flatnonzero((stars.flags == 0) & (stars.snr > 10)), np.flatnonzero(others.flags == 0)
    found = registration.register(
        stars.x[usable], stars.y[usable], others.x[theirs], others.y[theirs], stars.snr[usable],
        state.shape, config.match_radius,
    )  # fmt: skip
    state.registration = found
    dx, dy = found.shift.at(others.x, others.y)
    others.x, others.y = others.x - dx, others.y - dy
    state.common = usable[found.science], theirs[found.reference]
    return {
        "registration_stars": len(found.science),
        "registration_error_x": found.error[0],
        "registration_error_y": found.error[1],
        "registration_shift": float(np.hypot(*np.median([dx, dy], axis=1))),
    }


def resample_reference(state, config):
    one = state.inputs.reference
    unseen = ~(one.uncertainty > 0)
    saturated = one.image > float(one.header["SATURATE"])
    mapping = resample.map_pixels(state.inputs.science.wcs, one.wcs, state.shape, shift=state.registration.shift)
    state.reference, valid = resample.resample(one.image, unseen, mapping, state.shape)
    state.reference_saturated = resample.take_nearest(saturated, mapping, state.shape, False)
    noise = resample.take_nearest(one.uncertainty, mapping, state.shape, 0.0)
    scale = np.float32(tpv_scale(state.inputs.science.wcs) / tpv_scale(one.wcs))
    noise *= scale
    typical = float(np.median(noise[noise > 0])) if (noise > 0).any() else 0.0
    if typical == 0.0:
        raise UnusableFrameError("the reference does not cover any pixel of the image")
    noise[~(noise > 0)] = typical
    state.reference_noise, state.reference_bad = noise, ~valid
    return {"reference_coverage": float(valid.mean()), "reference_noise": typical}


def tpv_scale(wcs: tpv.Tpv) -> float:
    """Deg per pixel."""
    return float(np.sqrt(abs(np.linalg.det(wcs.cd))))


def measure_skies(state, config):
    """Smooth background of both; bad pixels filled for the models that follow."""
    image = state.inputs.science.image
    sky = measure_background(image, state.bad, config.background_box)
    under = measure_background(state.reference, state.reference_bad, config.background_box)
    state.science = fill_masked(image, state.bad & ~state.saturated, sky.level) - sky.level
    state.science[~np.isfinite(state.science)] = 0.0
    state.reference = np.where(state.reference_bad, np.float32(0.0), state.reference - under.level)
    state.science_noise, state.sky = sky.noise, sky
    return {"background": sky.median, "noise": sky.rms, "reference_background": under.median}


def model_psfs(state, config):
    """PSF of both images from stars of their catalogs."""
    science, reference = state.inputs.science, state.inputs.reference
    gain = float(reference.header["GAIN"])
    state.psf = _model(
        state.stars, state.science, state.science_noise, state.bad, float(science.header["GAIN"]),
        float(science.header["SATURATE"]), config,
    )  # fmt: skip
    bad = state.reference_bad | state.reference_saturated
    state.reference_psf = _model(
        state.reference_stars, state.reference, state.reference_noise, bad, gain,
        float(reference.header["SATURATE"]), config,
    )  # fmt: skip
    return {
        "psf_stars": state.psf.stars,
        "psf_fwhm": state.psf.fwhm,
        "reference_psf_stars": state.reference_psf.stars,
        "reference_psf_fwhm": state.reference_psf.fwhm,
    }


def _model(stars, image, noise, bad, gain, saturation, config):
    chosen = _psf_stars(stars, image, bad, saturation, config)
    variance = noise**2 + np.maximum(image, 0.0) / np.float32(gain)
    ivar = np.where(bad, np.float32(0.0), 1.0 / variance).astype(np.float32)
    return psf.build_psf(image, ivar, stars.x[chosen], stars.y[chosen], stars.flux[chosen], config.psf)


def _psf_stars(stars, image, bad, saturation, config):
    """Bright, alone, unsaturated, of the PSF's shape; brightest first."""
    ny, nx = image.shape
    edge = config.psf.radius + 2
    inside = (stars.x > edge) & (stars.x < nx - edge) & (stars.y > edge) & (stars.y < ny - edge)
    rows = np.flatnonzero(inside & (stars.snr > config.psf_snr) & (stars.flags == 0))
    rows = rows[np.argsort(-stars.flux[rows])]
    column, row = np.rint(stars.x[rows]).astype(int), np.rint(stars.y[rows]).astype(int)
    rows = rows[(image[row, column] < config.max_peak * saturation) & ~bad[row, column]]
    if len(rows):
        rows = rows[np.abs(stars.sharp[rows] - np.median(stars.sharp[rows])) < 0.3]
    points = np.column_stack([stars.x, stars.y])
    tree, chosen = cKDTree(points), []
    for k in rows:
        near = [j for j in tree.query_ball_point(points[k], config.psf_isolation) if j != k]
        if stars.flux[near].clip(0).sum() < config.psf.neighbour * stars.flux[k]:
            chosen.append(k)
        if len(chosen) >= config.psf.max_stars:
            break
    return np.array(chosen, dtype=int)


def match_fluxes(state, config):
    """Bring the reference to the flux scale of the science image, by PSF photometry of the common stars."""
    mine, theirs = state.common
    bright = np.flatnonzero(state.stars.snr[mine] > registration.LEAST_SNR / 2)  # fainter ones cannot be wanted
    mine, theirs = mine[bright], theirs[bright]
    x, y = state.stars.x[mine], state.stars.y[mine]
    unfit = state.bad | state.reference_bad | state.reference_saturated
    flux = features.psf_fluxes(state.science, unfit, state.psf, x, y)
    other = features.psf_fluxes(state.reference, unfit, state.reference_psf, x, y)
    found = registration.match_fluxes(x, y, flux, state.stars.sigflux[mine], other, state.shape)
    state.gain_match = found
    factor = found.over(state.shape)
    state.reference *= factor
    state.reference_noise *= factor
    science, reference = state.inputs.science.header, state.inputs.reference.header
    expected = 10 ** (0.4 * (float(science["MAGZP"]) - float(reference["MAGZP"])))
    return {
        "flux_ratio": found.ratio,
        "flux_ratio_expected": expected,
        "flux_ratio_scatter": found.scatter,
        "flux_ratio_stars": found.stars,
    }


def prepare(state, config):
    """Variances, and what must not be compared: there both images are made equal."""
    saturated = _grow(state.saturated | state.reference_saturated, config.saturation_growth)
    spoiled = state.bad & ~saturated
    state.science[spoiled] = state.reference[spoiled]
    state.science[state.reference_bad] = 0.0
    state.science[saturated], state.reference[saturated] = 0.0, 0.0
    state.unfit = state.bad | state.reference_bad | saturated
    state.excluded = _grow(state.unfit, config.bad_growth)
    header, other = state.inputs.science.header, state.inputs.reference.header
    light = np.maximum(state.science, 0.0) / np.float32(header["GAIN"])
    reference_gain = float(other["GAIN"]) / state.gain_match.ratio
    below = np.maximum(state.reference, 0.0) / np.float32(reference_gain)
    state.extra_variance = light + below
    state.science_variance = light + state.science_noise**2
    state.reference_variance = below + state.reference_noise**2
    return {"unfit_pixels": int(state.unfit.sum())}


def _grow(mask: np.ndarray, pixels: int) -> np.ndarray:
    return maximum_filter(mask.view(np.uint8), 2 * pixels + 1).view(bool) if pixels else mask


def subtract_images(state, config):
    half = config.subtract.half
    reference_noise = float(np.median(state.reference_noise[::7, ::7]))
    state.subtraction = zogy.subtract(
        state.science, state.reference, state.science_variance, state.reference_variance,
        lambda x, y: psf.psf_stamp(state.psf, round(x), round(y), half),
        lambda x, y: psf.psf_stamp(state.reference_psf, round(x), round(y), half),
        state.sky.rms, reference_noise, state.registration.error, config.subtract,
    )  # fmt: skip
    blank = state.subtraction.scorr[::5, ::5][~state.excluded[::5, ::5]]
    if blank.size == 0:
        raise UnusableFrameError("no pixel of image and reference is fit to be compared")
    scatter = robust_scatter(blank)
    return {"scorr_scatter": scatter, "difference_noise": state.subtraction.noise}


def find_candidates(state, config):
    """Peaks on both sides, their measurements, the nearest source of the reference, the score."""
    x, y = candidates.find_peaks(state.subtraction.scorr, state.excluded, config.threshold)
    if len(x) > config.max_candidates:
        raise UnusableFrameError(
            f"{len(x)} candidates: a usable difference has at most {config.max_candidates}", raw_candidates=len(x)
        )
    measured = candidates.measure(state.subtraction, state.extra_variance, state.unfit, x, y)
    state.table = features.candidate_table(measured, state, config.triggers)
    return {
        "raw_candidates": len(x),
        "alerts": int(state.table["alert"].sum()),
        "positive": int(state.table["positive"].sum()),
        "diffmaglim": state.limit,
    }


DIFFERENCE = Pipeline(
    name="difference",
    version=VERSION,
    config=DifferenceConfig,
    begin=begin,
    steps=(
        register_reference,
        resample_reference,
        measure_skies,
        model_psfs,
        match_fluxes,
        prepare,
        subtract_images,
        find_candidates,
    ),
    finish=make_products,
    makes=SUFFIXES,
)
