"""Periodograms of light curves in several bands, with limits on what one question may cost. No Django."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightcurves.periods import (
    FrequencyGrid,
    PeriodConfig,
    box_least_squares,
    conditional_entropy,
    find_period,
    frequency_grid,
    multiband_lomb_scargle,
)
from lightcurves.periods.fold import folded_chi2
from lightcurves.periods.grid import MIN_POINTS, TooFewPoints, checked_series
from lightcurves.periods.search import top_peaks

METHODS = {
    "search": "Lomb-Scargle power; period by the combined search",
    "ls": "Lomb-Scargle power",
    "aov": "analysis of variance",
    "ce": "conditional entropy below its largest (nats)",
    "bls": "share of the variance in a box-shaped dip",
}
HIGHEST_FREQUENCY = 50.0  # cycles per day
MOST_FREQUENCIES = 3_000_000
MOST_FOLDS = 3e8  # points times frequencies: some two seconds of folding
COST = {"ls": 0.0, "aov": 1.0, "search": 1.0, "ce": 1.0, "bls": 4.0}  # of one fold; measured
OVERSAMPLE = 5.0
ERROR_FLOOR = 0.01  # mag
N_PEAKS = 10
WIDTH = 3000  # values that are handed out

Bands = list[tuple[np.ndarray, np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Peak:
    """period in days; power as the method measures it."""

    period: float
    power: float


@dataclass(frozen=True)
class Periodogram:
    """frequencies (cycles/day) and power, thinned so that every peak keeps its height; peaks, highest first;
    period: days, the best; n_frequencies that were searched; n_points that were used."""

    method: str
    frequencies: np.ndarray
    power: np.ndarray
    peaks: tuple[Peak, ...]
    period: float
    n_frequencies: int
    n_points: int


def periodogram(t, mag, err, band, method: str = "ls", fmin: float | None = None, fmax: float = 10.0) -> Periodogram:
    """Search a light curve for its period.

    Parameters
    ----------
    t : array (n,), days
    mag, err : arrays (n,), magnitudes
    band : array (n,), a label per point; bands share the period, not the shape
    method : one of METHODS
    fmin, fmax : cycles per day; without fmin: one cycle in the baseline

    Raises
    ------
    TooFewPoints
        where no band has five points.
    ValueError
        where a parameter is out of range, or the search would take too long; the message names it.
    """
    if method not in METHODS:
        raise ValueError(f"method={method!r}: use one of {', '.join(METHODS)}")
    bands = _bands(t, mag, err, band)
    n_points = sum(len(times) for times, _, _ in bands)
    grid = _grid(bands, fmin, fmax)
    if COST[method] * grid.n * n_points > MOST_FOLDS:
        allowed = grid.start + MOST_FOLDS / COST[method] / n_points * grid.step
        raise ValueError(f"fmax={fmax:g}: {method} would fold {grid.n} times; use ls, or fmax up to {allowed:.3g}")
    frequencies = grid.frequencies()
    period, candidates = None, ()
    if method == "search":
        config = PeriodConfig(fmin=grid.start, fmax=fmax, oversample=OVERSAMPLE, error_floor=ERROR_FLOOR)
        result = find_period(t, mag, err, band, config)
        period, power, frequencies = result.period, result.power, result.frequencies
        candidates = tuple(Peak(one.period, 1 - one.theta) for one in result.candidates)
    else:
        power = {"ls": _lomb_scargle, "aov": _variance, "ce": _entropy, "bls": _boxes}[method](bands, grid)
    peaks = candidates or _peaks(frequencies, power)
    thin = _thinned(power)
    return Periodogram(
        method, frequencies[thin], power[thin], peaks, period or peaks[0].period, len(frequencies), n_points
    )


def _bands(t, mag, err, band) -> Bands:
    t, mag, err, band = map(np.asarray, (t, mag, err, band))
    series = []
    for name in np.unique(band):
        rows = band == name
        if rows.sum() >= MIN_POINTS:
            times, values, errors = checked_series(t[rows], mag[rows], err[rows])
            series.append((times, values, np.hypot(errors, ERROR_FLOOR)))
    if not series:
        raise TooFewPoints(f"{len(t)} points: no filter has {MIN_POINTS}, which a period needs at least")
    return series


def _grid(bands: Bands, fmin: float | None, fmax: float) -> FrequencyGrid:
    baseline = max(t[-1] for t, _, _ in bands) - min(t[0] for t, _, _ in bands)
    if baseline <= 0:
        raise TooFewPoints("all points are of one moment: a period needs a span of time")
    if not 0 < fmax <= HIGHEST_FREQUENCY:
        raise ValueError(f"fmax={fmax:g}: must be positive and at most {HIGHEST_FREQUENCY:g} cycles per day")
    fmin = 1 / baseline if fmin is None else fmin
    if not 0 < fmin < fmax:
        raise ValueError(f"fmin={fmin:.4g}: must be positive and below fmax={fmax:g} cycles per day")
    grid = frequency_grid(baseline, fmin, fmax, OVERSAMPLE)
    if grid.n > MOST_FREQUENCIES:
        raise ValueError(f"fmax={fmax:g}: {grid.n} frequencies over {baseline:.0f} days; at most {MOST_FREQUENCIES}")
    return grid


def _lomb_scargle(bands: Bands, grid: FrequencyGrid) -> np.ndarray:
    return multiband_lomb_scargle(bands, grid)


def _variance(bands: Bands, grid: FrequencyGrid) -> np.ndarray:
    """Variance between phase bins over variance within, all bands together (Schwarzenberg-Czerny 1989)."""
    frequencies = grid.frequencies()
    within, used, total = np.zeros(grid.n), np.zeros(grid.n), 0.0
    first = min(t[0] for t, _, _ in bands)
    n = sum(len(t) for t, _, _ in bands)
    n_bins = int(np.clip(max(len(t) for t, _, _ in bands) // 3, 4, 20))
    for t, y, err in bands:
        w = 1 / err**2
        y = y - np.sum(w * y) / np.sum(w)
        total += float(np.sum(w * y * y))
        folded_chi2(t - first, y, w, frequencies, n_bins, 1, within, used)
    between = (total - within) / np.maximum(used - len(bands), 1)
    return between / np.maximum(within / np.maximum(n - used, 1), 1e-300)


def _entropy(bands: Bands, grid: FrequencyGrid) -> np.ndarray:
    """How far the conditional entropy lies below its largest value; bands count by their points."""
    n = sum(len(t) for t, _, _ in bands)
    entropy = sum(len(t) / n * conditional_entropy(t, y, grid.frequencies()) for t, y, _ in bands)
    return entropy.max() - entropy


def _boxes(bands: Bands, grid: FrequencyGrid) -> np.ndarray:
    n = sum(len(t) for t, _, _ in bands)
    return sum(len(t) / n * box_least_squares(t, y, err, grid.frequencies())[0] for t, y, err in bands)


def _peaks(frequencies: np.ndarray, power: np.ndarray) -> tuple[Peak, ...]:
    """The highest peaks, each moved to the top of the parabola through its three points."""
    peaks = []
    step = frequencies[1] - frequencies[0] if len(frequencies) > 1 else 0.0
    for k in top_peaks(power, N_PEAKS, int(2 * OVERSAMPLE)):
        shift = 0.0
        if 0 < k < len(power) - 1:
            before, at, after = power[k - 1 : k + 2]
            curvature = before - 2 * at + after
            shift = 0.5 * (before - after) / curvature if curvature < 0 else 0.0
        peaks.append(Peak(float(1 / (frequencies[k] + np.clip(shift, -1, 1) * step)), float(power[k])))
    return tuple(peaks)


def _thinned(power: np.ndarray) -> np.ndarray:
    """Rows to hand out: of each stretch of frequencies the highest."""
    each = -(-len(power) // WIDTH)
    rows = np.arange(0, len(power), each)
    return np.array([start + int(np.argmax(power[start : start + each])) for start in rows])
