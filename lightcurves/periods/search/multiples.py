"""P against its multiples: the period that the cycles of the folded curve, and its shape, ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lightcurves.periods.config import PeriodConfig
from lightcurves.periods.grid import Series
from lightcurves.periods.methods.fold import dispersion
from lightcurves.periods.search import waves
from lightcurves.periods.search.candidates import Range, polished
from lightcurves.periods.search.cycles import Alternation, alternation, folded_levels, resolution
from lightcurves.periods.search.eclipses import single_dip
from lightcurves.periods.search.trends import settled

_MULTIPLES = (2, 3)
_OUTSIDE = 1.0  # clarity against a multiple that lies outside the range
_LEAST_GAIN = 3.0  # chi-square per feature, from which cycles differ at all
_SAME, _NEARLY = 1.1, 1.2  # scatter within the factor is the same description; within the other, if as much
_AS_MUCH = 0.95  # of the variance is described


@dataclass(frozen=True)
class Chosen:
    """A multiple of the winning frequency, and how clear the choice was (natural log, positive: clear)."""

    frequency: float
    clarity: float
    shape: str


def multiple_of(
    bands: list[Series], frequency: float, within: Range, window: float | None, baseline: float, config: PeriodConfig
) -> tuple[Chosen, list[Series]]:
    """The multiple of the winning frequency that the cycles ask for; the bands, their offsets and trends settled."""
    frequency, n_bins = polished_fold(bands, frequency, baseline, within)
    bands = moved(bands, frequency, n_bins, window)
    clarity = []
    for _ in range(3):  # down to the shortest period whose cycles are alike
        shorter = _shorter(bands, frequency, n_bins, baseline, within, config)
        if shorter is None:
            break
        frequency, n_bins = shorter
    for _ in range(2):  # and up again as far as cycles differ
        found = {m: alternation(bands, frequency, m, n_bins) for m in _MULTIPLES}
        longer = [m for m in _MULTIPLES if _believed(found[m], m, config) and frequency / m * baseline >= 2.0]
        if 3 in longer and not _thrice(bands, frequency, n_bins, baseline, within):
            longer.remove(3)
        if not longer:
            clarity.append(-max(_beyond(found[m], m, config) for m in _MULTIPLES))
            break
        longer = [m for m in longer if frequency / m in within]
        if not longer:  # the cycles ask for a period that was not asked for
            clarity.append(-_OUTSIDE)
            break
        best = max(longer, key=lambda m: _beyond(found[m], m, config))
        clarity.append(_beyond(found[best], best, config))
        frequency, n_bins = polished_fold(bands, frequency / best, baseline, within)
    else:
        return Chosen(frequency, min(clarity), "free"), bands
    return _by_shape(bands, Chosen(frequency, min(clarity), "free"), n_bins, baseline, within), bands


def moved(bands: list[Series], frequency: float, n_bins: int, window: float | None) -> list[Series]:
    """The bands with offsets and trends as they are about the folded curve."""
    if window is None and all(one.curve is None for one in bands):
        return bands
    rests = [one.residuals - level for one, level in zip(bands, folded_levels(bands, frequency, n_bins), strict=True)]
    return settled(bands, rests, window)


def _beyond(found: Alternation, every: int, config: PeriodConfig) -> float:
    """The excess of the margin over what is asked of 2P or 3P."""
    return found.margin - config.least_margin[_MULTIPLES.index(every)]


def _believed(found: Alternation, every: int, config: PeriodConfig) -> bool:
    return found.gain > _LEAST_GAIN and _beyond(found, every, config) > 0


def polished_fold(bands, frequency: float, baseline: float, within: Range) -> tuple[float, int]:
    """The polished frequency and the phase bins that suit it."""
    n_bins = resolution(bands, frequency)
    frequency, _ = polished(bands, frequency, n_bins, baseline, within)
    return frequency, resolution(bands, frequency)


def _shorter(bands, frequency: float, n_bins: int, baseline: float, within: Range, config):
    """A half or a third of the period, where that describes the points as well and its cycles do not differ."""
    theta = dispersion(bands, [frequency], n_bins, covers=3)[0]
    for m in _MULTIPLES:
        if frequency * m not in within:
            continue
        shorter, bins = polished_fold(bands, frequency * m, baseline, within)
        if abs(shorter - frequency * m) > m * 0.5 / baseline:
            continue
        same = _same(dispersion(bands, [shorter], bins, covers=3)[0], theta)
        if same and (m == 3 or not _believed(alternation(bands, shorter, m, bins), m, config)):
            return shorter, bins
    return None


def _same(shorter: float, longer: float) -> bool:
    """Whether the scatter about the curve of a shorter period is that of the longer one's, which has more to fit."""
    return shorter < _SAME * longer or (shorter < _NEARLY * longer and 1.0 - shorter > _AS_MUCH * (1.0 - longer))


def _thrice(bands, frequency: float, n_bins: int, baseline: float, within: Range) -> bool:
    """Whether three times the period describes the points better. Two eclipses may be alike to any degree, but no star
    has three: cycles that differ in threes without describing more are spots, or the nights' own rhythm."""
    theta = dispersion(bands, [frequency], n_bins, covers=3)[0]
    longer, bins = polished_fold(bands, max(frequency / 3, within.low), baseline, within)
    return bool(dispersion(bands, [longer], bins, covers=3)[0] * _SAME < theta)


def _by_shape(bands, chosen: Chosen, n_bins: int, baseline: float, within: Range) -> Chosen:
    """The choice of P against 2P by the shape of the curve, where cycles do not differ."""
    if chosen.frequency / 2 * baseline < 2.0:
        return chosen
    dips = single_dip(bands, chosen.frequency, n_bins)
    if dips is not None:
        return _weighed(chosen.frequency, float(np.clip(dips.log_odds, -20, 20)), "dip", within)
    odds = waves.log_odds_of_two(bands, chosen.frequency)
    if odds is not None:
        return _weighed(chosen.frequency, odds, "wave", within)
    return chosen


def _weighed(frequency: float, odds: float, shape: str, within: Range) -> Chosen:
    """P or 2P by the log odds of 2P; where that lies outside the range, P against these odds."""
    if odds > 0 and frequency / 2 in within:
        return Chosen(frequency / 2, odds, shape)
    return Chosen(frequency, -odds, shape)
