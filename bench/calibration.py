"""Bias and flat stacks of full-size quadrants: time against numpy, and errors against the simulated truth."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from bench.report import Figure, report

CHANNEL, FILTERCODE, FRAMES, SEED = 29, "zg", 20, 3
REPEATS = 3
QUICK_SIDE = 1024
CLIP = 3.0


def run(quick: bool) -> None:
    """Simulate a night's calibration frames of one quadrant, stack them, compare, print."""
    from archive.survey.camera import Camera

    camera = Camera().scaled(QUICK_SIDE, QUICK_SIDE) if quick else Camera()
    print(f"one quadrant of {camera.nx} x {camera.ny} px, {FRAMES} frames", flush=True)
    figures, bias = bias_figures(camera, full=not quick)
    figures |= flat_figures(camera, bias, full=not quick)
    report("calibration", figures, quick=quick)


def cpu(work: Callable[[], object], repeats: int = REPEATS) -> tuple[float, object]:
    """Median CPU seconds of a piece of work, after one run that compiles, and its result."""
    result, spent = work(), []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        spent.append(time.process_time() - start)
    return float(np.median(spent)), result


def bias_figures(camera, full: bool):
    """Bias pipeline and its peers."""
    from processing.pipelines.calibration.bias import BIAS, BiasInputs
    from processing.science.detector.overscan import fit_overscan
    from processing.science.detector.stack import clipped_mean
    from processing.simulate import detector
    from processing.simulate.randomness import stream

    reads = [detector.read_out(stream(SEED, "b", n), camera, CHANNEL, None, 0.0) for n in range(FRAMES)]
    inputs = BiasInputs([one.pixels for one in reads], [one.overscan for one in reads])
    seconds, products = cpu(lambda: BIAS.run(inputs))
    pairs = zip(inputs.frames, inputs.overscans, strict=True)
    frames = [frame.astype(np.float32) - fit_overscan(strip, 9).curve[:, None] for frame, strip in pairs]
    alone, _ = cpu(lambda: clipped_mean(frames, CLIP))
    median, _ = cpu(lambda: by_chunks(frames, lambda cube: np.median(cube, axis=0)), 1)
    clipped, _ = cpu(lambda: by_chunks(frames, plain_clipped_mean), 1)
    parts, good = detector.electronics(camera, CHANNEL), detector.defects(camera, CHANNEL) == 0
    error = (products.files["bias.fits"].data - parts.bias)[good].astype(float)
    claimed = products.files["biasunc.fits"].data[good].astype(float)
    noise = float(np.hypot(camera.read_noise / camera.gain, 12**-0.5))
    noisy = np.zeros(good.size, bool)
    noisy[parts.noisy] = True
    noisy = noisy.reshape(good.shape)
    mask = products.files["biascmask.fits"].data
    figures = {
        "bias pipeline, CPU": Figure(seconds, "s", 4.0 if full else None, n=REPEATS),
        "stack alone, CPU": Figure(
            alone, "s", n=REPEATS, peer={"np.median": median, "clipped mean in numpy": clipped}
        ),
        "bias error": Figure(float(error.std()), "DN", n=error.size, peer={"read noise only": noise / FRAMES**0.5}),
        "bias chi2 about truth": Figure(float(np.mean(error**2) / np.mean(claimed**2)), "", 1.1, n=int(good.sum())),
        "read noise, measured over true": Figure(products.measurements["read_noise_dn"] / noise, "", n=FRAMES),
        "noisy pixels found in bias": Figure(float((mask[noisy] > 0).mean()), "", 0.95, "higher", int(noisy.sum())),
        "good pixels masked in bias": Figure(float((mask[good] > 0).mean()), "", 1e-5, n=int(good.sum())),
    }  # fmt: skip
    return figures, products


def flat_figures(camera, bias, full: bool):
    """Flat pipeline; the smooth pattern of the lamps, which a screen flat cannot know, is taken out of its error."""
    from archive.survey.bits import MaskBit
    from archive.survey.camera import filter_of
    from processing.pipelines.calibration.flat import FLAT, FlatInputs
    from processing.simulate import detector
    from processing.simulate.plan import lamp_sequence
    from processing.simulate.randomness import stream
    from processing.simulate.raw import RawExposure
    from processing.simulate.survey import FLAT_ELECTRONS, flat_light

    fid, leds, reads = filter_of(FILTERCODE).fid, lamp_sequence(FILTERCODE, FRAMES), []
    for n, led in enumerate(leds):
        exposure = RawExposure(2459116.5 + n / 1440, 0, FILTERCODE, 10.0, 0, "f", led)
        light = flat_light(SEED, exposure, camera, CHANNEL, fid)
        reads.append(detector.read_out(stream(SEED, "f", n), camera, CHANNEL, light, 10.0))
    frames, strips = [one.pixels for one in reads], [one.overscan for one in reads]
    bias, mask = bias.files["bias.fits"].data, bias.files["biascmask.fits"].data
    seconds, products = cpu(lambda: FLAT.run(FlatInputs(frames, strips, bias, mask, FILTERCODE, leds)))
    even = FLAT.run(FlatInputs(frames, strips, bias, mask, FILTERCODE))
    truth, defects = detector.response(camera, CHANNEL, fid), detector.defects(camera, CHANNEL)
    good = defects == 0
    error, unweighted = (small_scale_error(one.files["hifreqflat.fits"].data, truth, good) for one in (products, even))
    claimed = products.files["hifreqflatunc.fits"].data[good].astype(float)
    found = products.files["hifreqflatcmask.fits"].data
    low = (defects == int(MaskBit.LOW_RESPONSE)) & (detector.low_responses(camera, CHANNEL) < 0.47)
    noisy = np.zeros(good.size, bool)
    noisy[detector.electronics(camera, CHANNEL).noisy] = True
    noisy = noisy.reshape(good.shape) & ((defects & int(MaskBit.LOW_RESPONSE | MaskBit.DEAD)) == 0)
    dead = (defects & int(MaskBit.DEAD)) > 0
    photon = (FLAT_ELECTRONS * FRAMES) ** -0.5
    has_dead = found[dead] & int(MaskBit.DEAD) > 0
    return {
        "flat pipeline, CPU": Figure(seconds, "s", 4.0 if full else None, n=REPEATS),
        "flat error, small scale": Figure(
            float(error.std()), "", 1.2 * photon, n=int(good.sum()),
            peer={"lamps not told apart": float(unweighted.std()), "photons only": photon},
        ),
        "flat chi2 about truth": Figure(float(np.mean(error**2) / np.mean(claimed**2)), "", 1.2, n=int(good.sum())),
        "dead pixels found": Figure(float(has_dead.mean()), "", 1.0, "higher", int(dead.sum())),
        "low pixels (< 0.47) found": Figure(
            float((found[low] & int(MaskBit.LOW_RESPONSE) > 0).mean()), "", 0.99, "higher", int(low.sum())
        ),
        "noisy pixels found in flat": Figure(
            float((found[noisy] & int(MaskBit.NOISY) > 0).mean()), "", 0.95, "higher", int(noisy.sum())
        ),
        "good pixels masked in flat": Figure(float((found[good] > 0).mean()), "", 1e-5, n=int(good.sum())),
    }  # fmt: skip


def small_scale_error(flat, truth, good) -> np.ndarray:
    """Relative error of the good pixels about a smooth surface: float64 (n,)."""
    from processing.science import surface

    ratio = np.divide(flat, truth, out=np.ones_like(flat), where=good)
    x, y, values = surface.mesh_medians(ratio, good)
    terms = surface.basis(x, y, good.shape, 5)
    smooth = surface.from_terms(np.linalg.lstsq(terms, values, rcond=None)[0], good.shape, 5).image()
    return (ratio / smooth)[good].astype(float) - 1.0


def by_chunks(frames, combine) -> np.ndarray:
    """Combine frames a few rows at a time, as one would with numpy alone."""
    out = np.empty(frames[0].shape, np.float32)
    for first in range(0, len(out), 64):
        out[first : first + 64] = combine(np.array([frame[first : first + 64] for frame in frames]))
    return out


def plain_clipped_mean(cube) -> np.ndarray:
    """Mean within CLIP robust sigmas of the median, in numpy."""
    first, middle, third = np.percentile(cube, (25, 50, 75), axis=0)
    keep = np.abs(cube - middle) <= CLIP * 0.7413 * (third - first)
    return np.where(keep, cube, 0.0).sum(axis=0) / keep.sum(axis=0)
