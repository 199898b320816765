"""Uniform frequency grids, and what a light curve must satisfy to be searched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MIN_POINTS = 5


class UnusableLightCurve(ValueError):
    """A light curve that no period can be found in; says what is wrong with it."""


class TooFewPoints(UnusableLightCurve):
    """A light curve that holds too little for a period."""


class NoVariation(UnusableLightCurve):
    """Magnitudes that are all the same."""


class NoSpan(UnusableLightCurve):
    """Points that are all of one moment."""


@dataclass(frozen=True)
class FrequencyGrid:
    """n frequencies start + k step, cycles per day."""

    start: float
    step: float
    n: int

    def frequencies(self) -> np.ndarray:
        """float64 array (n,)."""
        return self.start + self.step * np.arange(self.n)


@dataclass(frozen=True)
class Series:
    """One band's usable points, sorted in time: float64 arrays (n,), days and magnitudes."""

    t: np.ndarray
    y: np.ndarray
    err: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """1 / err^2."""
        return 1.0 / self.err**2

    @property
    def residuals(self) -> np.ndarray:
        """Magnitudes without their weighted mean."""
        w = self.weights
        return self.y - np.sum(w * self.y) / np.sum(w)

    @property
    def chi2(self) -> float:
        """Of the constant model."""
        return float(np.sum((self.residuals / self.err) ** 2))


def frequency_grid(baseline: float, fmin: float, fmax: float, oversample: float = 5.0) -> FrequencyGrid:
    """Grid whose step is 1 / (oversample * baseline).

    Parameters
    ----------
    baseline : days between first and last point
    fmin, fmax : cycles per day
    oversample : grid points per width of a peak

    Raises
    ------
    ValueError
        where the range is empty or not positive.
    """
    if not (baseline > 0 and 0 < fmin < fmax < np.inf and oversample > 0):
        raise ValueError(
            f"baseline={baseline}, fmin={fmin}, fmax={fmax}, oversample={oversample}: "
            "need baseline > 0, 0 < fmin < fmax, oversample > 0"
        )
    step = 1.0 / (oversample * baseline)
    return FrequencyGrid(start=float(fmin), step=step, n=int(np.floor((fmax - fmin) / step)) + 1)


def checked_series(t, y, err) -> Series:
    """Finite points of one band, sorted in time.

    Parameters
    ----------
    t, y : arrays (n,); days, magnitudes
    err : float or array (n,), magnitudes

    Raises
    ------
    TooFewPoints, NoVariation, NoSpan
        where no period can be found in the points.
    ValueError
        where an uncertainty is not positive, or shapes do not fit.
    """
    try:
        t, y, err = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (t, y, err)))
    except ValueError as error:
        raise ValueError(f"t, y and err: must be numbers of one length ({error})") from error
    if t.ndim != 1:
        raise ValueError(f"t has {t.ndim} dimensions: must have one")
    good = np.isfinite(t) & np.isfinite(y) & np.isfinite(err)
    t, y, err = t[good], y[good], err[good]
    if t.size < MIN_POINTS:
        raise TooFewPoints(f"{t.size} usable points: a period needs at least {MIN_POINTS}")
    if not (err > 0).all():
        raise ValueError(f"err={err[err <= 0][0]}: uncertainties must be positive magnitudes")
    if t.max() == t.min():
        raise NoSpan("all points are of one moment: a period needs a span of time")
    if y.max() == y.min():
        raise NoVariation(f"all magnitudes are {y[0]:g}: a period needs variation")
    order = np.argsort(t, kind="stable")
    return Series(t[order], y[order], err[order])


def split_bands(t, mag, err, band=None, error_floor: float = 0.0) -> list[Series]:
    """One series per band, in the order of their labels; bands that cannot be searched are left out.

    Parameters
    ----------
    t, mag, err : arrays (n,)
    band : array (n,) of labels, or None for one band
    error_floor : mag, added in quadrature

    Raises
    ------
    UnusableLightCurve
        where no band is left: what the fullest band lacks.
    ValueError
        as checked_series; where `band` has another length.
    """
    try:
        t, mag, err = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(t, mag, err))
    except ValueError as error:
        raise ValueError(f"t, mag and err: must be numbers of one length ({error})") from error
    band = np.zeros(t.shape, dtype=np.int64) if band is None else np.asarray(band)
    if band.shape != t.shape:
        raise ValueError(f"band has {band.size} values: must have {t.size}, one per point")
    series, reasons = [], []
    for name in np.unique(band):
        rows = band == name
        try:
            one = checked_series(t[rows], mag[rows], err[rows])
        except UnusableLightCurve as reason:
            reasons.append((int(rows.sum()), reason))
            continue
        series.append(Series(one.t, one.y, np.hypot(one.err, error_floor)))
    if not series:
        raise max(reasons, key=lambda one: one[0])[1] if reasons else TooFewPoints("no points: a period needs some")
    return series


def baseline_of(series: list[Series]) -> float:
    """Days between the first and the last point of all bands."""
    return float(max(one.t[-1] for one in series) - min(one.t[0] for one in series))
