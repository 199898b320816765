"""The flat-field screen: lamps of several wavelengths, each with its own light on the focal plane.

Stars do not see the screen. What a lamp adds is smooth: a few per cent from edge to edge of the focal plane, and what
the corrector throws back onto the middle.
"""

from functools import lru_cache

import numpy as np

from archive.survey.camera import Camera, ccd_quadrant, filter_of, pixel_to_plane
from processing.science.detector.lamps import GRID, led_spectrum, star_spectrum
from processing.simulate.optics import FOCAL_RADIUS_DEG, INSTRUMENT_SEED, upsample
from processing.simulate.randomness import stream

RESPONSE_PERIOD = 800.0
"""nm over which a pixel's deviation from the mean response comes back."""
GRADIENT, CURVATURE, BUMP = 0.05, 0.06, 0.03
"""Typical size at the edge of the focal plane, and of the light thrown back onto its middle."""
BUMP_RADIUS_DEG = 1.2
DRIFT = 2e-4
"""Typical change of a lamp's gradient between frames, at the edge of the focal plane."""
STEP = 32


@lru_cache
def star_phase(fid: int) -> complex:
    """Mean of exp(2 pi i wavelength / RESPONSE_PERIOD) over a star's light in a filter."""
    return _phase(star_spectrum(filter_of(fid).code))


@lru_cache
def lamp_phase(led: int) -> complex:
    """The same over a lamp's light."""
    return _phase(led_spectrum(led))


def _phase(spectrum):
    return complex(spectrum @ np.exp(2j * np.pi * GRID / RESPONSE_PERIOD))


def lamp_light(camera: Camera, rcid: int, led: int) -> np.ndarray:
    """A lamp's light over that of the sky at each pixel of a quadrant, near 1: float32 (ny, nx)."""
    rng = stream(INSTRUMENT_SEED, "lamp", led)
    shared = stream(INSTRUMENT_SEED, "screen")  # the screen itself hangs askew for all lamps
    east, north = _places(camera, rcid)
    slope = GRADIENT * (shared.normal(0, 1, 2) + 0.5 * rng.normal(0, 1, 2))
    bend = CURVATURE * (shared.normal(0, 1, 3) + 0.5 * rng.normal(0, 1, 3))
    light = 1.0 + slope[0] * east + slope[1] * north
    light += bend[0] * east**2 + bend[1] * east * north + bend[2] * north**2
    radius2 = (east**2 + north**2) * (FOCAL_RADIUS_DEG / BUMP_RADIUS_DEG) ** 2
    light += BUMP * (1.0 + 0.3 * rng.normal()) * np.exp(-0.5 * radius2)
    return upsample(light, STEP, camera.ny, camera.nx)


def lamp_drift(rng: np.random.Generator, camera: Camera, rcid: int) -> np.ndarray:
    """A lamp's light in one frame over its usual pattern, near 1: float32 (ny, nx)."""
    east, north = _places(camera, rcid)
    slope = DRIFT * rng.normal(0, 1, 2)
    return upsample(1.0 + slope[0] * east + slope[1] * north, STEP, camera.ny, camera.nx)


def _places(camera, rcid):
    """Nodes every STEP pixels of a quadrant, as parts of the focal plane's radius."""
    x, y = np.arange(0, camera.nx + STEP, STEP), np.arange(0, camera.ny + STEP, STEP)
    grid_x, grid_y = np.meshgrid(x, y)
    east, north = pixel_to_plane(camera, *ccd_quadrant(rcid), grid_x + 1, grid_y + 1)
    radius = FOCAL_RADIUS_DEG * camera.layout_scale
    return east / radius, north / radius
