"""The values of a PSF model on pixels, by cubic B-splines."""

import numpy as np
from numba import njit

from processing.science.psf.model import OVERSAMPLING, Psf


@njit(fastmath=True, cache=True)
def evaluate(table, radius, x, y, half, stamp, stamp_x, stamp_y, derivatives):
    """PSF of a star at (x, y) on the (2 half + 1)^2 pixels around its nearest pixel, by cubic B-splines.

    Fills stamp and, if asked for, its derivatives with respect to the star's x and y (per pixel).
    """
    ix, iy = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
    n = table.shape[0]
    # The sub-pixel phase is the same for all pixels of the stamp.
    px, py = (ix - half - x + radius) * OVERSAMPLING, (iy - half - y + radius) * OVERSAMPLING
    ax, ay = int(np.floor(px)), int(np.floor(py))
    t, u = px - ax, py - ay
    wx, wy, vx, vy = np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    _spline_weights(t, wx, vx)
    _spline_weights(u, wy, vy)
    for j in range(2 * half + 1):
        by = ay + j * OVERSAMPLING - 1
        for i in range(2 * half + 1):
            bx = ax + i * OVERSAMPLING - 1
            value, dx, dy = 0.0, 0.0, 0.0
            if bx >= 0 and by >= 0 and bx + 3 < n and by + 3 < n:
                for b in range(4):
                    row, row_x = 0.0, 0.0
                    for a in range(4):
                        c = table[by + b, bx + a]
                        row += wx[a] * c
                        if derivatives:
                            row_x += vx[a] * c
                    value += wy[b] * row
                    if derivatives:
                        dx += wy[b] * row_x
                        dy += vy[b] * row
            stamp[j, i] = value
            if derivatives:
                stamp_x[j, i] = -dx * OVERSAMPLING
                stamp_y[j, i] = -dy * OVERSAMPLING


@njit(fastmath=True, cache=True, inline="always")
def _spline_weights(t, w, v):
    """Cubic B-spline weights and their derivatives at phase t."""
    w[0] = (1 - t) ** 3 / 6
    w[1] = (4 - 6 * t * t + 3 * t**3) / 6
    w[2] = (1 + 3 * t + 3 * t * t - 3 * t**3) / 6
    w[3] = t**3 / 6
    v[0] = -((1 - t) ** 2) / 2
    v[1] = (-12 * t + 9 * t * t) / 6
    v[2] = (3 + 6 * t - 9 * t * t) / 6
    v[3] = t * t / 2


def psf_stamp(psf: Psf, x: float, y: float, half: int | None = None) -> np.ndarray:
    """PSF of a star at (x, y), 0-based pixels, on pixels around its nearest pixel: float64 (2 half+1, 2
    half+1)."""
    half = psf.radius if half is None else half
    side = 2 * half + 1
    rows, columns = psf.splines.shape[:2]
    row = min(max(int(y / psf.shape[0] * rows), 0), rows - 1)
    column = min(max(int(x / psf.shape[1] * columns), 0), columns - 1)
    stamp, unused = np.empty((side, side)), np.empty((side, side))
    evaluate(psf.splines[row, column], psf.radius, float(x), float(y), half, stamp, unused, unused, False)
    return stamp
