"""Plavchan's periodogram: how smooth a folded curve is, without a shape (Plavchan et al. 2008, ApJS 175, 191).

One thing differs from the paper: in the moving average the mean of all stands for the point that is looked at. With the
point itself a fold in which it is alone would leave nothing to divide by.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lightcurves.periods.choices import SMOOTHING_BOX, WORST_POINTS
from lightcurves.periods.grid import Series, checked_series


@njit("void(float64[::1], float64[::1], float64[::1], int64[::1], float64, float64[::1])", cache=True, nogil=True)
def _smoothness(t, y, frequencies, worst, width, out):
    """y has mean 0. Ratio of the sums of squares of the points in `worst`: about the mean, about the smoothed curve.

    In each point's box the mean, 0, stands for the point itself. The farthest point, at M, then lies at least M / m
    from the curve, m points being in its box: the ratio is finite, and m^2 at most for every point.
    """
    n = t.shape[0]
    phase, sorted_phase, sorted_y, total = np.empty(n), np.empty(3 * n), np.empty(n), np.empty(3 * n + 1)
    place = np.empty(n, np.int64)
    about_mean = 0.0
    for i in worst:
        about_mean += y[i] * y[i]
    half = 0.5 * width
    for j in range(frequencies.shape[0]):
        for i in range(n):
            cycles = frequencies[j] * t[i]
            phase[i] = cycles - np.floor(cycles)
        order = np.argsort(phase)
        for k in range(n):
            i = order[k]
            place[i] = k
            sorted_y[k] = y[i]
            sorted_phase[k], sorted_phase[k + n], sorted_phase[k + 2 * n] = phase[i] - 1.0, phase[i], phase[i] + 1.0
        total[0] = 0.0
        for k in range(3 * n):
            total[k + 1] = total[k] + sorted_y[k % n]
        about_curve = 0.0
        for i in worst:
            low = np.searchsorted(sorted_phase, phase[i] - half, side="left")
            high = np.searchsorted(sorted_phase, phase[i] + half, side="right")
            low, high = min(low, n + place[i]), max(high, n + place[i] + 1)
            rest = y[i] - (total[high] - total[low] - y[i]) / (high - low)
            about_curve += rest * rest
        out[j] = about_mean / about_curve


def plavchan(t, y, err, frequencies, width: float = SMOOTHING_BOX, n_worst: int = WORST_POINTS) -> np.ndarray:
    """Scatter about the mean over scatter about the smoothed folded curve, of the points farthest from the mean.

    Parameters
    ----------
    t, y, err : arrays (n,); days, magnitudes. The errors only decide which points can be used: the method has none.
    frequencies : array (nf,), cycles per day
    width : of the moving average, cycles
    n_worst : how many of the points that deviate most are looked at

    Returns
    -------
    float64 array (nf,); near 1 for noise, large at the period. A point does not smooth itself: the mean stands in its
    place, so that a point alone in its box counts 1, not infinity, and sparse folds win nothing.

    Raises
    ------
    UnusableLightCurveError, ValueError
    """
    return plavchan_of(checked_series(t, y, err), frequencies, width, n_worst)


def plavchan_of(series: Series, frequencies, width: float = SMOOTHING_BOX, n_worst: int = WORST_POINTS) -> np.ndarray:
    """As plavchan, of a band that was checked."""
    if not 0 < width < 1:
        raise ValueError(f"width={width}: must be a fraction of a cycle between 0 and 1")
    if n_worst < 1:
        raise ValueError(f"n_worst={n_worst}: must be positive")
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    y = series.y - series.y.mean()
    worst = np.argsort(-np.abs(y), kind="stable")[:n_worst].astype(np.int64)
    out = np.empty(frequencies.size)
    _smoothness(series.t - series.t[0], y, frequencies, worst, width, out)
    return out
