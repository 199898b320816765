"""Uniform frequency grids, and what a light curve must satisfy to be searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

MIN_POINTS = 5
LEAST_ERROR, MOST_ERROR = 1e-9, 1e9  # mag: the weight of any other says nothing, or is no number


class UnusableLightCurveError(ValueError):
    """A light curve that no period can be found in; says what is wrong with it."""


class TooFewPointsError(UnusableLightCurveError):
    """A light curve that holds too little for a period."""


class NoVariationError(UnusableLightCurveError):
    """Magnitudes that are all the same."""


class NoSpanError(UnusableLightCurveError):
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
    """One band's usable points, sorted in time: float64 arrays (n,), days and magnitudes.

    curve : int array (n,) from 0, which of the band's light curves a point is of, or None for a single one. They share
        their shape and differ by offsets; y is aligned as far as the offsets are known.
    """

    t: np.ndarray
    y: np.ndarray
    err: np.ndarray
    curve: np.ndarray | None = None

    @cached_property
    def weights(self) -> np.ndarray:
        """1 / err^2."""
        return 1.0 / self.err**2

    @cached_property
    def residuals(self) -> np.ndarray:
        """Magnitudes without their weighted mean."""
        w = self.weights
        return self.y - np.sum(w * self.y) / np.sum(w)

    @cached_property
    def chi2(self) -> float:
        """Of the constant model."""
        return float(np.sum((self.residuals / self.err) ** 2))

    @property
    def n_curves(self) -> int:
        """Light curves in the band."""
        return 1 if self.curve is None else int(self.curve.max()) + 1

    def parts(self) -> list[Series]:
        """The band's light curves, each alone."""
        if self.curve is None:
            return [self]
        rows = [self.curve == k for k in range(self.n_curves)]
        return [Series(self.t[some], self.y[some], self.err[some]) for some in rows]

    def moved(self, offsets: np.ndarray) -> Series:
        """The band with an offset taken from each of its light curves: array (n_curves,), mag."""
        return self if self.curve is None else replace(self, y=self.y - offsets[self.curve])


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
    """The points of one band that can be used, sorted in time.

    A point counts whose time and magnitude are finite and whose uncertainty is a number from LEAST_ERROR to MOST_ERROR.
    An uncertainty of 0 stands for one that is not known.

    Parameters
    ----------
    t, y : arrays (n,); days, magnitudes
    err : float or array (n,), magnitudes

    Raises
    ------
    TooFewPointsError, NoVariationError, NoSpanError
        where no period can be found in the points.
    ValueError
        where shapes do not fit.
    """
    try:
        t, y, err = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in (t, y, err)))
    except ValueError as error:
        raise ValueError(f"t, y and err: must be numbers of one length ({error})") from error
    if t.ndim != 1:
        raise ValueError(f"t has {t.ndim} dimensions: must have one")
    good = usable(t, y, err)
    given, (t, y, err) = t.size, (t[good], y[good], err[good])
    if t.size < MIN_POINTS:
        raise TooFewPointsError(
            f"{t.size} usable points of {given}: a period needs at least {MIN_POINTS} with a time, a magnitude and a "
            "positive uncertainty"
        )
    if t.max() == t.min():
        raise NoSpanError("all points are of one moment: a period needs a span of time")
    if y.max() == y.min():
        raise NoVariationError(f"all magnitudes are {y[0]:g}: a period needs variation")
    order = np.argsort(t, kind="stable")
    return Series(t[order], y[order], err[order])


def usable(t, y, err) -> np.ndarray:
    """Mask of the points that can be used: bool array (n,)."""
    with np.errstate(invalid="ignore"):
        return np.isfinite(t) & np.isfinite(y) & (err >= LEAST_ERROR) & (err <= MOST_ERROR)


def split_bands(t, mag, err, band=None, error_floor: float = 0.0, curve=None) -> list[Series]:
    """One series per band, in the order of their labels; bands that cannot be searched are left out.

    Parameters
    ----------
    t, mag, err : arrays (n,)
    band : array (n,) of labels, or None for one band
    error_floor : mag, added in quadrature
    curve : array (n,) of labels, or None
        The light curve that a point is of. Light curves of one band (objects of one star in several fields) share
        their shape and get offsets of their own. Those of fewer than MIN_POINTS points are left out: their offset is
        as uncertain as they are.

    Raises
    ------
    UnusableLightCurveError
        where no band is left: what the fullest band lacks.
    ValueError
        as checked_series; where `band` or `curve` has another length.
    """
    try:
        t, mag, err = (np.asarray(a, dtype=np.float64) for a in np.broadcast_arrays(t, mag, err))
    except ValueError as error:
        raise ValueError(f"t, mag and err: must be numbers of one length ({error})") from error
    band, curve = _labels("band", band, t), _labels("curve", curve, t)
    series, reasons = [], []
    for name in np.unique(band):
        rows = band == name
        try:
            series.append(_band(t[rows], mag[rows], err[rows], error_floor, curve[rows]))
        except UnusableLightCurveError as reason:
            reasons.append((int(rows.sum()), reason))
    if not series:
        raise (
            max(reasons, key=lambda reason: reason[0])[1]
            if reasons
            else TooFewPointsError("no points: a period needs some")
        )
    return series


def _labels(name: str, labels, t: np.ndarray) -> np.ndarray:
    labels = np.zeros(t.shape, dtype=np.int64) if labels is None else np.asarray(labels)
    if labels.shape != t.shape:
        raise ValueError(f"{name} has {labels.size} values: must have {t.size}, one per point")
    return labels


def _band(t, mag, err, floor: float, curve) -> Series:
    """A band's light curves brought to the median of the fullest: eclipses move a median less than a mean."""
    good = usable(t, mag, err)
    names, place, counts = np.unique(curve[good], return_inverse=True, return_counts=True)
    if names.size < 2:
        checked = checked_series(t, mag, err)
        return replace(checked, err=np.hypot(checked.err, floor))
    full = counts >= MIN_POINTS
    if not full.any():
        raise TooFewPointsError(
            f"{counts.max()} usable points in the fullest of {names.size} light curves: a period needs at least "
            f"{MIN_POINTS} in one"
        )
    rows = np.flatnonzero(good)[full[place]]
    checked = checked_series(t[rows], mag[rows], err[rows])
    order = np.argsort(t[rows], kind="stable")
    code = (np.cumsum(full) - 1)[place[full[place]]][order]
    levels = np.array([np.median(checked.y[code == k]) for k in range(int(full.sum()))])
    offsets = levels - levels[np.argmax(counts[full])]
    checked = Series(checked.t, checked.y, np.hypot(checked.err, floor), code if full.sum() > 1 else None)
    checked = checked.moved(offsets)
    if checked.y.max() == checked.y.min():
        raise NoVariationError("all magnitudes of every light curve are the same: a period needs variation")
    return checked


def baseline_of(series: list[Series]) -> float:
    """Days between the first and the last point of all bands."""
    return float(max(member.t[-1] for member in series) - min(member.t[0] for member in series))
