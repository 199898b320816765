"""Frequencies worth a closer look: peaks, their multiples, and what the sampling makes of them."""

from __future__ import annotations

import numpy as np

from lightcurves.periods.fold import dispersion
from lightcurves.periods.grid import Series

SIDEREAL_PER_DAY = 1.00273790935
LUNATIONS = 1.0 / 29.530589
YEARS = 1.0 / 365.25
MULTIPLES = (1.0, 0.5, 2.0, 1.0 / 3.0, 3.0, 1.5, 2.0 / 3.0)
OFFSETS = 17
BINNING = 1.4
_REACH = 0.6  # of a resolution element
_TRIALS = 61


def relatives(peaks: np.ndarray, fmin: float, fmax: float) -> np.ndarray:
    """Multiples of the peaks and their aliases, ascending, inside the range.

    Sampling once a night turns f into |f + k| and |f + 1.0027 k|; seasons and moons give side peaks a year and a
    lunation apart.
    """
    found = [peaks * ratio for ratio in MULTIPLES]
    for day in (1.0, SIDEREAL_PER_DAY):
        for k in (-2, -1, 1, 2):
            alias = np.abs(peaks + k * day)
            found += [alias, alias / 2.0, np.abs(peaks / 2.0 + k * day)]
    found += [np.abs(peaks + sign * shift) for sign in (-1, 1) for shift in (LUNATIONS, YEARS)]
    every = np.unique(np.concatenate(found))
    return every[(every >= fmin) & (every <= fmax)]


def refined(bands: list[Series], frequencies: np.ndarray, n_bins: int, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Each frequency moved to the least scatter within one grid step, and the scatter there."""
    trial = np.maximum(frequencies[:, None] + np.linspace(-1.0, 1.0, OFFSETS) * step, step * 1e-3)
    theta = dispersion(bands, trial.ravel(), n_bins, covers=2).reshape(trial.shape)
    best = np.argmin(theta, axis=1)
    rows = np.arange(frequencies.size)
    return trial[rows, best], theta[rows, best]


def polished(bands: list[Series], frequency: float, n_bins: int, baseline: float) -> tuple[float, float]:
    """The frequency close by and its uncertainty: mean and spread of the likelihood of the folded curve.

    With the scatter unknown the likelihood goes as theta^(-n/2). Points that hop between bins make it rougher than the
    truth: BINNING is what the spread must grow by to cover simulated frequencies.
    """
    n = sum(one.t.size for one in bands)
    half = _REACH / baseline
    for _ in range(3):
        trial = np.maximum(frequency + np.linspace(-1.0, 1.0, _TRIALS) * half, 1e-3 / baseline)
        theta = np.maximum(dispersion(bands, trial, n_bins, covers=4), 1e-12)
        weight = np.exp(-0.5 * n * np.log(theta / theta.min()))
        weight /= weight.sum()
        frequency = float(np.sum(weight * trial))
        spread = float(np.sqrt(np.sum(weight * (trial - frequency) ** 2)))
        step = 2.0 * half / (_TRIALS - 1)
        if spread > 2.0 * step:
            break
        half = max(8.0 * spread, 4.0 * step)
    return frequency, BINNING * max(spread, 0.3 * step)


def related(a: float, b: float, tolerance: float) -> bool:
    """Whether two frequencies are small multiples of each other."""
    return any(abs(a * p - b * q) < tolerance * max(p, q) for p in (1, 2, 3, 4) for q in (1, 2, 3, 4))
