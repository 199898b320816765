"""Fit the weights of the real/bogus score on simulated truth.

    python -m bench.realbogus SIMULATION_FOLDER

SIMULATION_FOLDER holds the `detections.parquet` of processing.simulate.survey.write_truth; the nights must have been
taken in and processed as far as differences. A candidate is real if a source lies within 2.5 px whose flux then
differed from its mean in the reference's images by that of a 22.5 mag star or more. Half of the images (every other
one) fit the weights, the other half says how well they do; both are printed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

MATCH = 2.5  # px
FAINTEST_CHANGE = 22.5  # mag
RIDGE = 0.3
STEPS = 50


def main(folder: Path) -> None:
    from archive.models import DifferenceImage
    from processing.executive.products import files
    from processing.science.subtraction import realbogus

    truth = pd.read_parquet(folder / "detections.parquet").set_index(["expid", "rcid"]).sort_index()
    parts: list[list] = [[], []]
    for number, row in enumerate(DifferenceImage.objects.select_related("science", "reference").order_by("pk")):
        table, _ = files.table(files.product("diff", row.pk, "diffcand.fits").path)
        if len(table):
            parts[number % 2].append((realbogus.features(table), is_real(table, row, truth)))
    fit, held = ((np.concatenate(f), np.concatenate(r)) for f, r in (zip(*part, strict=True) for part in parts))
    weights = fit_logistic(*fit)
    print("FEATURES", realbogus.FEATURES)
    print("WEIGHTS = (" + ", ".join(f"{w:.2f}" for w in weights[1:]) + f")\nBIAS = {weights[0]:.2f}")
    for name, (values, real) in (("fitted", fit), ("held out", held)):
        report(name, realbogus.logistic(values @ weights[1:] + weights[0]), real)


def is_real(table, difference, truth: pd.DataFrame) -> np.ndarray:
    """Which candidates are changes of the sky: bool (n,)."""
    science = difference.science
    now = truth.loc[(science.exposure_id, science.rcid)]
    epochs = [(expid, science.rcid) for expid in difference.reference.inputs.values_list("exposure_id", flat=True)]
    before = truth.loc[epochs]
    mean = pd.Series(10 ** (-0.4 * before["mag"].to_numpy()), before["id"].to_numpy()).groupby(level=0).sum() / len(
        epochs
    )
    change = np.abs(10 ** (-0.4 * now["mag"].to_numpy()) - mean.reindex(now["id"]).fillna(0.0).to_numpy())
    changed = now[change > 10 ** (-0.4 * FAINTEST_CHANGE)]
    distance, _ = cKDTree(changed[["x", "y"]].to_numpy()).query(np.column_stack([table["x"], table["y"]]))
    return distance < MATCH


def fit_logistic(values: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Weights (1 + features), bias first, by Newton's method with a small ridge; both classes count the same."""
    design = np.column_stack([np.ones(len(values)), values])
    balance = np.where(real, 0.5 / real.mean(), 0.5 / (1 - real.mean()))
    weights, ridge = np.zeros(design.shape[1]), RIDGE * np.eye(design.shape[1])
    ridge[0, 0] = 0.0
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (balance * (real - chance)) - ridge @ weights
        curvature = (design.T * (balance * chance * (1 - chance))) @ design + ridge
        weights = weights + np.linalg.solve(curvature, slope)
    return weights


def report(name: str, score: np.ndarray, real: np.ndarray) -> None:
    """What a cut at some scores keeps."""
    print(f"{name}: {int(real.sum())} real, {int((~real).sum())} bogus")
    for cut in (0.3, 0.5, 0.65, 0.9):
        kept = score >= cut
        print(f"    rb >= {cut}: keeps {kept[real].mean():.3f} of the real, {kept[~real].mean():.3f} of the bogus")


if __name__ == "__main__":
    django.setup()
    main(Path(sys.argv[1]))
