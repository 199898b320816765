"""The science pipeline: one raw quadrant -> calibrated image, mask, uncertainty, catalogs.

The steps stand in order at the end of the file. A step that finds its task impossible (no PSF, no
astrometry, no zero point) says so in INFOBITS and the others go on as far as they can; a frame that is
unfit as a whole raises `UnusableFrameError`.
"""

import numpy as np

from archive.survey.bits import BAD_PIXEL_MASK, MaskBit
from processing.pipelines.base import Measurements, Pipeline
from processing.pipelines.science.products import SUFFIXES, make_products
from processing.pipelines.science.residuals import assess_residuals
from processing.pipelines.science.sources import (
    detect_sources,
    find_cosmic_rays,
    fit_blended_stars,
    fit_stars,
    mask_tracks,
    measure_sky,
    measure_wings,
    model_psf,
    set_bit,
    subtract_wings,
)
from processing.pipelines.science.state import VERSION, ScienceConfig, ScienceInputs, ScienceState, epoch_of
from processing.science import masks, tpv
from processing.science.astrometry import solve
from processing.science.detector.detrend import detrend, uncertainty_image
from processing.science.detector.overscan import fit_overscan
from processing.science.errors import (
    NoAstrometryError,
    NoPhotometricCalibrationError,
    UnusableFrameError,
)
from processing.science.photometry import apertures, quality, zeropoint


def begin(inputs: ScienceInputs, config: ScienceConfig) -> ScienceState:
    if np.ndim(inputs.raw) != 2 or min(np.shape(inputs.raw)) < 64:
        raise UnusableFrameError(f"raw frame has shape {np.shape(inputs.raw)}: two dimensions of 64 px or more needed")
    if np.shape(inputs.defects) != np.shape(inputs.raw):
        raise UnusableFrameError(f"defect mask has shape {np.shape(inputs.defects)}, frame {np.shape(inputs.raw)}")
    return ScienceState(
        inputs,
        float(inputs.header.get("GAIN", config.gain)),
        float(inputs.header.get("READNOI", config.read_noise)),
    )


def measure_floating_bias(state: ScienceState, config: ScienceConfig) -> Measurements:
    state.overscan = fit = fit_overscan(state.inputs.overscan, config.overscan_order, config.saturation)
    return {"overscan_level": fit.level, "overscan_slope": fit.slope, "overscan_scatter": fit.scatter}


def calibrate(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Floating bias, bias, flat; mask of defects, saturation, spillage."""
    inputs, fit = state.inputs, state.overscan
    raw_limit = fit.level + config.saturation
    image, saturated = detrend(inputs.raw, fit.curve, inputs.bias, inputs.flat, raw_limit)
    percent = 100.0 * float(saturated.mean())
    _require_light(percent, 100.0 * float((~np.isfinite(image)).mean()), config)
    state.saturation = config.saturation - float(np.nanmedian(inputs.bias))
    state.mask = inputs.defects.astype(np.int16)
    state.bad = (state.mask & BAD_PIXEL_MASK) != 0
    set_bit(state, ~np.isfinite(image), MaskBit.NAN)
    set_bit(state, saturated, MaskBit.SATURATED)
    # The bit says what is saturated; what lies next to it has caught charge and is not measured either.
    state.overexposed = masks.grow_saturation(saturated, config.saturation_growth)
    state.bad |= state.overexposed
    set_bit(state, masks.charge_spillage(saturated), MaskBit.SPILLAGE)
    state.image = image
    state.uncertainty = uncertainty_image(
        image, inputs.flat, inputs.flat_unc, inputs.bias_unc, state.gain, state.read_noise
    )
    return {"saturated_percent": percent}


def _require_light(saturated: float, undefined: float, config: ScienceConfig) -> None:
    """Percentages of a frame that nothing can be measured on."""
    if saturated + undefined > 100.0 - config.min_usable:
        raise UnusableFrameError(
            f"{saturated:.4g} % of the pixels are saturated and {undefined:.4g} % not finite: "
            f"{config.min_usable:g} % must be usable",
            saturated_percent=saturated,
            undefined_percent=undefined,
        )


def _positions(state: ScienceState) -> tuple[np.ndarray, ...]:
    """Positions, fluxes, errors for astrometry: PSF fits, or isophotal barycentres without a PSF."""
    if state.fit is not None:
        fit = state.fit
        return fit.x, fit.y, fit.flux, np.hypot(fit.sigma_x, fit.sigma_y) / np.sqrt(2), fit.flux / fit.sigma
    s, k = state.sources, apertures.DIAMETERS.index(6.0)
    flux, sigma = state.aperture_flux[:, k], state.aperture_sigma[:, k]
    snr = flux / np.maximum(sigma, 1e-9)
    return s["x"].astype(float), s["y"].astype(float), flux, 1.0 / np.maximum(snr, 1.0), snr


def solve_positions(state: ScienceState, config: ScienceConfig) -> Measurements:
    x, y, flux, sigma, snr = _positions(state)
    use = (snr > config.min_match) & np.isfinite(sigma)
    inputs = state.inputs
    state.places = x[use], y[use]
    try:
        state.astrometry = solve.solve_astrometry(
            x[use], y[use], flux[use], sigma[use], inputs.stars, inputs.guess, state.image.shape,
            epoch_of(inputs.header), config.astrometry,
        )  # fmt: skip
    except NoAstrometryError as problem:
        state.problems.append(str(problem))
        return {**problem.measurements, "astrometry_problem": str(problem)}
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


def mask_bright_stars(state: ScienceState, config: ScienceConfig) -> Measurements:
    if state.astrometry is None:
        return {}
    bright = state.inputs.bright if state.inputs.bright is not None else state.inputs.stars
    halo, ghost = masks.halos_and_ghosts(
        state.image.shape, state.astrometry.wcs, bright.ra, bright.dec, bright.mag, state.inputs.boresight,
        config.bright_stars,
    )  # fmt: skip
    # Halos and ghosts warn; they do not make a pixel unfit for this frame's own measurements.
    masks.set_bit(state.mask, halo, MaskBit.HALO)
    masks.set_bit(state.mask, ghost, MaskBit.GHOST)
    return {"halo_pixels": int(halo.sum()), "ghost_pixels": int(ghost.sum())}


def calibrate_flux(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Zero point and colour term against the photometric catalog."""
    if state.fit is None or state.psf is None or state.astrometry is None:
        return {}
    fit, wcs = state.fit, state.astrometry.wcs
    magnitude, colour, name = zeropoint.band_and_colour(state.inputs.calibrators, state.inputs.filtercode)
    # Faint ones stay, lest a bright neighbour take their place; in crowded fields most lie below what is measured.
    usable = np.flatnonzero((magnitude < config.zero_point.faint_limit + 0.5) & np.isfinite(colour))
    x, y = tpv.sky_to_pixel(wcs, state.inputs.calibrators.ra[usable], state.inputs.calibrators.dec[usable])
    usable, x, y = (values[np.isfinite(x) & np.isfinite(y)] for values in (usable, x, y))
    i, j = solve.match_nearest(fit.x, fit.y, x, y, config.match_radius / (3600.0 * tpv.pixel_scale(wcs)))
    j = usable[j]
    flags = masks.flag_sources((state.mask & BAD_PIXEL_MASK).astype(np.int16), fit.x[i], fit.y[i])
    good = (flags == 0) & (fit.flux[i] > 0)
    i, j = i[good], j[good]
    state.calibrators = i, j
    try:
        zero_point = zeropoint.fit_zero_point(
            -2.5 * np.log10(fit.flux[i]),
            zeropoint.MAG_PER_RELATIVE_FLUX * fit.sigma[i] / fit.flux[i],
            magnitude[j], colour[j], name, config.zero_point,
        )  # fmt: skip
        zeropoint.check_filter(zero_point, state.inputs.filtercode, config.zero_point)
    except NoPhotometricCalibrationError as problem:
        state.problems.append(str(problem))
        return {**problem.measurements, "zp_candidates": len(i), "photometry_problem": str(problem)}
    state.zero_point = zp = zero_point
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


def correct_apertures(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Aperture corrections from the PSF stars: PSF magnitude minus aperture magnitude."""
    if state.fit is None:
        return {}
    stars = state.psf_stars[: config.aperture_stars]
    s = state.sources[stars]
    i, j = solve.match_nearest(s["x"], s["y"], state.fit.x, state.fit.y, 1.0)
    # Neighbours out of the way: the star's own fitted light is put back onto the residual.
    flux, _ = apertures.aperture_fluxes(
        state.clean, state.sky.noise, state.bad, state.fit.x[j], state.fit.y[j], state.gain
    )
    state.corrections = apertures.aperture_corrections(state.fit.flux[j], flux)
    return {"aperture_stars": state.corrections.stars}


def mark_sources(state: ScienceState, config: ScienceConfig) -> Measurements:
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
        measure_floating_bias,
        calibrate,
        measure_sky,
        detect_sources,
        model_psf,
        find_cosmic_rays,
        fit_stars,
        subtract_wings,
        mask_tracks,
        fit_blended_stars,
        measure_wings,
        solve_positions,
        mask_bright_stars,
        calibrate_flux,
        assess_residuals,
        correct_apertures,
        mark_sources,
    ),
    finish=make_products,
    makes=SUFFIXES,
    details=lambda state: state.residuals,
)
