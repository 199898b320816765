"""Detector effects: bias, dark, response, defects, cosmic rays, saturation, noise, digits.

The bias structure, the dark current and the response are functions of (rcid, filter) alone and never change,
so that calibration frames can recover them. The floating bias, cosmic rays and noise belong to one exposure.
What a pixel answers to light changes smoothly with wavelength: a lamp of the screen is answered a little differently
than a star, and lights the focal plane in its own way.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import njit

from archive.survey.bits import MaskBit
from archive.survey.camera import FULL_NX, FULL_NY, Camera
from processing.simulate.dome import lamp_light, lamp_phase, star_phase
from processing.simulate.optics import INSTRUMENT_SEED, vignetting
from processing.simulate.randomness import stream

BIAS_LEVEL_DN = (900.0, 1200.0)
PIXEL_RESPONSE_SCATTER = 0.004
COLOUR_RESPONSE_SCATTER = 0.006
"""Of the part that comes and goes with wavelength."""
DEAD_SHARE, LOW_SHARE, HOT_SHARE, NOISY_SHARE = 2e-5, 1e-4, 5e-5, 5e-5
BAD_COLUMNS, WEAK_COLUMNS = 3, 2
LOW_RESPONSES = (0.1, 0.7)
NOISY_ELECTRONS, NOISY_RESPONSE = (30.0, 200.0), (0.01, 0.03)
"""Of a noisy pixel: its read noise, and the scatter of its response from exposure to exposure."""
HOT_ELECTRONS_PER_SECOND = 60.0
DARK_ELECTRONS_PER_SECOND = 0.02
COSMIC_RAYS_PER_SECOND = 1.3
"""In a full quadrant: some 40 in 30 s."""
POISSON_BELOW = 50.0
ADC_LARGEST = 65535
SMALL_DETECTOR = 2**20
"""pixels in a quadrant"""


@dataclass(frozen=True)
class Electronics:
    """Unchanging structure of a quadrant: level (DN); bias (DN, mean near 0) and dark current (e-/s), (ny, nx);
    noisy: flat indices of the pixels with more read noise, noise: how much (e-)."""

    level: float
    bias: np.ndarray
    dark: np.ndarray
    noisy: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True)
class Readout:
    """One read quadrant: pixels and overscan, uint16, and the flat indices of pixels hit by cosmic rays."""

    pixels: np.ndarray
    overscan: np.ndarray
    cosmic_pixels: np.ndarray


def electronics(camera: Camera, rcid: int) -> Electronics:
    """Bias and dark structure of a channel."""
    return _remembered(camera, _electronics_of_few, _electronics_of_many)(camera, rcid)


def _make_electronics(camera, rcid):
    rng = stream(INSTRUMENT_SEED, "electronics", rcid)
    u = np.linspace(-1, 1, camera.nx, dtype="f4")
    v = np.linspace(-1, 1, camera.ny, dtype="f4")[:, None]
    columns = rng.normal(0, 0.8, camera.nx).astype("f4")
    corner = np.exp(-((u + 1) ** 2 + (v + 1) ** 2) / 0.05)
    bias = columns + 2.5 * float(rng.normal()) * u + 1.5 * u * v + 6.0 * corner
    bias += 0.4 * rng.standard_normal(bias.shape, dtype="f4")
    dark = np.full(bias.shape, DARK_ELECTRONS_PER_SECOND, "f4") * (1.0 + 0.3 * v + 3.0 * corner)
    hot = rng.choice(dark.size, round(HOT_SHARE * dark.size), replace=False)
    dark.flat[hot] += rng.exponential(HOT_ELECTRONS_PER_SECOND, len(hot)).astype("f4") + 10.0
    level = float(rng.uniform(*BIAS_LEVEL_DN))
    noisy = rng.choice(dark.size, round(NOISY_SHARE * dark.size), replace=False)
    noise = rng.uniform(*NOISY_ELECTRONS, len(noisy)).astype("f4")
    return Electronics(level, _frozen(bias.astype("f4")), _frozen(dark.astype("f4")), noisy, noise)


def response(camera: Camera, rcid: int, fid: int) -> np.ndarray:
    """Response of each pixel to stars in one filter with vignetting and defects, mean near 1: float32 (ny, nx)."""
    return _remembered(camera, _response_of_few, _response_of_many)(camera, rcid, fid, None)


def screen(camera: Camera, rcid: int, fid: int, led: int) -> np.ndarray:
    """Response of each pixel to a lamp of the flat-field screen, mean near 1: float32 (ny, nx).

    It differs from `response` by the lamp's pattern on the screen, which is smooth, and by the lamp's wavelength.
    """
    return _remembered(camera, _response_of_few, _response_of_many)(camera, rcid, fid, led)


def _make_response(camera, rcid, fid, led):
    """To stars, or to a lamp."""
    rng = stream(INSTRUMENT_SEED, "response", rcid)
    shape = (camera.ny, camera.nx)
    pixels = 1.0 + PIXEL_RESPONSE_SCATTER * rng.standard_normal(shape, dtype="f4")
    phase = star_phase(fid) if led is None else lamp_phase(led)
    for part in (phase.real, phase.imag):
        pixels += np.float32(COLOUR_RESPONSE_SCATTER * part) * rng.standard_normal(shape, dtype="f4")
    rng_filter = stream(INSTRUMENT_SEED, "response", rcid, fid)
    u = np.linspace(-1, 1, camera.nx, dtype="f4")
    v = np.linspace(-1, 1, camera.ny, dtype="f4")[:, None]
    a = rng_filter.normal(0, 0.006, 5).astype("f4")
    pixels *= 1.0 + a[0] * u + a[1] * v + a[2] * u * u + a[3] * u * v + a[4] * v * v
    pixels *= vignetting(camera, rcid)
    if led is not None:
        pixels *= lamp_light(camera, rcid, led)
    for _ in range(3):
        _add_dust(pixels, rng)
    mask = defects(camera, rcid)
    low = (mask & MaskBit.LOW_RESPONSE) > 0
    pixels[low] *= low_responses(camera, rcid)[low]
    pixels[(mask & MaskBit.DEAD) > 0] = 0.0
    return _frozen(pixels)


@lru_cache(maxsize=256)
def response_level(camera: Camera, rcid: int, fid: int) -> float:
    """Median response of a quadrant: what a flat normalised to 1 leaves out of the zero point."""
    return float(np.median(response(camera, rcid, fid)))


def _remembered(camera, few, many):
    """The memory to use: every channel of a small detector, the last few of a full one (38 MB each)."""
    return many if camera.nx * camera.ny <= SMALL_DETECTOR else few


_electronics_of_few = lru_cache(maxsize=4)(_make_electronics)
_electronics_of_many = lru_cache(maxsize=64)(_make_electronics)
_response_of_few = lru_cache(maxsize=8)(_make_response)
_response_of_many = lru_cache(maxsize=192)(_make_response)


def defects(camera: Camera, rcid: int) -> np.ndarray:
    """True mask of a channel's dead, low-response and hot (noisy) pixels, by MaskBit: int16 (ny, nx)."""
    rng = stream(INSTRUMENT_SEED, "defects", rcid)
    mask = np.zeros((camera.ny, camera.nx), np.int16)
    for share, bit in ((LOW_SHARE, MaskBit.LOW_RESPONSE), (DEAD_SHARE, MaskBit.DEAD)):
        mask.flat[rng.choice(mask.size, round(share * mask.size), replace=False)] |= int(bit)
    for bit, count in ((MaskBit.DEAD, BAD_COLUMNS), (MaskBit.LOW_RESPONSE, WEAK_COLUMNS)):
        for _ in range(count):
            column, first = rng.integers(camera.nx), rng.integers(camera.ny)
            mask[first:, column] |= int(bit)
    parts = electronics(camera, rcid)
    mask[parts.dark > 5.0] |= int(MaskBit.NOISY)
    mask.flat[parts.noisy] |= int(MaskBit.NOISY)
    return mask


def low_responses(camera: Camera, rcid: int) -> np.ndarray:
    """Share of light that pixels of low response keep; the weak columns have one value each: float32 (ny, nx)."""
    rng = stream(INSTRUMENT_SEED, "low", rcid)
    kept = rng.uniform(*LOW_RESPONSES, (camera.ny, camera.nx)).astype("f4")
    columns = (defects(camera, rcid) & MaskBit.LOW_RESPONSE > 0).sum(0) > 0.02 * camera.ny
    kept[:, columns] = rng.uniform(*LOW_RESPONSES, int(columns.sum())).astype("f4")
    return kept


def _add_dust(pixels, rng):
    """The shadow of a grain on the window: a soft ring, 1 to 2 per cent deep."""
    ny, nx = pixels.shape
    x, y, radius = rng.uniform(0, nx), rng.uniform(0, ny), rng.uniform(15, 40)
    x0, x1 = max(0, int(x - 2 * radius)), min(nx, int(x + 2 * radius) + 1)
    y0, y1 = max(0, int(y - 2 * radius)), min(ny, int(y + 2 * radius) + 1)
    yy, xx = np.mgrid[y0:y1, x0:x1]
    ring = np.exp(-0.5 * ((np.hypot(xx - x, yy - y) - 0.7 * radius) / (0.2 * radius)) ** 2)
    pixels[y0:y1, x0:x1] *= (1.0 - rng.uniform(0.01, 0.02) * ring).astype("f4")


def _frozen(array):
    array.setflags(write=False)
    return array


def floating_bias(rng: np.random.Generator, camera: Camera, rcid: int) -> np.ndarray:
    """Bias level of each row (DN): channel's level, offset, drift and settling at the start: (ny,)."""
    t = np.arange(camera.ny) / camera.ny
    settling = rng.uniform(2.0, 5.0) * np.exp(-t * FULL_NY / 120.0)
    drift = rng.normal(0, 2.0) * t + rng.normal(0, 1.0) * t**2
    return (electronics(camera, rcid).level + rng.normal(0, 1.5) + drift + settling).astype("f4")


def read_out(rng: np.random.Generator, camera: Camera, rcid: int, light: np.ndarray | None, exptime: float) -> Readout:
    """Turn detected light into raw numbers.

    Parameters
    ----------
    rng : the random stream of this exposure and channel
    light : float32 (ny, nx), expected electrons after the response; None for a bias frame. It is overwritten.
    exptime : s, for dark current and cosmic rays
    """
    parts = electronics(camera, rcid)
    row_level = floating_bias(rng, camera, rcid)
    cosmic_pixels = np.empty(0, np.int64)
    if light is None:
        electrons = rng.standard_normal((camera.ny, camera.nx), dtype="f4") * np.float32(camera.read_noise)
        electrons.flat[parts.noisy] += parts.noise * rng.standard_normal(len(parts.noisy), dtype="f4")
    else:
        flicker = rng.uniform(*NOISY_RESPONSE, len(parts.noisy)) * rng.standard_normal(len(parts.noisy))
        light.flat[parts.noisy] *= 1.0 + flicker.astype("f4")
        light += parts.dark * np.float32(exptime)
        electrons = _noisy(rng, light, camera.read_noise)
        electrons.flat[parts.noisy] += parts.noise * rng.standard_normal(len(parts.noisy), dtype="f4")
        cosmic_pixels = add_cosmic_rays(rng, electrons, camera, exptime)
        spill_charge(electrons, np.float32(camera.saturation * camera.gain))
    electrons *= np.float32(1.0 / camera.gain)
    electrons += parts.bias
    electrons += row_level[:, None]
    strip = rng.standard_normal((camera.ny, camera.overscan), dtype="f4")
    strip *= np.float32(camera.read_noise / camera.gain)
    strip += row_level[:, None]
    return Readout(_digitise(electrons), _digitise(strip), cosmic_pixels)


def _noisy(rng, expected, read_noise):
    """Photon and read noise; above 50 electrons normal, which there is Poisson to all purposes."""
    out = rng.standard_normal(expected.shape, dtype="f4")
    out *= np.sqrt(expected + np.float32(read_noise**2))
    out += expected
    few = np.flatnonzero(expected < POISSON_BELOW)
    out.flat[few] = rng.poisson(expected.flat[few]) + rng.normal(0, read_noise, len(few))
    return out


def _digitise(dn):
    return np.clip(np.rint(dn, out=dn), 0, ADC_LARGEST, out=dn).astype(np.uint16)


def add_cosmic_rays(rng: np.random.Generator, electrons: np.ndarray, camera: Camera, exptime: float) -> np.ndarray:
    """Add straight and a few wandering tracks, in place; returns the flat indices of the pixels hit."""
    ny, nx = electrons.shape
    count = rng.poisson(COSMIC_RAYS_PER_SECOND * exptime * nx * ny / (FULL_NX * FULL_NY))
    hit = []
    for _ in range(count):
        steps = 2 * int(2 + rng.exponential(6.0))
        wander = 0.35 if rng.random() < 0.2 else 0.0
        angle = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 1.0, steps)) * wander
        x = (rng.uniform(0, nx) + np.cumsum(0.5 * np.cos(angle))).astype(int)
        y = (rng.uniform(0, ny) + np.cumsum(0.5 * np.sin(angle))).astype(int)
        inside = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
        index = y[inside] * nx + x[inside]
        charge = rng.gamma(2.0, 0.5 * rng.exponential(1500.0) + 100.0, len(index))
        np.add.at(electrons.ravel(), index, charge.astype("f4"))
        hit.append(index)
    return np.unique(np.concatenate(hit)) if hit else np.empty(0, np.int64)


@njit(cache=True)
def spill_charge(electrons, full_well):
    """Let charge above the full well flow along its column, half up, half down, in place."""
    ny, nx = electrons.shape
    for x in range(nx):
        top = np.float32(0.0)
        for y in range(ny):
            top = max(top, electrons[y, x])
        if top <= full_well:
            continue
        spilled = np.zeros(ny, np.float32)
        for y in range(ny):
            excess = electrons[y, x] - full_well
            if excess > 0:
                electrons[y, x] = full_well
                spilled[y] = excess
        for step in (1, -1):
            carried = np.float32(0.0)
            y = 0 if step == 1 else ny - 1
            for _ in range(ny):
                carried += np.float32(0.5) * spilled[y]
                if carried > 0:
                    room = full_well - electrons[y, x]
                    taken = min(room, carried)
                    electrons[y, x] += taken
                    carried -= taken
                y += step
