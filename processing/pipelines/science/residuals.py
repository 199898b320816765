"""The step that compares the calibrated frame with its catalogs, star by star."""

import numpy as np

from processing.pipelines.base import Measurements
from processing.pipelines.science.state import ScienceConfig, ScienceState, epoch_of
from processing.science import tpv
from processing.science.astrometry import solve
from processing.science.photometry import zeropoint
from processing.science.photometry.residuals import map_residuals, summary

MAS_PER_DEGREE = 3.6e6
LEAST_SNR = 10.0  # of a calibrator that says something of the frame


def assess_residuals(state: ScienceState, config: ScienceConfig) -> Measurements:
    """Maps of what astrometry and photometry leave, and their runs with magnitude and colour."""
    if state.astrometry is None or state.zero_point is None:
        return {}
    x, y, d_ra, d_dec = _places(state)
    state.residuals = map_residuals(state.image.shape, (x, y), d_ra, d_dec, *_lights(state))
    return summary(state.residuals)


def _places(state):
    """Pixels of the astrometric stars and their distances from the catalog, mas."""
    solution, stars = state.astrometry, state.inputs.stars
    x, y = (axis[solution.detection] for axis in state.places)
    ra, dec = solve.apply_proper_motion(stars, epoch_of(state.inputs.header))
    ra, dec = ra[solution.star], dec[solution.star]
    found_ra, found_dec = tpv.pixel_to_sky(solution.wcs, x, y)
    d_ra = (np.mod(found_ra - ra + 180.0, 360.0) - 180.0) * np.cos(np.radians(dec))
    return x, y, MAS_PER_DEGREE * d_ra, MAS_PER_DEGREE * (found_dec - dec)


def _lights(state):
    """Pixels of the calibrators, calibrated minus catalog magnitude (mmag), catalog magnitude and colour."""
    i, j = state.calibrators
    fit, zp = state.fit, state.zero_point
    sure = fit.flux[i] > LEAST_SNR * fit.sigma[i]
    i, j = i[sure], j[sure]
    magnitude, colour, _ = zeropoint.band_and_colour(state.inputs.calibrators, state.inputs.filtercode)
    magnitude, colour = magnitude[j], colour[j]
    difference = -2.5 * np.log10(fit.flux[i]) + zp.zp + zp.colour * colour - magnitude
    return (fit.x[i], fit.y[i]), 1e3 * difference, magnitude, colour
