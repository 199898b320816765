"""Fits of several harmonics: what a Fourier series of a frequency takes of the scatter.

Source: Palmer 2009, ApJ 695, 496; one harmonic is the generalised Lomb-Scargle periodogram.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit

from lightcurves.periods.grid import FrequencyGrid, Series
from lightcurves.periods.methods.nufft import sums_at

MOST_TERMS = 12
_SINGULAR = 1e-7  # of a column's square: what the sums' accuracy leaves of one that others describe
POINTS_A_TERM = 4
_PIECE = 8192  # frequencies at a time


@njit(
    "void(complex128[:, :, ::1], complex128[:, :, ::1], float64[::1], int64, float64[::1])", cache=True, nogil=True
)  # fmt: skip
def _fit(wy, w, weight, terms, out):
    """wy: sums of w y e^(i h omega t), h = 1 .. terms; w: of w e^(i h omega t), h = 1 .. 2 terms; adds to out (nf,).

    The first axis is that of the light curves, each with its own constant: the weights of each add up to 1, y has no
    mean, `weight` is what each counts. The normal equations, their constants eliminated, go through Cholesky; a column
    that the ones before it describe adds nothing.
    """
    size = 2 * terms
    a, b = np.empty((size, size)), np.empty(size)
    all_weight = np.sum(weight)
    for k in range(out.shape[0]):
        a[:] = 0.0
        b[:] = 0.0
        for c in range(weight.shape[0]):
            share = weight[c] / all_weight
            for i in range(terms):
                ci, si = w[c, i, k].real, w[c, i, k].imag
                b[2 * i] += share * wy[c, i, k].real
                b[2 * i + 1] += share * wy[c, i, k].imag
                for j in range(i + 1):
                    cj, sj = w[c, j, k].real, w[c, j, k].imag
                    together_c, together_s = w[c, i + j + 1, k].real, w[c, i + j + 1, k].imag
                    apart_c = 1.0 if i == j else w[c, i - j - 1, k].real
                    apart_s = 0.0 if i == j else w[c, i - j - 1, k].imag
                    a[2 * i, 2 * j] += share * (0.5 * (apart_c + together_c) - ci * cj)
                    a[2 * i + 1, 2 * j + 1] += share * (0.5 * (apart_c - together_c) - si * sj)
                    a[2 * i + 1, 2 * j] += share * (0.5 * (together_s + apart_s) - si * cj)
                    a[2 * i, 2 * j + 1] += share * (0.5 * (together_s - apart_s) - ci * sj)
        gain = 0.0
        for i in range(size):
            for j in range(i + 1):
                value = a[i, j]
                for m in range(j):
                    value -= a[i, m] * a[j, m]
                if i == j:
                    a[i, i] = np.sqrt(value) if value > _SINGULAR else 0.0
                else:
                    a[i, j] = value / a[j, j] if a[j, j] > 0.0 else 0.0
            value = b[i]
            for m in range(i):
                value -= a[i, m] * b[m]
            b[i] = value / a[i, i] if a[i, i] > 0.0 else 0.0
            gain += b[i] * b[i]
        out[k] += all_weight * gain


def _pieces(grid: FrequencyGrid | np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Frequencies in pieces that fit the cache, each with its first place."""
    frequencies = grid.frequencies() if isinstance(grid, FrequencyGrid) else np.asarray(grid, dtype=np.float64)
    for place in range(0, frequencies.size, _PIECE):
        yield place, frequencies[place : place + _PIECE]


def harmonic_power(bands: list[Series], grid: FrequencyGrid | np.ndarray, terms: int = 3) -> np.ndarray:
    """Fraction of the chi-square that a Fourier series of `terms` harmonics takes away, bands weighted by theirs.

    Parameters
    ----------
    bands : list of Series; each has its own series
    grid : FrequencyGrid, or array (nf,) of any frequencies, cycles per day
    terms : int, 1 .. 12
        A band with few points gets as many as it can bear (terms_of): a series of as many numbers as points takes
        everything at every frequency.

    Returns
    -------
    float64 array (nf,), 0..1

    Raises
    ------
    ValueError
        for another number of terms.
    """
    if not 1 <= terms <= MOST_TERMS:
        raise ValueError(f"terms={terms}: must be 1 to {MOST_TERMS}")
    n = grid.n if isinstance(grid, FrequencyGrid) else len(grid)
    gain, whole = np.zeros(n), 0.0
    middle = 0.5 * (min(series.t[0] for series in bands) + max(series.t[-1] for series in bands))
    for series in bands:
        parts = series.parts()
        fewer, whole = terms_of(series, terms), whole + sum(part.chi2 for part in parts)
        weight = np.array([part.weights.sum() for part in parts])
        for place, frequencies in _pieces(grid):
            of_w, of_wy = [], []
            for part, total in zip(parts, weight, strict=True):
                t, w, y = part.t - middle, part.weights / total, part.residuals
                of_w.append([sums_at(t, w, h * frequencies)[0] for h in range(1, 2 * fewer + 1)])
                of_wy.append([sums_at(t, w * y, h * frequencies)[0] for h in range(1, fewer + 1)])
            _fit(np.array(of_wy), np.array(of_w), weight, fewer, gain[place : place + frequencies.size])
    return np.clip(gain / whole, 0.0, 1.0)


def terms_of(series: Series, terms: int) -> int:
    """The number of harmonics that a band can bear: POINTS_A_TERM points each, besides its constants."""
    return max(1, min(terms, (series.t.size - series.n_curves) // POINTS_A_TERM))
