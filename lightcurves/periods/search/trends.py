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
        n, curves = sum(one.t.size for one in bands), sum(one.n_curves for one in bands)
        left = sum(one.chi2 for one in flat) / (n - curves - self.spent)
        return float(left / (sum(one.chi2 for one in bands) / (n - curves)))


def calmed(one: Series) -> Series:
    """The band with its few farthest magnitudes, where they stand alone, brought close to the next ones.

    Two wild points make any fold in which they meet the best one. Eclipses, of more points, stay as they are.
    """
    k = int(OUTLIERS * one.t.size + 0.5)
    if not k:
        return one
    ordered, middle = np.sort(one.y), float(np.median(one.y))
    low, high = (middle + BEYOND * (ordered[place] - middle) for place in (k, -1 - k))
    y = np.clip(one.y, low, high)
    return replace(one, y=y) if y.max() > y.min() else one


def steady(bands: list[Series]) -> Steady | None:
    """The bands without their slow trends; None where these are no part of what varies, or cannot be told."""
    window = min(WINDOW, baseline_of(bands) / LEAST_WINDOWS)
    flat, spent = [], 0
    for one in bands:
        level, knots = slow_level(one, one.y, window)
        flat.append(replace(one, y=one.y - level))
        spent += knots
    n, curves = sum(one.t.size for one in bands), sum(one.n_curves for one in bands)
    if n - curves - spent < n // 2 or any(one.y.max() == one.y.min() for one in flat):
        return None
    found = Steady(flat, 1.0, 0.5 * window, spent)
    share = found.share_of(flat, bands)
    return replace(found, share=share) if share < LEFT else None


def slow_level(one: Series, y: np.ndarray, window: float) -> tuple[np.ndarray, int]:
    """The line through medians of y in windows of time, about its own median, at the band's points; and the number of
    windows. A window that has too few points goes with the next one."""
    place = np.floor((one.t - one.t[0]) / window).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(place) > 0])
    kept = [0]
    for start in starts[1:]:
        if start - kept[-1] >= POINTS_A_WINDOW:
            kept.append(int(start))
    if len(kept) > 1 and one.t.size - kept[-1] < POINTS_A_WINDOW:
        kept.pop()
    if len(kept) < 2:
        return np.zeros(one.t.size), 0
    pieces = np.split(np.arange(one.t.size), kept[1:])
    times, levels = (np.array([np.median(column[piece]) for piece in pieces]) for column in (one.t, y))
    level = np.interp(one.t, times, levels)
    return level - np.median(level), len(kept) - 1


def settled(bands: list[Series], rests: list[np.ndarray], window: float | None) -> list[Series]:
    """The bands with offsets of their light curves, and trends of `window` days (None: none), fitted anew.

    rests : per band, what its points are about the folded curve, arrays (n,)
    """
    moved = []
    for one, rest in zip(bands, rests, strict=True):
        if one.curve is not None:
            offsets = np.array([np.median(rest[one.curve == k]) for k in range(one.n_curves)])
            one, rest = one.moved(offsets), rest - offsets[one.curve]
        if window is not None:
            one = replace(one, y=one.y - slow_level(one, rest, window)[0])
        moved.append(one)
    return moved
