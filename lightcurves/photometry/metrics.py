"""The object table's metrics of a light curve, for many light curves in one pass.

Names and meanings follow the ZTF object table. What has no meaning for the points that there are is NaN, never 0:
scatter and whatever is measured in it ask two points, a slope asks two moments, moments ask some scatter.
Sources: ZTF Explanatory Supplement, section on matchfiles; Stetson 1996, PASP 108, 851; von Neumann 1941.
"""

import numpy as np
from numba import njit

from lightcurves.photometry.columns import METRICS, PERCENTILE_NAMES, PERCENTILES

_SIGMAS = (1.0, 3.0, 5.0)
_BUFFER = 0.2
"""Fraction of the amplitude beyond which nmedianbufferrange counts points, from the weighted mean."""

_RUN_SIGMA = 2.0
"""con counts runs of three successive points further than this many magrms from the median."""

_COUNTS_FROM = METRICS.index("nabovemeanbystd_1")
_PAIR_DAYS = 1.0
"""Stetson J pairs successive points of at most this gap."""


@njit(cache=True, nogil=True)
def _percentile(ordered, n, percent):
    place = percent / 100.0 * (n - 1)
    k = int(place)
    f = place - k
    return ordered[k] * (1.0 - f) + ordered[min(k + 1, n - 1)] * f


@njit(cache=True, nogil=True)
def _median(ordered, n):
    return 0.5 * (ordered[(n - 1) // 2] + ordered[n // 2])


@njit(cache=True, nogil=True)
def _moments(x, n, mean):
    m2 = m3 = m4 = 0.0
    for k in range(n):
        d = x[k] - mean
        m2 += d * d
        m3 += d * d * d
        m4 += d * d * d * d
    return m2, m3, m4


@njit(cache=True, nogil=True)
def _stetson(t, x, e, n, wmean, out_j, out_k):
    """Stetson J (pairs of successive points within a day, others single) and K."""
    scale = np.sqrt(n / (n - 1.0))
    total = weights = 0.0
    absolute = square = 0.0
    k = 0
    while k < n:
        delta = scale * (x[k] - wmean) / e[k]
        if k + 1 < n and t[k + 1] - t[k] <= _PAIR_DAYS:
            product = delta * scale * (x[k + 1] - wmean) / e[k + 1]
            k += 2
        else:
            product = delta * delta - 1.0
            k += 1
        total += np.sign(product) * np.sqrt(abs(product))
        weights += 1.0
    for i in range(n):
        delta = scale * (x[i] - wmean) / e[i]
        absolute += abs(delta)
        square += delta * delta
    out_j[0] = total / weights
    out_k[0] = (absolute / n) / np.sqrt(square / n) if square > 0.0 else np.nan


@njit(cache=True, nogil=True)
def _threshold_counts(x, n, mean, std, out):
    """Points above, below and longest runs above, below, either side of mean +- k std; 5 kinds x 3 levels."""
    for level in range(3):
        limit = _SIGMAS[level] * std
        above = below = run_above = run_below = run_from = 0
        best_above = best_below = best_from = 0
        for k in range(n):
            d = x[k] - mean
            run_above = run_above + 1 if d > limit else 0
            run_below = run_below + 1 if d < -limit else 0
            run_from = run_from + 1 if abs(d) > limit else 0
            above += 1 if d > limit else 0
            below += 1 if d < -limit else 0
            best_above = max(best_above, run_above)
            best_below = max(best_below, run_below)
            best_from = max(best_from, run_from)
        out[level] = above
        out[3 + level] = below
        out[6 + level] = best_above
        out[9 + level] = best_below
        out[12 + level] = best_from


@njit(cache=True, nogil=True)
def _means(t, x, e, ra, dec, n):
    """Means of magnitude and of time, the weighted mean with its sum of weights, mean place."""
    mean = weights = wsum = tmean = ra_mean = dec_mean = 0.0
    for k in range(n):
        w = 1.0 / (e[k] * e[k])
        mean += x[k] / n
        tmean += t[k] / n
        ra_mean += ra[k] / n
        dec_mean += dec[k] / n
        weights += w
        wsum += w * x[k]
    return mean, tmean, wsum / weights, weights, ra_mean, dec_mean


@njit(cache=True, nogil=True)
def _far_and_spread(x, ra, dec, n, wmean, amplitude, ra_mean, dec_mean):
    """The number of points far from the weighted mean, and the scatter of their places (deg)."""
    far = 0
    cos_dec = np.cos(np.deg2rad(dec_mean))
    spread = 0.0
    for k in range(n):
        far += 1 if abs(x[k] - wmean) > _BUFFER * amplitude else 0
        spread += ((ra[k] - ra_mean) * cos_dec) ** 2 + (dec[k] - dec_mean) ** 2
    return far, np.sqrt(spread / n)


@njit(cache=True, nogil=True)
def _variation(t, x, e, n, mean, tmean, wmean, weights, m2, out):
    """Metrics of two points or more that follow from sums over them and over successive pairs."""
    chi2 = wvar = sxy = sxx = successive = 0.0
    slope = -1.0
    rising = 0
    for k in range(n):
        w = 1.0 / (e[k] * e[k])
        chi2 += w * (x[k] - mean) ** 2
        wvar += w * (x[k] - wmean) ** 2
        sxy += (t[k] - tmean) * (x[k] - mean)
        sxx += (t[k] - tmean) ** 2
        if k > 0:
            dx = x[k] - x[k - 1]
            dt = t[k] - t[k - 1]
            successive += dx * dx
            rising += 1 if dx > 0 else 0
            if dt > 0.0:
                slope = max(slope, abs(dx) / dt)
    out[9] = np.sqrt(wvar / weights)
    out[10] = chi2 / (n - 1)
    out[11] = sxy / sxx if sxx > 0.0 else np.nan
    out[12] = slope if slope >= 0.0 else np.nan
    out[17] = (successive / (n - 1)) / (m2 / (n - 1)) if m2 > 0.0 else np.nan
    out[20] = rising


@njit(cache=True, nogil=True)
def _shape(x, n, median, std, m2, m3, m4, out):
    """Skewness, runs of three points beyond the median, kurtosis: of three points or more."""
    if n >= 3:
        out[13] = (m3 / n) / (m2 / n) ** 1.5 if m2 > 0.0 else np.nan
        runs = 0
        for k in range(n - 2):
            beyond = True
            for q in range(3):
                beyond = beyond and abs(x[k + q] - median) > _RUN_SIGMA * std
            runs += 1 if beyond else 0
        out[18] = (runs + 1.0) / n
    if n >= 4 and m2 > 0.0:
        fourth = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0)) * m4 / std**4
        out[14] = fourth - 3.0 * (n - 1.0) ** 2 / ((n - 2.0) * (n - 3.0))


@njit(cache=True, nogil=True)
def _metrics(t, x, e, ra, dec, n, out, percentiles):
    """All metrics of n >= 1 good points in order of time."""
    ordered = np.sort(x[:n])
    mean, tmean, wmean, weights, ra_mean, dec_mean = _means(t, x, e, ra, dec, n)
    median = _median(ordered, n)
    for j in range(percentiles.shape[0]):
        percentiles[j] = _percentile(ordered, n, PERCENTILES[j])
    out[1] = mean
    out[2] = median
    out[3] = ordered[0]
    out[4] = ordered[n - 1]
    out[5] = _median(np.sort(e[:n]), n)
    out[6] = wmean
    if n < 2:
        return
    out[7] = _median(np.sort(np.abs(x[:n] - median)), n)
    amplitude = ordered[n - 1] - ordered[0]
    out[19], out[21] = _far_and_spread(x, ra, dec, n, wmean, amplitude, ra_mean, dec_mean)
    m2, m3, m4 = _moments(x, n, mean)
    std = np.sqrt(m2 / (n - 1))
    out[8] = std
    _variation(t, x, e, n, mean, tmean, wmean, weights, m2, out)
    _stetson(t, x, e, n, wmean, out[15:16], out[16:17])
    _threshold_counts(x, n, mean, std, out[_COUNTS_FROM:])
    _shape(x, n, median, std, m2, m3, m4, out)


@njit(cache=True, nogil=True)
def _all(offsets, t, mag, err, ra, dec, good, out, percentiles):
    for i in range(offsets.shape[0] - 1):
        first, last = offsets[i], offsets[i + 1]
        n = 0
        x = np.empty(last - first)
        e = np.empty(last - first)
        tt = np.empty(last - first)
        rr = np.empty(last - first)
        dd = np.empty(last - first)
        for k in range(first, last):
            usable = good[k] and np.isfinite(mag[k]) and np.isfinite(err[k]) and err[k] > 0.0
            if usable:
                x[n] = mag[k]
                e[n] = err[k]
                tt[n] = t[k]
                # RA may cross 0 within one star: count from its first point
                rr[n] = (ra[k] - ra[first] + 180.0) % 360.0 - 180.0
                dd[n] = dec[k]
                n += 1
        out[i, 0] = n
        if n > 0:
            _metrics(tt, x, e, rr, dd, n, out[i], percentiles[i])


def light_curve_metrics(offsets, t, mag, err, ra, dec, good):
    """Metrics of many light curves that lie one after the other.

    Parameters
    ----------
    offsets : int array (n_objects + 1,)
        Points of object i are offsets[i] .. offsets[i + 1] - 1, in order of time.
    t : array (n,), days
    mag, err : arrays (n,), magnitudes
    ra, dec : arrays (n,), degrees
    good : bool array (n,)
        Points to use; ones that are not finite or have no positive error are left out too.

    Returns
    -------
    dict of arrays (n_objects,)
        Keys METRICS and PERCENTILE_NAMES, float64; magnitudes, mag/day, astrometricrms in degrees.

    Raises
    ------
    ValueError
        where sizes do not agree or times run backwards.
    """
    offsets = np.ascontiguousarray(offsets, dtype=np.int64)
    t, mag, err, ra, dec = (np.ascontiguousarray(column, dtype=np.float64) for column in (t, mag, err, ra, dec))
    good = np.ascontiguousarray(good, dtype=np.bool_)
    sizes = {column.size for column in (t, mag, err, ra, dec, good)}
    if offsets.size == 0 or len(sizes) != 1 or offsets[0] != 0 or offsets[-1] != good.size:
        raise ValueError(f"offsets must run from 0 to the number of points; sizes are {sorted(sizes)}")
    if (np.diff(offsets) < 0).any():
        raise ValueError("offsets must not fall")
    inside = np.ones(max(good.size - 1, 0), dtype=bool)
    starts = offsets[1:-1]
    inside[starts[(starts > 0) & (starts < good.size)] - 1] = False
    if (np.diff(t)[inside] < 0).any():
        raise ValueError("t runs backwards within an object: sort each light curve by time")
    out = np.full((offsets.size - 1, len(METRICS)), np.nan)
    percentiles = np.full((offsets.size - 1, len(PERCENTILES)), np.nan)
    _all(offsets, t, mag, err, ra, dec, good, out, percentiles)
    metrics = {name: out[:, k] for k, name in enumerate(METRICS)}
    metrics.update({name: percentiles[:, k] for k, name in enumerate(PERCENTILE_NAMES)})
    return metrics
