"""Configuration of a period search."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PeriodConfig:
    """The numbers that a period search depends on.

    fmin, fmax : cycles/day (fmin None: half a cycle in the baseline)
    oversample : grid points per peak width
    n_peaks : peaks kept of each scan
    error_floor : mag, added in quadrature to the errors
    plain_sine : share of chi-square that a sine explains, from which no folding scan is needed
    least_margin : logarithm of alternating features over the highest control, from which 2P and 3P are believed
    """

    fmin: float | None = None
    fmax: float = 10.0
    oversample: float = 5.0
    n_peaks: int = 15
    error_floor: float = 0.01
    plain_sine: float = 0.5
    least_margin: tuple[float, float] = (0.4, 0.7)
