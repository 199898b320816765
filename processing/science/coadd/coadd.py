"""Co-adds: many images of one place, brought to one pixel frame, scale and sky, and averaged without outliers.

Rows are worked through in blocks; of every frame only the rows that a block needs are read, so frames may be
memory maps of files and forty full quadrants need no more memory than one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from archive.survey.bits import BAD_PIXEL_MASK
from processing.science import tpv
from processing.science.background import measure_background
from processing.science.coadd.resample import Mapping, map_pixels, resample, rows_needed
from processing.science.errors import UnusableFrameError
from processing.science.fill import fill_masked

ROWS_PER_BLOCK = 96
HALO = 2  # rows beyond a block, for the neighbourhood of its first and last pixels
MIN_TO_CLIP = 3  # values at a pixel, from which an outlier can be told


@dataclass(frozen=True)
class CoaddFrame:
    """One frame as it goes in. image: (ny, nx), DN, mask: int16 (ny, nx), both arrays or memory maps of any
    byte order; wcs; scale: factor to the co-add's zero point; gain: e-/DN; fwhm: px, of its stars."""

    image: np.ndarray
    mask: np.ndarray
    wcs: tpv.Tpv
    scale: float
    gain: float
    fwhm: float


@dataclass(frozen=True)
class FrameSky:
    """Sky of one frame. level: float32, at every `step`-th pixel and once beyond the end; noise: DN."""

    level: np.ndarray
    noise: float
    step: int

    def rows(self, first: int, last: int, nx: int) -> np.ndarray:
        """Level of rows first..last-1: float32 (rows, nx)."""
        y, x = np.arange(first, last) / self.step, np.arange(nx) / self.step
        j = np.minimum(y.astype(int), self.level.shape[0] - 2)
        i = np.minimum(x.astype(int), self.level.shape[1] - 2)
        t, s = (y - j).astype(np.float32)[:, None], (x - i).astype(np.float32)
        down = self.level[j] * (1 - t) + self.level[j + 1] * t
        return down[:, i] * (1 - s) + down[:, i + 1] * s


@dataclass(frozen=True)
class Coadd:
    """image: float32 (ny, nx), DN at the common scale, 0 where nothing was seen; uncertainty: float32, one
    sigma (DN), 0 where nothing was seen; coverage: int16, frames kept; clipped: share of values left out;
    gain: e-/DN of the average."""

    image: np.ndarray
    uncertainty: np.ndarray
    coverage: np.ndarray
    clipped: float
    gain: float


def measure_sky(frame: CoaddFrame, box: int = 128, step: int = 32) -> FrameSky:
    """Sky level and noise of a frame, kept coarsely."""
    bad = (np.asarray(frame.mask) & np.int16(BAD_PIXEL_MASK)) != 0
    sky = measure_background(np.asarray(frame.image, np.float32), bad, box)
    ny, nx = sky.level.shape
    rows, columns = (np.minimum(np.arange(0, side + step, step), side - 1) for side in (ny, nx))
    level = sky.level[np.ix_(rows, columns)].copy()
    # The last node stands beyond the frame: continued linearly from the last pixel it would be the same.
    return FrameSky(level, sky.rms, step)


@njit(cache=True)
def _medians(cube, first, last, medians):
    """Median over the frames, NaN left out; cube (rows, n, nx)."""
    n, nx = cube.shape[1:]
    values = np.empty(n, np.float32)
    for y in range(first, last):
        for x in range(nx):
            m = 0
            for k in range(n):
                v = cube[y, k, x]
                if math.isnan(v):
                    continue
                p = m - 1
                while p >= 0 and values[p] > v:
                    values[p + 1] = values[p]
                    p -= 1
                values[p + 1] = v
                m += 1
            if m == 0:
                medians[y, x] = 0.0
            elif m % 2:
                medians[y, x] = values[m // 2]
            else:
                medians[y, x] = 0.5 * (values[m // 2] + values[m // 2 - 1])


class FrameNoise(NamedTuple):
    """Of each frame, arrays (n,): noise2: variance of the sky (DN^2); photon: DN per electron; weight: in the mean."""

    noise2: np.ndarray
    photon: np.ndarray
    weight: np.ndarray


@njit(cache=True)
def _combine(cube, medians, first, noise, clip, relative, image, sigma, coverage):
    """Weighted mean of what lies within `clip` sigmas of the median. Seeing differs from frame to frame: a
    value may be off by `relative` times the brightest median within two pixels. Returns values seen, kept."""
    noise2, photon, weight = noise
    rows, nx = image.shape
    n = cube.shape[1]
    height = medians.shape[0]
    seen, kept = 0, 0
    for y in range(rows):
        yy = y + first
        for x in range(nx):
            near = np.float32(0.0)
            for j in range(max(yy - 2, 0), min(yy + 3, height)):
                for i in range(max(x - 2, 0), min(x + 3, nx)):
                    near = max(near, medians[j, i])
            median = medians[yy, x]
            light = max(median, np.float32(0.0))
            slack = (relative * near) ** 2
            there = 0
            for k in range(n):
                there += 0 if math.isnan(cube[yy, k, x]) else 1
            total, weights, variance, count = 0.0, 0.0, 0.0, 0
            for k in range(n):
                v = cube[yy, k, x]
                if math.isnan(v):
                    continue
                own = noise2[k] + photon[k] * light
                if there >= MIN_TO_CLIP and (v - median) ** 2 > clip * clip * (own + slack):
                    continue
                total += weight[k] * v
                weights += weight[k]
                variance += weight[k] * weight[k] * own
                count += 1
            seen += there
            kept += count
            coverage[y, x] = count
            image[y, x] = total / weights if count else 0.0
            sigma[y, x] = math.sqrt(variance) / weights if count else 0.0
    return seen, kept


def coadd_frames(
    frames: Sequence[CoaddFrame],
    skies: Sequence[FrameSky],
    wcs: tpv.Tpv,
    shape: tuple[int, int],
    clip: float = 5.0,
    relative: float = 0.1,
) -> Coadd:
    """Average of frames on a common pixel frame, weighted by inverse sky variance.

    Parameters
    ----------
    frames : CoaddFrame
    skies : of the frames, from `measure_sky`
    wcs, shape : pixel frame of the co-add
    clip : sigmas from the median beyond which a value is left out
    relative : error allowed for differing seeing, relative to the brightest median within 2 px

    Raises
    ------
    UnusableFrameError
        if no frame covers any pixel.
    """
    if len(frames) != len(skies) or not frames:
        raise UnusableFrameError(f"{len(frames)} frames and {len(skies)} skies: one each, and at least one, needed")
    scale = np.array([frame.scale for frame in frames])
    noise2 = np.array([(frame.scale * sky.noise) ** 2 for frame, sky in zip(frames, skies, strict=True)])
    photon = np.array([frame.scale / frame.gain for frame in frames])
    weight = 1.0 / noise2
    mappings = [map_pixels(wcs, frame.wcs, shape) for frame in frames]
    ny, nx = shape
    image, sigma = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    coverage = np.zeros(shape, np.int16)
    seen = kept = 0
    for first in range(0, ny, ROWS_PER_BLOCK):
        last = min(first + ROWS_PER_BLOCK, ny)
        low, high = max(first - HALO, 0), min(last + HALO, ny)
        cube = np.empty((high - low, len(frames), nx), np.float32)
        for k, frame in enumerate(frames):
            cube[:, k] = _frame_rows(frame, skies[k], mappings[k], low, high, nx) * np.float32(scale[k])
        medians = np.empty((high - low, nx), np.float32)
        _medians(cube, 0, high - low, medians)
        block = slice(first, last)
        counts = _combine(
            cube, medians, first - low, FrameNoise(noise2, photon, weight), clip, relative,
            image[block], sigma[block], coverage[block],
        )  # fmt: skip
        seen, kept = seen + counts[0], kept + counts[1]
    if kept == 0:
        raise UnusableFrameError(f"none of {len(frames)} frames covers the co-add of {nx} x {ny} px")
    gain = float(weight.sum() ** 2 / (weight**2 * photon).sum())
    return Coadd(image, sigma, coverage, 1.0 - kept / seen, gain)


def _frame_rows(frame: CoaddFrame, sky: FrameSky, mapping: Mapping, low: int, high: int, nx: int) -> np.ndarray:
    """Output rows low..high-1 of one frame, NaN where it has nothing: float32 (rows, nx), DN."""
    first, last = rows_needed(mapping, low, high, frame.image.shape[0])
    if last - first < 8:
        return np.full((high - low, nx), np.nan, np.float32)
    raw = np.asarray(frame.image[first:last], np.float32)
    bad = (np.asarray(frame.mask[first:last], np.int16) & np.int16(BAD_PIXEL_MASK)) != 0
    bad |= ~np.isfinite(raw)
    flat = raw - sky.rows(first, last, raw.shape[1])
    filled = fill_masked(flat, bad, np.zeros_like(flat))
    out, valid = resample(filled, bad, mapping, (high - low, nx), low, first)
    out[~valid] = np.nan
    return out
