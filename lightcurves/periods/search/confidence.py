"""The chance that a found period is right, as simulations at real cadences showed it.

Two logistic curves over what the search knows of its own choice: the chance that the points fold at all with the period
or a multiple of it, and the chance that it is the right one of these. The confidence is their product, so that neither
makes up for the other. `python -m bench periods` tests them on stars, seeds and cadences that they were not fitted on
(`bench.periods.fit_weights`), and prints how often periods of each confidence are right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOLERANCE = 1e-3  # of the period: what counts as right
MULTIPLES = (1.0, 2.0, 3.0, 0.5, 1.0 / 3.0, 1.5, 2.0 / 3.0, 4.0, 0.25)
SHAPES = ("free", "dip", "wave")
# Constant, then the weights of `of_fold` and of `of_multiple`, as the bench fitted them.
FOLD = (-12.477, 0.493, 1.894, 0.798, 0.746, 2.376, -0.802, -1.906, 0.356)
MULTIPLE = (-0.311, 1.721, 0.34, -0.04, 0.866, 0.962, 0.696, 1.122)
CLEAR_WAVE = 2.0
MOST = 0.998  # what stars that no simulation knows leave of certainty


@dataclass(frozen=True)
class Known:
    """The marks that the confidence is computed from.

    lead : log-likelihood over the best unrelated rival
    clarity : of P against its multiples, natural log; shape : the rule that chose among them, one of SHAPES
    theta : folded scatter over total
    n : points
    log_false_alarm : of the Lomb-Scargle peak, natural log
    cycles : in the baseline
    at_night : the period, or its double, is an alias of slow changes
    trend : one was removed
    error : of the period, over the period
    """

    lead: float
    clarity: float
    shape: str
    theta: float
    n: int
    log_false_alarm: float
    cycles: float
    at_night: bool
    trend: bool
    error: float

    def of_fold(self) -> tuple[float, ...]:
        """Features of the chance that the points fold with the period or a multiple."""
        return (
            float(np.log1p(max(self.lead, 0.0))),
            float(-np.log(max(self.theta, 1e-3))),
            float(np.log10(self.n)),
            float(np.log1p(np.clip(-self.log_false_alarm, 0.0, 2000.0))),
            float(np.log(np.clip(self.cycles, 1.0, 20.0))),
            float(self.at_night),
            float(self.trend),
            float(np.clip(np.log10(TOLERANCE / max(self.error, 1e-12)), -1.0, 1.0)),
        )

    def of_multiple(self) -> tuple[float, ...]:
        """Features of the chance that of the multiples this is the right one."""
        clear = float(np.arcsinh(np.clip(self.clarity, -1.0, 20.0)))
        clean, wave = float(-np.log(max(self.theta, 1e-3))), self.shape == "wave"
        return (
            *(clear * (self.shape == name) for name in SHAPES),
            float(self.shape == "dip"),
            float(wave),
            clean * (not wave),
            clean * (wave and self.clarity > CLEAR_WAVE),  # however clean: one wave or two is not told by the scatter
        )


def confidence(known: Known) -> float:
    """0..MOST."""
    return float(MOST * _chance(FOLD, known.of_fold()) * _chance(MULTIPLE, known.of_multiple()))


def _chance(weights, features) -> float:
    return 1.0 / (1.0 + np.exp(-(weights[0] + np.dot(weights[1:], features))))


def folds(found: float, true: float, tolerance: float = TOLERANCE) -> bool:
    """Whether a period is the true one or a small multiple or part of it."""
    return any(abs(found / (ratio * true) - 1.0) < tolerance for ratio in MULTIPLES)


def fit(found: np.ndarray, right: np.ndarray, ridge: float = 0.3, rounds: int = 50) -> np.ndarray:
    """Weights of a logistic curve from features (n, k) and what was right (n,), by Newton's steps."""
    x = np.hstack([np.ones((len(found), 1)), found])
    weights = np.zeros(x.shape[1])
    penalty = ridge * np.eye(x.shape[1])
    penalty[0, 0] = 1e-6
    for _ in range(rounds):
        chance = 1.0 / (1.0 + np.exp(-x @ weights))
        slope = x.T @ (right - chance) - penalty @ weights
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + penalty
        weights = weights + np.linalg.solve(bend, slope)
    return weights
