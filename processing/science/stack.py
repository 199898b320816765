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
def _clipped_mean_kernel(cube, nsigma, widen, mean, scatter, count):
    """cube (rows, nx, n): the values of one pixel lie side by side, so the insertion sort stays in cache."""
    rows, nx, n = cube.shape
    v = np.empty(n, np.float32)
    for y in range(rows):
        for x in range(nx):
            m = 0
            for k in range(n):
                a = cube[y, x, k]
                if not np.isfinite(a):
                    continue
                p = m - 1
                while p >= 0 and v[p] > a:
                    v[p + 1] = v[p]
                    p -= 1
                v[p + 1] = a
                m += 1
            low = 0
            high = m
            # Once only: quartiles of a few values are noisy, and clipping again would eat good values.
            if m >= MIN_FRAMES_TO_CLIP:
                median = _quantile(v, low, high, 0.5)
                sigma = (_quantile(v, low, high, 0.75) - _quantile(v, low, high, 0.25)) * IQR_TO_SIGMA
                while sigma > 0.0 and v[low] < median - nsigma * sigma:
                    low += 1
                while sigma > 0.0 and v[high - 1] > median + nsigma * sigma:
                    high -= 1
            kept = high - low
            count[y, x] = kept
            if kept == 0:
                mean[y, x] = np.nan
                scatter[y, x] = np.nan
                continue
            total = 0.0
            for k in range(low, high):
                total += v[k]
            average = total / kept
            squares = 0.0
            for k in range(low, high):
                squares += (v[k] - average) ** 2
            mean[y, x] = average
            scatter[y, x] = widen * math.sqrt(squares / (kept - 1)) if kept > 1 else np.nan


def truncation_factor(nsigma: float) -> float:
    """Sigma of a normal distribution over the sigma that is left after cutting it at +-nsigma."""
    density = math.exp(-0.5 * nsigma * nsigma) / math.sqrt(2.0 * math.pi)
    inside = math.erf(nsigma / math.sqrt(2.0))
    return 1.0 / math.sqrt(1.0 - 2.0 * nsigma * density / inside)


def clipped_mean(frames: Sequence[np.ndarray], nsigma: float = 3.0) -> Stack:
    """Mean of n frames per pixel, after clipping at nsigma robust sigmas (from the quartiles).

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
