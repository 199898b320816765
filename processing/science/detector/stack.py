"""Clipped mean of many frames, with its uncertainty.

The order statistics that set the limits come from a sorting network (Batcher 1968): a fixed list of compare-exchanges
that a processor does for many pixels at once, several times faster than sorting pixel after pixel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numba import njit
from scipy.stats import chi2

from archive.survey.robust import IQR_TO_SIGMA
from processing.science.errors import UnusableFrameError

MIN_FRAMES_TO_CLIP = 4
ROWS_PER_CHUNK = 64
BLOCK = 256  # pixels sorted side by side; of twenty frames they fill the first-level cache
LARGEST = np.float32(3.0e38)


class Frame(Protocol):
    """Pixels whose rows can be sliced: an array, a memory map, `frames.CalibratedFrame`."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    def __getitem__(self, rows, /) -> np.ndarray: ...


@dataclass(frozen=True)
class Stack:
    """mean, scatter (sigma of one frame), uncertainty (of the mean): float32 (ny, nx), units of the frames;
    mean is NaN where no frame has a value, scatter where no group has two. count: int16 (ny, nx), frames kept.
    freedom: degrees of freedom of the scatter where nothing was left out."""

    mean: np.ndarray
    scatter: np.ndarray
    uncertainty: np.ndarray
    count: np.ndarray
    freedom: int


@lru_cache(maxsize=64)
def sorting_network(n: int) -> np.ndarray:
    """Compare-exchanges (low, high) that sort n values: int32 (count, 2).

    Odd-even merge sort for the next power of two; pairs that reach beyond n would meet infinities, and are left out.
    Source: Knuth, The Art of Computer Programming 3, section 5.2.2, algorithm M.
    """
    pairs = []
    top = 1 << max(math.ceil(math.log2(max(n, 1))) - 1, 0)
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while True:
            pairs += [(i, i + d) for i in range(n - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return np.array(pairs, np.int32).reshape(-1, 2)


@njit(cache=True)
def _sort_block(values, network):
    """Sort the columns of values (n, width), in place."""
    width = values.shape[1]
    for step in range(network.shape[0]):
        low, high = values[network[step, 0]], values[network[step, 1]]
        for x in range(width):
            a, b = low[x], high[x]
            low[x] = a if a < b else b
            high[x] = b if a < b else a


@njit(cache=True)
def _quantile(values, x, m, fraction):
    position = fraction * (m - 1)
    k = int(position)
    if k + 1 >= m:
        return values[m - 1, x]
    return values[k, x] + np.float32(position - k) * (values[k + 1, x] - values[k, x])


@njit(cache=True)
def _row_quartiles(row, network, work, middle, sigma):
    """Median and robust sigma of each column of row (n, nx); sigma is NaN where too few values are finite."""
    n, nx = row.shape
    for start in range(0, nx, BLOCK):
        width = min(BLOCK, nx - start)
        gaps = 0
        for k in range(n):
            for x in range(width):
                value = row[k, start + x]
                finite = np.abs(value) < LARGEST
                gaps += not finite
                work[k, x] = value if finite else np.float32(np.inf)
        _sort_block(work[:, :width], network)
        for x in range(width):
            m = n
            if gaps:
                while m > 0 and work[m - 1, x] > LARGEST:
                    m -= 1
            if m < MIN_FRAMES_TO_CLIP:
                middle[start + x] = work[m // 2, x] if m > 0 else np.float32(0.0)
                sigma[start + x] = np.float32(np.nan)
                continue
            middle[start + x] = _quantile(work, x, m, 0.5)
            spread = _quantile(work, x, m, 0.75) - _quantile(work, x, m, 0.25)
            sigma[start + x] = spread * np.float32(IQR_TO_SIGMA)


@njit(cache=True)
def _limits(middle, sigma, nsigma, low, high):
    # Quartiles of a few values are noisy: by chance too small, they would clip good values away.
    typical = np.nanmedian(sigma[::3])
    for x in range(middle.size):
        limit = np.float32(nsigma) * max(sigma[x], np.float32(typical))
        # Without a sigma, or with a sigma of zero, nothing is clipped.
        clips = limit > 0.0
        low[x] = middle[x] - limit if clips else -LARGEST
        high[x] = middle[x] + limit if clips else LARGEST


@njit(cache=True)
def _clipped_mean_kernel(cube, network, first, weights, nsigma, widen, out):
    """cube (n, rows, nx), frames in order of their groups; group g is first[g] to first[g + 1]; out = (mean, scatter,
    uncertainty, count), each (rows, nx)."""
    mean, scatter, uncertainty, count = out
    n, rows, nx = cube.shape
    groups = weights.size
    work = np.empty((n, BLOCK), np.float32)
    middle, sigma = np.empty(nx, np.float32), np.empty(nx, np.float32)
    low, high = np.empty(nx, np.float32), np.empty(nx, np.float32)
    kept, total, squares = np.empty(nx, np.float32), np.empty(nx, np.float32), np.empty(nx, np.float32)
    all_kept, weight = np.empty(nx, np.float32), np.empty(nx, np.float32)
    average, within = np.empty(nx, np.float32), np.empty(nx, np.float32)
    spread, freedom = np.empty(nx, np.float32), np.empty(nx, np.float32)
    for y in range(rows):
        row = cube[:, y]
        _row_quartiles(row, network, work, middle, sigma)
        _limits(middle, sigma, nsigma, low, high)
        all_kept[:], weight[:], average[:], within[:], spread[:], freedom[:] = 0, 0, 0, 0, 0, 0
        for g in range(groups):
            kept[:], total[:], squares[:] = 0, 0, 0
            for k in range(first[g], first[g + 1]):
                values = row[k]
                for x in range(nx):
                    inside = (values[x] >= low[x]) & (values[x] <= high[x])
                    # About the median, so that single precision is enough.
                    value = values[x] - middle[x] if inside else np.float32(0.0)
                    kept[x] += np.float32(1.0) if inside else np.float32(0.0)
                    total[x] += value
                    squares[x] += value * value
            w = np.float32(weights[g])
            for x in range(nx):
                m = max(kept[x], np.float32(1.0))
                part = w if kept[x] > 0 else np.float32(0.0)
                all_kept[x] += kept[x]
                weight[x] += part
                average[x] += part * total[x] / m
                within[x] += max(squares[x] - total[x] * total[x] / m, np.float32(0.0))
                freedom[x] += m - np.float32(1.0)
                spread[x] += part * part / m
        for x in range(nx):
            count[y, x] = all_kept[x]
            filled = weight[x] > 0
            mean[y, x] = middle[x] + average[x] / weight[x] if filled else np.float32(np.nan)
            one_frame = np.float32(widen) * np.sqrt(within[x] / freedom[x]) if freedom[x] > 0 else np.float32(np.nan)
            scatter[y, x] = one_frame
            uncertainty[y, x] = one_frame * np.sqrt(spread[x]) / weight[x] if filled else np.float32(np.nan)


def truncation_factor(nsigma: float) -> float:
    """Sigma of a normal distribution over the sigma that is left after cutting it at +-nsigma."""
    density = math.exp(-0.5 * nsigma * nsigma) / math.sqrt(2.0 * math.pi)
    inside = math.erf(nsigma / math.sqrt(2.0))
    return 1.0 / math.sqrt(1.0 - 2.0 * nsigma * density / inside)


def typical_sigma(scatter: np.ndarray, freedom: int) -> float:
    """Sigma of a frame at a typical pixel: the median of sample deviations is smaller, the more so the fewer frames.

    scatter: float array, as in `Stack`; freedom: its degrees of freedom. Formula: median of the chi distribution.
    """
    if freedom < 1:
        return float("nan")
    return float(np.nanmedian(scatter)) / math.sqrt(chi2.median(freedom) / freedom)


def clipped_mean(
    frames: Sequence[Frame],
    nsigma: float = 3.0,
    groups: Sequence[int] | np.ndarray | None = None,
    weights: Sequence[float] | np.ndarray | None = None,
) -> Stack:
    """Mean of n frames per pixel, after clipping once at nsigma robust sigmas: from the pixel's quartiles,
    but not less than its row's typical sigma.

    Parameters
    ----------
    frames : sequence of n arrays (ny, nx)
        Anything with a shape whose rows can be sliced, for example memory maps or `frames.CalibratedFrame`: rows are
        read in chunks. Values that are not finite are left out.
    nsigma : float
    groups : n numbers from 0, optional
        Frames of one group are averaged first, then the groups are, by their weights. All frames are clipped
        together; the scatter is that within the groups.
    weights : one for each group
        A group without a value at a pixel leaves its weight to the others.

    Raises
    ------
    UnusableFrameError
        if there are no frames or their shapes differ.
    """
    if len(frames) == 0:
        raise UnusableFrameError("no frames to stack: at least 1 is needed")
    shapes = {np.shape(f) if isinstance(f, np.ndarray | list) else tuple(f.shape) for f in frames}
    if len(shapes) != 1:
        raise UnusableFrameError(f"frames to stack have different shapes: {sorted(shapes)}")
    ny, nx = shapes.pop()
    n = len(frames)
    group = np.zeros(n, int) if groups is None else np.asarray(groups)
    weight = np.ones(int(group.max()) + 1) if weights is None else np.asarray(weights, float)
    if len(group) != n or len(np.bincount(group, minlength=len(weight))) != len(weight):
        raise ValueError(f"groups={group.tolist()}: one of 0 to {len(weight) - 1} for each of {n} frames needed")
    order = np.argsort(group, kind="stable")
    sizes = np.bincount(group, minlength=len(weight))
    first = np.concatenate([[0], np.cumsum(sizes)])
    widen = truncation_factor(nsigma) if n >= MIN_FRAMES_TO_CLIP else 1.0
    mean, scatter, uncertainty = (np.empty((ny, nx), np.float32) for _ in range(3))
    count = np.empty((ny, nx), np.int16)
    cube = np.empty((n, ROWS_PER_CHUNK, nx), np.float32)
    for start in range(0, ny, ROWS_PER_CHUNK):
        rows = slice(start, min(start + ROWS_PER_CHUNK, ny))
        part = cube[:, : rows.stop - start]
        for place, k in enumerate(order):
            part[place] = frames[k][rows]
        _clipped_mean_kernel(
            part, sorting_network(n), first, weight, nsigma, widen,
            (mean[rows], scatter[rows], uncertainty[rows], count[rows]),
        )  # fmt: skip
    return Stack(mean, scatter, uncertainty, count, int(np.maximum(sizes - 1, 0).sum()))
