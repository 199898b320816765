"""A period search's choices and results, for forms and pages: names of methods, bounds, results. No kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MEANINGS = {
    "ls": "Lomb-Scargle power: share of chi-square that a sine takes away",
    "harmonics": "share of chi-square that a Fourier series takes away",
    "aov": "analysis of variance: between phase bins over within",
    "pdm": "phase dispersion: 1 - theta",
    "ce": "conditional entropy below its largest (nats)",
    "bls": "share of chi-square in a box-shaped dip",
    "plav": "Plavchan: scatter about the mean over scatter about the smoothed curve",
}
"""What a method's power means, by the method's name."""
METHODS = {"search": "Lomb-Scargle power; period by the combined search"} | MEANINGS
HIGHEST_FREQUENCY = 50.0  # cycles per day
SMOOTHING_BOX = 0.06  # of a cycle, full width (Plavchan)
WORST_POINTS = 10  # that measure how bad a period is (Plavchan)


@dataclass(frozen=True)
class Peak:
    """A local maximum.

    period, period_error : days. The error is one standard deviation where the power is a share of chi-square
        (`ls`, `harmonics`), else half the width of the peak at half its height.
    power : as the method measures it
    """

    period: float
    period_error: float
    power: float

    @property
    def frequency(self) -> float:
        """Cycles per day."""
        return 1.0 / self.period


@dataclass(frozen=True)
class Spectrum:
    """frequencies (cycles/day) and power, thinned so that every peak keeps its height; peaks, highest first;
    period: days, the best; confidence: that it is right, 0..1, where the method tells; n_frequencies that were
    searched; n_points that were used."""

    method: str
    frequencies: np.ndarray
    power: np.ndarray
    peaks: tuple[Peak, ...]
    period: float
    n_frequencies: int
    n_points: int
    confidence: float | None = None
