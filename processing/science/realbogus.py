"""A score of how likely a candidate is a real change of the sky: a logistic function of six features.

Everybody can follow it: rb = 1 / (1 + exp(-(bias + sum of weight * feature))). The weights were fitted on
candidates of simulated nights whose truth is known, by bench/realbogus.py, which prints them.
"""

import numpy as np
from astropy.table import Table

VERSION = "logit6-1"
"""Goes into `rbversion`: a logistic function of six features, first fit."""

FEATURES = ("sumrat", "nneg", "chi", "elong", "size", "residual")
WEIGHTS = (4.0, -0.25, -1.2, -1.5, -1.0, -1.0)
BIAS = 1.0


def features(table: Table) -> np.ndarray:
    """What the score looks at, (n, 6), from the columns of a candidate table.

    sumrat : as in the packet, 1 where all pixels have one sign
    nneg : negative pixels of the central 5x5, over 10
    chi : logarithm of the reduced chi square of the PSF fit, in magnitude errors of a bright candidate
    elong : elongation minus 1
    size : |log(fwhm / median fwhm of the table's point-like half)|
    residual : how small the change is beside the light of the nearest source of the reference within 3 px:
        log10(1 + reference flux / flux)
    """
    n = len(table)
    if n == 0:
        return np.zeros((0, len(FEATURES)))
    flux = 10 ** (-0.4 * np.where(table["magpsf"] > 0, table["magpsf"], 30.0))
    near = (table["distnr"] >= 0) & (table["distnr"] < 3.0) & (table["magnr"] > 0)
    light = np.where(near, 10 ** (-0.4 * np.where(near, table["magnr"], 30.0)), 0.0)
    width = np.clip(np.asarray(table["fwhm"], float), 0.3, 20.0)
    columns = (
        np.asarray(table["sumrat"], float),
        np.asarray(table["nneg"], float) / 10,
        np.log(np.clip(np.asarray(table["chipsf"], float), 0.1, 100.0)),
        np.clip(np.asarray(table["elong"], float), 1.0, 5.0) - 1.0,
        np.abs(np.log(width / np.clip(width / np.maximum(table["seeratio"], 0.05), 0.5, 20.0))),
        np.log10(1.0 + light / flux),
    )
    return np.column_stack(columns)


def score(table: Table) -> np.ndarray:
    """Score of each candidate, 0 (bogus) to 1 (real): (n,)."""
    return logistic(features(table) @ np.array(WEIGHTS) + BIAS)


def logistic(value: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -30.0, 30.0)))
