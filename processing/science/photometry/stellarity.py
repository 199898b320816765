"""Point or extended: how a source's light is concentrated, beside what the PSF says of a star in its place."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from processing.science.psf.model import OVERSAMPLING, Psf

# Diameters (px) whose fluxes are compared: one near the core, one that holds most of a star.
SMALL, LARGE = 3.0, 6.0
# Galaxies lie anywhere between a star's concentration and this much less (mag).
WIDEST = 1.0
# Error of the PSF's own concentration (mag).
MODEL_ERROR = 0.02


def expected_concentration(psf: Psf, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Magnitude in the small aperture minus that in the large one, for stars at (x, y): array (n,), mag."""
    rows, columns, n, _ = psf.samples.shape
    axis = (np.arange(n) - n // 2) / OVERSAMPLING
    r = np.hypot(axis[:, None], axis[None, :])
    small, large = ((psf.samples * (r <= d / 2)).sum((2, 3)) for d in (SMALL, LARGE))
    table = -2.5 * np.log10(small / large)
    ny, nx = psf.shape
    row = np.clip((y / ny * rows).astype(int), 0, rows - 1)
    column = np.clip((x / nx * columns).astype(int), 0, columns - 1)
    return table[row, column]


def stellarity(excess: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Probability that a source is a point, 0.5 before it is looked at: array (n,); NaN without a measurement.

    excess : mag, measured minus expected concentration: 0 for stars, positive for extended sources
    sigma : mag, its error

    Bayes' theorem with equal priors: stars have a normal distribution about 0, galaxies an even one between 0 and
    WIDEST, blurred by the same error.
    """
    s = np.hypot(sigma, MODEL_ERROR)
    star = np.exp(-0.5 * (excess / s) ** 2) / (s * np.sqrt(2 * np.pi))
    galaxy = (ndtr(excess / s) - ndtr((excess - WIDEST) / s)) / WIDEST
    # Beyond both (a cosmic ray is sharper than a star, a blend wider than WIDEST) the nearer one is right.
    floor = 1e-12
    return (star + floor * (excess < WIDEST / 2)) / (star + galaxy + floor)


def half_light_radius(flux: np.ndarray, diameters: Sequence[float] | np.ndarray, total: np.ndarray) -> np.ndarray:
    """Radius (px) that holds half of `total`, between fixed apertures: array (n,); NaN where they do not reach it.

    flux : array (n, m), in m apertures of growing diameter (px); total : array (n,), same unit
    Light is taken as even between one aperture and the next.
    """
    area = np.r_[0.0, (np.asarray(diameters) / 2) ** 2]
    grown = np.maximum.accumulate(np.column_stack([np.zeros(len(flux)), flux]), axis=1)
    half = 0.5 * np.asarray(total)
    k = np.clip((grown < half[:, None]).sum(axis=1), 1, len(area) - 1)
    rows = np.arange(len(flux))
    low, high = grown[rows, k - 1], grown[rows, k]
    with np.errstate(invalid="ignore", divide="ignore"):
        radius = np.sqrt(area[k - 1] + (half - low) / (high - low) * (area[k] - area[k - 1]))
    return np.where((half > 0) & (grown[:, -1] >= half), radius, np.nan)
