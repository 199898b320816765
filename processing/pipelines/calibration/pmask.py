"""The hardware mask: pixels that the calibrations of several nights agree about."""

from dataclasses import dataclass, field

import numpy as np

from processing.pipelines.base import Cards, Measurements, Pipeline, Product, StepReport, log_text
from processing.science.detector.defects import combine_masks
from processing.science.errors import UnusableFrameError

VERSION = "1"


@dataclass(frozen=True)
class PixelMaskConfig:
    """share: of the masks of one kind that must have a bit; nights: newest that count."""

    share: float = 0.5
    nights: int = 10


@dataclass(frozen=True)
class PixelMaskInputs:
    """masks: int16 (ny, nx) of each night, by kind (biascmask, hifreqflatcmask of each filter, lownuflatcmask);
    cards: carried into the product."""

    masks: dict[str, list[np.ndarray]]
    cards: Cards = field(default_factory=list)


@dataclass
class PixelMaskState:
    """mask: int16 (ny, nx)."""

    inputs: PixelMaskInputs
    mask: np.ndarray = field(init=False)


def begin(inputs: PixelMaskInputs, config: PixelMaskConfig) -> PixelMaskState:
    if not any(inputs.masks.values()):
        raise UnusableFrameError("no masks of bias, flat or low-frequency flat: at least one is needed")
    return PixelMaskState(inputs)


def combine(state: PixelMaskState, config: PixelMaskConfig) -> Measurements:
    """Combine masks: a fault that a kind of calibration sees night after night is real; kinds see different ones."""
    kinds = {kind: combine_masks(masks, config.share) for kind, masks in state.inputs.masks.items() if masks}
    if len({mask.shape for mask in kinds.values()}) != 1:
        raise UnusableFrameError(
            f"masks have shapes { {kind: mask.shape for kind, mask in kinds.items()} }: same needed"
        )
    state.mask = np.bitwise_or.reduce(list(kinds.values()))
    return {
        "masks": sum(len(masks) for masks in state.inputs.masks.values()),
        "masked_pixels": int(np.count_nonzero(state.mask)),
    }


def finish(
    state: PixelMaskState, config: PixelMaskConfig, measurements: Measurements, steps: tuple[StepReport, ...]
) -> dict[str, Product]:
    cards = list(state.inputs.cards) + [
        ("NFRAMES", measurements["masks"], "Number of masks combined"),
        ("NMASKED", measurements["masked_pixels"], "Number of masked pixels"),
        ("PIPEVER", VERSION, "Version of the pmask pipeline"),
    ]
    return {
        "pmask.fits": Product(state.mask, cards),
        "pmasklog.txt": Product(log_text("pmask", VERSION, config, steps), []),
    }


PMASK = Pipeline(
    name="pmask",
    version=VERSION,
    config=PixelMaskConfig,
    begin=begin,
    steps=(combine,),
    finish=finish,
    makes=("pmask.fits", "pmasklog.txt"),
)
