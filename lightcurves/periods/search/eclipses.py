"""One dip a cycle: an eclipse whose partner is not seen, or two like eclipses folded onto each other?

Both are the same curve until the cycles are told apart. Of an eclipsing binary the shallower eclipse has r times the
depth of the deeper, and r may be anything from 0 to 1 before one looks. Folded with P, r is what is seen half a cycle
from the dip; folded with 2P it is the ratio of alternate dips. The two integrals over r are the evidence for each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archive.survey.robust import robust_scatter
from lightcurves.periods.grid import Series
from lightcurves.periods.search.cycles import fold_curve

NARROW = 0.25  # of a cycle: a wider dip is no eclipse of a detached pair
LEAST_DEPTH = 5.0  # of the scatter about the curve's bright part
_RATIOS = np.linspace(0.0, 1.0, 1001)
_TRIALS = 64
MOST_LOST = 1.0  # of the pair's light, in both eclipses together


@dataclass(frozen=True)
class Dips:
    """depth : mag, width : cycles at half depth, of the only dip; log_odds : of 2P against P, natural."""

    depth: float
    width: float
    log_odds: float


def single_dip(bands: list[Series], frequency: float, n_bins: int) -> Dips | None:
    """The evidence of the folded curve's dip for P against 2P; None where the curve is not one narrow dip."""
    folded = fold_curve(bands, frequency, n_bins)  # its dip stands at phase 0.5
    fullest = int(np.argmax([series.t.size for series in bands]))
    curve = folded.curves[fullest]
    level = float(np.median(curve))
    depth = float(curve.max() - level)
    width = _width(curve, level, depth)
    spread = robust_scatter(curve, about=level)
    if width > NARROW or depth < LEAST_DEPTH * max(spread, 1e-9) or depth < 0.02:
        return None
    away = np.abs(folded.phase - 0.5)
    template = _template(folded, curve - level, width)
    values = _values(folded, bands)
    shifted, shares = _shifted_depths(folded, values, curve - level, width)
    noise = max(robust_scatter(shifted), 1e-6)
    second = float(np.interp(0.0, shares, shifted))
    if np.max(shifted[np.abs(shares) < 0.5 - 2 * width], initial=0.0) > max(5 * noise, 0.03) + np.median(shifted):
        second = max(second, float(np.max(shifted)))
    odd = folded.cycle % 2 == 1
    inside = away < 1.5 * width
    if min(np.sum(inside & odd), np.sum(inside & ~odd)) < 3:
        return Dips(depth, width, -np.inf)
    parts = [_amplitude(template[rows], values[rows], folded.weight[rows]) for rows in (inside & odd, inside & ~odd)]
    (first, error), (other, other_error) = parts
    scatter = _scatter(template, values, folded.weight, inside)
    ratio = (first - other) / max(first, other)
    ratio_error = max(np.hypot(error, other_error) * max(scatter, 1.0) / max(first, other), 1e-3)
    allowed = _RATIOS[_lost(depth, _RATIOS) <= MOST_LOST]
    alone = _evidence(_RATIOS, second, noise, 0.0)
    paired = 0.5 * (_evidence(allowed, 1 - ratio, ratio_error, 1.0) + _evidence(allowed, 1 + ratio, ratio_error, 1.0))
    return Dips(depth, width, float(np.log(max(paired, 1e-300)) - np.log(max(alone, 1e-300))))


def _width(curve: np.ndarray, level: float, depth: float) -> float:
    """Share of the cycle that is fainter than half the depth, whether in one dip or not."""
    return float(np.mean(curve - level > 0.5 * depth))


def _at(curve: np.ndarray, phase: np.ndarray) -> np.ndarray:
    return np.interp(phase * curve.size, np.arange(curve.size) + 0.5, curve, period=curve.size)


def _template(folded, dip: np.ndarray, width: float, shift: float = 0.0) -> np.ndarray:
    """The dip as each point would see it, `shift` cycles later; 0 outside."""
    phase = (folded.phase - shift) % 1.0
    return np.where(np.abs(phase - 0.5) < 1.5 * width, np.maximum(_at(dip, phase), 0.0), 0.0)


def _values(folded, bands: list[Series]) -> np.ndarray:
    """Magnitudes about each band's bright level."""
    values = np.concatenate([series.residuals for series in bands])
    sizes = np.cumsum([series.t.size for series in bands])[:-1]
    levels = [np.median(curve) for curve in folded.curves]
    return np.concatenate([part - level for part, level in zip(np.split(values, sizes), levels, strict=True)])


def _amplitude(template, values, weight) -> tuple[float, float]:
    total = float(np.sum(weight * template**2))
    if total <= 0:
        return 0.0, np.inf
    return float(np.sum(weight * template * values)) / total, 1.0 / np.sqrt(total)


def _scatter(template, values, weight, inside) -> float:
    """Of the points in the dip about it, over their errors."""
    rest = (values - template)[inside] * np.sqrt(weight[inside])
    return robust_scatter(rest, about=0.0)


def _shifted_depths(folded, values, dip, width) -> tuple[np.ndarray, np.ndarray]:
    """The dip's depth as found at other phases, in units of its own: depths, phases from half a cycle away."""
    shares = np.linspace(-0.5 + 2 * width, 0.5 - 2 * width, _TRIALS + 1)
    return np.array(
        [_amplitude(_template(folded, dip, width, 0.5 + share), values, folded.weight)[0] for share in shares]
    ), shares


def _lost(depth: float, ratios: np.ndarray) -> np.ndarray:
    """Light that the two eclipses take together; equal stars lose one of them at most."""
    return 2.0 - 10 ** (-0.4 * depth) - 10 ** (-0.4 * depth * ratios)


def _evidence(ratios, found: float, error: float, reference: float) -> float:
    """Integral over r of the likelihood, over the likelihood of r = reference, which both hypotheses share."""
    exponent = 0.5 * (((reference - found) / error) ** 2 - ((ratios - found) / error) ** 2)
    return float(np.sum(np.exp(np.minimum(exponent, 600.0)))) / _RATIOS.size
