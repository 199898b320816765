"""An elliptical Moffat profile, integrated over pixels, and its fit to single stars. Kernels of `psf`.

The profile is (beta-1)/(pi alpha^2) (1 + (a dx^2 + 2 b dx dy + c dy^2)/alpha^2)^-beta with a shear of unit
determinant (e1, e2), so that its flux is 1 whatever the shape. Source: Moffat 1969, A&A 3, 455.
"""

import math

import numpy as np
from numba import njit

# Gauss-Legendre nodes and weights for one pixel, [-0.5, 0.5]
NODES = np.array([-math.sqrt(0.6), 0.0, math.sqrt(0.6)]) / 2
WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18
# Beyond this many FWHM the profile is flat enough to take its value at the pixel's centre.
SMOOTH_BEYOND = 3.0

# Columns of the result of `fit_stars`
FLUX, X, Y, FWHM, E1, E2, SKY, CHI2 = range(8)
N_PARAMETERS = 7
UNUSABLE = 1e30

FWHM_RANGE = (0.6, 10.0)
MAX_ELLIPTICITY = 0.6
MIN_PIXELS = 40
CONVERGED = 1e-3
# Marquardt's damping: a constant small one suffices, since the start is good
DAMPING = 1e-3


@njit(fastmath=True, cache=True)
def moffat(dx, dy, fwhm, e1, e2, beta):
    """Fraction of the flux in the pixel centred (dx, dy) from the star."""
    inverse2 = (2.0 * math.sqrt(2.0 ** (1.0 / beta) - 1.0) / fwhm) ** 2
    q = 1.0 / math.sqrt(max(1.0 - e1 * e1 - e2 * e2, 0.05))
    a, b, c = (1.0 - e1) * q, -e2 * q, (1.0 + e1) * q
    norm = (beta - 1.0) / math.pi * inverse2
    if dx * dx + dy * dy > (SMOOTH_BEYOND * fwhm) ** 2:
        return norm * (1.0 + (a * dx * dx + 2.0 * b * dx * dy + c * dy * dy) * inverse2) ** (-beta)
    total = 0.0
    for i in range(3):
        for j in range(3):
            x, y = dx + NODES[i], dy + NODES[j]
            total += WEIGHTS[i] * WEIGHTS[j] * (1.0 + (a * x * x + 2.0 * b * x * y + c * y * y) * inverse2) ** (-beta)
    return norm * total


@njit(cache=True, inline="always")
def _limit(value, low, high):
    return min(max(value, low), high)


@njit(fastmath=True, cache=True)
def _derivatives(dx, dy, fwhm, e1, e2, beta, out):
    """The fraction of the flux in the pixel, and its derivatives by x and y of the star, fwhm, e1 and e2: out[FLUX],
    out[X], ... Integrated as in `moffat`, the whole from one power per node."""
    inverse2 = (2.0 * math.sqrt(2.0 ** (1.0 / beta) - 1.0) / fwhm) ** 2
    free = max(1.0 - e1 * e1 - e2 * e2, 0.05)
    q = 1.0 / math.sqrt(free)
    a, b, c = (1.0 - e1) * q, -e2 * q, (1.0 + e1) * q
    norm = (beta - 1.0) / math.pi * inverse2
    near = dx * dx + dy * dy <= (SMOOTH_BEYOND * fwhm) ** 2
    out[:SKY] = 0.0
    for i in range(3 if near else 1):
        for j in range(3 if near else 1):
            x, y, weight = dx, dy, 1.0
            if near:
                x, y, weight = dx + NODES[i], dy + NODES[j], WEIGHTS[i] * WEIGHTS[j]
            form = a * x * x + 2.0 * b * x * y + c * y * y
            base = 1.0 + form * inverse2
            value = weight * norm * base ** (-beta)
            slope = -beta * value / base * inverse2
            out[FLUX] += value
            out[X] -= slope * 2.0 * (a * x + b * y)
            out[Y] -= slope * 2.0 * (b * x + c * y)
            out[FWHM] -= 2.0 / fwhm * (value + slope * form)
            # The shear has unit determinant: its scale q changes with e1 and e2 as well.
            out[E1] += slope * (form * e1 / free + q * (y * y - x * x))
            out[E2] += slope * (form * e2 / free - 2.0 * q * x * y)


@njit(fastmath=True, cache=True)
def _normal_equations(image, ivar, p, ix, iy, radius, beta, work):
    """Fill the upper triangle of work = (matrix, vector, gradient); return (chi2, pixels)."""
    a_matrix, b_vector, gradient = work
    a_matrix[:] = 0.0
    b_vector[:] = 0.0
    chi2 = 0.0
    pixels = 0
    for jy in range(iy - radius, iy + radius + 1):
        for jx in range(ix - radius, ix + radius + 1):
            w = ivar[jy, jx]
            if w <= 0:
                continue
            _derivatives(jx - p[X], jy - p[Y], p[FWHM], p[E1], p[E2], beta, gradient)
            r = image[jy, jx] - p[FLUX] * gradient[FLUX] - p[SKY]
            for i in range(X, SKY):
                gradient[i] *= p[FLUX]
            gradient[SKY] = 1.0
            chi2 += w * r * r
            pixels += 1
            for i in range(N_PARAMETERS):
                b_vector[i] += w * r * gradient[i]
                for j in range(i, N_PARAMETERS):
                    a_matrix[i, j] += w * gradient[i] * gradient[j]
    return chi2, pixels


@njit(fastmath=True, cache=True)
def fit_stars(image, ivar, xs, ys, fluxes, beta, radius, fwhm, iterations):
    """Fit one Moffat and a constant sky to each star on its own.

    Parameters
    ----------
    image, ivar : float32 arrays (ny, nx)
        Sky-subtracted image and inverse variance; 0 = bad.
    xs, ys, fluxes : float64 arrays (n,)
        Starting values, 0-based pixels.
    beta : float
    radius : int, half size of the fitted box in pixels
    fwhm : float, starting value in pixels
    iterations : int

    Returns
    -------
    array (n, 8): flux, x, y, fwhm, e1, e2, sky, reduced chi square (UNUSABLE where there was no fit)
    """
    n = xs.size
    ny, nx = image.shape
    out = np.zeros((n, 8))
    a_matrix, b_vector = np.zeros((N_PARAMETERS, N_PARAMETERS)), np.zeros(N_PARAMETERS)
    work = (a_matrix, b_vector, np.zeros(N_PARAMETERS))
    for i in range(n):
        p = np.array([fluxes[i], xs[i], ys[i], fwhm, 0.0, 0.0, 0.0])
        ix, iy = int(round(xs[i])), int(round(ys[i]))
        out[i, CHI2] = UNUSABLE
        if ix < radius or iy < radius or ix >= nx - radius or iy >= ny - radius or fluxes[i] <= 0:
            continue
        previous = UNUSABLE
        for _ in range(iterations):
            chi2, pixels = _normal_equations(image, ivar, p, ix, iy, radius, beta, work)
            if pixels < MIN_PIXELS:
                break
            singular = False
            for a in range(N_PARAMETERS):
                for b in range(a):
                    a_matrix[a, b] = a_matrix[b, a]
                if a_matrix[a, a] <= 0.0:
                    singular = True
                a_matrix[a, a] *= 1.0 + DAMPING
            if singular:
                break
            d = np.linalg.solve(a_matrix, b_vector)
            p[FLUX] = max(p[FLUX] + d[FLUX], 1e-3 * fluxes[i])
            p[X] += _limit(d[X], -0.5, 0.5)
            p[Y] += _limit(d[Y], -0.5, 0.5)
            p[FWHM] = _limit(p[FWHM] + _limit(d[FWHM], -0.5, 0.5), FWHM_RANGE[0], FWHM_RANGE[1])
            p[E1] = _limit(p[E1] + _limit(d[E1], -0.2, 0.2), -MAX_ELLIPTICITY, MAX_ELLIPTICITY)
            p[E2] = _limit(p[E2] + _limit(d[E2], -0.2, 0.2), -MAX_ELLIPTICITY, MAX_ELLIPTICITY)
            p[SKY] += d[SKY]
            out[i, CHI2] = chi2 / max(pixels - N_PARAMETERS, 1)
            if abs(previous - chi2) < CONVERGED * chi2:
                break
            previous = chi2
        out[i, :N_PARAMETERS] = p
        if abs(p[X] - xs[i]) > 2.0 or abs(p[Y] - ys[i]) > 2.0:
            out[i, CHI2] = UNUSABLE
    return out
