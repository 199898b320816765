"""The high-frequency flat pipeline: a night's screen flats of one quadrant and filter -> hifreqflat, its uncertainty
and its pixel mask.

The screen is lit by one lamp at a time. Each lamp has its own pattern on the focal plane, which stars do not see, and
its own wavelength, to which each pixel answers a little differently. The patterns are smooth: they are divided out as
Chebyshev surfaces relative to the mix of all lamps, so that all frames can be clipped together. What all lamps have in
common against the sky is the business of the low-frequency flat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archive.survey.bits import MaskBit
from processing.pipelines.base import Cards, Measurements, Pipeline, Product, StepReport, log_text
from processing.science import surface
from processing.science.astrometry.frames import CalibratedFrame, MeanFrame
from processing.science.detector.defects import MIN_FREEDOM, flat_defects, noisy_in_flats
from processing.science.detector.lamps import FILTER_LEDS, led_weights
from processing.science.detector.overscan import fit_overscan
from processing.science.detector.stack import Stack, clipped_mean, typical_sigma
from processing.science.errors import UnusableFrameError
from processing.science.surface import Surface

VERSION = "2"
LEVEL_STEP = (5, 7)  # px; a frame's median needs not all of its pixels


def _all_weights() -> dict[str, dict[int, float]]:
    return {code: led_weights(code) for code in FILTER_LEDS}


@dataclass(frozen=True)
class FlatConfig:
    """overscan_order; saturation: raw DN; min_frames; clip: sigmas in the stack; min_counts, max_counts:
    median DN of a frame that is used; low, high, dead: relative response of defective pixels; max_scatter: ZTF's
    limit of the relative sigma of one frame of a steady pixel; noisy_chance: with which photon noise alone would
    make a pixel noisy; gain (e-/DN), read_noise (e-), for the expected photon noise; lamp_degree: of the surfaces;
    min_lamp_share: weight of the lamps that must be there; weights: of the lamps by filter, by which their mix is
    nearest to starlight."""

    overscan_order: int = 9
    saturation: float = 60000.0
    min_frames: int = 4
    clip: float = 2.5
    min_counts: float = 1000.0
    max_counts: float = 50000.0
    low: float = 0.5
    high: float = 1.5
    dead: float = 0.1
    max_scatter: float = 0.00381655
    noisy_chance: float = 1e-6
    gain: float = 6.0
    read_noise: float = 9.0
    lamp_degree: int = 4
    min_lamp_share: float = 0.5
    weights: Mapping[str, Mapping[int, float]] = field(default_factory=_all_weights)


@dataclass(frozen=True)
class FlatInputs:
    """frames: raw quadrants (ny, nx), DN; overscans: their strips (ny, n), DN; bias, bias_unc (ny, nx), DN; bias_mask:
    int16; filtercode: zg, zr, zi; leds: the lamp of each frame, None where the header does not say;
    lamp_correction: static surface of each lamp relative to the mix of all, or None: then they are measured on these
    frames; cards: carried into the products."""

    frames: list[np.ndarray]
    overscans: list[np.ndarray]
    bias: np.ndarray
    bias_mask: np.ndarray
    filtercode: str = "zr"
    leds: Sequence[int | None] | None = None
    lamp_correction: Mapping[int, Surface] | None = None
    cards: Cards = field(default_factory=list)


@dataclass
class FlatState:
    """A quadrant's flats on their way, in the order in which the steps add to it.

    begin : good: pixels that the bias does not mask; leds: lamp of each frame, of those used once they are chosen
    calibrate_frames : frames: those used, divided by their medians `counts` (DN)
    weigh_lamps : lamps: there are; weights: of each, sum 1; groups: number of each frame's lamp
    measure_lamps : own_surfaces: of each lamp, from these frames; surfaces: those that are divided out, None where the
        headers name no lamp
    stack_frames : stack
    normalise : flat, uncertainty: float32 (ny, nx)
    mask_defects : mask: int16
    """

    inputs: FlatInputs
    leds: list[int | None]
    good: np.ndarray
    frames: list[CalibratedFrame] = field(init=False)
    counts: np.ndarray = field(init=False)
    lamps: list[int | None] = field(init=False)
    weights: np.ndarray = field(init=False)
    groups: np.ndarray = field(init=False)
    own_surfaces: dict[int, Surface] = field(default_factory=dict)
    surfaces: dict[int, Surface] | None = None
    stack: Stack = field(init=False)
    flat: np.ndarray = field(init=False)
    uncertainty: np.ndarray = field(init=False)
    mask: np.ndarray = field(init=False)


def begin(inputs: FlatInputs, config: FlatConfig) -> FlatState:
    if len(inputs.frames) != len(inputs.overscans):
        raise UnusableFrameError(
            f"{len(inputs.frames)} frames but {len(inputs.overscans)} overscan strips: one each needed"
        )
    leds: list[int | None] = [None] * len(inputs.frames) if inputs.leds is None else list(inputs.leds)
    if len(leds) != len(inputs.frames):
        raise UnusableFrameError(f"{len(inputs.frames)} frames but {len(leds)} lamps: one each needed")
    return FlatState(inputs, leds, inputs.bias_mask == 0)


def calibrate_frames(state: FlatState, config: FlatConfig) -> Measurements:
    """Floating bias, bias; each frame is divided by its own median, so that the lamp's drift does not
    count."""
    frames: list[CalibratedFrame] = []
    used, counts, refused = [], [], 0
    good = state.good[:: LEVEL_STEP[0], :: LEVEL_STEP[1]]
    for raw, strip, led in zip(state.inputs.frames, state.inputs.overscans, state.leds, strict=True):
        if np.shape(raw) != state.inputs.bias.shape:
            raise UnusableFrameError(f"flat has shape {np.shape(raw)}, bias {state.inputs.bias.shape}: same needed")
        curve = fit_overscan(strip, config.overscan_order, config.saturation).curve
        frame = CalibratedFrame(raw, curve, state.inputs.bias)
        level = float(np.median(frame[:: LEVEL_STEP[0], :: LEVEL_STEP[1]][good]))
        if not config.min_counts <= level <= config.max_counts or not _lamp_is_known(state.inputs, led, config):
            refused += 1
            continue
        frames.append(CalibratedFrame(raw, curve, state.inputs.bias, None, level, config.saturation))
        used.append(led)
        counts.append(level)
    state.frames, state.leds, state.counts = frames, used, np.array(counts)
    if len(used) < config.min_frames:
        raise UnusableFrameError(
            f"{len(used)} flats between {config.min_counts:g} and {config.max_counts:g} DN with a lamp of "
            f"{state.inputs.filtercode}: at least {config.min_frames} needed",
            flats_refused=refused,
        )
    return {"frames": len(used), "flats_refused": refused, "counts": float(np.mean(counts))}


def _lamp_is_known(inputs: FlatInputs, led: int | None, config: FlatConfig) -> bool:
    if led is None:
        return inputs.lamp_correction is None
    return led in config.weights[inputs.filtercode] and (
        inputs.lamp_correction is None or led in inputs.lamp_correction
    )


def weigh_lamps(state: FlatState, config: FlatConfig) -> Measurements:
    """The lamps that there are, and the weight of each."""
    state.lamps = sorted(set(state.leds), key=lambda led: (led is None, led))
    if None in state.lamps and len(state.lamps) > 1:
        raise UnusableFrameError(f"lamps {state.lamps}: either all flats say which lamp was on or none")
    table = config.weights[state.inputs.filtercode]
    weights = np.array([1.0 if led is None else table[led] for led in state.lamps])
    share = float(weights.sum())
    if share < config.min_lamp_share:
        raise UnusableFrameError(
            f"lamps {state.lamps} have {share:.2f} of the weight of {state.inputs.filtercode}: "
            f"at least {config.min_lamp_share:g} needed",
            lamp_share=share,
        )
    state.groups = np.array([state.lamps.index(led) for led in state.leds])
    state.weights = weights / share
    return {"lamps": len(state.lamps), "lamp_share": share}


def measure_lamps(state: FlatState, config: FlatConfig) -> Measurements:
    """Each lamp's surface relative to the mix of all; the static ones are used where there are such."""
    if None in state.lamps:
        return {}
    leds, shape = [led for led in state.lamps if led is not None], shape_of(state.good)
    meshes = [surface.mesh_medians(_mean_of(state, group), state.good) for group in range(len(state.lamps))]
    x, y, _ = meshes[0]
    patterns = np.array([values for _, _, values in meshes])
    whole = np.isfinite(patterns).all(axis=0)
    basis = surface.basis(x[whole], y[whole], shape, config.lamp_degree)
    if len(basis) < 2 * basis.shape[1]:
        raise UnusableFrameError(f"lamps can be compared in {len(basis)} boxes only: {2 * basis.shape[1]} needed")
    x, y, patterns = x[whole], y[whole], patterns[:, whole]
    mix = state.weights @ patterns
    fitted = np.linalg.lstsq(basis, (patterns / mix).T, rcond=None)[0].T
    own = {led: surface.from_terms(values, shape, config.lamp_degree) for led, values in zip(leds, fitted, strict=True)}
    static = state.inputs.lamp_correction
    state.own_surfaces, state.surfaces = own, own if static is None else {led: static[led] for led in leds}
    found = {"lamp_pattern": float(np.std(basis @ fitted.T))}
    if static is not None:
        # Both are relative to their own mix: compare lamps with each other.
        ratio = np.array([own[led].at(x, y) / static[led].at(x, y) for led in leds])
        ratio /= np.median(ratio, axis=1, keepdims=True)
        found["lamp_drift"] = float(np.std(ratio - ratio.mean(axis=0)))
    return found


def _mean_of(state: FlatState, group: int) -> MeanFrame:
    return MeanFrame([frame for frame, its_group in zip(state.frames, state.groups, strict=True) if its_group == group])


def stack_frames(state: FlatState, config: FlatConfig) -> Measurements:
    if state.surfaces is not None:
        images = {led: lamp.image() for led, lamp in state.surfaces.items()}
        state.frames = [
            CalibratedFrame(f.raw, f.curve, f.bias, images[led], f.level, f.saturation)
            for f, led in zip(state.frames, state.leds, strict=True)
            if led is not None
        ]
    enough = len(state.frames) - len(state.lamps) >= MIN_FREEDOM
    # With so few frames of each lamp their scatter is not known: all are taken as of one lamp.
    groups, weights = (state.groups, state.weights) if enough else (None, None)
    state.stack = clipped_mean(state.frames, config.clip, groups, weights)
    del state.frames
    return {"frame_scatter": typical_sigma(state.stack.scatter, state.stack.freedom), "lamps_weighted": enough}


def normalise(state: FlatState, config: FlatConfig) -> Measurements:
    """Bring the median to 1."""
    median = float(np.nanmedian(state.stack.mean[state.good]))
    state.flat = state.stack.mean / np.float32(median)
    state.uncertainty = state.stack.uncertainty / np.float32(median)
    return {"flat_norm": median}


def mask_defects(state: FlatState, config: FlatConfig) -> Measurements:
    state.mask = flat_defects(state.flat, config.low, config.high, config.dead)
    photons = config.gain * state.counts
    response = np.maximum(state.stack.mean, np.float32(config.dead))
    shot = np.sqrt(
        response * np.float32(np.mean(1.0 / photons)) + np.float32(np.mean((config.read_noise / photons) ** 2))
    )
    noisy = noisy_in_flats(state.stack.scatter, shot, state.stack.freedom, config.max_scatter, config.noisy_chance)
    state.mask[noisy] |= np.int16(MaskBit.NOISY)
    return {
        "defective_pixels": int(np.count_nonzero(state.mask)),
        "noisy_pixels": int(np.count_nonzero(noisy)),
        "photon_scatter": float(np.median(shot)),
    }


def finish(
    state: FlatState, config: FlatConfig, measurements: Measurements, steps: tuple[StepReport, ...]
) -> dict[str, Product]:
    cards = list(state.inputs.cards) + [
        ("NFRAMES", measurements["frames"], "Number of frames stacked"),
        ("FLATCNT", measurements["counts"], "Mean of the frames' medians [DN]"),
        ("FLATSCAT", measurements["frame_scatter"], "Typical relative scatter of one frame"),
        ("NLAMPS", measurements["lamps"], "Number of lamps"),
        ("LAMPSHAR", measurements["lamp_share"], "Share of the filter's lamps by weight"),
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
        "hifreqflatlamps.fits": Product(*lamp_cube(state.own_surfaces, shape_of(state.good))),
        "hifreqflatlog.txt": Product(log_text("hifreqflat", VERSION, config, steps), []),
    }


def shape_of(image: np.ndarray) -> tuple[int, int]:
    """(ny, nx)."""
    ny, nx = image.shape
    return ny, nx


def lamp_cube(surfaces: Mapping[int, Surface], shape: tuple[int, int]) -> tuple[np.ndarray, list]:
    """Surfaces of lamps as an image of Chebyshev coefficients (lamps, degree + 1, degree + 1), and its cards."""
    cube = np.array([lamp.coefficients for lamp in surfaces.values()], np.float32)
    cards = [("CHEBNX", shape[1], "Width of the frame [pixels]"), ("CHEBNY", shape[0], "Height of the frame [pixels]")]
    cards += [(f"LED{plane}", led, f"Lamp of plane {plane}") for plane, led in enumerate(surfaces, 1)]
    return (cube if surfaces else np.zeros((1, 1, 1), np.float32)), cards


def lamps_of_cube(cube: np.ndarray, cards: Mapping[str, Any]) -> dict[int, Surface]:
    """Surfaces of the lamps from an image that `lamp_cube` made; empty if no lamps were told apart."""
    shape = (int(cards["CHEBNY"]), int(cards["CHEBNX"]))
    leds = [cards.get(f"LED{plane}") for plane in range(1, len(cube) + 1)]
    return {int(led): Surface(np.asarray(plane, float), shape) for led, plane in zip(leds, cube, strict=True) if led}


FLAT = Pipeline(
    name="hifreqflat",
    version=VERSION,
    config=FlatConfig,
    begin=begin,
    steps=(calibrate_frames, weigh_lamps, measure_lamps, stack_frames, normalise, mask_defects),
    finish=finish,
    makes=(
        "hifreqflat.fits",
        "hifreqflatunc.fits",
        "hifreqflatcmask.fits",
        "hifreqflatlamps.fits",
        "hifreqflatlog.txt",
    ),
)
