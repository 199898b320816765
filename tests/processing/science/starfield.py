"""Small star fields with truth, for the tests. Independent of the product's profiles and of its simulator:
the PSF is a sum of two Gaussians, integrated over pixels with the error function."""

from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from processing.science.tpv import Tpv, identity_terms, pixel_to_sky

GAIN, READ_NOISE, SKY, ZERO_POINT, COLOUR_TERM = 6.0, 9.0, 250.0, 26.3, 0.08
CORE_SHARE, CORE_SIGMA, HALO_SIGMA = 0.85, 0.85, 1.7
SCALE = 1.012 / 3600


@dataclass(frozen=True)
class Field:
    image: np.ndarray
    expected: np.ndarray
    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    mag: np.ndarray
    colour: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    wcs: Tpv


def psf_profile(x, y, cx, cy, widen=1.0):
    """Pixel-integrated PSF, flux 1, on the outer product of pixel centres x and y."""

    def part(sigma):
        s = sigma * widen * np.sqrt(2)
        along = lambda v, c: 0.5 * (erf((v + 0.5 - c) / s) - erf((v - 0.5 - c) / s))  # noqa: E731
        return along(y, cy)[:, None] * along(x, cx)[None, :]

    return CORE_SHARE * part(CORE_SIGMA) + (1 - CORE_SHARE) * part(HALO_SIGMA)


def add_star(image, cx, cy, flux, widen=1.0, half=14):
    ny, nx = image.shape
    x0, x1 = max(int(cx) - half, 0), min(int(cx) + half + 1, nx)
    y0, y1 = max(int(cy) - half, 0), min(int(cy) + half + 1, ny)
    if x0 < x1 and y0 < y1:
        image[y0:y1, x0:x1] += flux * psf_profile(np.arange(x0, x1), np.arange(y0, y1), cx, cy, widen)


def distorted_wcs(shape, ra=150.0, dec=35.0, rotation=0.0):
    pv = identity_terms()
    pv[0, [4, 5, 6, 7, 9]] = 2.5e-4, 1.2e-4, 1.6e-4, -2.7e-3, -2.1e-3
    pv[1, [4, 5, 6, 7, 9]] = 3.8e-4, 1.8e-4, 1.5e-4, -1.6e-3, -2.4e-3
    c, s = np.cos(np.radians(rotation)), np.sin(np.radians(rotation))
    cd = -SCALE * np.array([[c, -s], [s, c]])
    return Tpv(np.array([(shape[1] + 1) / 2, (shape[0] + 1) / 2]), np.array([ra, dec]), cd, pv)


def star_field(shape=(512, 512), n=400, faint=21.0, bright=14.0, seed=0, noise=True, vary=0.04):
    """Stars with n(m) ~ 10^(0.25 m); flux in DN obeys m_ps1 = ZP + c * colour - 2.5 log10(flux)."""
    rng = np.random.default_rng(seed)
    ny, nx = shape
    x, y = rng.uniform(-5, nx + 4, n), rng.uniform(-5, ny + 4, n)
    u = rng.uniform(0, 1, n)
    mag = np.log10(10 ** (0.25 * bright) + u * (10 ** (0.25 * faint) - 10 ** (0.25 * bright))) / 0.25
    colour = rng.normal(0.65, 0.25, n)
    flux = 10 ** (-0.4 * (mag - ZERO_POINT - COLOUR_TERM * colour))
    image = np.full(shape, SKY)
    for cx, cy, f in zip(x, y, flux, strict=True):
        add_star(image, cx, cy, f, 1 + vary * (cx / nx - 0.5))
    expected = image.copy()
    if noise:
        image = rng.poisson(image * GAIN) / GAIN + rng.normal(0, READ_NOISE / GAIN, shape)
    wcs = distorted_wcs(shape)
    ra, dec = pixel_to_sky(wcs, x, y)
    return Field(image.astype(np.float32), expected, x, y, flux, mag, colour, ra, dec, wcs)


def nearest(x, y, tx, ty, radius=1.0):
    """Indices (found, truth) of truth's nearest detections within a radius."""
    from scipy.spatial import cKDTree

    d, i = cKDTree(np.column_stack([x, y])).query(np.column_stack([tx, ty]), distance_upper_bound=radius)
    truth = np.flatnonzero(np.isfinite(d))
    return i[truth], truth
