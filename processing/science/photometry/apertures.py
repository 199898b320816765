"""Fixed-aperture photometry and its corrections to PSF magnitudes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sep

from archive.survey.robust import robust_scatter

DIAMETERS = (2.0, 3.0, 4.0, 6.0, 10.0, 14.0)  # pixels; header card FIXAPERS
SUBPIXELS = 5
# Standard error of a median over that of a mean, for a normal distribution.
MEDIAN_ERROR = 1.2533


@dataclass(frozen=True)
class ApertureCorrections:
    """correction, uncertainty: (n_apertures,) mag, PSF magnitude minus aperture magnitude, NaN if unknown;
    stars: how many gave them."""

    correction: np.ndarray
    uncertainty: np.ndarray
    stars: int


def aperture_fluxes(
    residual: np.ndarray,
    noise: np.ndarray,
    bad: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    gain: float,
    diameters: Sequence[float] = DIAMETERS,
) -> tuple[np.ndarray, np.ndarray]:
    """Fluxes in circular apertures.

    Parameters
    ----------
    residual, noise : float32 arrays (ny, nx), DN
        Sky-subtracted image and sky noise.
    bad : bool array (ny, nx)
        Left out, the aperture's mean taking their place.
    x, y : arrays (n,), 0-based pixels
    gain : float, e-/DN
    diameters : pixels

    Returns
    -------
    flux, sigma : float64 arrays (n, n_apertures), DN
    """
    flux, sigma = np.empty((len(x), len(diameters))), np.empty((len(x), len(diameters)))
    if len(x) == 0:
        return flux, sigma
    rows = np.clip(np.rint(y).astype(int), 0, residual.shape[0] - 1)
    columns = np.clip(np.rint(x).astype(int), 0, residual.shape[1] - 1)
    local_noise = noise[rows, columns]
    for k, diameter in enumerate(diameters):
        flux[:, k], _, _ = sep.sum_circle(residual, x, y, diameter / 2, mask=bad, subpix=SUBPIXELS)
        area = np.pi * diameter**2 / 4
        sigma[:, k] = np.sqrt(area * local_noise**2 + np.maximum(flux[:, k], 0.0) / gain)
    return flux, sigma


def aperture_corrections(psf_flux: np.ndarray, aperture_flux: np.ndarray, min_stars: int = 5) -> ApertureCorrections:
    """Median of PSF magnitude minus aperture magnitude over bright isolated stars.

    psf_flux : array (n,); aperture_flux : array (n, n_apertures); same units.
    """
    n = aperture_flux.shape[1]
    correction, uncertainty, stars = np.full(n, np.nan), np.full(n, np.nan), 0
    for k in range(n):
        good = (psf_flux > 0) & (aperture_flux[:, k] > 0)
        if good.sum() < min_stars:
            continue
        difference = -2.5 * np.log10(psf_flux[good] / aperture_flux[good, k])
        median = np.median(difference)
        scatter = robust_scatter(difference, median)
        stars = max(stars, int(good.sum()))
        correction[k] = median
        uncertainty[k] = MEDIAN_ERROR * scatter / np.sqrt(good.sum())
    return ApertureCorrections(correction, uncertainty, stars)
