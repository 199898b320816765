"""Whether successive cycles of a folded curve differ: P against 2P and 3P.

A binary folded with half its period shows one dip per cycle, and its two eclipses in turn. What alternates is looked
for where it would be: in the level, the tilt, the depth and the place of the curve's own features. How much of it
chance and slow changes of a real star can make is read from the same light curve: the same fit with cycles that are
modulated at other rates than every second (third) one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archive.survey.robust import robust_scatter
from lightcurves.periods.grid import Series
from lightcurves.periods.methods.fold import dispersion

CONTROLS = 48
WINSOR = 5.0  # standard deviations beyond which a residual counts no more
RESOLUTIONS = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
POINTS_A_BIN = 4
_SEED = 1


@dataclass(frozen=True)
class Alternation:
    """gain : chi-square that alternating features take away, per feature; highest_control : the same, at most, at other
    rates; both over the scatter of the residuals, so near 1 for noise."""

    gain: float
    highest_control: float

    @property
    def margin(self) -> float:
        """Natural logarithm of gain over the highest control, which is at least noise's."""
        return float(np.log(max(self.gain, 1e-9) / max(self.highest_control, 1.0)))


@dataclass(frozen=True)
class FoldedCurve:
    """Mean curves of the bands by phase bin, and what each point is about them.

    phase, cycle, residual, weight : arrays of all points; features : array (n, 6); curves : per band (n_bins,)
    """

    phase: np.ndarray
    cycle: np.ndarray
    residual: np.ndarray
    weight: np.ndarray
    features: np.ndarray
    curves: list[np.ndarray]


def mean_curve(phase, y, w, n_bins: int) -> np.ndarray:
    """Weighted means of phase bins (n_bins,); empty bins are drawn through."""
    place = np.minimum((phase * n_bins).astype(np.int64), n_bins - 1)
    total = np.bincount(place, w, n_bins)
    sums = np.bincount(place, w * y, n_bins)
    full = total > 0
    centres = np.arange(n_bins) + 0.5
    return np.interp(centres, centres[full], sums[full] / total[full], period=n_bins)


def folded_levels(bands: list[Series], frequency: float, n_bins: int) -> list[np.ndarray]:
    """The folded mean curve of each band at its points: arrays (n,), mag about the band's mean."""
    levels = []
    for series in bands:
        phase = frequency * (series.t - series.t[0]) % 1.0
        curve = mean_curve(phase, series.residuals, series.weights, n_bins)
        levels.append(np.interp(phase * n_bins, np.arange(n_bins) + 0.5, curve, period=n_bins))
    return levels


def fold_curve(bands: list[Series], frequency: float, n_bins: int) -> FoldedCurve:
    """Fold all bands with one frequency; cycles begin half a cycle from the faintest phase."""
    first = min(series.t[0] for series in bands)
    fullest = max(bands, key=lambda series: series.t.size)
    faintest = np.argmax(mean_curve(frequency * (fullest.t - first) % 1.0, fullest.residuals, fullest.weights, n_bins))
    start = (faintest + 0.5) / n_bins - 0.5
    parts, curves = [], []
    for series in bands:
        turned = frequency * (series.t - first) - start
        phase = turned % 1.0
        curve = mean_curve(phase, series.residuals, series.weights, n_bins)
        x = phase * n_bins
        centres = np.arange(n_bins) + 0.5
        level = np.interp(x, centres, curve, period=n_bins)
        slope = np.interp(x, centres, np.roll(curve, -1) - np.roll(curve, 1), period=n_bins)
        rest = series.residuals - level
        spread = robust_scatter(rest, about=0.0) + 1e-12
        # Errors that are too small are widened to what the points scatter.
        weight = 1.0 / np.maximum(series.err**2, spread**2)
        rest = np.clip(rest, -WINSOR * spread, WINSOR * spread) if WINSOR else rest
        parts.append((phase, np.floor(turned), rest, weight, level, slope))
        curves.append(curve)
    phase, cycle, residual, weight, level, slope = (np.concatenate(column) for column in zip(*parts, strict=True))
    angle = 2 * np.pi * phase
    features = np.stack([np.ones(phase.size), np.cos(angle), np.sin(angle), level, slope, level**2], axis=1)
    scale = np.sqrt(np.mean(features**2, axis=0))
    return FoldedCurve(phase, cycle, residual, weight, features / np.where(scale > 0, scale, 1.0), curves)


def alternation(bands: list[Series], frequency: float, every: int, n_bins: int) -> Alternation:
    """The difference of every second (third) cycle of the curve folded with `frequency` from the others."""
    folded = fold_curve(bands, frequency, n_bins)
    root = np.sqrt(folded.weight)
    rest, features = folded.residual * root, folded.features * root[:, None]
    noise = float(np.sum(rest**2)) / max(rest.size - n_bins * len(bands), 1)
    rng = np.random.default_rng(_SEED)
    rates = rng.uniform(0.06, 0.44, CONTROLS)
    rates = rates[np.abs(rates - 1.0 / 3.0) > 0.02]
    turns = rng.uniform(0.0, 1.0, rates.size)
    both = every > 2
    gain = _gain(rest, features, folded.cycle, 1.0 / every, 0.0, both)
    controls = [_gain(rest, features, folded.cycle, rate, turn, both) for rate, turn in zip(rates, turns, strict=True)]
    return Alternation(gain / noise, max(controls) / noise)


def _gain(rest, features, cycle, rate: float, turn: float, both: bool) -> float:
    """Chi-square per feature that modulated features take away."""
    angle = 2 * np.pi * (rate * cycle + turn)
    modulated = features * np.cos(angle)[:, None]
    if both:
        modulated = np.hstack([modulated, features * np.sin(angle)[:, None]])
    matrix = modulated.T @ modulated
    right = modulated.T @ rest
    matrix[np.diag_indices_from(matrix)] += 1e-9 * np.trace(matrix) / len(matrix) + 1e-300
    return float(right @ np.linalg.solve(matrix, right)) / right.size


def resolution(bands: list[Series], frequency: float) -> int:
    """Phase bins that describe the folded curve best: least scatter per degree of freedom, averaged over shifts."""
    fullest = max(series.t.size for series in bands)
    tried = [n for n in RESOLUTIONS if n <= max(fullest // POINTS_A_BIN, RESOLUTIONS[0])]
    return min(tried, key=lambda n: dispersion(bands, [frequency], n, covers=3)[0])
