"""The distortion pipeline: solved science images of one quadrant and filter -> the prior of its projection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from astropy.table import Table

from processing.pipelines.base import Cards, Measurements, Pipeline, Product, StepReport, log_text
from processing.science import tpv
from processing.science.astrometry.distortion import DistortionPrior, distortion_prior

VERSION = "1"


@dataclass(frozen=True)
class DistortionConfig:
    """frames: newest that count; min_frames: fewer make no prior."""

    frames: int = 30
    min_frames: int = 5


@dataclass(frozen=True)
class DistortionInputs:
    """nominal, found: expected and solved projection of each image; shape: (ny, nx); cards: carried into the
    product."""

    nominal: list[tpv.Tpv]
    found: list[tpv.Tpv]
    shape: tuple[int, int]
    cards: Cards = field(default_factory=list)


@dataclass
class DistortionState:
    inputs: DistortionInputs
    prior: DistortionPrior = field(init=False)


def begin(inputs: DistortionInputs, config: DistortionConfig) -> DistortionState:
    return DistortionState(inputs)


def combine(state: DistortionState, config: DistortionConfig) -> Measurements:
    """The median of what the images show."""
    inputs = state.inputs
    state.prior = distortion_prior(inputs.nominal, inputs.found, inputs.shape, config.min_frames)
    return {
        "frames": state.prior.frames,
        "distortion_scatter": state.prior.scatter,
        "shift": 3600.0 * float(np.hypot(*state.prior.shift)),
    }


def finish(
    state: DistortionState, config: DistortionConfig, measurements: Measurements, steps: tuple[StepReport, ...]
) -> dict[str, Product]:
    prior = state.prior
    cards = list(state.inputs.cards) + [
        ("NFRAMES", prior.frames, "Number of science images combined"),
        ("SCATTER", prior.scatter, "Scatter of their pixels about this [arcsec]"),
        *[(f"SHIFT{k + 1}", float(prior.shift[k]), "Of CRVAL in the tangent plane [deg]") for k in (0, 1)],
        *[
            (f"M{i + 1}_{j + 1}", float(prior.matrix[i, j]), "CD over the nominal CD")
            for i in (0, 1) for j in (0, 1)
        ],
        ("PIPEVER", VERSION, "Version of the distortion pipeline"),
    ]  # fmt: skip
    table = Table({"pv1": prior.pv[0], "pv2": prior.pv[1]})
    return {
        "distortion.fits": Product(table, cards),
        "distortionlog.txt": Product(log_text("distortion", VERSION, config, steps), []),
    }


def prior_of(table: Table, header: Mapping[str, Any]) -> DistortionPrior:
    """The prior that a `distortion.fits` holds."""
    matrix = np.array([[header[f"M{i}_{j}"] for j in (1, 2)] for i in (1, 2)], float)
    pv = np.array([table["pv1"], table["pv2"]], float)
    shift = np.array([header["SHIFT1"], header["SHIFT2"]], float)
    return DistortionPrior(shift, matrix, pv, float(header["SCATTER"]), int(header["NFRAMES"]))


DISTORTION = Pipeline(
    name="distortion",
    version=VERSION,
    config=DistortionConfig,
    begin=begin,
    steps=(combine,),
    finish=finish,
    makes=("distortion.fits", "distortionlog.txt"),
)
