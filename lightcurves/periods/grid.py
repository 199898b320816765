"""Uniform frequency grids, and what a light curve must satisfy to be searched."""

from dataclasses import dataclass

import numpy as np

MIN_POINTS = 5


class TooFewPoints(ValueError):
    """A light curve that holds too little for a period."""


@dataclass(frozen=True)
class FrequencyGrid:
    """n frequencies start + k step, cycles per day."""

    start: float
    step: float
    n: int

    def frequencies(self):
        """float64 array (n,)."""
        return self.start + self.step * np.arange(self.n)


def frequency_grid(baseline, fmin, fmax, oversample=5.0):
    """Grid whose step is 1 / (oversample * baseline).

    Parameters
    ----------
    baseline : float, days between first and last point
    fmin, fmax : float, cycles per day
    oversample : float, grid points per width of a peak

    Raises
    ------
    ValueError
        where the range is empty or not positive.
    """
    if not (baseline > 0 and 0 < fmin < fmax and oversample > 0):
        raise ValueError(
            f"baseline={baseline}, fmin={fmin}, fmax={fmax}, oversample={oversample}: "
            "need baseline > 0, 0 < fmin < fmax, oversample > 0"
        )
    step = 1.0 / (oversample * baseline)
    return FrequencyGrid(start=float(fmin), step=step, n=int(np.floor((fmax - fmin) / step)) + 1)


def checked_series(t, y, err):
    """Finite points of one band as float64 arrays, sorted in time; errors must be positive.

    Raises TooFewPoints, ValueError.
    """
    t, y, err = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (t, y, err)))
    good = np.isfinite(t) & np.isfinite(y) & np.isfinite(err)
    t, y, err = t[good], y[good], err[good]
    if t.size < MIN_POINTS:
        raise TooFewPoints(f"{t.size} usable points: a period needs at least {MIN_POINTS}")
    if not (err > 0).all():
        raise ValueError(f"err={err[err <= 0][0]}: uncertainties must be positive magnitudes")
    order = np.argsort(t, kind="stable")
    return t[order], y[order], err[order]
