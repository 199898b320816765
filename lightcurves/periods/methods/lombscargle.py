"""Lomb-Scargle with a floating mean, in one band or several.

Source: Zechmeister & Kuerster 2009, A&A 496, 577 (generalised periodogram); several bands: VanderPlas & Ivezic 2015,
ApJ 812, 18.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lightcurves.periods.grid import FrequencyGrid, Series, checked_series
from lightcurves.periods.methods.nufft import DOUBLE, SINGLE, chunked_sums

NORMALISATIONS = ("standard", "model", "log", "psd")
_SINGULAR = 1e-12


@njit(
    [
        f"void({c}[:, ::1], {c}[:, ::1], float64, float64[:, ::1])"
        for c in ("complex128", "complex64")
    ],
    cache=True, nogil=True,
)  # fmt: skip
def _moments(first, second, weight, out):
    """Adds a band's normal equations, its mean taken out: rows y cos, y sin, cos^2, sin^2, cos sin; columns (nf,)."""
    size = first.shape[1]
    for c in range(second.shape[0]):
        for k in range(size):
            place = c * size + k
            if place >= out.shape[1]:
                return
            cos, sin = first[2 * c + 1, k].real, first[2 * c + 1, k].imag
            out[0, place] += weight * first[2 * c, k].real
            out[1, place] += weight * first[2 * c, k].imag
            out[2, place] += weight * (0.5 * (1.0 + second[c, k].real) - cos * cos)
            out[3, place] += weight * (0.5 * (1.0 - second[c, k].real) - sin * sin)
            out[4, place] += weight * (0.5 * second[c, k].imag - cos * sin)


@njit("void(float64[:, ::1], float64, float64[::1])", cache=True, nogil=True)
def _solve(moments, scale, out):
    """Adds what a sine takes of chi2, times scale."""
    for k in range(out.shape[0]):
        y_cos, y_sin, cc, ss, cs = moments[0, k], moments[1, k], moments[2, k], moments[3, k], moments[4, k]
        determinant = cc * ss - cs * cs
        if determinant > _SINGULAR * (cc + ss) ** 2:
            out[k] += scale * (ss * y_cos * y_cos + cc * y_sin * y_sin - 2.0 * cs * y_cos * y_sin) / determinant


@njit(
    [f"void({c}[:, ::1], {c}[:, ::1], float64, float64[::1])" for c in ("complex128", "complex64")],
    cache=True, nogil=True,
)  # fmt: skip
def _solve_band(first, second, scale, out):
    """Adds what a band's own sine takes of its chi2, times scale."""
    size = first.shape[1]
    for c in range(second.shape[0]):
        for k in range(size):
            place = c * size + k
            if place >= out.shape[0]:
                return
            y_cos, y_sin = first[2 * c, k].real, first[2 * c, k].imag
            cos, sin = first[2 * c + 1, k].real, first[2 * c + 1, k].imag
            cc = 0.5 * (1.0 + second[c, k].real) - cos * cos
            ss = 0.5 * (1.0 - second[c, k].real) - sin * sin
            cs = 0.5 * second[c, k].imag - cos * sin
            determinant = cc * ss - cs * cs
            if determinant > _SINGULAR:
                out[place] += scale * (ss * y_cos * y_cos + cc * y_sin * y_sin - 2.0 * cs * y_cos * y_sin) / determinant


def _middle(bands: list[Series]) -> float:
    return 0.5 * (min(series.t[0] for series in bands) + max(series.t[-1] for series in bands))


def _gains(bands: list[Series], grid: FrequencyGrid, dtype: str) -> np.ndarray:
    """chi2 that sines take away, each band with its own; light curves of a band share theirs."""
    gain, middle = np.zeros(grid.n), _middle(bands)
    for series in bands:
        if series.n_curves > 1:
            gain += _shared_gain(series.parts(), grid, dtype, middle)
            continue
        total = float(series.weights.sum())
        w, y = series.weights / total, series.residuals
        for place, first, second in chunked_sums(series.t - middle, w, w * y, grid, dtype):
            _solve_band(first, second, total, gain[place : place + second.size])
    return gain


def _shared_gain(parts: list[Series], grid: FrequencyGrid, dtype: str, middle: float) -> np.ndarray:
    """chi2 that one sine for all light curves takes away, each with its own mean."""
    moments = np.zeros((5, grid.n))
    for series in parts:
        total = float(series.weights.sum())
        w, y = series.weights / total, series.residuals
        for place, first, second in chunked_sums(series.t - middle, w, w * y, grid, dtype):
            run = np.zeros((5, min(second.size, grid.n - place)))
            _moments(first, second, total, run)
            moments[:, place : place + run.shape[1]] += run
    gain = np.zeros(grid.n)
    _solve(moments, 1.0, gain)
    return gain


def normalised(power: np.ndarray, chi2: float, normalisation: str) -> np.ndarray:
    """Power 0..1 ("standard") in another normalisation; chi2 is the constant model's.

    standard : (chi2_0 - chi2) / chi2_0; model : (chi2_0 - chi2) / chi2; log : ln(chi2_0 / chi2);
    psd : (chi2_0 - chi2) / 2. As astropy has them (VanderPlas 2018, ApJS 236, 16).
    """
    if normalisation not in NORMALISATIONS:
        raise ValueError(f"normalisation={normalisation!r}: use one of {', '.join(NORMALISATIONS)}")
    if normalisation == "standard":
        return power
    if normalisation == "psd":
        return 0.5 * chi2 * power
    left = np.maximum(1.0 - power, 1e-300)
    return power / left if normalisation == "model" else -np.log(left)


def lomb_scargle(t, y, err, grid: FrequencyGrid, normalisation: str = "standard", single: bool = False) -> np.ndarray:
    """Generalised Lomb-Scargle periodogram of one band.

    Parameters
    ----------
    t : array (n,), days
    y : array (n,), magnitudes
    err : float or array (n,), magnitudes
    grid : FrequencyGrid
    normalisation : one of NORMALISATIONS
    single : bool
        Transforms in single precision: a third faster, right to some 1e-5 of a "standard" power.

    Returns
    -------
    float64 array (grid.n,)
        "standard": fraction of the chi-square that a sine of that frequency takes away, 0..1.

    Raises
    ------
    UnusableLightCurveError, ValueError
    """
    return multiband_power([checked_series(t, y, err)], grid, normalisation=normalisation, single=single)


def multiband_lomb_scargle(
    bands, grid: FrequencyGrid, shape: str = "own", normalisation: str = "standard", single: bool = False
) -> np.ndarray:
    """One frequency for several bands.

    Parameters
    ----------
    bands : list of (t, y, err)
    grid : FrequencyGrid
    shape : "own" or "shared"
        own: every band has its own mean, amplitude and phase; the bands' periodograms add up, each weighted by its
        constant model's chi-square. shared: one amplitude and phase, a mean for every band.
    normalisation, single : as lomb_scargle

    Returns
    -------
    float64 array (grid.n,)
    """
    return multiband_power([checked_series(*series) for series in bands], grid, shape, normalisation, single)


def multiband_power(
    bands: list[Series], grid: FrequencyGrid, shape: str = "own", normalisation: str = "standard", single: bool = False
) -> np.ndarray:
    """As multiband_lomb_scargle, of bands that were checked."""
    if shape not in ("own", "shared"):
        raise ValueError(f"shape={shape!r}: use own or shared")
    parts = [part for series in bands for part in series.parts()]
    chi2 = sum(part.chi2 for part in parts)
    dtype = SINGLE if single else DOUBLE
    together = shape == "shared" and len(bands) > 1
    gain = _shared_gain(parts, grid, dtype, _middle(parts)) if together else _gains(bands, grid, dtype)
    return normalised(np.clip(gain / chi2, 0.0, 1.0), chi2, normalisation)
