"""The real/bogus score on simulated truth, and its weights fitted anew.

The truth is the `detections.parquet` of processing.simulate.survey.write_truth (by default the demo's), whose nights
must have been processed as far as differences. A candidate is real if a source lies within 2.5 px whose flux then
differed from its mean in the reference's images by that of a 22.5 mag star or more. Half of the images (every other
one) fit the weights, the other half says how well they do; the weights in use are measured on all.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from bench.report import Figure, report
from bench.servers import NotReadyError

NEEDS = ("postgres",)
MATCH = 2.5  # px
FAINTEST_CHANGE = 22.5  # mag
RIDGE = 0.3
STEPS = 50
CUTS = (0.3, 0.5, 0.65, 0.9)


def run(quick: bool, truth: Path | None = None) -> None:
    """Fit, measure, print."""
    import django

    django.setup()
    from django.conf import settings

    from processing.science.subtraction import realbogus

    path = (truth or settings.VAR / "demo" / "truth") / "detections.parquet"
    if not path.exists():
        raise NotReadyError(f"{path} is not there: run `make demo`, or say --truth FOLDER")
    fitting, others = _candidates(pd.read_parquet(path).set_index(["expid", "rcid"]).sort_index())
    weights = fit_logistic(*fitting)
    notes = (
        f"FEATURES {realbogus.FEATURES}\nWEIGHTS = ({', '.join(f'{weight:.2f}' for weight in weights[1:])})\n"
        f"BIAS = {weights[0]:.2f}"
    )
    every = tuple(np.concatenate(both) for both in zip(fitting, others, strict=True))
    figures = {}
    for name, (values, real), used in (
        ("weights in use, all images", every, np.array([realbogus.BIAS, *realbogus.WEIGHTS])),
        ("fitted weights, their images", fitting, weights),
        ("fitted weights, other images", others, weights),
    ):
        figures |= kept(name, realbogus.logistic(values @ used[1:] + used[0]), real)
    report("realbogus", figures, notes, quick)


def _candidates(truth: pd.DataFrame) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Features (n, k) and whether they are real (n,), of every other difference image and of those between."""
    from archive.models import DifferenceImage
    from processing.executive.products import files
    from processing.science.subtraction import realbogus

    parts: list[list] = [[], []]
    for number, row in enumerate(DifferenceImage.objects.select_related("science", "reference").order_by("pk")):
        table, _ = files.table(files.product("diff", row.pk, "diffcand.fits").path)
        if len(table):
            parts[number % 2].append((realbogus.features(table), is_real(table, row, truth)))
    if not all(parts):
        raise NotReadyError("the archive has too few difference images with candidates: run `make demo`")
    first, second = (tuple(np.concatenate(both) for both in zip(*part, strict=True)) for part in parts)
    return first, second


def is_real(table, difference, truth: pd.DataFrame) -> np.ndarray:
    """Mask of the candidates that are changes of the sky: bool (n,)."""
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


def kept(name: str, score: np.ndarray, real: np.ndarray) -> dict[str, Figure]:
    """The shares of real and bogus candidates that cuts on a score keep."""
    figures = {}
    for cut in CUTS:
        chosen = score >= cut
        figures[f"{name}: real with rb >= {cut}"] = Figure(
            float(chosen[real].mean()), "", None, "higher", int(real.sum())
        )
        figures[f"{name}: bogus with rb >= {cut}"] = Figure(float(chosen[~real].mean()), "", n=int((~real).sum()))
    return figures
