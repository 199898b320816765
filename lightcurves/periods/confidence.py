"""The chance that a found period is right, as simulations at real cadence showed it.

A logistic curve over what the search knows of its own choice. `python -m bench periods` fits it anew on one half of
its simulated stars (`fit`), and prints for the other half how often periods of each confidence are right.
"""

from __future__ import annotations

import numpy as np

# Constant, then the weights of `features`, as the bench fitted them.
WEIGHTS = (-3.231, 0.505, 0.292, 0.555, -1.094, 1.329, 1.13, -0.89)


def features(
    lead: float, clarity: float, shape: str, theta: float, n: int, log_false_alarm: float
) -> tuple[float, ...]:
    """What the confidence rests on.

    lead : log-likelihood over the best unrelated rival; clarity : of P against its multiples, natural log;
    theta : folded scatter over total; n : points; log_false_alarm : of the Lomb-Scargle peak, natural log
    """
    return (
        float(np.log1p(max(lead, 0.0))),
        float(np.clip(clarity, -1.0, 5.0)),
        float(-np.log(max(theta, 1e-3))),
        float(np.log10(n)),
        float(np.log1p(np.clip(-log_false_alarm, 0.0, 2000.0))),
        float(shape == "dip"),
        float(shape == "wave"),
    )


def confidence(found: tuple[float, ...]) -> float:
    """0..1."""
    return float(1.0 / (1.0 + np.exp(-(WEIGHTS[0] + np.dot(WEIGHTS[1:], found)))))


def fit(found: np.ndarray, right: np.ndarray, ridge: float = 0.3, rounds: int = 50) -> np.ndarray:
    """Weights of the logistic curve from features (n, k) and whether the periods were right (n,), by Newton's steps."""
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
