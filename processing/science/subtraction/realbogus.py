"""A score of how likely a candidate is a real change of the sky: a logistic function of five features.

Everybody can follow it: rb = 1 / (1 + exp(-(bias + sum of weight * feature))). The weights were fitted on
candidates of simulated nights whose truth is known, by bench/realbogus.py, which prints them. Whether a
source was there before is left out on purpose: how many variables and new stars there are differs from the
simulation to the sky.
"""

import numpy as np
from astropy.table import Table

VERSION = "logit5-1"
"""Goes into `rbversion`: a logistic function of five features, first fit."""

FEATURES = ("sumrat", "nneg", "chi", "elong", "size")
WEIGHTS = (-1.57, -3.64, -0.36, -0.57, -2.60)
BIAS = 5.64


def features(table: Table) -> np.ndarray:
    """Features of the score, (n, 5), from the columns of a candidate table.

    sumrat : as in the packet, 1 where all pixels have one sign
    nneg : negative pixels of the central 5x5, over 10
    chi : |log of the reduced chi square of the PSF fit|
    elong : elongation minus 1
    size : |log of the width over that of the science image's stars|
    """
    if len(table) == 0:
        return np.zeros((0, len(FEATURES)))
    columns = {name: np.asarray(table[name], float) for name in ("sumrat", "nneg", "chipsf", "elong", "seeratio")}
    return np.column_stack(
        [
            columns["sumrat"],
            columns["nneg"] / 10,
            np.abs(np.log(np.clip(columns["chipsf"], 0.1, 100.0))),
            np.clip(columns["elong"], 1.0, 5.0) - 1.0,
            np.abs(np.log(np.clip(columns["seeratio"], 0.1, 10.0))),
        ]
    )


def score(table: Table) -> np.ndarray:
    """Score of each candidate, 0 (bogus) to 1 (real): (n,)."""
    return logistic(features(table) @ np.array(WEIGHTS) + BIAS)


def logistic(value: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-value))."""
    return 1.0 / (1.0 + np.exp(-np.clip(value, -30.0, 30.0)))
