"""The difference pipeline: a science image minus its reference -> difference, its PSF, candidates.

The reference is registered on the science image by their common stars, resampled to its pixels, matched to
its flux scale; both skies are taken off; then the proper subtraction, and the search on both its sides.
"""

import numpy as np
from scipy.ndimage import maximum_filter

from archive.survey.bits import BAD_PIXEL_MASK, MaskBit
from archive.survey.robust import robust_scatter
from processing.pipelines.base import Measurements, Pipeline
from processing.pipelines.difference.products import SUFFIXES, VERSION, make_products
from processing.pipelines.difference.state import (
    DifferenceConfig,
    DifferenceInputs,
    DifferenceState,
    ImageInputs,
)
from processing.science import tpv
from processing.science.astrometry import registration
from processing.science.background import measure_background
from processing.science.coadd import resample
from processing.science.errors import UnusableFrameError
from processing.science.fill import fill_masked
from processing.science.masks import grow_saturation
from processing.science.photometry import quality
from processing.science.psf import model as psf
from processing.science.psf.evaluation import psf_stamp
from processing.science.subtraction import candidates, features, zogy
from processing.science.subtraction.stars import CatalogStars, choose_psf_stars

__all__ = ["DIFFERENCE", "DifferenceConfig", "DifferenceInputs", "DifferenceState", "ImageInputs"]

WARNING_BITS = MaskBit.GHOST | MaskBit.HALO
"""Bits that warn but do not make a pixel unfit to be subtracted."""


def begin(inputs: DifferenceInputs, config: DifferenceConfig) -> DifferenceState:
    for name, image in (("science image", inputs.science), ("reference", inputs.reference)):
        missing = [card for card in ("MAGZP", "GAIN", "SATURATE") if card not in image.header]
        if missing:
            raise UnusableFrameError(f"the {name}'s header has no {', '.join(missing)}: subtraction needs them")
    mask = inputs.science.mask
    if mask is None:
        raise UnusableFrameError("the science image has no mask: subtraction needs it")
    saturated = grow_saturation((mask & np.int16(int(MaskBit.SATURATED))) != 0)
    bad = (mask & np.int16(BAD_PIXEL_MASK & ~int(WARNING_BITS))) != 0
    ny, nx = inputs.science.image.shape
    return DifferenceState(
        inputs=inputs,
        shape=(ny, nx),
        bad=bad | saturated | ~np.isfinite(inputs.science.image),
        saturated=saturated,
        stars=CatalogStars.of(inputs.science.catalog),
        reference_stars=CatalogStars.of(inputs.reference.catalog),
    )


def register_reference(state: DifferenceState, config: DifferenceConfig) -> Measurements:
    """The reference's stars in this image, and the difference of the two WCS."""
    stars, template = state.stars, state.reference_stars
    template = template.moved_to(*tpv.sky_to_pixel(state.inputs.science.wcs, template.ra, template.dec))
    ny, nx = state.shape
    inside = (template.x > -50) & (template.x < nx + 50) & (template.y > -50) & (template.y < ny + 50)
    template = template.rows(inside)
    usable, usable_template = np.flatnonzero((stars.flags == 0) & (stars.snr > 10)), np.flatnonzero(template.flags == 0)
    found = registration.register(
        stars.x[usable], stars.y[usable], template.x[usable_template], template.y[usable_template], stars.snr[usable],
        state.shape, config.match_radius,
    )  # fmt: skip
    state.registration = found
    dx, dy = found.shift.at(template.x, template.y)
    state.reference_stars = template.moved_to(template.x - dx, template.y - dy)
    state.common = usable[found.science], usable_template[found.reference]
    return {
        "registration_stars": len(found.science),
        "registration_error_x": found.error[0],
        "registration_error_y": found.error[1],
        "registration_shift": float(np.hypot(*np.median([dx, dy], axis=1))),
    }


def resample_reference(state: DifferenceState, config: DifferenceConfig) -> Measurements:
    science, template = state.inputs.science, state.inputs.reference
    unseen = ~(template.uncertainty > 0)
    saturated = template.image > float(template.header["SATURATE"])
    mapping = resample.map_pixels(science.wcs, template.wcs, state.shape, shift=state.registration.shift)
    state.reference, valid = resample.resample(template.image, unseen, mapping, state.shape)
    state.reference_saturated = resample.take_nearest(saturated, mapping, state.shape, False)
    noise = resample.take_nearest(template.uncertainty, mapping, state.shape, 0.0)
    scale = np.float32(tpv.pixel_scale(science.wcs) / tpv.pixel_scale(template.wcs))
    noise *= scale
    typical = float(np.median(noise[noise > 0])) if (noise > 0).any() else 0.0
    if typical == 0.0:
        raise UnusableFrameError("the reference does not cover any pixel of the image")
    noise[~(noise > 0)] = typical
    state.reference_noise, state.reference_bad = noise, ~valid
    return {"reference_coverage": float(valid.mean()), "reference_noise": typical}


def measure_skies(state: DifferenceState, config: DifferenceConfig) -> Measurements:
    """Smooth background of both; bad pixels filled for the models that follow."""
    image = state.inputs.science.image
    sky = measure_background(image, state.bad, config.background_box)
    template_sky = measure_background(state.reference, state.reference_bad, config.background_box)
    state.science = fill_masked(image, state.bad & ~state.saturated, sky.level) - sky.level
    state.science[~np.isfinite(state.science)] = 0.0
    state.reference = np.where(state.reference_bad, np.float32(0.0), state.reference - template_sky.level)
    state.science_noise, state.sky = sky.noise, sky
    return {"background": sky.median, "noise": sky.rms, "reference_background": template_sky.median}


def model_psfs(state: DifferenceState, config: DifferenceConfig) -> Measurements:
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


def _model(
    stars: CatalogStars,
    image: np.ndarray,
    noise: np.ndarray,
    bad: np.ndarray,
    gain: float,
    saturation: float,
    config: DifferenceConfig,
) -> psf.Psf:
    peak = config.max_peak * saturation
    chosen = choose_psf_stars(stars, image, bad, peak, config.psf_snr, config.psf_isolation, config.psf)
    variance = noise**2 + np.maximum(image, 0.0) / np.float32(gain)
    ivar = np.where(bad, np.float32(0.0), 1.0 / variance).astype(np.float32)
    return psf.build_psf(image, ivar, stars.x[chosen], stars.y[chosen], stars.flux[chosen], config.psf)


def match_fluxes(state: DifferenceState, config: DifferenceConfig) -> Measurements:
    """Bring the reference to the flux scale of the science image, by PSF photometry of the common stars."""
    common, _ = state.common
    common = common[state.stars.snr[common] > registration.LEAST_SNR / 2]  # fainter ones cannot be wanted
    x, y = state.stars.x[common], state.stars.y[common]
    unfit = state.bad | state.reference_bad | state.reference_saturated
    flux = features.psf_fluxes(state.science, unfit, state.psf, x, y)
    template_flux = features.psf_fluxes(state.reference, unfit, state.reference_psf, x, y)
    found = registration.match_fluxes(x, y, flux, state.stars.sigflux[common], template_flux, state.shape)
    state.flux_ratio = found
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


def prepare(state: DifferenceState, config: DifferenceConfig) -> Measurements:
    """Variances, and what must not be compared: there both images are made equal."""
    saturated = _grow(state.saturated | state.reference_saturated, config.saturation_growth)
    spoiled = state.bad & ~saturated
    state.science[spoiled] = state.reference[spoiled]
    state.science[state.reference_bad] = 0.0
    state.science[saturated], state.reference[saturated] = 0.0, 0.0
    state.unfit = state.bad | state.reference_bad | saturated
    state.excluded = _grow(state.unfit, config.bad_growth)
    header, template = state.inputs.science.header, state.inputs.reference.header
    photons = np.maximum(state.science, 0.0) / np.float32(header["GAIN"])
    reference_gain = float(template["GAIN"]) / state.flux_ratio.ratio
    template_photons = np.maximum(state.reference, 0.0) / np.float32(reference_gain)
    state.source_variance = photons + template_photons
    state.science_variance = photons + state.science_noise**2
    state.reference_variance = template_photons + state.reference_noise**2
    return {"unfit_pixels": int(state.unfit.sum())}


def _grow(mask: np.ndarray, pixels: int) -> np.ndarray:
    return maximum_filter(mask.view(np.uint8), 2 * pixels + 1).view(bool) if pixels else mask


def subtract_images(state: DifferenceState, config: DifferenceConfig) -> Measurements:
    half = config.subtract.half
    reference_noise = float(np.median(state.reference_noise[::7, ::7]))
    state.subtraction = zogy.subtract(
        state.science, state.reference, state.science_variance, state.reference_variance,
        lambda x, y: psf_stamp(state.psf, round(x), round(y), half),
        lambda x, y: psf_stamp(state.reference_psf, round(x), round(y), half),
        state.sky.rms, reference_noise, state.registration.error, config.subtract,
    )  # fmt: skip
    blank = state.subtraction.scorr[::5, ::5][~state.excluded[::5, ::5]]
    if blank.size == 0:
        raise UnusableFrameError("no pixel of image and reference is fit to be compared")
    scatter = robust_scatter(blank)
    return {"scorr_scatter": scatter, "difference_noise": state.subtraction.noise}


def find_candidates(state: DifferenceState, config: DifferenceConfig) -> Measurements:
    """Peaks on both sides, their measurements, the nearest source of the reference, the score."""
    x, y = candidates.find_peaks(state.subtraction.scorr, state.excluded, config.threshold)
    if len(x) > config.max_candidates:
        raise UnusableFrameError(
            f"{len(x)} candidates: a usable difference has at most {config.max_candidates}", raw_candidates=len(x)
        )
    measured = candidates.measure(state.subtraction, state.source_variance, state.unfit, x, y)
    image = _searched_image(state)
    state.limit = image.limit
    zero_point = float(state.inputs.reference.header["MAGZP"])
    state.table = features.candidate_table(measured, image, state.reference_stars, zero_point, config.triggers)
    return {
        "raw_candidates": len(x),
        "alerts": int(state.table["alert"].sum()),
        "positive": int(state.table["positive"].sum()),
        "diffmaglim": state.limit,
    }


def _searched_image(state: DifferenceState) -> features.SearchedImage:
    science = state.inputs.science
    zero_point = float(science.header["MAGZP"])
    area = float(np.mean(1.0 / (state.subtraction.psfs.astype(float) ** 2).sum((2, 3))))
    return features.SearchedImage(
        wcs=science.wcs,
        shape=state.shape,
        zero_point=zero_point,
        whole_light=float(science.header.get("PSFTOTAL", 1.0)),
        limit=float(quality.empirical_limit(zero_point, state.subtraction.noise, area)),
        fwhm=state.psf.fwhm,
    )


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
