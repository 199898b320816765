"""The high-frequency flat pipeline: a night's screen flats of one quadrant and filter -> hifreqflat and its
uncertainty."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from archive.survey.bits import MaskBit
from processing.pipelines.base import Pipeline, Product, log_text
from processing.science.defects import flat_defects
from processing.science.errors import UnusableFrame
from processing.science.overscan import subtract_overscan
from processing.science.stack import clipped_mean

VERSION = "1"


@dataclass(frozen=True)
class FlatConfig:
    """overscan_order; saturation: raw DN; min_frames; clip: sigmas in the stack; min_counts, max_counts:
    median DN of a frame that is used; low, high, dead: relative response of defective pixels; max_scatter:
    relative sigma of one frame of a noisy pixel, in units of the frame's median scatter."""

    overscan_order: int = 3
    saturation: float = 60000.0
    min_frames: int = 4
    clip: float = 2.5
    min_counts: float = 1000.0
    max_counts: float = 50000.0
    low: float = 0.5
    high: float = 1.5
    dead: float = 0.1
    max_scatter: float = 4.0


@dataclass(frozen=True)
class FlatInputs:
    """frames: raw quadrants (ny, nx), DN; overscans: their strips (ny, n), DN; bias (ny, nx), DN;
    bias_mask: int16; lamp_correction: static (ny, nx) ratio or None; cards: carried into the products."""

    frames: list[np.ndarray]
    overscans: list[np.ndarray]
    bias: np.ndarray
    bias_mask: np.ndarray
    lamp_correction: np.ndarray | None = None
    cards: list[tuple[str, Any, str]] = field(default_factory=list)


def begin(inputs, config):
    if len(inputs.frames) != len(inputs.overscans):
        raise UnusableFrame(f"{len(inputs.frames)} frames but {len(inputs.overscans)} overscan strips: one each needed")
    return SimpleNamespace(inputs=inputs)


def calibrate_frames(state, config):
    """Floating bias, bias; each frame is divided by its own median, so that the lamp's drift does not
    count."""
    state.frames, levels, refused = [], [], 0
    good = state.inputs.bias_mask == 0
    for raw, strip in zip(state.inputs.frames, state.inputs.overscans, strict=True):
        frame, _ = subtract_overscan(raw, strip, config.overscan_order, config.saturation)
        if frame.shape != state.inputs.bias.shape:
            raise UnusableFrame(f"flat has shape {frame.shape}, bias {state.inputs.bias.shape}: same needed")
        frame -= state.inputs.bias
        level = float(np.median(frame[good]))
        if not config.min_counts <= level <= config.max_counts:
            refused += 1
            continue
        frame[raw >= config.saturation] = np.nan
        frame /= level
        state.frames.append(frame)
        levels.append(level)
    if len(state.frames) < config.min_frames:
        raise UnusableFrame(
            f"{len(state.frames)} flats between {config.min_counts:g} and {config.max_counts:g} DN: "
            f"at least {config.min_frames} needed",
            flats_refused=refused,
        )
    return {"frames": len(levels), "flats_refused": refused, "counts": float(np.mean(levels))}


def stack_frames(state, config):
    state.stack = clipped_mean(state.frames, config.clip)
    del state.frames
    return {"frame_scatter": float(np.nanmedian(state.stack.scatter))}


def normalise(state, config):
    """Divide by the lamp's static pattern, bring the median to 1."""
    flat, uncertainty = state.stack.mean, state.stack.uncertainty
    if state.inputs.lamp_correction is not None:
        flat = flat / state.inputs.lamp_correction
        uncertainty = uncertainty / state.inputs.lamp_correction
    median = float(np.nanmedian(flat[state.inputs.bias_mask == 0]))
    state.flat, state.uncertainty = flat / np.float32(median), uncertainty / np.float32(median)
    return {"flat_norm": median}


def mask_defects(state, config):
    scatter = state.stack.scatter
    limit = config.max_scatter * float(np.nanmedian(scatter))
    state.mask = flat_defects(state.flat, scatter, config.low, config.high, config.dead, limit)
    return {"defective_pixels": int(np.count_nonzero(state.mask)), "noisy_limit": limit}


def finish(state, config, measurements, steps):
    cards = list(state.inputs.cards) + [
        ("NFRAMES", measurements["frames"], "Number of frames stacked"),
        ("FLATCNT", measurements["counts"], "Mean of the frames' medians [DN]"),
        ("FLATSCAT", measurements["frame_scatter"], "Median relative scatter of one frame"),
        ("PIPEVER", VERSION, "Version of the flat pipeline"),
    ]
    # A pixel without a response gets 1: it is masked, and dividing by it must not make infinities.
    unusable = ~(state.flat > 0) | ((state.mask & int(MaskBit.DEAD)) != 0)
    flat = np.where(unusable, 1.0, state.flat).astype(np.float32)
    uncertainty = np.where(np.isfinite(state.uncertainty), state.uncertainty, 0.0).astype(np.float32)
    return {
        "hifreqflat.fits": Product(flat, cards),
        "hifreqflatunc.fits": Product(uncertainty, cards),
        "hifreqflatcmask.fits": Product(state.mask, cards),
        "hifreqflatlog.txt": Product(log_text("hifreqflat", VERSION, config, steps), []),
    }


FLAT = Pipeline(
    name="hifreqflat",
    version=VERSION,
    config=FlatConfig,
    begin=begin,
    steps=(calibrate_frames, stack_frames, normalise, mask_defects),
    finish=finish,
    makes=("hifreqflat.fits", "hifreqflatunc.fits", "hifreqflatcmask.fits", "hifreqflatlog.txt"),
)
