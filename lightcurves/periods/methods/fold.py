"""Statistics of folded light curves: phase dispersion, analysis of variance, conditional entropy.

All take any list of frequencies, so they serve whole grids and the few candidates of a search alike.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lightcurves.periods.grid import Series, checked_series

LEAST_WITHIN = 1e-6  # of the whole variance: rounded magnitudes can leave none within the bins


@njit(
    "void(float64[::1], float64[::1], float64[::1], float64[::1], int64, int64, float64[::1], float64[::1])",
    cache=True, nogil=True,
)  # fmt: skip
def folded_chi2(t, y, w, frequencies, n_bins, covers, chi2, occupied):
    """Weighted scatter about the means of phase bins, averaged over `covers` shifted binnings.

    w : weights, y : free of the weighted mean. Adds to chi2 and to occupied (bins with points), both (nf,).
    """
    weight = np.empty(n_bins)
    weighted = np.empty(n_bins)
    total = 0.0
    for i in range(t.shape[0]):
        total += w[i] * y[i] * y[i]
    for j in range(frequencies.shape[0]):
        for cover in range(covers):
            shift = cover / (covers * n_bins)
            weight[:] = 0.0
            weighted[:] = 0.0
            for i in range(t.shape[0]):
                phase = frequencies[j] * t[i] + shift
                k = min(int((phase - np.floor(phase)) * n_bins), n_bins - 1)
                weight[k] += w[i]
                weighted[k] += w[i] * y[i]
            explained = 0.0
            used = 0
            for k in range(n_bins):
                if weight[k] > 0.0:
                    explained += weighted[k] * weighted[k] / weight[k]
                    used += 1
            chi2[j] += (total - explained) / covers
            occupied[j] += used / covers


def folded(bands: list[Series], frequencies, n_bins: int, covers: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """chi2 about the phase bins of all bands, and the number of bins that have points: arrays (nf,)."""
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    chi2, used = np.zeros(frequencies.size), np.zeros(frequencies.size)
    first = min(series.t[0] for series in bands)
    for series in bands:
        folded_chi2(series.t - first, series.residuals, series.weights, frequencies, n_bins, covers, chi2, used)
    return chi2, used


def dispersion(bands: list[Series], frequencies, n_bins: int = 20, covers: int = 2) -> np.ndarray:
    """As phase_dispersion, of all bands together."""
    chi2, used = folded(bands, frequencies, n_bins, covers)
    n, curves = sum(series.t.size for series in bands), sum(series.n_curves for series in bands)
    total = sum(series.chi2 for series in bands) / max(n - curves, 1)
    left = n - used - (curves - len(bands))
    return np.where(left >= 1.0, np.maximum(chi2, 0.0) / np.maximum(left, 1.0) / total, 1.0)


def variance_ratio(bands: list[Series], frequencies, n_bins: int = 20) -> np.ndarray:
    """As analysis_of_variance, of all bands together."""
    within, used = folded(bands, frequencies, n_bins)
    n, curves = sum(series.t.size for series in bands), sum(series.n_curves for series in bands)
    whole = sum(series.chi2 for series in bands)
    between = np.maximum(whole - within, 0.0) / np.maximum(used - len(bands), 1.0)
    left = n - used - (curves - len(bands))
    least = LEAST_WITHIN * whole / max(n - curves, 1)
    return np.where(left >= 1.0, between / np.maximum(within / np.maximum(left, 1.0), least), 0.0)


def phase_dispersion(t, y, err, frequencies, n_bins: int = 20) -> np.ndarray:
    """PDM theta: variance in phase bins over the variance of all (Stellingwerf 1978, ApJ 224, 953).

    Parameters
    ----------
    t, y, err : arrays (n,); days, magnitudes
    frequencies : array (nf,), cycles per day
    n_bins : int

    Returns
    -------
    float64 array (nf,); near 1 for noise, small at the period; 1 where every bin holds one point, which tells nothing

    Raises
    ------
    UnusableLightCurveError, ValueError
    """
    return dispersion([checked_series(t, y, err)], frequencies, _bins(n_bins))


def analysis_of_variance(t, y, err, frequencies, n_bins: int = 20) -> np.ndarray:
    """AOV: variance between phase bins over variance within (Schwarzenberg-Czerny 1989, MNRAS 241, 153).

    As phase_dispersion; for noise it follows Fisher's F with (bins - 1, n - bins) degrees of freedom;
    large at the period; 0 where every bin holds one point. The variance within bins counts as LEAST_WITHIN of the whole
    at least.
    """
    return variance_ratio([checked_series(t, y, err)], frequencies, _bins(n_bins))


def _bins(n_bins: int) -> int:
    if n_bins < 2:
        raise ValueError(f"n_bins={n_bins}: must be at least 2")
    return n_bins


@njit("void(float64[::1], int64[::1], float64[::1], int64, int64, float64[::1])", cache=True, nogil=True)
def _entropy(t, level, frequencies, n_phase, n_levels, out):
    """A phase bin with one point tells nothing of its magnitude: it counts with the entropy of all."""
    n = t.shape[0]
    x_log_x = np.zeros(n + 1)
    for i in range(1, n + 1):
        x_log_x[i] = i * np.log(i)
    cells = np.empty(n_phase * n_levels, np.int64)
    columns = np.empty(n_phase, np.int64)
    levels = np.zeros(n_levels, np.int64)
    for i in range(n):
        levels[level[i]] += 1
    whole = x_log_x[n] / n
    for k in range(n_levels):
        whole -= x_log_x[levels[k]] / n
    for j in range(frequencies.shape[0]):
        cells[:] = 0
        columns[:] = 0
        for i in range(n):
            phase = frequencies[j] * t[i]
            k = min(int((phase - np.floor(phase)) * n_phase), n_phase - 1)
            columns[k] += 1
            cells[k * n_levels + level[i]] += 1
        entropy = 0.0
        for k in range(n_phase):
            entropy += x_log_x[columns[k]] if columns[k] != 1 else whole
        for k in range(n_phase * n_levels):
            entropy -= x_log_x[cells[k]]
        out[j] = entropy / n


def conditional_entropy(t, y, frequencies, n_phase: int = 20, n_levels: int = 5) -> np.ndarray:
    """Entropy (nats) of magnitude given phase: small at the period (Graham et al. 2013, MNRAS 434, 2629).

    Magnitudes are cut into n_levels equal steps between their 2nd and 98th percentiles. A phase bin with one point
    counts with the entropy of all magnitudes: else the emptiest fold would be the most orderly.

    Raises
    ------
    UnusableLightCurveError, ValueError
    """
    return entropy_of(checked_series(t, y, 1.0), frequencies, n_phase, n_levels)


def entropy_of(series: Series, frequencies, n_phase: int = 20, n_levels: int = 5) -> np.ndarray:
    """As conditional_entropy, of a band that was checked."""
    low, high = np.percentile(series.y, [2.0, 98.0])
    if high <= low:
        low, high = series.y.min(), series.y.max()
    level = np.clip(((series.y - low) / (high - low) * _bins(n_levels)).astype(np.int64), 0, n_levels - 1)
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    out = np.empty(frequencies.size)
    _entropy(series.t - series.t[0], level, frequencies, _bins(n_phase), n_levels, out)
    return out
