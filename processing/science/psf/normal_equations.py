"""Normal equations of one star's PSF fit: kernels and their arguments that the fit and its error estimate share."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

# A star whose centre is bad (saturated) is fitted on its wings, out to here (px).
WING_FIT_RADIUS = 9.0


@njit(cache=True, inline="always")
def cell(position, side, cells):
    return min(max(int(position / side * cells), 0), cells - 1)


class FitFrame(NamedTuple):
    """residual, image, noise: float32 (ny, nx), DN; bad: bool (ny, nx); gain: e-/DN."""

    residual: np.ndarray
    image: np.ndarray
    noise: np.ndarray
    bad: np.ndarray
    gain: float


class FitStars(NamedTuple):
    """Arrays (n,): x, y (px), flux (DN), which the fit changes; half: half size of the model's stamp (px)."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    half: np.ndarray


class PsfTables(NamedTuple):
    """splines: of a PSF, (rows, columns, ny, nx); radius: px."""

    splines: np.ndarray
    radius: int


@njit(fastmath=True, cache=True)
def normal(frame, x, y, flux, half, fit_radius, stamps, a_matrix, b_vector):
    """Normal equations for (flux, x, y), and the number of pixels used. Stamps, half size `half`, must be filled.

    What the residual lacks of the image is the model, whose photons make noise.
    """
    residual, image, noise, bad = frame.residual, frame.image, frame.noise, frame.bad
    stamp, stamp_x, stamp_y = stamps
    ny, nx = residual.shape
    a_matrix[:] = 0.0
    b_vector[:] = 0.0
    ix, iy = int(math.floor(x + 0.5)), int(math.floor(y + 0.5))
    pixels = 0
    reach2, photons = fit_radius * fit_radius, 1.0 / frame.gain
    for j in range(max(0, half - iy), min(2 * half + 1, ny - iy + half)):
        jy = iy - half + j
        for i in range(max(0, half - ix), min(2 * half + 1, nx - ix + half)):
            jx = ix - half + i
            if bad[jy, jx] or (jx - x) ** 2 + (jy - y) ** 2 > reach2:
                continue
            w = 1.0 / (noise[jy, jx] ** 2 + max(image[jy, jx] - residual[jy, jx], 0.0) * photons)
            v, s, p, q = residual[jy, jx], stamp[j, i], flux * stamp_x[j, i], flux * stamp_y[j, i]
            a_matrix[0, 0] += w * s * s
            a_matrix[0, 1] += w * s * p
            a_matrix[0, 2] += w * s * q
            a_matrix[1, 1] += w * p * p
            a_matrix[1, 2] += w * p * q
            a_matrix[2, 2] += w * q * q
            b_vector[0] += w * s * v
            b_vector[1] += w * p * v
            b_vector[2] += w * q * v
            pixels += 1
    return pixels


@njit(fastmath=True, cache=True)
def invert(a, c):
    """Inverse of a symmetric 3x3 matrix given by its upper triangle; False if it has none."""
    c[0, 0] = a[1, 1] * a[2, 2] - a[1, 2] * a[1, 2]
    c[0, 1] = a[0, 2] * a[1, 2] - a[0, 1] * a[2, 2]
    c[0, 2] = a[0, 1] * a[1, 2] - a[0, 2] * a[1, 1]
    determinant = a[0, 0] * c[0, 0] + a[0, 1] * c[0, 1] + a[0, 2] * c[0, 2]
    if determinant <= 0:
        return False
    c[1, 1] = a[0, 0] * a[2, 2] - a[0, 2] * a[0, 2]
    c[1, 2] = a[0, 1] * a[0, 2] - a[0, 0] * a[1, 2]
    c[2, 2] = a[0, 0] * a[1, 1] - a[0, 1] * a[0, 1]
    for i in range(3):
        for j in range(i, 3):
            c[i, j] /= determinant
            c[j, i] = c[i, j]
    return True


@njit(cache=True, inline="always")
def fit_radius_of(bad, x, y, half, fit_radius):
    ny, nx = bad.shape
    row, column = min(max(int(y + 0.5), 0), ny - 1), min(max(int(x + 0.5), 0), nx - 1)
    return min(WING_FIT_RADIUS, float(half)) if bad[row, column] else fit_radius
