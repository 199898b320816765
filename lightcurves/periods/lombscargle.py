"""Lomb-Scargle with a floating mean, on long uniform grids, as many short NUFFTs.

The grid is cut into chunks of some thousand frequencies. The NUFFT's points 2 pi df t_j are the same for all
chunks; only the strengths turn by a phase ramp. So one plan serves all chunks and its FFTs stay in the cache.
Plans live inside one call: any number of threads may search at once.

Source: Zechmeister & Kuerster 2009, A&A 496, 577 (generalised periodogram); chunking: this project.
"""

import finufft
import numpy as np
from numba import njit

from lightcurves.periods.grid import FrequencyGrid, checked_series

_CHUNK = 16384
_CHUNKS_PER_RUN = 8
_ACCURACY = 1e-8
_SINGULAR = 1e-12


@njit(cache=True)
def _combine(first, second, yy, out):
    """first rows: sums of w y e, then of w e; second: sums of w e^2. Writes the power (0..1) of one chunk."""
    for k in range(out.shape[0]):
        y_cos, y_sin = first[0, k].real, first[0, k].imag
        c, s = first[1, k].real, first[1, k].imag
        cc = 0.5 * (1.0 + second[k].real) - c * c
        ss = 0.5 * (1.0 - second[k].real) - s * s
        cs = 0.5 * second[k].imag - c * s
        determinant = cc * ss - cs * cs
        if determinant > _SINGULAR and yy > 0.0:
            out[k] = (ss * y_cos * y_cos + cc * y_sin * y_sin - 2.0 * cs * y_cos * y_sin) / (yy * determinant)
        else:
            out[k] = 0.0


def _wrapped(angle):
    """Angle in -pi .. pi."""
    return np.mod(angle + np.pi, 2.0 * np.pi) - np.pi


def _power(t, y, weights, grid):
    """Power of weighted, mean-free data on the grid; weights add up to 1."""
    chunk = min(_CHUNK, max(64, grid.n))
    n_chunks = -(-grid.n // chunk)
    per_run = min(_CHUNKS_PER_RUN, n_chunks)
    time = t - 0.5 * (t[0] + t[-1])
    plan = finufft.Plan(1, (chunk,), n_trans=2 * per_run, eps=_ACCURACY, isign=1, nthreads=1)
    plan2 = finufft.Plan(1, (chunk,), n_trans=per_run, eps=_ACCURACY, isign=1, nthreads=1)
    plan.setpts(_wrapped(2.0 * np.pi * grid.step * time))
    plan2.setpts(_wrapped(4.0 * np.pi * grid.step * time))
    yy = float(np.sum(weights * y * y))
    out = np.empty(n_chunks * chunk)
    for first in range(0, n_chunks, per_run):
        index = np.arange(first, first + per_run)
        centers = grid.start + grid.step * (index * chunk + chunk // 2)
        ramp = np.exp(2j * np.pi * np.mod(np.outer(centers, time), 1.0))
        strengths = np.empty((2 * per_run, t.size), dtype=np.complex128)
        strengths[0::2] = ramp * (weights * y)
        strengths[1::2] = ramp * weights
        sums = np.atleast_2d(plan.execute(strengths)).reshape(per_run, 2, chunk)
        sums2 = np.atleast_2d(plan2.execute(ramp * ramp * weights))
        for k in range(min(per_run, n_chunks - first)):
            place = (first + k) * chunk
            _combine(sums[k], sums2[k], yy, out[place : place + chunk])
    return out[: grid.n]


def lomb_scargle(t, y, err, grid: FrequencyGrid):
    """Generalised Lomb-Scargle periodogram of one band.

    Parameters
    ----------
    t : array (n,), days
    y : array (n,), magnitudes
    err : float or array (n,), magnitudes
    grid : FrequencyGrid

    Returns
    -------
    float64 array (grid.n,)
        Fraction of the chi-square that a sine of that frequency takes away, 0..1 ("standard" normalisation).

    Raises
    ------
    TooFewPoints, ValueError
    """
    t, y, err = checked_series(t, y, err)
    weights = 1.0 / err**2
    weights /= weights.sum()
    return _power(t, y - np.sum(weights * y), weights, grid)


def multiband_lomb_scargle(bands, grid: FrequencyGrid):
    """Sum of the bands' periodograms, each weighted by the chi-square of its constant model.

    Every band has its own mean, amplitude and phase; this is the power of the joint chi-square
    (VanderPlas & Ivezic 2015, ApJ 812, 18, with no shared base model).

    Parameters
    ----------
    bands : list of (t, y, err)
    grid : FrequencyGrid

    Returns
    -------
    float64 array (grid.n,), 0..1
    """
    total, chi2_sum = np.zeros(grid.n), 0.0
    for t, y, err in bands:
        t, y, err = checked_series(t, y, err)
        raw = 1.0 / err**2
        weights = raw / raw.sum()
        y = y - np.sum(weights * y)
        chi2 = float(np.sum(raw * y * y))
        total += chi2 * _power(t, y, weights, grid)
        chi2_sum += chi2
    return total / chi2_sum if chi2_sum > 0 else total


def false_alarm_probability(power, n_points, baseline, fmax):
    """Chance that noise alone peaks this high on 0..fmax (Baluev 2008, MNRAS 385, 1279, eq. 15; one sine)."""
    power = np.clip(power, 0.0, 1.0 - 1e-15)
    freedom = n_points - 3
    width = baseline * np.sqrt(4.0 * np.pi / 12.0) * fmax
    single = (1.0 - power) ** (0.5 * freedom)
    tau = width * (1.0 - power) ** (0.5 * (freedom - 1)) * np.sqrt(0.5 * freedom * power)
    return 1.0 - (1.0 - single) * np.exp(-tau)
