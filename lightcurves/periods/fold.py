"""Statistics of folded light curves: phase dispersion, analysis of variance, conditional entropy, boxes.

All take any list of frequencies, so they serve whole grids and the few candidates of a search alike.
"""

import numpy as np
from numba import njit

from lightcurves.periods.grid import checked_series

_MAX_BOX_GROWTH = 1.3


@njit(cache=True, nogil=True)
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


def _prepared(t, y, err):
    t, y, err = checked_series(t, y, err)
    w = 1.0 / err**2
    y = y - np.sum(w * y) / np.sum(w)
    return t - t[0], y, w


def phase_dispersion(t, y, err, frequencies, n_bins=20):
    """PDM theta: variance in phase bins over the variance of all (Stellingwerf 1978, ApJ 224, 953).

    Parameters
    ----------
    t, y, err : arrays (n,); days, magnitudes
    frequencies : array (nf,), cycles per day
    n_bins : int

    Returns
    -------
    float64 array (nf,); near 1 for noise, small at the period
    """
    t, y, w = _prepared(t, y, err)
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    chi2, used = np.zeros(frequencies.size), np.zeros(frequencies.size)
    folded_chi2(t, y, w, frequencies, n_bins, 2, chi2, used)
    total = np.sum(w * y * y)
    freedom = np.maximum(t.size - used, 1.0)
    return (chi2 / freedom) / (total / (t.size - 1)) if total > 0 else np.ones(frequencies.size)


def analysis_of_variance(t, y, err, frequencies, n_bins=20):
    """AOV: variance between phase bins over variance within (Schwarzenberg-Czerny 1989, MNRAS 241, 153).

    As phase_dispersion; for noise it follows Fisher's F with (bins - 1, n - bins) degrees of freedom;
    large at the period.
    """
    t, y, w = _prepared(t, y, err)
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    within, used = np.zeros(frequencies.size), np.zeros(frequencies.size)
    folded_chi2(t, y, w, frequencies, n_bins, 1, within, used)
    between = np.sum(w * y * y) - within
    freedom = np.maximum(t.size - used, 1.0)
    return (between / np.maximum(used - 1.0, 1.0)) / np.maximum(within / freedom, 1e-300)


@njit(cache=True, nogil=True)
def _entropy(t, level, frequencies, n_phase, n_levels, out):
    n = t.shape[0]
    x_log_x = np.zeros(n + 1)
    for i in range(1, n + 1):
        x_log_x[i] = i * np.log(i)
    cells = np.empty(n_phase * n_levels, np.int64)
    columns = np.empty(n_phase, np.int64)
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
            entropy += x_log_x[columns[k]]
        for k in range(n_phase * n_levels):
            entropy -= x_log_x[cells[k]]
        out[j] = entropy / n


def conditional_entropy(t, y, frequencies, n_phase=20, n_levels=5):
    """Entropy (nats) of magnitude given phase: small at the period (Graham et al. 2013, MNRAS 434, 2629).

    Magnitudes are cut into n_levels equal steps between their 2nd and 98th percentiles.
    """
    t, y, _ = checked_series(t, y, 1.0)
    low, high = np.percentile(y, [2.0, 98.0])
    scaled = (y - low) / (high - low) if high > low else np.zeros(y.size)
    level = np.clip((scaled * n_levels).astype(np.int64), 0, n_levels - 1)
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    out = np.empty(frequencies.size)
    _entropy(t - t[0], level, frequencies, n_phase, n_levels, out)
    return out


@njit(cache=True, nogil=True)
def _boxes(t, y, w, frequencies, n_bins, shortest, longest, power, duration, start):
    """w adds up to 1; y has mean 0. Best box per frequency; see box_least_squares."""
    weight = np.empty(2 * n_bins + 1)
    weighted = np.empty(2 * n_bins + 1)
    bins_w = np.empty(n_bins)
    bins_y = np.empty(n_bins)
    total = 0.0
    for i in range(t.shape[0]):
        total += w[i] * y[i] * y[i]
    for j in range(frequencies.shape[0]):
        bins_w[:] = 0.0
        bins_y[:] = 0.0
        for i in range(t.shape[0]):
            phase = frequencies[j] * t[i]
            k = min(int((phase - np.floor(phase)) * n_bins), n_bins - 1)
            bins_w[k] += w[i]
            bins_y[k] += w[i] * y[i]
        weight[0] = 0.0
        weighted[0] = 0.0
        for k in range(2 * n_bins):
            weight[k + 1] = weight[k] + bins_w[k % n_bins]
            weighted[k + 1] = weighted[k] + bins_y[k % n_bins]
        power[j] = 0.0
        length = shortest
        while length <= longest:
            for k in range(n_bins):
                r = weight[k + length] - weight[k]
                s = weighted[k + length] - weighted[k]
                # s > 0: fainter in magnitudes, a dip
                if s > 0.0 and 0.0 < r < 1.0:
                    value = s * s / (r * (1.0 - r)) / total
                    if value > power[j]:
                        power[j] = value
                        duration[j] = length / n_bins
                        start[j] = k / n_bins
            length = max(length + 1, int(length * _MAX_BOX_GROWTH))


def box_least_squares(t, y, err, frequencies, qmin=0.01, qmax=0.15, n_bins=200):
    """Search for box-shaped dips (Kovacs, Zucker & Mazeh 2002, A&A 391, 369).

    Parameters
    ----------
    t, y, err : arrays (n,); days, magnitudes (a dip is a larger magnitude)
    frequencies : array (nf,), cycles per day
    qmin, qmax : float, shortest and longest dip as fractions of the period
    n_bins : int, phase bins

    Returns
    -------
    power, duration, phase : float64 arrays (nf,)
        Fraction of the variance that the box explains (0..1), its length and its start as fractions of the
        period; phase 0 is the first time.

    Raises
    ------
    TooFewPoints, ValueError
    """
    if not 0 < qmin <= qmax < 1:
        raise ValueError(f"qmin={qmin}, qmax={qmax}: need 0 < qmin <= qmax < 1")
    t, y, w = _prepared(t, y, err)
    frequencies = np.ascontiguousarray(frequencies, dtype=np.float64)
    power, duration, start = (np.zeros(frequencies.size) for _ in range(3))
    shortest = max(1, int(qmin * n_bins))
    longest = max(shortest, int(np.ceil(qmax * n_bins)))
    if np.ptp(y) > 0:
        _boxes(t, y, w / w.sum(), frequencies, n_bins, shortest, longest, power, duration, start)
    return power, duration, start
