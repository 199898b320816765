"""The parts of a light curve that are not periodic: isolated outliers, offsets between its pieces, slow trends.

A trend is the line through medians of windows in time. The median of a window holds nearly nothing of what varies
within it, so what is left can be searched for periods up to half a window; longer ones are searched in the points as
they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lightcurves.periods.grid import Series, baseline_of

OUTLIERS = 0.005  # of a band's points, on either side
BEYOND = 1.3  # times as far from the median as the points next to them
WINDOW = 60.0  # days
LEAST_WINDOWS = 4
POINTS_A_WINDOW = 8
LEFT = 0.85  # of the variance: a trend that leaves more is none


@dataclass(frozen=True)
class Steady:
    """bands : without their trends; share : of the variance that is left, per degree of freedom; longest : days, the
    period up to which the bands hold what varies; spent : numbers that the trends take."""

    bands: list[Series]
    share: float
    longest: float
    spent: int

    def share_of(self, flat: list[Series], bands: list[Series]) -> float:
        """Of the variance of `bands`, what `flat` has: the same without trends of as many windows."""
        n, curves = sum(series.t.size for series in bands), sum(series.n_curves for series in bands)
        left = sum(series.chi2 for series in flat) / (n - curves - self.spent)
        return float(left / (sum(series.chi2 for series in bands) / (n - curves)))


def calmed(series: Series) -> Series:
    """The band with its few farthest magnitudes, where they stand alone, brought close to the next ones.

    Two wild points make any fold in which they meet the best one. Eclipses, of more points, stay as they are.
    """
    k = int(OUTLIERS * series.t.size + 0.5)
    if not k:
        return series
    ordered, middle = np.sort(series.y), float(np.median(series.y))
    low, high = (middle + BEYOND * (ordered[place] - middle) for place in (k, -1 - k))
    y = np.clip(series.y, low, high)
    return replace(series, y=y) if y.max() > y.min() else series


def steady(bands: list[Series]) -> Steady | None:
    """The bands without their slow trends; None where these are no part of what varies, or cannot be told."""
    window = min(WINDOW, baseline_of(bands) / LEAST_WINDOWS)
    flat, spent = [], 0
    for series in bands:
        level, knots = slow_level(series, series.y, window)
        flat.append(replace(series, y=series.y - level))
        spent += knots
    n, curves = sum(series.t.size for series in bands), sum(series.n_curves for series in bands)
    if n - curves - spent < n // 2 or any(series.y.max() == series.y.min() for series in flat):
        return None
    found = Steady(flat, 1.0, 0.5 * window, spent)
    share = found.share_of(flat, bands)
    return replace(found, share=share) if share < LEFT else None


def slow_level(series: Series, y: np.ndarray, window: float) -> tuple[np.ndarray, int]:
    """The line through medians of y in windows of time, about its own median, at the band's points; and the number of
    windows. A window that has too few points goes with the next one."""
    place = np.floor((series.t - series.t[0]) / window).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(place) > 0])
    kept = [0]
    for start in starts[1:]:
        if start - kept[-1] >= POINTS_A_WINDOW:
            kept.append(int(start))
    if len(kept) > 1 and series.t.size - kept[-1] < POINTS_A_WINDOW:
        kept.pop()
    if len(kept) < 2:
        return np.zeros(series.t.size), 0
    pieces = np.split(np.arange(series.t.size), kept[1:])
    times, levels = (np.array([np.median(column[piece]) for piece in pieces]) for column in (series.t, y))
    level = np.interp(series.t, times, levels)
    return level - np.median(level), len(kept) - 1


def settled(bands: list[Series], rests: list[np.ndarray], window: float | None) -> list[Series]:
    """The bands with offsets of their light curves, and trends of `window` days (None: none), fitted anew.

    rests : per band, what its points are about the folded curve, arrays (n,)
    """
    moved = []
    for series, rest in zip(bands, rests, strict=True):
        if series.curve is not None:
            offsets = np.array([np.median(rest[series.curve == k]) for k in range(series.n_curves)])
            series, rest = series.moved(offsets), rest - offsets[series.curve]
        if window is not None:
            series = replace(series, y=series.y - slow_level(series, rest, window)[0])
        moved.append(series)
    return moved
