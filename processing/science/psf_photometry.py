"""Fluxes and positions of all stars of a frame at once, by fitting the PSF.

Block Gauss-Seidel: star after star, brightest first, is fitted (flux, x, y) to what all the others leave,
in several passes; the frame of residuals is updated at once. This converges to the simultaneous solution of
ALLSTAR (Stetson 1994, PASP 106, 250) without building its matrix.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from processing.science.psf import Psf, evaluate

# A star's model is subtracted out to where it falls below the noise: radius ~ (flux/noise)^(1/4) for the
# wings.
STAMP_GROWTH = 2.0
MIN_STAMP = 5
# A star whose centre is bad (saturated) is fitted on its wings, out to here (px).
WING_FIT_RADIUS = 9.0
MIN_PIXELS = 8
# Below this S/N the position is kept where the detection put it.
MIN_SNR_TO_MOVE = 4.0
# A weak prior keeps faint stars from wandering: sigma of the shift (px).
SHIFT_PRIOR = 0.5
MAX_SHIFT = 0.25
# Errors take the covariance with the nearest neighbours into account: a star and up to four of them.
MAX_JOINT = 5


@dataclass(frozen=True)
class PsfFitConfig:
    """passes: over all stars; fit_radius: pixels used around a star (px); profile_error: relative error of
    the PSF, enters chi only; fix_positions: fit fluxes only."""

    passes: int = 4
    fit_radius: float = 3.5
    profile_error: float = 0.03
    fix_positions: bool = False


@dataclass(frozen=True)
class PsfFit:
    """x, y (0-based px), flux, sigma (DN), sigma_x, sigma_y (px), chi (rms residual over expected), sharp
    (sigma^2 observed minus that of the PSF, px^2), all float64 (n,); residual, model: float32 (ny, nx), DN;
    change: largest last step in sigmas of the flux."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    sigma: np.ndarray
    sigma_x: np.ndarray
    sigma_y: np.ndarray
    chi: np.ndarray
    sharp: np.ndarray
    residual: np.ndarray
    model: np.ndarray
    change: float


@njit(cache=True, inline="always")
def _cell(position, side, cells):
    return min(max(int(position / side * cells), 0), cells - 1)


@njit(fastmath=True, cache=True)
def _add(residual, model, x, y, flux, half, table, radius, stamp, unused):
    """Put flux times the PSF into the model and take it out of the residual."""
    ny, nx = residual.shape
    evaluate(table, radius, x, y, half, stamp, unused, unused, False)
    ix, iy = int(math.floor(x + 0.5)), int(math.floor(y + 0.5))
    for j in range(max(0, half - iy), min(2 * half + 1, ny - iy + half)):
        for i in range(max(0, half - ix), min(2 * half + 1, nx - ix + half)):
            value = flux * stamp[j, i]
            residual[iy - half + j, ix - half + i] -= value
            model[iy - half + j, ix - half + i] += value


@njit(fastmath=True, cache=True)
def _add_all(residual, model, xs, ys, fluxes, halves, splines, radius):
    ny, nx = residual.shape
    rows, columns = splines.shape[:2]
    side = 2 * radius + 1
    stamp, unused = np.empty((side, side)), np.empty((1, 1))
    for i in range(xs.size):
        table = splines[_cell(ys[i], ny, rows), _cell(xs[i], nx, columns)]
        _add(residual, model, xs[i], ys[i], fluxes[i], halves[i], table, radius, stamp, unused)


@njit(fastmath=True, cache=True)
def _normal(
    residual,
    model,
    noise,
    bad,
    x,
    y,
    flux,
    half,
    fit_radius,
    gain,
    stamp,
    stamp_x,
    stamp_y,
    a_matrix,
    b_vector,
):
    """Normal equations for (flux, x, y), chi2 and pixels used. Stamps must be filled."""
    ny, nx = residual.shape
    a_matrix[:] = 0.0
    b_vector[:] = 0.0
    ix, iy = int(math.floor(x + 0.5)), int(math.floor(y + 0.5))
    pixels = 0
    for j in range(max(0, half - iy), min(2 * half + 1, ny - iy + half)):
        jy = iy - half + j
        for i in range(max(0, half - ix), min(2 * half + 1, nx - ix + half)):
            jx = ix - half + i
            if bad[jy, jx] or (jx - x) ** 2 + (jy - y) ** 2 > fit_radius * fit_radius:
                continue
            w = 1.0 / (noise[jy, jx] ** 2 + max(model[jy, jx], 0.0) / gain)
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
def _invert(a, c):
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
def _fit_radius_of(bad, x, y, half, fit_radius):
    ny, nx = bad.shape
    row, column = min(max(int(y + 0.5), 0), ny - 1), min(max(int(x + 0.5), 0), nx - 1)
    return min(WING_FIT_RADIUS, float(half)) if bad[row, column] else fit_radius


@njit(fastmath=True, cache=True)
def _pass(
    residual,
    model,
    noise,
    bad,
    xs,
    ys,
    fluxes,
    halves,
    order,
    splines,
    radius,
    gain,
    fit_radius,
    fix_positions,
):
    """One sweep over all stars; returns the largest change of a flux in its sigmas."""
    ny, nx = residual.shape
    rows, columns = splines.shape[:2]
    side = 2 * radius + 1
    stamp, stamp_x, stamp_y = np.empty((side, side)), np.empty((side, side)), np.empty((side, side))
    a, b, c = np.empty((3, 3)), np.empty(3), np.empty((3, 3))
    largest = 0.0
    for k in range(order.size):
        n = order[k]
        x, y, flux, half = xs[n], ys[n], fluxes[n], halves[n]
        table = splines[_cell(y, ny, rows), _cell(x, nx, columns)]
        evaluate(table, radius, x, y, half, stamp, stamp_x, stamp_y, True)
        reach = _fit_radius_of(bad, x, y, half, fit_radius)
        pixels = _normal(
            residual, model, noise, bad, x, y, flux, half, reach, gain, stamp, stamp_x, stamp_y, a, b
        )
        if a[0, 0] <= 0.0:
            continue
        dx, dy = 0.0, 0.0
        sigma = 1.0 / math.sqrt(a[0, 0])
        change = b[0] / a[0, 0]
        if not fix_positions and flux > MIN_SNR_TO_MOVE * sigma and pixels >= MIN_PIXELS:
            a[1, 1] += 1.0 / SHIFT_PRIOR**2
            a[2, 2] += 1.0 / SHIFT_PRIOR**2
            if _invert(a, c):
                change = c[0, 0] * b[0] + c[0, 1] * b[1] + c[0, 2] * b[2]
                dx = min(max(c[0, 1] * b[0] + c[1, 1] * b[1] + c[1, 2] * b[2], -MAX_SHIFT), MAX_SHIFT)
                dy = min(max(c[0, 2] * b[0] + c[1, 2] * b[1] + c[2, 2] * b[2], -MAX_SHIFT), MAX_SHIFT)
        new = flux + change
        if new < 0.0 and not fix_positions:
            new = 0.05 * abs(flux)
        largest = max(largest, abs(new - flux) / sigma)
        if dx == 0.0 and dy == 0.0:
            _add(residual, model, x, y, new - flux, half, table, radius, stamp, stamp_x)
        else:
            _add(residual, model, x, y, -flux, half, table, radius, stamp, stamp_x)
            xs[n], ys[n] = x + dx, y + dy
            moved = splines[_cell(ys[n], ny, rows), _cell(xs[n], nx, columns)]
            _add(residual, model, xs[n], ys[n], new, half, moved, radius, stamp, stamp_x)
        fluxes[n] = new
    return largest


@njit(fastmath=True, cache=True)
def _joint_errors(
    model, noise, bad, xs, ys, fluxes, halves, moves, members, count, splines, radius, gain, fit_radius,
    stamps, gradient, matrix, out,
):  # fmt: skip
    """Errors of the first of `count` members from the normal matrix of all their fluxes and positions.

    stamps (members, 3, side, side), gradient and matrix are work space. False if the matrix is singular.
    """
    ny, nx = model.shape
    rows, columns = splines.shape[:2]
    x0, x1, y0, y1 = nx, 0, ny, 0
    for k in range(count):
        n = members[k]
        table = splines[_cell(ys[n], ny, rows), _cell(xs[n], nx, columns)]
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
            w = 1.0 / (noise[jy, jx] ** 2 + max(model[jy, jx], 0.0) / gain)
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
def _report(
    residual, model, noise, bad, xs, ys, fluxes, halves, starts, neighbours, splines, radius, gain,
    fit_radius, profile_error, psf_sigma2, out,
):  # fmt: skip
    """Errors, chi and sharpness of the converged fit: out (n, 5) = sigma, sigma_x, sigma_y, chi, sharp."""
    ny, nx = residual.shape
    rows, columns = splines.shape[:2]
    side = 2 * radius + 1
    stamp, stamp_x, stamp_y = np.empty((side, side)), np.empty((side, side)), np.empty((side, side))
    a, b, c = np.empty((3, 3)), np.empty(3), np.empty((3, 3))
    moves = np.zeros(xs.size, np.bool_)
    information = np.zeros(xs.size)
    for n in range(xs.size):
        x, y, flux, half = xs[n], ys[n], fluxes[n], halves[n]
        table = splines[_cell(y, ny, rows), _cell(x, nx, columns)]
        evaluate(table, radius, x, y, half, stamp, stamp_x, stamp_y, True)
        reach = _fit_radius_of(bad, x, y, half, fit_radius)
        _normal(residual, model, noise, bad, x, y, flux, half, reach, gain, stamp, stamp_x, stamp_y, a, b)
        out[n, :] = np.nan
        information[n] = a[0, 0]
        if a[0, 0] <= 0.0:
            continue
        if a[1, 1] > 0.0 and a[2, 2] > 0.0 and _invert(a, c):
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
                m = max(model[jy, jx], 0.0)
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
    stamps = np.zeros((MAX_JOINT, 3, side, side))
    gradient, matrix = np.zeros(3 * MAX_JOINT), np.zeros((3 * MAX_JOINT, 3 * MAX_JOINT))
    members, errors = np.zeros(MAX_JOINT, np.int64), np.zeros(3)
    for n in range(xs.size):
        if information[n] <= 0.0:
            continue
        members[0], count = n, 1
        for k in range(starts[n], starts[n + 1]):
            if count < MAX_JOINT and information[neighbours[k]] > 0.0:
                members[count] = neighbours[k]
                count += 1
        if count > 1 and _joint_errors(
            model, noise, bad, xs, ys, fluxes, halves, moves, members, count, splines, radius, gain, fit_radius,
            stamps, gradient, matrix, errors,
        ):  # fmt: skip
            # Bad pixels under a wing-fitted star can make the joint fit look better than the star's own.
            for e in range(3):
                out[n, e] = max(out[n, e], errors[e])


def _neighbours(x, y, reach):
    """Neighbours within `reach` pixels, nearest first: those of n are indices[starts[n]:starts[n+1]]."""
    if len(x) < 2:
        return np.zeros(len(x) + 1, np.int64), np.zeros(0, np.int64)
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(reach, output_type="ndarray")
    first, second = np.r_[pairs[:, 0], pairs[:, 1]], np.r_[pairs[:, 1], pairs[:, 0]]
    order = np.lexsort((np.hypot(x[first] - x[second], y[first] - y[second]), first))
    starts = np.searchsorted(first[order], np.arange(len(x) + 1))
    return starts.astype(np.int64), second[order].astype(np.int64)


def fit_sources(
    image: np.ndarray,
    noise: np.ndarray,
    bad: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    flux: np.ndarray,
    psf: Psf,
    gain: float,
    config: PsfFitConfig | None = None,
) -> PsfFit:
    """Fit fluxes and positions of all stars simultaneously.

    Parameters
    ----------
    image : float32 array (ny, nx), DN
        Sky-subtracted, finite everywhere.
    noise : float32 array (ny, nx), DN
        Noise of the sky; the photon noise of the stars is added from the model.
    bad : bool array (ny, nx)
        Pixels left out of the fit.
    x, y, flux : arrays (n,), 0-based pixels, DN
        Starting values.
    psf : Psf
    gain : float, e-/DN
    config : PsfFitConfig

    Returns
    -------
    PsfFit

    Raises
    ------
    ValueError
        if the PSF was made for a frame of another shape.
    """
    config = config or PsfFitConfig()
    if psf.shape != image.shape:
        raise ValueError(f"image has shape {image.shape}, the PSF's frame {psf.shape}: same needed")
    x, y, flux = (np.array(v, dtype=np.float64) for v in (x, y, flux))
    residual, model = image.astype(np.float32), np.zeros(image.shape, np.float32)
    typical = float(np.median(noise))
    reach = STAMP_GROWTH * (np.maximum(flux, typical) / typical) ** 0.25
    halves = np.clip(np.ceil(reach), MIN_STAMP, psf.radius - 1).astype(np.int64)
    order = np.argsort(-flux)
    _add_all(residual, model, x, y, flux, halves, psf.splines, psf.radius)
    change = 0.0
    for sweep in range(config.passes):
        # The first sweep settles the fluxes; only then may positions move.
        fixed = config.fix_positions or sweep == 0
        change = _pass(
            residual, model, noise, bad, x, y, flux, halves, order, psf.splines, psf.radius, gain,
            config.fit_radius, fixed,
        )  # fmt: skip
    starts, neighbours = _neighbours(x, y, 2 * config.fit_radius)
    report = np.zeros((len(x), 5))
    psf_sigma2 = (psf.fwhm / 2.3548) ** 2
    _report(
        residual, model, noise, bad, x, y, flux, halves, starts, neighbours, psf.splines, psf.radius, gain,
        config.fit_radius, config.profile_error, psf_sigma2, report,
    )  # fmt: skip
    return PsfFit(x, y, flux, *report.T.copy(), residual, model, float(change))
