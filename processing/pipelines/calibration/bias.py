"""The bias pipeline: a night's bias frames of one quadrant -> bias, its uncertainty, its pixel mask."""

from dataclasses import dataclass, field

import numpy as np

from processing.pipelines.base import Cards, Measurements, Pipeline, Product, StepReport, log_text
from processing.science.astrometry.frames import CalibratedFrame
from processing.science.detector.defects import bias_defects
from processing.science.detector.overscan import fit_overscan
from processing.science.detector.stack import Stack, clipped_mean, typical_sigma
from processing.science.errors import UnusableFrameError

VERSION = "2"


@dataclass(frozen=True)
class BiasConfig:
    """overscan_order: degree of the floating-bias fit; saturation: raw DN; max_saturated: share of such pixels with
    which a frame is refused; min_frames: in the stack; clip: sigmas in the stack; defect_clip: sigmas of a deviant
    level; noisy_chance: with which a good pixel would scatter as much as a noisy one."""

    overscan_order: int = 9
    saturation: float = 60000.0
    max_saturated: float = 0.01
    min_frames: int = 3
    clip: float = 3.0
    defect_clip: float = 8.0
    noisy_chance: float = 1e-7


@dataclass(frozen=True)
class BiasInputs:
    """frames: raw quadrants (ny, nx), DN; overscans: their strips (ny, n), DN; cards: carried into the
    products."""

    frames: list[np.ndarray]
    overscans: list[np.ndarray]
    cards: Cards = field(default_factory=list)


@dataclass
class BiasState:
    """frames: those not refused, without their floating bias; stack: their mean; mask: int16, of deviant pixels."""

    inputs: BiasInputs
    frames: list[CalibratedFrame] = field(init=False)
    stack: Stack = field(init=False)
    mask: np.ndarray = field(init=False)


def begin(inputs: BiasInputs, config: BiasConfig) -> BiasState:
    if len(inputs.frames) < config.min_frames:
        raise UnusableFrameError(f"{len(inputs.frames)} bias frames: at least {config.min_frames} needed")
    if len(inputs.frames) != len(inputs.overscans):
        raise UnusableFrameError(
            f"{len(inputs.frames)} frames but {len(inputs.overscans)} overscan strips: one each needed"
        )
    return BiasState(inputs)


def fit_floating_bias(state: BiasState, config: BiasConfig) -> Measurements:
    """The amplifier's level along each frame; it is taken off while the frames are stacked."""
    state.frames, levels, refused = [], [], 0
    for raw, strip in zip(state.inputs.frames, state.inputs.overscans, strict=True):
        fit = fit_overscan(strip, config.overscan_order, config.saturation)
        if np.ndim(raw) != 2 or len(raw) != len(fit.curve):
            raise UnusableFrameError(
                f"bias frame has shape {np.shape(raw)}, its overscan {np.shape(strip)}: same rows needed"
            )
        if np.mean(raw[::4, ::4] >= config.saturation) > config.max_saturated:
            refused += 1
            continue
        state.frames.append(CalibratedFrame(raw, fit.curve, saturation=config.saturation))
        levels.append(fit.level)
    if len(levels) < config.min_frames:
        raise UnusableFrameError(
            f"{len(levels)} bias frames below {config.saturation:g} DN: at least {config.min_frames} needed",
            bias_refused=refused,
        )
    return {
        "frames": len(levels),
        "bias_refused": refused,
        "overscan_level": float(np.mean(levels)),
        "overscan_spread": float(np.std(levels)),
    }


def stack_frames(state: BiasState, config: BiasConfig) -> Measurements:
    state.stack = clipped_mean(state.frames, config.clip)
    del state.frames
    return {
        "bias_median": float(np.nanmedian(state.stack.mean)),
        "read_noise_dn": typical_sigma(state.stack.scatter, state.stack.freedom),
    }


def mask_deviant_pixels(state: BiasState, config: BiasConfig) -> Measurements:
    state.mask = bias_defects(
        state.stack.mean, state.stack.scatter, state.stack.freedom, config.defect_clip, config.noisy_chance
    )
    return {"deviant_pixels": int(np.count_nonzero(state.mask))}


def finish(
    state: BiasState, config: BiasConfig, measurements: Measurements, steps: tuple[StepReport, ...]
) -> dict[str, Product]:
    cards = list(state.inputs.cards) + [
        ("NFRAMES", measurements["frames"], "Number of frames stacked"),
        ("BIASMED", measurements["bias_median"], "Median of the bias [DN]"),
        ("RDNOISE", measurements["read_noise_dn"], "Median scatter of one frame [DN]"),
        ("PIPEVER", VERSION, "Version of the bias pipeline"),
    ]
    mean = np.where(state.mask != 0, np.nan_to_num(state.stack.mean), state.stack.mean).astype(np.float32)
    return {
        "bias.fits": Product(mean, cards),
        "biasunc.fits": Product(np.nan_to_num(state.stack.uncertainty), cards),
        "biascmask.fits": Product(state.mask, cards),
        "biaslog.txt": Product(log_text("bias", VERSION, config, steps), []),
    }


BIAS = Pipeline(
    name="bias",
    version=VERSION,
    config=BiasConfig,
    begin=begin,
    steps=(fit_floating_bias, stack_frames, mask_deviant_pixels),
    finish=finish,
    makes=("bias.fits", "biasunc.fits", "biascmask.fits", "biaslog.txt"),
)
