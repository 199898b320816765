"""Clipped mean of many frames, with its uncertainty."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from processing.science.errors import UnusableFrame

IQR_TO_SIGMA = 0.7413
MIN_FRAMES_TO_CLIP = 4
ROWS_PER_CHUNK = 64


@dataclass(frozen=True)
class Stack:
    """mean, scatter (sigma of one frame), uncertainty (of the mean): float32 (ny, nx), units of the frames;
    NaN where no frame has a value. count: int16 (ny, nx), frames kept."""

    mean: np.ndarray
    scatter: np.ndarray
    uncertainty: np.ndarray
    count: np.ndarray


@njit(cache=True)
def _quantile(values, low, high, fraction):
    position = low + fraction * (high - 1 - low)
    k = int(position)
    if k + 1 >= high:
        return values[high - 1]
    return values[k] + (position - k) * (values[k + 1] - values[k])


@njit(cache=True)
def _sort_finite(values):
    """Sort the finite values to the front, in place; returns how many there are."""
    m = 0
    for k in range(values.size):
        a = values[k]
        if not np.isfinite(a):
            continue
        p = m - 1
        while p >= 0 and values[p] > a:
            values[p + 1] = values[p]
            p -= 1
        values[p + 1] = a
        m += 1
    return m


@njit(cache=True)
def _clipped_mean_kernel(cube, nsigma, widen, mean, scatter, count):
    """cube (rows, nx, n) is sorted in place: a pixel's values lie side by side, so this stays in cache."""
    rows, nx, n = cube.shape
    filled = np.empty(nx, np.int64)
    sigmas = np.empty(nx, np.float64)
    for y in range(rows):
        for x in range(nx):
            m = _sort_finite(cube[y, x])
            filled[x] = m
            sigmas[x] = (
                (_quantile(cube[y, x], 0, m, 0.75) - _quantile(cube[y, x], 0, m, 0.25)) * IQR_TO_SIGMA
                if m >= MIN_FRAMES_TO_CLIP
                else np.nan
            )
        # Quartiles of a few values are noisy: by chance too small, they would clip good values away.
        typical = np.nanmedian(sigmas)
        for x in range(nx):
            v = cube[y, x]
            low = 0
            high = filled[x]
            if high >= MIN_FRAMES_TO_CLIP:
                median = _quantile(v, low, high, 0.5)
                limit = nsigma * max(sigmas[x], typical)
                while limit > 0.0 and v[low] < median - limit:
                    low += 1
                while limit > 0.0 and v[high - 1] > median + limit:
                    high -= 1
            kept = high - low
            count[y, x] = kept
            mean[y, x] = np.nan
            scatter[y, x] = np.nan
            if kept == 0:
                continue
            total = 0.0
            for k in range(low, high):
                total += v[k]
            average = total / kept
            squares = 0.0
            for k in range(low, high):
                squares += (v[k] - average) ** 2
            mean[y, x] = average
            if kept > 1:
                scatter[y, x] = widen * math.sqrt(squares / (kept - 1))


def truncation_factor(nsigma: float) -> float:
    """Sigma of a normal distribution over the sigma that is left after cutting it at +-nsigma."""
    density = math.exp(-0.5 * nsigma * nsigma) / math.sqrt(2.0 * math.pi)
    inside = math.erf(nsigma / math.sqrt(2.0))
    return 1.0 / math.sqrt(1.0 - 2.0 * nsigma * density / inside)


def clipped_mean(frames: Sequence[np.ndarray], nsigma: float = 3.0) -> Stack:
    """Mean of n frames per pixel, after clipping once at nsigma robust sigmas: from the pixel's quartiles,
    but not less than its row's typical sigma.

    Parameters
    ----------
    frames : sequence of n arrays (ny, nx)
        May be memory maps: rows are read in chunks. Values that are not finite are left out.
    nsigma : float

    Raises
    ------
    UnusableFrame
        if there are no frames or their shapes differ.
    """
    if len(frames) == 0:
        raise UnusableFrame("no frames to stack: at least 1 is needed")
    shapes = {np.shape(f) for f in frames}
    if len(shapes) != 1:
        raise UnusableFrame(f"frames to stack have different shapes: {sorted(shapes)}")
    ny, nx = shapes.pop()
    mean, scatter = np.empty((ny, nx), np.float32), np.empty((ny, nx), np.float32)
    count = np.empty((ny, nx), np.int16)
    widen = truncation_factor(nsigma) if len(frames) >= MIN_FRAMES_TO_CLIP else 1.0
    cube = np.empty((ROWS_PER_CHUNK, nx, len(frames)), np.float32)
    for start in range(0, ny, ROWS_PER_CHUNK):
        rows = slice(start, min(start + ROWS_PER_CHUNK, ny))
        part = cube[: rows.stop - start]
        for k, frame in enumerate(frames):
            part[:, :, k] = frame[rows]
        _clipped_mean_kernel(part, nsigma, widen, mean[rows], scatter[rows], count[rows])
    uncertainty = scatter / np.sqrt(np.maximum(count, 1), dtype=np.float32)
    return Stack(mean, scatter, uncertainty, count)
