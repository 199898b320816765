"""Errors of a PSF fit, with the covariance of neighbours; chi and sharpness. Kernels of `psf.photometry`."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from processing.science.psf.evaluation import evaluate
from processing.science.psf.normal_equations import cell, fit_radius_of, invert, normal

# Below this S/N the position is kept where the detection put it.
MIN_SNR_TO_MOVE = 4.0
# A weak prior keeps faint stars from wandering: sigma of the shift (px).
SHIFT_PRIOR = 0.5
# Errors take the covariance with the nearest neighbours into account: a star and up to four of them.
MAX_JOINT = 5


class Neighbours(NamedTuple):
    """Those of star n, nearest first, are indices[starts[n] : starts[n + 1]]."""

    starts: np.ndarray
    indices: np.ndarray


class JointWork(NamedTuple):
    """Work space of a joint fit: stamps (MAX_JOINT, 3, side, side); gradient (m,), matrix (m, m) of its parameters."""

    stamps: np.ndarray
    gradient: np.ndarray
    matrix: np.ndarray


@njit(fastmath=True, cache=True)
def _joint_errors(frame, stars, moves, members, tables, fit_radius, work, out):
    """Errors of the first of some members from the normal matrix of all their fluxes and positions.

    False if the matrix is singular.
    """
    residual, image, noise, bad, gain = frame
    xs, ys, fluxes, halves = stars
    splines, radius = tables
    stamps, gradient, matrix = work
    count = members.size
    ny, nx = image.shape
    rows, columns = splines.shape[:2]
    x0, x1, y0, y1 = nx, 0, ny, 0
    for k in range(count):
        n = members[k]
        table = splines[cell(ys[n], ny, rows), cell(xs[n], nx, columns)]
        evaluate(table, radius, xs[n], ys[n], halves[n], stamps[k, 0], stamps[k, 1], stamps[k, 2], True)
        x0, x1 = min(x0, int(xs[n] - fit_radius)), max(x1, int(xs[n] + fit_radius) + 2)
        y0, y1 = min(y0, int(ys[n] - fit_radius)), max(y1, int(ys[n] + fit_radius) + 2)
    size = 3 * count
    matrix[:size, :size] = 0.0
    for jy in range(max(y0, 0), min(y1, ny)):
        for jx in range(max(x0, 0), min(x1, nx)):
            used = False
            for k in range(count):
                n = members[k]
                used |= (jx - xs[n]) ** 2 + (jy - ys[n]) ** 2 <= fit_radius * fit_radius
            if bad[jy, jx] or not used:
                continue
            w = 1.0 / (noise[jy, jx] ** 2 + max(image[jy, jx] - residual[jy, jx], 0.0) / gain)
            for k in range(count):
                n = members[k]
                half = halves[n]
                i = jx - int(math.floor(xs[n] + 0.5)) + half
                j = jy - int(math.floor(ys[n] + 0.5)) + half
                inside = i >= 0 and j >= 0 and i <= 2 * half and j <= 2 * half
                gradient[3 * k] = stamps[k, 0, j, i] if inside else 0.0
                gradient[3 * k + 1] = fluxes[n] * stamps[k, 1, j, i] if inside and moves[n] else 0.0
                gradient[3 * k + 2] = fluxes[n] * stamps[k, 2, j, i] if inside and moves[n] else 0.0
            for a in range(size):
                for b in range(a, size):
                    matrix[a, b] += w * gradient[a] * gradient[b]
    for a in range(size):
        if a % 3 != 0:
            matrix[a, a] += 1.0 / SHIFT_PRIOR**2
        for b in range(a):
            matrix[a, b] = matrix[b, a]
    return _cholesky_errors(matrix, size, out)


@njit(fastmath=True, cache=True)
def _cholesky_errors(matrix, size, out):
    """Square roots of the first three diagonal elements of the inverse; matrix is overwritten."""
    for a in range(size):
        for b in range(a + 1):
            total = matrix[a, b]
            for k in range(b):
                total -= matrix[a, k] * matrix[b, k]
            if a == b:
                if total <= 0.0:
                    return False
                matrix[a, a] = math.sqrt(total)
            else:
                matrix[a, b] = total / matrix[b, b]
    column = np.empty(size)
    for e in range(3):
        squares = 0.0
        for a in range(size):
            total = 1.0 if a == e else 0.0
            for k in range(e, a):
                total -= matrix[a, k] * column[k]
            column[a] = total / matrix[a, a] if a >= e else 0.0
            squares += column[a] ** 2
        out[e] = math.sqrt(squares)
    return True


@njit(fastmath=True, cache=True)
def _own_errors(frame, stars, order, tables, fit_radius, profile_error, psf_sigma2, moves, information, out):
    """The same from each star's own pixels; moves (n,): whether its position is measured; information (n,): of flux."""
    residual, image, noise, bad, gain = frame
    xs, ys, fluxes, halves = stars
    splines, radius = tables
    ny, nx = residual.shape
    rows, columns = splines.shape[:2]
    side = 2 * radius + 1
    stamp, stamp_x, stamp_y = np.empty((side, side)), np.empty((side, side)), np.empty((side, side))
    a, b, c = np.empty((3, 3)), np.empty(3), np.empty((3, 3))
    for n in order:
        x, y, flux, half = xs[n], ys[n], fluxes[n], halves[n]
        table = splines[cell(y, ny, rows), cell(x, nx, columns)]
        evaluate(table, radius, x, y, half, stamp, stamp_x, stamp_y, True)
        reach = fit_radius_of(bad, x, y, half, fit_radius)
        normal(frame, x, y, flux, half, reach, (stamp, stamp_x, stamp_y), a, b)
        out[n, :] = np.nan
        information[n] = a[0, 0]
        if a[0, 0] <= 0.0:
            continue
        if a[1, 1] > 0.0 and a[2, 2] > 0.0 and invert(a, c):
            # A star that is too faint to move has no measured position of its own, and no loss of flux to it.
            moves[n] = flux > 0.0 and flux * flux * a[0, 0] > MIN_SNR_TO_MOVE**2
            out[n, 0] = math.sqrt(c[0, 0]) if moves[n] else 1.0 / math.sqrt(a[0, 0])
            out[n, 1], out[n, 2] = math.sqrt(c[1, 1]), math.sqrt(c[2, 2])
        else:
            out[n, 0] = 1.0 / math.sqrt(a[0, 0])
        ix, iy = int(math.floor(x + 0.5)), int(math.floor(y + 0.5))
        chi2, pixels = 0.0, 0
        tt, ts, tv = 0.0, 0.0, 0.0
        for j in range(max(0, half - iy), min(2 * half + 1, ny - iy + half)):
            jy = iy - half + j
            for i in range(max(0, half - ix), min(2 * half + 1, nx - ix + half)):
                jx = ix - half + i
                dx, dy = jx - x, jy - y
                if bad[jy, jx] or dx * dx + dy * dy > reach * reach:
                    continue
                m = max(image[jy, jx] - residual[jy, jx], 0.0)
                variance = noise[jy, jx] ** 2 + m / gain
                v = residual[jy, jx]
                chi2 += v * v / (variance + (profile_error * m) ** 2)
                pixels += 1
                # Change of the PSF when it is widened: d/d ln(sigma) = -(2 S + r . grad S); stamp_x is
                # -dS/dx.
                t = dx * stamp_x[j, i] + dy * stamp_y[j, i] - 2.0 * stamp[j, i]
                tt += t * t / variance
                ts += t * stamp[j, i] / variance
                tv += t * v / variance
        out[n, 3] = math.sqrt(chi2 / max(pixels - 3, 1))
        # What the flux can absorb is no evidence of width.
        free = tt - ts * ts / information[n]
        if free > 0.0 and flux > 0.0:
            out[n, 4] = 2.0 * psf_sigma2 * (tv - ts * b[0] / information[n]) / free / flux


@njit(fastmath=True, cache=True)
def report(frame, stars, near, order, tables, fit_radius, profile_error, psf_sigma2, out):
    """Errors, chi and sharpness of the converged fit: out (n, 5) = sigma, sigma_x, sigma_y, chi, sharp."""
    moves, information = np.zeros(stars.x.size, np.bool_), np.zeros(stars.x.size)
    _own_errors(frame, stars, order, tables, fit_radius, profile_error, psf_sigma2, moves, information, out)
    side = 2 * tables.radius + 1
    work = JointWork(
        np.zeros((MAX_JOINT, 3, side, side)), np.zeros(3 * MAX_JOINT), np.zeros((3 * MAX_JOINT, 3 * MAX_JOINT))
    )
    members, errors = np.zeros(MAX_JOINT, np.int64), np.zeros(3)
    for n in order:
        if information[n] <= 0.0:
            continue
        members[0], count = n, 1
        for k in range(near.starts[n], near.starts[n + 1]):
            if count < MAX_JOINT and information[near.indices[k]] > 0.0:
                members[count] = near.indices[k]
                count += 1
        if count > 1 and _joint_errors(frame, stars, moves, members[:count], tables, fit_radius, work, errors):
            # Bad pixels under a wing-fitted star can make the joint fit look better than the star's own.
            for e in range(3):
                out[n, e] = max(out[n, e], errors[e])
