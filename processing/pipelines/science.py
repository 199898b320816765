"""The science pipeline: one raw quadrant -> calibrated image, mask, uncertainty, catalogs.

The steps stand in order at the end of the file. A step that finds its task impossible (no PSF, no
astrometry, no zero point) says so in INFOBITS and the others go on as far as they can; a frame that is
unfit as a whole raises `UnusableFrame`.
"""

from dataclasses import replace

import numpy as np

from archive.survey.bits import BAD_PIXEL_MASK, MaskBit
from processing.pipelines.base import Pipeline
from processing.pipelines.science_products import SUFFIXES, make_products
from processing.pipelines.science_state import VERSION, ScienceConfig, ScienceInputs, ScienceState
from processing.science import (
    apertures,
    astrometry,
    cosmics,
    detection,
    masks,
    psf,
    psf_photometry,
    quality,
    tpv,
    tracks,
    wings,
    zeropoint,
)
from processing.science.background import Background, measure_background
from processing.science.detrend import detrend, uncertainty_image
from processing.science.errors import (
    NoAstrometry,
    NoPhotometricCalibration,
    NoPsfModel,
    UnusableFrame,
)
from processing.science.fill import fill_masked
from processing.science.overscan import fit_overscan

JULIAN_EPOCH = 2451545.0
DAYS_PER_JULIAN_YEAR = 365.25


def begin(inputs: ScienceInputs, config: ScienceConfig) -> ScienceState:
    if np.ndim(inputs.raw) != 2 or min(np.shape(inputs.raw)) < 64:
        raise UnusableFrame(f"raw frame has shape {np.shape(inputs.raw)}: two dimensions of 64 px or more needed")
    if np.shape(inputs.defects) != np.shape(inputs.raw):
        raise UnusableFrame(f"defect mask has shape {np.shape(inputs.defects)}, frame {np.shape(inputs.raw)}")
    return ScienceState(
        inputs,
        float(inputs.header.get("GAIN", config.gain)),
        float(inputs.header.get("READNOI", config.read_noise)),
    )


def _set(state, where, bit):
    masks.set_bit(state.mask, where, bit)
    if int(bit) & BAD_PIXEL_MASK:
        state.bad |= where


def calibrate(state, config):
    """Floating bias, bias, flat; mask of defects, saturation, spillage."""
    inputs = state.inputs
    fit = fit_overscan(inputs.overscan, config.overscan_order, config.saturation)
    raw_limit = fit.level + config.saturation
    image, saturated = detrend(inputs.raw, fit.curve, inputs.bias, inputs.flat, raw_limit)
    state.saturation = config.saturation - float(np.median(inputs.bias))
    state.mask = inputs.defects.astype(np.int16)
    state.bad = (state.mask & BAD_PIXEL_MASK) != 0
    _set(state, ~np.isfinite(image), MaskBit.NAN)
    percent = 100.0 * float(saturated.mean())
    _set(state, masks.grow_saturation(saturated, config.saturation_growth), MaskBit.SATURATED)
    _set(state, masks.charge_spillage(saturated), MaskBit.SPILLAGE)
    state.image = image
    state.uncertainty = uncertainty_image(
        image, inputs.flat, inputs.flat_unc, inputs.bias_unc, state.gain, state.read_noise
    )
    return {
        "overscan_level": fit.level,
        "overscan_slope": fit.slope,
        "overscan_scatter": fit.scatter,
        "saturated_percent": percent,
    }


def measure_sky(state, config):
    state.sky = measure_background(state.image, state.bad, config.background_box)
    return {"background": state.sky.median, "noise": state.sky.rms}


def detect_sources(state, config):
    """Sources on the sky-subtracted image, its bad pixels filled."""
    state.clean = fill_masked(state.image, state.bad, state.sky.level) - state.sky.level
    # Saturated stars keep their light: filling them would make holes in bright stars.
    saturated = (state.mask & int(MaskBit.SATURATED)) != 0
    keep = saturated & np.isfinite(state.image)
    state.clean[keep] = state.image[keep] - state.sky.level[keep]
    state.seeing = detection.measure_seeing(state.clean, state.sky.noise, state.bad, config.seeing)
    state.sources, state.segments = detection.detect(
        state.clean, state.sky.noise, _unseen(state), config.detection, segmentation=True, fwhm=state.seeing
    )
    _measure_apertures(state)
    found = {} if state.seeing is None else {"detection_fwhm": state.seeing}
    return {"sex_sources": len(state.sources), **found}


def _unseen(state):
    """Bad pixels without a signal; saturated ones have one."""
    return state.bad & ((state.mask & int(MaskBit.SATURATED)) == 0)


def _measure_apertures(state):
    state.aperture_flux, state.aperture_sigma = apertures.aperture_fluxes(
        state.clean, state.sky.noise, _unseen(state), state.sources["x"], state.sources["y"], state.gain
    )


def model_psf(state, config):
    small = apertures.DIAMETERS.index(6.0)
    flux, sigma = state.aperture_flux[:, small], state.aperture_sigma[:, small]
    stars = psf.select_psf_stars(
        state.sources, flux, flux / np.maximum(sigma, 1e-9), state.bad, state.saturation, config.psf
    )
    variance = state.sky.noise**2 + np.maximum(state.clean, 0.0) / np.float32(state.gain)
    ivar = np.where(state.bad, np.float32(0.0), 1.0 / variance).astype(np.float32)
    try:
        state.psf = psf.build_psf(
            state.clean, ivar, state.sources["x"][stars], state.sources["y"][stars], flux[stars], config.psf
        )
    except NoPsfModel as problem:
        state.problems.append(str(problem))
        return {**problem.measurements, "psf_candidates": len(stars)}
    state.psf_stars = stars
    scale = _pixel_scale(state.inputs.guess)
    return {
        "psf_candidates": len(stars),
        "psf_stars": state.psf.stars,
        "psf_beta": state.psf.beta,
        "psf_fwhm": state.psf.fwhm,
        "seeing_arcsec": state.psf.fwhm * scale,
        "psf_ellipticity": state.psf.ellipticity,
    }


def find_cosmic_rays(state, config):
    """Spikes, now that the sharpness of stars is known; what they counterfeited is no source."""
    sharpest = 0.0
    if state.psf is not None:
        x, y = (side / 2 for side in reversed(state.psf.shape))
        phases = (-0.5, -0.25, 0.0, 0.25, 0.5)
        stamps = (psf.psf_stamp(state.psf, x + dx, y + dy, 8) for dx in phases for dy in phases)
        sharpest = max(cosmics.star_contrast(stamp) for stamp in stamps)
    before = state.clean
    hits, state.clean = cosmics.find_cosmic_rays(
        state.clean,
        state.bad,
        np.zeros_like(state.clean),
        state.sky.noise,
        state.gain,
        config.cosmics,
        sharpest,
    )
    _set(state, hits, MaskBit.SPIKE)
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


def _pixel_scale(wcs):
    """Arcsec per pixel."""
    return 3600.0 * float(np.sqrt(abs(np.linalg.det(wcs.cd))))


def fit_stars(state, config):
    """First fit of all detections, which need not come to rest yet."""
    if state.psf is None:
        return {}
    small = apertures.DIAMETERS.index(6.0)
    flux = np.maximum(state.aperture_flux[:, small], state.sky.rms)
    state.fit = psf_photometry.fit_sources(
        state.clean, state.sky.noise, state.bad, state.sources["x"], state.sources["y"], flux,
        state.psf, state.gain, replace(config.psf_fit, max_passes=config.psf_fit.passes), errors=False,
    )  # fmt: skip
    return {"psf_fit_change": state.fit.change}


def _residual_noise(state, config):
    """Noise of the image after subtraction of the stars, with the error of their profiles."""
    light = np.maximum(state.fit.model, 0.0)
    variance = state.sky.noise**2 + light / np.float32(state.gain)
    variance += (np.float32(config.residual_profile_error) * light) ** 2
    return np.sqrt(variance, dtype=np.float32)


def mask_tracks(state, config):
    """Satellite trails in what the stars leave."""
    if state.fit is None:
        return {}
    covered, found = tracks.find_tracks(state.fit.residual, _residual_noise(state, config), state.bad, config.tracks)
    _set(state, covered, MaskBit.TRACK)
    return {"tracks": len(found), "track_pixels": int(np.count_nonzero(covered))}


def fit_hidden_stars(state, config):
    """Sources that show only when the others are gone; then the final fit of all, on a better sky."""
    if state.fit is None:
        return {}
    first = state.fit
    under = measure_background(first.residual, state.bad, config.residual_box)
    residual = first.residual - under.level
    noise = _residual_noise(state, config)
    found = detection.detect(
        residual, noise, state.bad,
        detection.DetectionConfig(
            config.residual_threshold, config.detection.min_pixels, 8, 0.01
        ),
        fwhm=state.seeing,
    )  # fmt: skip
    x, y = found["x"].astype(float), found["y"].astype(float)
    flux = apertures.aperture_fluxes(residual, noise, state.bad, x, y, state.gain, (4.0,))[0][:, 0]
    known, _ = astrometry.match_nearest(x, y, first.x, first.y, config.min_residual_distance)
    new = flux > 0
    new[known] = False
    state.clean -= under.level
    state.sky = Background(state.sky.level + under.level, under.noise, state.sky.median + under.median, under.rms)
    state.fit = psf_photometry.fit_sources(
        state.clean, state.sky.noise, state.bad,
        np.r_[first.x, x[new]], np.r_[first.y, y[new]],
        np.r_[np.maximum(first.flux, state.sky.rms), flux[new] / 0.6],
        state.psf, state.gain, config.psf_fit,
    )  # fmt: skip
    fit = state.fit
    return {
        "psf_sources": int(np.count_nonzero(fit.flux > 0)),
        "hidden_sources": int(new.sum()),
        "psf_fit_change": fit.change,
        "psf_fit_passes": fit.passes,
        "residual_noise": state.sky.rms,
    }


def measure_wings(state, config):
    """Make the whole light of a star the unit of the PSF, and of the fluxes."""
    if state.fit is None:
        return {}
    flags = masks.flag_sources((state.mask & BAD_PIXEL_MASK).astype(np.int16), state.fit.x, state.fit.y)
    state.fit, state.psf, measured = wings.with_whole_light(
        state.fit, state.psf, state.sky.rms, state.bad, flags, config.wings
    )
    return measured


def _positions(state):
    """Positions, fluxes, errors for astrometry: PSF fits, or isophotal barycentres without a PSF."""
    if state.fit is not None:
        fit = state.fit
        return fit.x, fit.y, fit.flux, np.hypot(fit.sigma_x, fit.sigma_y) / np.sqrt(2), fit.flux / fit.sigma
    s, k = state.sources, apertures.DIAMETERS.index(6.0)
    flux, sigma = state.aperture_flux[:, k], state.aperture_sigma[:, k]
    snr = flux / np.maximum(sigma, 1e-9)
    return s["x"].astype(float), s["y"].astype(float), flux, 1.0 / np.maximum(snr, 1.0), snr


def _epoch(header):
    return 2000.0 + (float(header["OBSJD"]) - JULIAN_EPOCH) / DAYS_PER_JULIAN_YEAR


def solve_positions(state, config):
    x, y, flux, sigma, snr = _positions(state)
    use = (snr > config.min_match) & np.isfinite(sigma)
    inputs = state.inputs
    try:
        state.astrometry = astrometry.solve_astrometry(
            x[use], y[use], flux[use], sigma[use], inputs.stars, inputs.guess, state.image.shape,
            _epoch(inputs.header), config.astrometry,
        )  # fmt: skip
    except NoAstrometry as problem:
        state.problems.append(str(problem))
        return problem.measurements
    solution = state.astrometry
    # ZTF's bit 21 asks for the share of bright detections that have a match
    return {
        "astrometry_matches": len(solution.detection),
        "astrometry_rms_ra": float(solution.rms[0] * 3600),
        "astrometry_rms_dec": float(solution.rms[1] * 3600),
        "astrometry_chi2": solution.chi2,
        "detected_matches": solution.matched_detections,
        "catalog_matches": solution.matched_stars,
        "scale_change": solution.scale_change,
        "grid_matches": solution.min_grid_matches,
        "grid_residual": solution.max_grid_residual,
        "pointing_offset_x": solution.offset[0],
        "pointing_offset_y": solution.offset[1],
        "pointing_rotation": solution.rotation,
    }


def mask_bright_stars(state, config):
    if state.astrometry is None:
        return {}
    stars = state.inputs.stars
    x, y = tpv.sky_to_pixel(state.astrometry.wcs, stars.ra, stars.dec)
    halo, ghost = masks.halos_and_ghosts(
        state.image.shape, x, y, stars.mag, _pixel_scale(state.inputs.guess), config.bright_stars
    )
    # Halos and ghosts warn; they do not make a pixel unfit for this frame's own measurements.
    masks.set_bit(state.mask, halo, MaskBit.HALO)
    masks.set_bit(state.mask, ghost, MaskBit.GHOST)
    return {"halo_pixels": int(halo.sum()), "ghost_pixels": int(ghost.sum())}


def calibrate_flux(state, config):
    """Zero point and colour term against the photometric catalog."""
    if state.fit is None or state.astrometry is None:
        return {}
    fit, wcs = state.fit, state.astrometry.wcs
    magnitude, colour, name = zeropoint.band_and_colour(state.inputs.calibrators, state.inputs.filtercode)
    x, y = tpv.sky_to_pixel(wcs, state.inputs.calibrators.ra, state.inputs.calibrators.dec)
    radius = config.match_radius / _pixel_scale(wcs)
    usable = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    i, j = astrometry.match_nearest(fit.x, fit.y, x[usable], y[usable], radius)
    j = usable[j]
    flags = masks.flag_sources((state.mask & BAD_PIXEL_MASK).astype(np.int16), fit.x[i], fit.y[i])
    good = (flags == 0) & (fit.flux[i] > 0)
    i, j = i[good], j[good]
    try:
        state.zero_point = zeropoint.fit_zero_point(
            -2.5 * np.log10(fit.flux[i]),
            zeropoint.MAG_PER_RELATIVE_FLUX * fit.sigma[i] / fit.flux[i],
            magnitude[j], colour[j], name, config.zero_point,
        )  # fmt: skip
    except NoPhotometricCalibration as problem:
        state.problems.append(str(problem))
        return {**problem.measurements, "zp_candidates": len(i)}
    zp = state.zero_point
    return {
        "zp": zp.zp,
        "zp_unc": zp.zp_unc,
        "zp_rms": zp.rms,
        "zp_colour": zp.colour,
        "zp_matches": zp.matches,
        "zp_candidates": len(i),
        "maglim": quality.limiting_magnitude(zp.zp, fit.flux, fit.sigma),
        "maglim_empirical": quality.empirical_limit(zp.zp, state.sky.rms, state.psf.noise_area),
    }


def correct_apertures(state, config):
    """Aperture corrections from the PSF stars: PSF magnitude minus aperture magnitude."""
    if state.fit is None:
        return {}
    stars = state.psf_stars[: config.aperture_stars]
    s = state.sources[stars]
    i, j = astrometry.match_nearest(s["x"], s["y"], state.fit.x, state.fit.y, 1.0)
    # Neighbours out of the way: the star's own fitted light is put back onto the residual.
    flux, _ = apertures.aperture_fluxes(
        state.clean, state.sky.noise, state.bad, state.fit.x[j], state.fit.y[j], state.gain
    )
    state.corrections = apertures.aperture_corrections(state.fit.flux[j], flux)
    return {"aperture_stars": state.corrections.stars}


def mark_sources(state, config):
    """Bits 1 and 11: where sources were found."""
    masks.set_bit(state.mask, state.segments > 0, MaskBit.SEXTRACTOR)
    if state.fit is not None:
        ny, nx = state.mask.shape
        column, row = np.rint(state.fit.x).astype(int), np.rint(state.fit.y).astype(int)
        inside = (column >= 0) & (column < nx) & (row >= 0) & (row < ny)
        state.mask[row[inside], column[inside]] |= np.int16(int(MaskBit.PSF_SOURCE))
    return {"bad_pixels": int(np.count_nonzero(state.mask & BAD_PIXEL_MASK))}


SCIENCE = Pipeline(
    name="science",
    version=VERSION,
    config=ScienceConfig,
    begin=begin,
    steps=(
        calibrate,
        measure_sky,
        detect_sources,
        model_psf,
        find_cosmic_rays,
        fit_stars,
        mask_tracks,
        fit_hidden_stars,
        measure_wings,
        solve_positions,
        mask_bright_stars,
        calibrate_flux,
        correct_apertures,
        mark_sources,
    ),
    finish=make_products,
    makes=SUFFIXES,
)
