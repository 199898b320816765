"""The reference pipeline: the best science images of one field, quadrant and filter -> a co-add and its
catalogs."""

import numpy as np

from archive.survey.bits import MaskBit
from processing.pipelines.base import Measurements, Pipeline
from processing.pipelines.reference.products import SUFFIXES, VERSION, make_products
from processing.pipelines.reference.state import (
    FULL_SIDE,
    MAX_FRAMES,
    PIXEL_SCALE,
    SIDE,
    ZERO_POINTS,
    ReferenceConfig,
    ReferenceFrame,
    ReferenceInputs,
    ReferenceState,
)
from processing.science import detection, masks, tpv
from processing.science.background import Background, measure_background
from processing.science.coadd import coadd
from processing.science.coadd.coadd import CoaddFrame
from processing.science.errors import UnusableFrameError
from processing.science.photometry import apertures, quality
from processing.science.psf import model as psf
from processing.science.psf import photometry, wings

__all__ = ["MAX_FRAMES", "REFERENCE", "ZERO_POINTS", "ReferenceConfig", "ReferenceFrame", "ReferenceInputs"]


def begin(inputs: ReferenceInputs, config: ReferenceConfig) -> ReferenceState:
    if len(inputs.frames) < config.minimum:
        raise UnusableFrameError(
            f"{len(inputs.frames)} frames: a reference needs at least {config.minimum}", frames=len(inputs.frames)
        )
    side = round(max(inputs.frames[0].image.shape) * SIDE / FULL_SIDE)
    if max(inputs.frames[0].image.shape) in range(FULL_SIDE, SIDE):
        side = SIDE
    middle = (side + 1) / 2
    cd = np.array([[-PIXEL_SCALE, 0.0], [0.0, PIXEL_SCALE]])
    wcs = tpv.Tpv(np.array([middle, middle]), np.array(inputs.centre), cd, tpv.identity_terms())
    return ReferenceState(inputs, wcs, (side, side), ZERO_POINTS[inputs.filtercode])


def choose_frames(state: ReferenceState, config: ReferenceConfig) -> Measurements:
    """The sharpest frames, at most `maximum`."""
    frames = sorted(state.inputs.frames, key=lambda frame: frame.seeing)[: config.maximum]
    state.used = frames
    state.frames = [
        CoaddFrame(
            frame.image, frame.mask, frame.wcs, 10 ** (0.4 * (state.zero_point - frame.magzp)), frame.gain, frame.seeing
        )
        for frame in frames
    ]
    return {"frames": len(frames), "worst_seeing": frames[-1].seeing}


def measure_skies(state: ReferenceState, config: ReferenceConfig) -> Measurements:
    state.skies = [coadd.measure_sky(frame, config.background_box) for frame in state.frames]
    return {"median_noise": float(np.median([sky.noise for sky in state.skies]))}


def average(state: ReferenceState, config: ReferenceConfig) -> Measurements:
    """Resample, clip, average."""
    result = coadd.coadd_frames(state.frames, state.skies, state.wcs, state.shape, config.clip, config.relative)
    state.image, state.uncertainty, state.coverage = result.image, result.uncertainty, result.coverage
    state.gain = result.gain
    covered = result.coverage > 0
    if covered.mean() < 0.25:
        raise UnusableFrameError(f"frames cover {100 * covered.mean():.0f} % of the reference: 25 % needed")
    state.saturation = config.saturation * min(
        used.saturation * frame.scale for used, frame in zip(state.used, state.frames, strict=True)
    )
    state.mask = np.zeros(state.shape, np.int16)
    masks.set_bit(state.mask, ~covered, MaskBit.NAN)
    # Stars that saturate in some frames have no profile here.
    masks.set_bit(state.mask, masks.grow_saturation(state.image > state.saturation), MaskBit.SATURATED)
    state.bad = state.mask != 0
    return {
        "clipped": result.clipped,
        "coverage": float(np.median(result.coverage[covered])),
        "gain": result.gain,
        "expected_noise": float(np.median(result.uncertainty[covered])),
    }


def detect_sources(state: ReferenceState, config: ReferenceConfig) -> Measurements:
    sky = measure_background(state.image, state.bad, config.background_box)
    covered = state.coverage > 0
    # Interpolation smooths the pixels' scatter, not the noise of a star's flux: errors follow the frames'.
    noise = np.where(covered, state.uncertainty, np.float32(sky.rms))
    state.sky = Background(sky.level, noise, sky.median, sky.rms)
    state.clean = np.where(covered, state.image - sky.level, np.float32(0.0))
    state.sources, state.segments = detection.detect(state.clean, noise, ~covered, config.detection, segmentation=True)
    state.aperture_flux, state.aperture_sigma = apertures.aperture_fluxes(
        state.clean, noise, ~covered, state.sources["x"], state.sources["y"], state.gain
    )
    return {"background": sky.median, "noise": sky.rms, "sex_sources": len(state.sources)}


def model_psf(state: ReferenceState, config: ReferenceConfig) -> Measurements:
    small = apertures.DIAMETERS.index(6.0)
    flux, sigma = state.aperture_flux[:, small], state.aperture_sigma[:, small]
    stars = psf.select_psf_stars(
        state.sources, flux, flux / np.maximum(sigma, 1e-9), state.bad, state.saturation, config.psf
    )
    variance = state.sky.noise**2 + np.maximum(state.clean, 0.0) / np.float32(state.gain)
    ivar = np.where(state.bad, np.float32(0.0), 1.0 / np.maximum(variance, 1e-6)).astype(np.float32)
    x, y = (state.sources[axis][stars] for axis in "xy")
    state.psf = psf.build_psf(state.clean, ivar, x, y, flux[stars], config.psf)
    state.psf_stars = stars
    return {"psf_stars": state.psf.stars, "psf_fwhm": state.psf.fwhm, "seeing_arcsec": state.psf.fwhm}


def fit_stars(state: ReferenceState, config: ReferenceConfig) -> Measurements:
    small = apertures.DIAMETERS.index(6.0)
    flux = np.maximum(state.aperture_flux[:, small], state.sky.rms)
    state.fit = photometry.fit_sources(
        state.clean, state.sky.noise, state.bad, state.sources["x"], state.sources["y"], flux,
        state.psf, state.gain, config.psf_fit,
    )  # fmt: skip
    fit = state.fit
    return {
        "psf_sources": int(np.count_nonzero(fit.flux > 0)),
        "maglim": quality.limiting_magnitude(state.zero_point, fit.flux, fit.sigma),
    }


def measure_wings(state: ReferenceState, config: ReferenceConfig) -> Measurements:
    """Make the whole light of a star the unit of the fluxes, as the zero points of the frames count it."""
    flags = masks.flag_sources(state.bad.astype(np.int16), state.fit.x, state.fit.y)
    state.fit, state.psf, measured = wings.with_whole_light(
        state.fit, state.psf, state.sky.rms, state.bad, flags, config.wings
    )
    limit = quality.limiting_magnitude(state.zero_point, state.fit.flux, state.fit.sigma)
    return measured | {"maglim": limit}


REFERENCE = Pipeline(
    name="reference",
    version=VERSION,
    config=ReferenceConfig,
    begin=begin,
    steps=(choose_frames, measure_skies, average, detect_sources, model_psf, fit_stars, measure_wings),
    finish=make_products,
    makes=SUFFIXES,
)
