"""Fits of several harmonics: what a Fourier series of a frequency takes of the scatter.

Source: Palmer 2009, ApJ 695, 496; one harmonic is the generalised Lomb-Scargle periodogram.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numba import njit

from lightcurves.periods.grid import FrequencyGrid, Series
from lightcurves.periods.nufft import sums_at

MOST_TERMS = 12
_JITTER = 1e-10
_PIECE = 8192  # frequencies at a time


@njit("void(complex128[:, ::1], complex128[:, ::1], int64, float64, float64[::1])", cache=True, nogil=True)
def _fit(wy, w, terms, scale, out):
    """wy: sums of w y e^(i h omega t), h = 1 .. terms; w: of w e^(i h omega t), h = 1 .. 2 terms; adds to out (nf,).

    The weights add up to 1 and y has no mean. The normal equations, their constant eliminated, go through Cholesky.
    """
    size = 2 * terms
    a, b = np.empty((size, size)), np.empty(size)
    for k in range(out.shape[0]):
        for i in range(terms):
            ci, si = w[i, k].real, w[i, k].imag
            b[2 * i], b[2 * i + 1] = wy[i, k].real, wy[i, k].imag
            for j in range(i + 1):
                cj, sj = w[j, k].real, w[j, k].imag
                together_c, together_s = w[i + j + 1, k].real, w[i + j + 1, k].imag
                apart_c = 1.0 if i == j else w[i - j - 1, k].real
                apart_s = 0.0 if i == j else w[i - j - 1, k].imag
                a[2 * i, 2 * j] = 0.5 * (apart_c + together_c) - ci * cj
                a[2 * i + 1, 2 * j + 1] = 0.5 * (apart_c - together_c) - si * sj
                a[2 * i + 1, 2 * j] = 0.5 * (together_s + apart_s) - si * cj
                a[2 * i, 2 * j + 1] = 0.5 * (together_s - apart_s) - ci * sj
        gain = 0.0
        for i in range(size):
            a[i, i] += _JITTER
            for j in range(i + 1):
                value = a[i, j]
                for m in range(j):
                    value -= a[i, m] * a[j, m]
                if i == j:
                    a[i, i] = np.sqrt(max(value, _JITTER))
                else:
                    a[i, j] = value / a[j, j]
            value = b[i]
            for m in range(i):
                value -= a[i, m] * b[m]
            b[i] = value / a[i, i]
            gain += b[i] * b[i]
        out[k] += scale * gain


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
        A band with fewer than 2 terms + 2 points gets as many as it can bear.

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
    gain = np.zeros(n)
    middle = 0.5 * (min(one.t[0] for one in bands) + max(one.t[-1] for one in bands))
    for one in bands:
        total, fewer = float(one.weights.sum()), max(1, min(terms, (one.t.size - 2) // 2))
        w, y = one.weights / total, one.residuals
        for place, frequencies in _pieces(grid):
            of_w = [sums_at(one.t - middle, w, h * frequencies)[0] for h in range(1, 2 * fewer + 1)]
            of_wy = [sums_at(one.t - middle, w * y, h * frequencies)[0] for h in range(1, fewer + 1)]
            _fit(np.array(of_wy), np.array(of_w), fewer, total, gain[place : place + frequencies.size])
    return np.clip(gain / sum(one.chi2 for one in bands), 0.0, 1.0)
