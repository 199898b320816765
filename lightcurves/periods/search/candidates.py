"""Frequencies worth a closer look: peaks, their multiples, and what the sampling makes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightcurves.periods.grid import MIN_POINTS, Series
from lightcurves.periods.methods.fold import dispersion

SIDEREAL_PER_DAY = 1.00273790935
LUNATIONS = 1.0 / 29.530589
YEARS = 1.0 / 365.25
MULTIPLES = (1.0, 0.5, 2.0, 1.0 / 3.0, 3.0, 1.5, 2.0 / 3.0)
OFFSETS = 17
BINNING = 1.4
PARTS, POINTS_A_PART = (3, 8), 10  # stretches of time of the jackknife, fewest and most
_REACH = 0.6  # of a resolution element
_TRIALS = 61
_ERRORS = 10.0


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


@dataclass(frozen=True)
class Range:
    """Frequencies that may be named, cycles per day."""

    low: float
    high: float

    def __contains__(self, frequency: float) -> bool:
        return self.low <= frequency <= self.high

    def around(self, frequency, offsets: np.ndarray) -> np.ndarray:
        """The frequencies at these offsets, those beyond an end brought to it."""
        return np.clip(np.asarray(frequency)[..., None] + offsets, self.low, self.high)


def refined(
    bands: list[Series], frequencies: np.ndarray, n_bins: int, step: float, within: Range
) -> tuple[np.ndarray, np.ndarray]:
    """Each frequency moved to the least scatter within one grid step, and the scatter there."""
    trial = within.around(frequencies, np.linspace(-1.0, 1.0, OFFSETS) * step)
    theta = dispersion(bands, trial.ravel(), n_bins, covers=2).reshape(trial.shape)
    best = np.argmin(theta, axis=1)
    rows = np.arange(frequencies.size)
    return trial[rows, best], theta[rows, best]


def polished(
    bands: list[Series], frequency: float, n_bins: int, baseline: float, within: Range, half: float | None = None
) -> tuple[float, float]:
    """The frequency close by and its uncertainty: mean and spread of the likelihood of the folded curve.

    half : cycles per day to either side that are looked at first; None: _REACH of a resolution element.

    With the scatter unknown the likelihood goes as theta^(-n/2). Points that hop between bins make it rougher than the
    truth: BINNING is what the spread must grow by to cover simulated frequencies.
    """
    n = sum(series.t.size for series in bands)
    half = half or _REACH / baseline
    for _ in range(3):
        trial = within.around(frequency, np.linspace(-1.0, 1.0, _TRIALS) * half)
        theta = np.maximum(dispersion(bands, trial, n_bins, covers=4), 1e-12)
        weight = np.exp(-0.5 * n * np.log(theta / theta.min()))
        weight /= weight.sum()
        frequency = float(np.clip(np.sum(weight * trial), within.low, within.high))
        spread = float(np.sqrt(np.sum(weight * (trial - frequency) ** 2)))
        step = 2.0 * half / (_TRIALS - 1)
        if spread > 2.0 * step:
            break
        half = max(8.0 * spread, 4.0 * step)
    return frequency, BINNING * max(spread, 0.3 * step)


def scatter_of_parts(
    bands: list[Series], frequency: float, error: float, n_bins: int, baseline: float, within: Range
) -> float:
    """Uncertainty of the polished frequency from the frequencies that all but one stretch of time give (jackknife);
    these are looked for within _ERRORS of `error`, the polished frequency's own.

    It holds what the likelihood of independent points does not know: seasons that disagree, spots, bins that happen to
    suit one frequency.
    """
    times = np.sort(np.concatenate([series.t for series in bands]))
    parts = int(np.clip(times.size // POINTS_A_PART, *PARTS))
    ends = times[np.linspace(0, times.size - 1, parts + 1).astype(int)]
    ends[0], ends[-1] = -np.inf, np.inf
    found = []
    for first, last in zip(ends[:-1], ends[1:], strict=True):
        kept = [(series, (series.t < first) | (series.t >= last)) for series in bands]
        left = [
            Series(series.t[some], series.y[some], series.err[some])
            for series, some in kept
            if some.sum() >= MIN_POINTS
        ]
        if any(series.y.max() > series.y.min() for series in left):
            found.append(polished(left, frequency, n_bins, baseline, within, _ERRORS * error)[0])
    return float(np.sqrt((len(found) - 1) * np.var(found))) if len(found) > 1 else 0.0


def nightly(frequency: float, within: float, most: int = 2) -> bool:
    """Whether a frequency, or a multiple up to `most`, is what sampling once a night makes of one below `within`
    cycles per day."""
    return any(abs(m * frequency - max(round(m * frequency), 1)) < m * within for m in range(1, most + 1))


def related(a: float, b: float, tolerance: float) -> bool:
    """Whether two frequencies are small multiples of each other."""
    return any(abs(a * p - b * q) < tolerance * max(p, q) for p in (1, 2, 3, 4) for q in (1, 2, 3, 4))
