"""Smooth waves whose cycles are alike: one of a pulsating star, or two of a binary in contact?

Ellipsoidal and contact binaries are symmetric about their minima, the minima sharper than the maxima, and nearly
equal in all filters (both stars are of one temperature); pulsating stars rise faster than they fall, or vary more in
the blue. The weights of these three marks are those of a discriminant between simulated contact binaries and RRc and
RRab stars.
"""

from __future__ import annotations

import numpy as np

from lightcurves.periods.grid import Series

LONGEST = 3.0  # d: a wave of a longer period is taken as one
LEAST_POINTS = 20
TERMS = 4


def fourier(series: Series, frequency: float, terms: int = TERMS) -> np.ndarray:
    """Cosine and sine amplitudes (terms, 2) of one band, by weighted least squares."""
    angle = 2 * np.pi * frequency * series.t[:, None] * np.arange(1, terms + 1)
    design = np.hstack([np.ones((series.t.size, 1)), np.cos(angle), np.sin(angle)]) / series.err[:, None]
    found, *_ = np.linalg.lstsq(design, series.y / series.err, rcond=None)
    return np.stack([found[1 : terms + 1], found[terms + 1 :]], axis=1)


def log_odds_of_two(bands: list[Series], frequency: float) -> float | None:
    """Natural log odds that two such waves make the period; None where the question does not arise."""
    if 1.0 / frequency > LONGEST:
        return None
    full = [series for series in bands if series.t.size >= LEAST_POINTS]
    if not full:
        return None
    fits = [fourier(series, frequency) for series in full]
    first = fits[int(np.argmax([series.t.size for series in full]))]
    height = np.hypot(*first[0])
    second, angle = np.hypot(*first[1]), np.arctan2(first[1, 1], first[1, 0])
    if second > height:
        return None  # the curve has two waves already
    # In magnitudes: phase of the second harmonic when the first is faintest. 0: symmetric, sharp minima.
    turn = angle - 2.0 * np.arctan2(first[0, 1], first[0, 0])
    even, odd = second * np.cos(turn) / height, second * np.sin(turn) / height
    odds = 4.0 * (0.05 + even) / 0.1 * 0.5 - (odd / 0.06) ** 2
    heights = [np.hypot(*fit[0]) for fit in fits]
    odds -= ((max(heights) / max(min(heights), 1e-9) - 1.0) / 0.12) ** 2 - 1.0 if len(heights) > 1 else 0.0
    return float(np.clip(odds, -20.0, 20.0))
