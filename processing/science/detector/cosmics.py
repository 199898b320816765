"""Cosmic-ray hits by their sharp edges: van Dokkum's L.A.Cosmic (2001, PASP 113, 1420), evaluated sparsely.

The Laplacian costs a few additions per pixel and rejects nearly all of them; the medians that the method
needs are computed only at the few pixels that are left.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

BORDER = 5
# Van Dokkum's 2x2 subsampled Laplacian, kept at the original sampling, equals the sum of the positive parts
# of the four corner differences; this factor gives it the unit of a pixel value.
LAPLACE_SCALE = 0.125
# The fine structure of a cosmic ray can be zero; this floor, in sigmas, keeps the contrast finite.
FINE_STRUCTURE_FLOOR = 0.01


@dataclass(frozen=True)
class CosmicsConfig:
    """sigma_clip: Laplacian significance of a hit's core (sigmas); sigma_fraction: neighbours of a hit count
    at this fraction of it; contrast: Laplacian over fine structure, must exceed this and `star_margin` times
    that of the sharpest star, since undersampled stars look like hits; iterations: passes."""

    sigma_clip: float = 5.0
    sigma_fraction: float = 0.3
    contrast: float = 4.5
    star_margin: float = 3.5
    iterations: int = 4


@njit(cache=True, inline="always")
def _laplacian(image, y, x):
    c = 2 * image[y, x]
    left, right, up, down = image[y, x - 1], image[y, x + 1], image[y - 1, x], image[y + 1, x]
    return LAPLACE_SCALE * (
        max(c - left - up, 0.0) + max(c - left - down, 0.0) + max(c - right - up, 0.0) + max(c - right - down, 0.0)
    )


@njit(cache=True)
def _median3x3(image, y, x, buffer):
    k = 0
    for j in range(-1, 2):
        for i in range(-1, 2):
            v = image[y + j, x + i]
            p = k - 1
            while p >= 0 and buffer[p] > v:
                buffer[p + 1] = buffer[p]
                p -= 1
            buffer[p + 1] = v
            k += 1
    return buffer[4]


@njit(cache=True)
def _middle(values, count):
    """Median of the first `count` (odd) values, which it reorders (Hoare's selection)."""
    low, high, middle = 0, count - 1, count // 2
    while low < high:
        pivot, i, j = values[middle], low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if j < middle:
            low = i
        if i > middle:
            high = j
    return values[middle]


@njit(cache=True, inline="always")
def _remembered_median(work, known, y, x, buffer):
    """`_median3x3`, computed once: neighbouring candidates ask for the same."""
    if math.isnan(known[y, x]):
        known[y, x] = _median3x3(work, y, x, buffer)
    return known[y, x]


class Sky(NamedTuple):
    """level, noise: float32 (ny, nx), DN; gain: e-/DN."""

    level: np.ndarray
    noise: np.ndarray
    gain: float


class Thresholds(NamedTuple):
    """sigma_clip: of a hit; low_clip: of a hit's neighbours; contrast: over fine structure."""

    sigma_clip: float
    low_clip: float
    contrast: float


@njit(cache=True)
def _is_hit(work, known, y, x, laplacian, sky, thresholds, buffers):
    b9, b25, b49 = buffers
    sigma_clip, contrast = thresholds.sigma_clip, thresholds.contrast
    variance = sky.noise[y, x] * sky.noise[y, x]
    k = 0
    for j in range(-2, 3):
        for i in range(-2, 3):
            b25[k] = work[y + j, x + i]
            k += 1
    # Noise of what lies beneath the hit: sky plus the median of the surroundings.
    noise = math.sqrt(variance + max(_middle(b25, 25) - sky.level[y, x], 0.0) / sky.gain)
    significance = laplacian / noise
    if significance < sigma_clip:
        return False
    k = 0
    for j in range(-3, 4):
        for i in range(-3, 4):
            b49[k] = _remembered_median(work, known, y + j, x + i, b9)
            k += 1
    fine = max((b49[24] - _middle(b49, 49)) / noise, FINE_STRUCTURE_FLOOR)
    # The last test can only lower the significance: most stars need not come to it.
    if significance / fine <= contrast:
        return False
    k = 0
    for j in range(-2, 3):
        for i in range(-2, 3):
            b25[k] = _laplacian(work, y + j, x + i) / noise
            k += 1
    significance -= _middle(b25, 25)
    return significance >= sigma_clip and significance / fine > contrast


@njit(cache=True)
def _find_kernel(work, skip, sky, thresholds, iterations, hits):
    level, noise, gain = sky
    ny, nx = work.shape
    buffers = (np.empty(9), np.empty(25), np.empty(49))
    b9 = buffers[0]
    known = np.full((ny, nx), np.nan, np.float32)
    # Pixels whose surroundings have changed since they were judged: at first, all.
    look = np.ones((ny, nx), np.bool_)
    for _ in range(iterations):
        found = 0
        core = np.zeros((ny, nx), np.bool_)
        for y in range(BORDER, ny - BORDER):
            for x in range(BORDER, nx - BORDER):
                if skip[y, x] or hits[y, x] or not look[y, x]:
                    continue
                laplacian = _laplacian(work, y, x)
                if laplacian < thresholds.sigma_clip * noise[y, x]:
                    continue
                core[y, x] = _is_hit(work, known, y, x, laplacian, sky, thresholds, buffers)
        look[:] = False
        for y in range(BORDER, ny - BORDER):
            for x in range(BORDER, nx - BORDER):
                if not core[y, x]:
                    continue
                for j in range(-1, 2):
                    for i in range(-1, 2):
                        if hits[y + j, x + i] or skip[y + j, x + i]:
                            continue
                        beneath = max(_median3x3(work, y + j, x + i, b9) - level[y, x], 0.0)
                        sigma = math.sqrt(noise[y, x] ** 2 + beneath / gain)
                        if (i == 0 and j == 0) or _laplacian(work, y + j, x + i) > thresholds.low_clip * sigma:
                            hits[y + j, x + i] = True
                            found += 1
                # What is mended beside this pixel is seen by pixels up to BORDER from there.
                for j in range(max(y - BORDER - 1, 0), min(y + BORDER + 2, ny)):
                    look[j, max(x - BORDER - 1, 0) : x + BORDER + 2] = True
                    known[j, max(x - BORDER - 1, 0) : x + BORDER + 2] = np.nan
        if found == 0:
            break
        _mend(work, hits, skip, level)


@njit(cache=True)
def _mend(work, hits, skip, level):
    """Replace hits by the median of the 5x5 good neighbours."""
    ny, nx = work.shape
    around = np.empty(25)
    for y in range(2, ny - 2):
        for x in range(2, nx - 2):
            if not hits[y, x]:
                continue
            k = 0
            for j in range(-2, 3):
                for i in range(-2, 3):
                    if not hits[y + j, x + i] and not skip[y + j, x + i]:
                        around[k] = work[y + j, x + i]
                        k += 1
            work[y, x] = np.median(around[:k]) if k > 3 else level[y, x]


def star_contrast(stamp: np.ndarray) -> float:
    """Laplacian over fine structure at the peak of a star: what a hit must surpass.

    stamp : array (n, n), n >= 11
        A star without noise, its peak at least 5 pixels from the edges.
    """
    stamp = np.ascontiguousarray(stamp, np.float64)
    row, column = np.unravel_index(stamp.argmax(), stamp.shape)
    if min(row, column, *(np.array(stamp.shape) - 1 - (row, column))) < BORDER:
        raise ValueError(f"stamp of shape {stamp.shape}: its peak must lie {BORDER} pixels from the edges")
    buffer = np.empty(9)
    around = [_median3x3(stamp, row + j, column + i, buffer) for j in range(-3, 4) for i in range(-3, 4)]
    fine = _median3x3(stamp, row, column, buffer) - np.median(around)
    return float(_laplacian(stamp, row, column) / fine) if fine > 0 else math.inf


def find_cosmic_rays(
    image: np.ndarray,
    bad: np.ndarray,
    level: np.ndarray,
    noise: np.ndarray,
    gain: float,
    config: CosmicsConfig | None = None,
    sharpest: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Find pixels hit by cosmic rays.

    Parameters
    ----------
    image : float32 array (ny, nx), DN
        Finite everywhere: fill masked pixels first (`fill.fill_masked`), or their edges look like hits.
    bad : bool array (ny, nx)
        Pixels never reported.
    level, noise : float32 arrays (ny, nx), DN
        Sky level and its pixel noise.
    gain : float, e-/DN
    config : CosmicsConfig
    sharpest : float
        Contrast of the sharpest star (`star_contrast`), 0 if unknown.

    Returns
    -------
    hits : bool array (ny, nx)
        The outer 5 pixels are not searched.
    cleaned : float32 array (ny, nx), DN
        Hits replaced by the median of their surroundings.
    """
    config = config or CosmicsConfig()
    cleaned = np.array(image, np.float32, order="C")
    hits = np.zeros(image.shape, np.bool_)
    thresholds = Thresholds(
        config.sigma_clip,
        config.sigma_clip * config.sigma_fraction,
        max(config.contrast, config.star_margin * sharpest),
    )
    _find_kernel(cleaned, bad, Sky(level, noise, gain), thresholds, config.iterations, hits)
    return hits, cleaned
