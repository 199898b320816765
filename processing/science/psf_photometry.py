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
from processing.science.psf_errors import MIN_SNR_TO_MOVE, SHIFT_PRIOR, report
from processing.science.psf_normal import cell, fit_radius_of, invert, normal

# A star's model is subtracted out to where it falls below the noise: radius ~ (flux/noise)^(1/4) for the
# wings.
STAMP_GROWTH = 2.0
MIN_STAMP = 5
MIN_PIXELS = 8
MAX_SHIFT = 0.25


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
        table = splines[cell(ys[i], ny, rows), cell(xs[i], nx, columns)]
        _add(residual, model, xs[i], ys[i], fluxes[i], halves[i], table, radius, stamp, unused)


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
        table = splines[cell(y, ny, rows), cell(x, nx, columns)]
        evaluate(table, radius, x, y, half, stamp, stamp_x, stamp_y, True)
        reach = fit_radius_of(bad, x, y, half, fit_radius)
        pixels = normal(residual, model, noise, bad, x, y, flux, half, reach, gain, stamp, stamp_x, stamp_y, a, b)
        if a[0, 0] <= 0.0:
            continue
        dx, dy = 0.0, 0.0
        sigma = 1.0 / math.sqrt(a[0, 0])
        change = b[0] / a[0, 0]
        if not fix_positions and flux > MIN_SNR_TO_MOVE * sigma and pixels >= MIN_PIXELS:
            a[1, 1] += 1.0 / SHIFT_PRIOR**2
            a[2, 2] += 1.0 / SHIFT_PRIOR**2
            if invert(a, c):
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
            moved = splines[cell(ys[n], ny, rows), cell(xs[n], nx, columns)]
            _add(residual, model, xs[n], ys[n], new, half, moved, radius, stamp, stamp_x)
        fluxes[n] = new
    return largest


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
    quality = np.zeros((len(x), 5))
    psf_sigma2 = (psf.fwhm / 2.3548) ** 2
    report(
        residual, model, noise, bad, x, y, flux, halves, starts, neighbours, psf.splines, psf.radius, gain,
        config.fit_radius, config.profile_error, psf_sigma2, quality,
    )  # fmt: skip
    return PsfFit(x, y, flux, *quality.T.copy(), residual, model, float(change))
