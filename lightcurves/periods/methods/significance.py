"""False-alarm probability: how often noise alone makes a peak as high."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import gammaln

from lightcurves.periods.grid import FrequencyGrid, Series
from lightcurves.periods.methods.lombscargle import multiband_power


def log_false_alarm(power, n_points: int, baseline: float, fmax: float) -> np.ndarray:
    """Natural logarithm of false_alarm_probability, also where that is too small for a number."""
    power = np.clip(np.asarray(power, dtype=np.float64), 1e-300, 1.0 - 1e-15)
    noise, model = n_points - 1, max(n_points - 3, 1)  # degrees of freedom about a constant, about a sine
    left = np.log1p(-power)
    gamma = 0.5 * np.log(2.0 / noise) + gammaln(0.5 * noise) - gammaln(0.5 * (noise - 1))
    width = np.sqrt(np.pi / 3.0) * fmax * baseline
    single = 0.5 * model * left
    upcrossings = gamma + np.log(width) + 0.5 * (model - 1) * left + 0.5 * np.log(0.5 * noise * power)
    reached = -np.expm1(-np.exp(np.minimum(upcrossings, 50.0)))
    chance = np.exp(single) + (1.0 - np.exp(single)) * reached
    return np.where(upcrossings < -30.0, np.logaddexp(single, upcrossings), np.log(np.clip(chance, 1e-300, 1.0)))


def false_alarm_probability(power, n_points: int, baseline: float, fmax: float) -> np.ndarray:
    """Chance that white noise peaks this high anywhere on 0..fmax ("standard" power, one sine).

    Source: Baluev 2008, MNRAS 385, 1279, eq. 6 and table 1.
    """
    return np.exp(log_false_alarm(power, n_points, baseline, fmax))


def bootstrap_false_alarm(
    power: float,
    bands: list[Series],
    grid: FrequencyGrid,
    draws: int = 100,
    seed: int = 0,
    method: Callable[[list[Series], FrequencyGrid], np.ndarray] = multiband_power,
) -> float:
    """Fraction of shuffled light curves (magnitudes and errors against times) that peak this high; at least 1/draws.

    What it costs is `draws` periodograms; it holds for any sampling and any distribution of magnitudes, not for noise
    that is correlated in time.

    Raises ValueError where draws is not positive.
    """
    if draws < 1:
        raise ValueError(f"draws={draws}: must be positive")
    rng = np.random.default_rng(seed)
    reached = 0
    for _ in range(draws):
        order = [rng.permutation(series.t.size) for series in bands]
        shuffled = [Series(series.t, series.y[k], series.err[k]) for series, k in zip(bands, order, strict=True)]
        reached += bool(method(shuffled, grid).max() >= power)
    return max(reached, 1) / draws
