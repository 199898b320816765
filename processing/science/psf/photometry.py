"""Fluxes and positions of all stars of a frame at once, by fitting the PSF.

Block Gauss-Seidel: star after star, brightest first, is fitted (flux, x, y) to what all the others leave,
in several passes; the frame of residuals is updated at once. This converges to the simultaneous solution of
ALLSTAR (Stetson 1994, PASP 106, 250) without building its matrix. Most stars are at rest after a few passes;
blends, and stars detected off their place, go on alone until their steps are small against their errors. A step
that reverses the one before may be half as long only, so that no star wanders to and fro.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from archive.survey.robust import FWHM_PER_SIGMA
from processing.science.psf.errors import MIN_SNR_TO_MOVE, SHIFT_PRIOR, Neighbours, report
from processing.science.psf.evaluation import evaluate
from processing.science.psf.model import Psf
from processing.science.psf.normal_equations import FitFrame, FitStars, PsfTables, fit_radius_of, invert, normal

# A star's model is subtracted out to where it falls below the noise: radius ~ (flux/noise)^(1/4) for the
# wings.
STAMP_GROWTH = 2.0
MIN_STAMP = 5
MIN_PIXELS = 8
# Side of the tiles of stars that are fitted one after the other (px).
TILE = 96
# Steps below this many sigmas are not worth taking.
NO_STEP = 0.002
MAX_SHIFT = 0.25
# A star stays this near to where it was detected, and as near to the frame (px).
MAX_MOVE, OUTSIDE = 1.5, 1.0


@dataclass(frozen=True)
class PsfFitConfig:
    """passes: over all stars; max_passes: with those over stars not yet at rest; at_rest: largest step of such a
    star, in its sigmas; fit_radius: pixels used around a star (px); profile_error: relative error of
    the PSF, enters chi only; fix_positions: fit fluxes only."""

    passes: int = 4
    max_passes: int = 60
    at_rest: float = 0.05
    fit_radius: float = 3.5
    profile_error: float = 0.03
    fix_positions: bool = False


@dataclass(frozen=True)
class PsfFit:
    """x, y (0-based px), flux, sigma (DN), sigma_x, sigma_y (px), chi (rms residual over expected), sharp
    (sigma^2 observed minus that of the PSF, px^2), all float64 (n,); residual, model: float32 (ny, nx), DN;
    change: largest last step of a star, in sigmas of its flux or position; passes: made."""

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
    passes: int


@njit(fastmath=True, cache=True)
def _subtract(residual, x, y, flux, half, table, radius, stamp, unused):
    """Take flux times the PSF out of the residual."""
    ny, nx = residual.shape
    evaluate(table, radius, x, y, half, stamp, unused, unused, False)
    ix, iy = int(math.floor(x + 0.5)), int(math.floor(y + 0.5))
    for j in range(max(0, half - iy), min(2 * half + 1, ny - iy + half)):
        for i in range(max(0, half - ix), min(2 * half + 1, nx - ix + half)):
            residual[iy - half + j, ix - half + i] -= flux * stamp[j, i]


@njit(fastmath=True, cache=True)
def _subtract_all(residual, stars, order, cells, tables):
    radius = tables.radius
    side = 2 * radius + 1
    stamp, unused = np.empty((side, side)), np.empty((1, 1))
    for i in order:
        table = tables.splines[cells[i, 0], cells[i, 1]]
        _subtract(residual, stars.x[i], stars.y[i], stars.flux[i], stars.half[i], table, radius, stamp, unused)


class Motion(NamedTuple):
    """Shifts of each star. cells (n, 2): rows and columns of the PSF's tables; bounds (n, 4): least and
    largest x and y; moved (n, 2): last shifts; reach (n,): longest shift allowed, halved when a shift reverses; steps
    (n,): last steps in sigmas."""

    cells: np.ndarray
    bounds: np.ndarray
    moved: np.ndarray
    reach: np.ndarray
    steps: np.ndarray


@njit(fastmath=True, cache=True)
def _pass(frame, stars, order, tables, motion, fit_radius, fix_positions):
    """One sweep over the stars in `order`."""
    residual, bad = frame.residual, frame.bad
    xs, ys, fluxes, halves = stars
    splines, radius = tables
    cells, bounds, moved, reach, steps = motion
    side = 2 * radius + 1
    stamp, stamp_x, stamp_y = np.empty((side, side)), np.empty((side, side)), np.empty((side, side))
    a, b, c = np.empty((3, 3)), np.empty(3), np.empty((3, 3))
    for k in range(order.size):
        n = order[k]
        x, y, flux, half = xs[n], ys[n], fluxes[n], halves[n]
        table = splines[cells[n, 0], cells[n, 1]]
        within = fit_radius_of(bad, x, y, half, fit_radius)
        box = min(half, int(math.ceil(within + 0.5)))
        evaluate(table, radius, x, y, box, stamp, stamp_x, stamp_y, True)
        pixels = normal(frame, x, y, flux, box, within, (stamp, stamp_x, stamp_y), a, b)
        steps[n] = 0.0
        if a[0, 0] <= 0.0:
            continue
        dx, dy = 0.0, 0.0
        sigma = 1.0 / math.sqrt(a[0, 0])
        if not fix_positions and flux > MIN_SNR_TO_MOVE * sigma and pixels >= MIN_PIXELS:
            a[1, 1] += 1.0 / SHIFT_PRIOR**2
            a[2, 2] += 1.0 / SHIFT_PRIOR**2
            if invert(a, c):
                dx = c[0, 1] * b[0] + c[1, 1] * b[1] + c[1, 2] * b[2]
                dy = c[0, 2] * b[0] + c[1, 2] * b[1] + c[2, 2] * b[2]
                if dx * moved[n, 0] + dy * moved[n, 1] < 0.0:
                    reach[n] *= 0.5
                else:
                    reach[n] = min(1.25 * reach[n], MAX_SHIFT)
        dx = min(max(min(max(dx, -reach[n]), reach[n]), bounds[n, 0] - x), bounds[n, 1] - x)
        dy = min(max(min(max(dy, -reach[n]), reach[n]), bounds[n, 2] - y), bounds[n, 3] - y)
        # The flux that goes with the shift as it was allowed, not as it was wanted.
        new = flux + (b[0] - a[0, 1] * dx - a[0, 2] * dy) / a[0, 0]
        if new < 0.0 and not fix_positions:
            new, dx, dy = max(flux + b[0] / a[0, 0], 0.0), 0.0, 0.0
        moved[n, 0], moved[n, 1] = dx, dy
        steps[n] = max(abs(new - flux) / sigma, abs(dx) * math.sqrt(a[1, 1]), abs(dy) * math.sqrt(a[2, 2]))
        if steps[n] < NO_STEP:
            continue
        if dx == 0.0 and dy == 0.0:
            _subtract(residual, x, y, new - flux, half, table, radius, stamp, stamp_x)
        else:
            _subtract(residual, x, y, -flux, half, table, radius, stamp, stamp_x)
            xs[n], ys[n] = x + dx, y + dy
            _subtract(residual, xs[n], ys[n], new, half, table, radius, stamp, stamp_x)
        fluxes[n] = new


def _neighbours(x: np.ndarray, y: np.ndarray, reach: float) -> Neighbours:
    """Neighbours within `reach` pixels, nearest first."""
    if len(x) < 2:
        return Neighbours(np.zeros(len(x) + 1, np.int64), np.zeros(0, np.int64))
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(reach, output_type="ndarray")
    first, second = np.r_[pairs[:, 0], pairs[:, 1]], np.r_[pairs[:, 1], pairs[:, 0]]
    order = np.lexsort((np.hypot(x[first] - x[second], y[first] - y[second]), first))
    starts = np.searchsorted(first[order], np.arange(len(x) + 1))
    return Neighbours(starts.astype(np.int64), second[order].astype(np.int64))


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
    errors: bool = True,
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
    errors : bool
        Also measure errors, chi and sharpness; without them they are NaN.

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
    image = np.ascontiguousarray(image, np.float32)
    residual = image.copy()
    stars = FitStars(x, y, flux, _stamp_halves(flux, float(np.median(noise)), psf.radius))
    tables = PsfTables(psf.splines, psf.radius)
    order, cells = _order(x, y, flux), _cells(x, y, image.shape, psf)
    _subtract_all(residual, stars, order, cells, tables)
    near = _neighbours(x, y, 2 * config.fit_radius)
    frame = FitFrame(residual, image, noise, bad, float(gain))
    sweeps, change = _sweep(frame, stars, near, order, cells, tables, config)
    quality = np.full((len(x), 5), np.nan)
    if errors:
        report(
            frame, stars, near, order, tables, config.fit_radius, config.profile_error,
            (psf.fwhm / FWHM_PER_SIGMA) ** 2, quality,
        )  # fmt: skip
    a, b, c, d, e = quality.T.copy()
    return PsfFit(x, y, flux, a, b, c, d, e, residual, image - residual, change, sweeps)


def _stamp_halves(flux, noise, radius):
    """Half sizes of the stars' models (px), out to where they fall below the noise."""
    reach = STAMP_GROWTH * (np.maximum(flux, noise) / noise) ** 0.25
    return np.clip(np.ceil(reach), MIN_STAMP, radius - 1).astype(np.int64)


def _order(x, y, flux):
    """Tile after tile, so that the pixels at work stay in the processor's cache; brightest first in each."""
    return np.lexsort((-flux, (x // TILE).astype(np.int64), (y // TILE).astype(np.int64)))


def _limits(position, side):
    """Least and largest coordinate that each star may take."""
    least, largest = np.maximum(position - MAX_MOVE, -OUTSIDE), np.minimum(position + MAX_MOVE, side - 1 + OUTSIDE)
    return np.minimum(least, position), np.maximum(largest, position)


def _cells(x, y, shape, psf):
    """Row and column of each star's table. It keeps that of where it was detected: tables that change under a star
    keep it restless."""
    parts = zip((y, x), shape, psf.splines.shape[:2], strict=True)
    return np.column_stack([np.clip(v / side * cells, 0, cells - 1).astype(np.int64) for v, side, cells in parts])


def _sweep(
    frame: FitFrame,
    stars: FitStars,
    near: Neighbours,
    order: np.ndarray,
    cells: np.ndarray,
    tables: PsfTables,
    config: PsfFitConfig,
) -> tuple[int, float]:
    """Sweep over all stars, then over the restless ones and their neighbours; (sweeps, largest last step)."""
    (ny, nx), n = frame.residual.shape, len(stars.x)
    bounds = np.column_stack([*_limits(stars.x, nx), *_limits(stars.y, ny)])
    motion = Motion(cells, bounds, np.zeros((n, 2)), np.full(n, MAX_SHIFT), np.zeros(n))
    owner = np.repeat(np.arange(n), np.diff(near.starts))
    turn, sweeps = order, 0
    while len(turn) and sweeps < config.max_passes:
        # The first sweep settles the fluxes; only then may positions move.
        _pass(frame, stars, turn, tables, motion, config.fit_radius, config.fix_positions or sweeps == 0)
        sweeps += 1
        if sweeps >= config.passes:
            restless = motion.steps > config.at_rest
            restless[owner[restless[near.indices]]] = True
            turn = order[restless[order]]
    return sweeps, float(motion.steps.max(initial=0.0))
