"""The steps of the science pipeline that find and measure sources: detection, PSF, cosmic rays, fits, wings."""

from dataclasses import replace

import numpy as np

from archive.survey.bits import BAD_PIXEL_MASK, MaskBit
from processing.pipelines.base import Measurements
from processing.pipelines.science.state import ScienceConfig, ScienceState
from processing.science import detection, masks, tpv
from processing.science.background import Background, measure_background
from processing.science.detector import cosmics, tracks
from processing.science.errors import NoPsfModelError
from processing.science.fill import fill_masked
from processing.science.photometry import apertures
from processing.science.psf import blends, model, photometry, wings
from processing.science.psf.evaluation import psf_stamp
from processing.science.psf.photometry import PsfFit


def set_bit(state: ScienceState, where: np.ndarray, bit: MaskBit) -> None:
    """Mark pixels in the mask, and as unfit for measuring if the bit says so."""
    masks.set_bit(state.mask, where, bit)
    if int(bit) & BAD_PIXEL_MASK:
        state.bad |= where


def measure_sky(state: ScienceState, config: ScienceConfig) -> Measurements:
    state.sky = measure_background(state.image, state.bad, config.background_box)
    return {"background": state.sky.median, "noise": state.sky.rms}


def detect_sources(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Sources on the sky-subtracted image, its bad pixels filled."""
    state.clean = fill_masked(state.image, state.bad, state.sky.level) - state.sky.level
    # Saturated stars keep their light: filling them would make holes in bright stars.
    keep = state.overexposed & np.isfinite(state.image)
    state.clean[keep] = state.image[keep] - state.sky.level[keep]
    state.seeing = detection.measure_seeing(state.clean, state.sky.noise, state.bad, config.seeing)
    state.sources, state.segments = detection.detect(
        state.clean, state.sky.noise, _unseen(state), config.detection, segmentation=True, fwhm=state.seeing
    )
    _measure_apertures(state)
    found = {} if state.seeing is None else {"detection_fwhm": state.seeing}
    return {"sex_sources": len(state.sources), **found}


def _unseen(state: ScienceState) -> np.ndarray:
    """Bad pixels without a signal; saturated ones have one."""
    return state.bad & ~state.overexposed


def _measure_apertures(state: ScienceState) -> None:
    state.aperture_flux, state.aperture_sigma = apertures.aperture_fluxes(
        state.clean, state.sky.noise, _unseen(state), state.sources["x"], state.sources["y"], state.gain
    )


def model_psf(state: ScienceState, config: ScienceConfig) -> Measurements:
    small = apertures.DIAMETERS.index(6.0)
    flux, sigma = state.aperture_flux[:, small], state.aperture_sigma[:, small]
    stars = model.select_psf_stars(
        state.sources, flux, flux / np.maximum(sigma, 1e-9), state.bad, state.saturation, config.psf
    )
    variance = state.sky.noise**2 + np.maximum(state.clean, 0.0) / np.float32(state.gain)
    ivar = np.where(state.bad, np.float32(0.0), 1.0 / variance).astype(np.float32)
    try:
        state.psf = model.build_psf(
            state.clean, ivar, state.sources["x"][stars], state.sources["y"][stars], flux[stars], config.psf
        )
    except NoPsfModelError as problem:
        state.problems.append(str(problem))
        return {**problem.measurements, "psf_candidates": len(stars), "psf_problem": str(problem)}
    state.psf_stars = stars
    scale = 3600.0 * tpv.pixel_scale(state.inputs.guess)
    return {
        "psf_candidates": len(stars),
        "psf_stars": state.psf.stars,
        "psf_beta": state.psf.beta,
        "psf_fwhm": state.psf.fwhm,
        "seeing_arcsec": state.psf.fwhm * scale,
        "psf_ellipticity": state.psf.ellipticity,
    }


def find_cosmic_rays(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Spikes, now that the sharpness of stars is known; what they counterfeited is no source."""
    sharpest = 0.0
    if state.psf is not None:
        x, y = (side / 2 for side in reversed(state.psf.shape))
        phases = (-0.5, -0.25, 0.0, 0.25, 0.5)
        stamps = (psf_stamp(state.psf, x + dx, y + dy, 8) for dx in phases for dy in phases)
        sharpest = max(cosmics.star_contrast(stamp) for stamp in stamps)
    before = state.clean
    # The edges of overflowing columns are as sharp as hits.
    edges = masks.grow_saturation(state.overexposed, config.overexposed_margin)
    hits, state.clean = cosmics.find_cosmic_rays(
        state.clean,
        state.bad | edges,
        np.zeros_like(state.clean),
        state.sky.noise,
        state.gain,
        config.cosmics,
        sharpest,
    )
    set_bit(state, hits, MaskBit.SPIKE)
    # A source that owes most of its light to hits is no source; a few hits in a star are the star's own.
    light = (before[hits] - state.clean[hits]).astype(float)
    lost = np.bincount(state.segments[hits], light, minlength=len(state.sources) + 1)[1:]
    false = lost > config.hit_share * state.sources["flux"]
    if false.any():
        number = np.cumsum(~false) * ~false
        state.segments = np.r_[0, number].astype(np.int32)[state.segments]
        if state.psf is not None:
            state.psf_stars = number[state.psf_stars[~false[state.psf_stars]]] - 1
        state.sources = state.sources[~false]
    _measure_apertures(state)
    return {
        "spike_pixels": int(np.count_nonzero(hits)),
        "star_contrast": sharpest,
        "sex_sources": len(state.sources),
    }


def fit_stars(state: ScienceState, config: ScienceConfig) -> Measurements:
    """First fit of all detections, which need not come to rest yet."""
    if state.psf is None:
        return {}
    small = apertures.DIAMETERS.index(6.0)
    flux = np.maximum(state.aperture_flux[:, small], state.sky.rms)
    state.fit = photometry.fit_sources(
        state.clean, state.sky.noise, state.bad, state.sources["x"], state.sources["y"], flux,
        state.psf, state.gain, replace(config.psf_fit, max_passes=config.psf_fit.passes), errors=False,
    )  # fmt: skip
    return {"psf_fit_change": state.fit.change}


def subtract_wings(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Bright stars' light beyond their PSF's table, which would else be taken for many faint stars."""
    if state.fit is None or state.psf is None:
        return {}
    fit = state.fit
    found = wings.wings_of(fit, state.psf, state.sky.rms, state.bad, _flags(state, fit), config.wings)
    if found is None:
        return {"bright_wings": 0}
    faintest = config.faintest_wing * state.sky.rms
    state.wing_light = wings.wing_light(state.image.shape, fit.x, fit.y, fit.flux, found, faintest)
    state.clean -= state.wing_light
    state.fit = replace(fit, residual=fit.residual - state.wing_light)
    return {"bright_wings": found.stars, "wing_slope": found.slope}


def _flags(state: ScienceState, fit: PsfFit) -> np.ndarray:
    return masks.flag_sources((state.mask & BAD_PIXEL_MASK).astype(np.int16), fit.x, fit.y)


def _residual_noise(state, config):
    """Noise of the image after subtraction of the stars, with the error of their profiles."""
    light = np.maximum(state.fit.model, 0.0)
    variance = state.sky.noise**2 + light / np.float32(state.gain)
    variance += (np.float32(config.residual_profile_error) * light) ** 2
    return np.sqrt(variance, dtype=np.float32)


def mask_tracks(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Satellite trails in what the stars leave."""
    if state.fit is None:
        return {}
    covered, found = tracks.find_tracks(state.fit.residual, _residual_noise(state, config), state.bad, config.tracks)
    set_bit(state, covered, MaskBit.TRACK)
    return {"tracks": len(found), "track_pixels": int(np.count_nonzero(covered))}


def fit_blended_stars(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Sources that show only when the others are gone, in several rounds; then the final fit of all that last."""
    if state.fit is None or state.psf is None:
        return {}
    first, numbers, rounds = len(state.fit.x), [], config.hidden.rounds
    for number in range(rounds):
        _lower_sky(state, config)
        found = blends.find_blended(
            state.fit, _light(state), state.sky.noise, state.bad, state.psf, state.gain, config.hidden
        )
        numbers.append(len(found[0]))
        short = replace(config.psf_fit, passes=config.hidden.passes, max_passes=config.hidden.passes)
        state.fit = _fit_again(state, config, found, short, errors=number == rounds - 1)
    keep = blends.lasting(state.fit, _light(state), first, state.psf, config.hidden)
    _lower_sky(state, config)
    state.fit = _fit_again(state, config, None, config.psf_fit, errors=True, keep=keep)
    # The steps that follow look at stars with all their light.
    if state.wing_light is not None:
        state.clean += state.wing_light
    fit = state.fit
    return {
        "psf_sources": int(np.count_nonzero(fit.flux > 0)),
        "hidden_sources": sum(numbers),
        "hidden_dropped": int(np.count_nonzero(~keep)),
        "psf_fit_change": fit.change,
        "psf_fit_passes": fit.passes,
        "residual_noise": state.sky.rms,
    }


def _light(state):
    """All that has been taken away for stars."""
    light = state.clean - state.fit.residual
    return light if state.wing_light is None else light + state.wing_light


def _lower_sky(state, config):
    """Take away the sky that shows under the fitted stars."""
    under = measure_background(state.fit.residual, state.bad, config.residual_box)
    state.clean -= under.level
    state.fit = replace(state.fit, residual=state.fit.residual - under.level)
    state.sky = Background(state.sky.level + under.level, under.noise, state.sky.median + under.median, under.rms)


def _fit_again(state, config, found, how, errors=False, keep=slice(None)):
    """Fit the stars of the last fit, with those found since."""
    fit = state.fit
    x, y, flux = fit.x[keep], fit.y[keep], np.maximum(fit.flux[keep], state.sky.rms)
    if found is not None:
        x, y, flux = (np.r_[old, new] for old, new in zip((x, y, flux), found, strict=True))
    return photometry.fit_sources(
        state.clean, state.sky.noise, state.bad, x, y, flux, state.psf, state.gain, how, errors=errors
    )


def measure_wings(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Make the whole light of a star the unit of the PSF, and of the fluxes."""
    if state.fit is None or state.psf is None:
        return {}
    fit = state.fit
    if state.wing_light is not None:
        fit = replace(fit, residual=fit.residual + state.wing_light)
    state.wing_light = None
    state.fit, state.psf, measured = wings.with_whole_light(
        fit, state.psf, state.sky.rms, state.bad, _flags(state, fit), config.wings
    )
    return measured
