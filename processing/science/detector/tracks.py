"""Trails of satellites and aircraft: straight lines across the frame, after the stars have been subtracted.

The image is binned, pixels above a low threshold vote for lines (Hough transform), and the strongest line
is checked along its length at full resolution by medians, which residuals of single stars cannot move.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

# Noise of a median over that of a mean
MEDIAN_ERROR = 1.2533
# Pixels along the outline that are not searched
EDGE = 8


@dataclass(frozen=True)
class TracksConfig:
    """bin: pixels per side of a bin; threshold: of a voting bin (sigmas); votes: significance of a line's
    votes (sigmas); segment: length of the pieces that are checked (px); segment_snr: of a piece that shows
    the line; min_length: of a track (px); max_gap: pieces missing inside a track; max_width: half width
    looked at (px); side: of which the outer pixels are taken for the surroundings (px); max_tracks;
    max_refused: lines that fail the check before the search ends."""

    bin: int = 4
    threshold: float = 2.5
    votes: float = 7.0
    segment: int = 32
    segment_snr: float = 3.0
    min_length: float = 160.0
    max_gap: int = 3
    max_width: int = 12
    side: int = 4
    max_tracks: int = 8
    max_refused: int = 3


@dataclass(frozen=True)
class Track:
    """Ends (x, y), 0-based pixels; half_width: masked on both sides (px); peak: median signal on the line
    (sigmas)."""

    x0: float
    y0: float
    x1: float
    y1: float
    half_width: int
    peak: float


@njit(cache=True)
def _bin_significance(residual, noise, bad, size, cap, out):
    rows, columns = out.shape
    for j in range(rows):
        for i in range(columns):
            total, n = 0.0, 0
            for y in range(j * size, (j + 1) * size):
                for x in range(i * size, (i + 1) * size):
                    if not bad[y, x]:
                        s = residual[y, x] / noise[y, x]
                        total += min(max(s, -cap), cap)
                        n += 1
            out[j, i] = total / np.sqrt(n) if n * 2 >= size * size else 0.0


@njit(cache=True)
def _chord(rows, columns, c, s, rho):
    """Length of the line x c + y s = rho inside the frame: bins that vote for it if all do."""
    low, high = -1e9, 1e9
    # A point of the line is (rho c - t s, rho s + t c); both coordinates must stay inside.
    for origin, slope, side in ((rho * c, -s, columns), (rho * s, c, rows)):
        if abs(slope) < 1e-9:
            if origin < 0.0 or origin > side - 1:
                return 0.0
            continue
        first, last = -origin / slope, (side - 1 - origin) / slope
        low, high = max(low, min(first, last)), min(high, max(first, last))
    return max(high - low, 0.0)


@njit(cache=True)
def _best_line(xs, ys, rows, columns, step, shortest):
    """Line with the most significant votes: angle, distance, significance (sigmas over chance).

    Lines shorter than `shortest` inside the frame, at its corners, do not count.
    """
    diagonal = int(math.sqrt(rows * rows + columns * columns)) + 2
    density = xs.size / (rows * columns)
    counts = np.zeros(2 * diagonal + 1, np.int32)
    best_angle, best_rho, best = 0.0, 0.0, -1.0
    for k in range(int(math.pi / step)):
        c, s = math.cos(k * step), math.sin(k * step)
        counts[:] = 0
        for v in range(xs.size):
            counts[int(xs[v] * c + ys[v] * s + diagonal + 0.5)] += 1
        for r in range(counts.size):
            if counts[r] < 4 or counts[r] / math.sqrt(density + 1.0) < best:
                continue
            chord = _chord(rows, columns, c, s, float(r - diagonal))
            if chord < shortest:
                continue
            expected = density * chord
            significance = (counts[r] - expected) / math.sqrt(expected + 1.0)
            if significance > best:
                best_angle, best_rho, best = k * step, float(r - diagonal), significance
    return best_angle, best_rho, best


def _across(rows, columns, theta, rho):
    """End points of the line x cos + y sin = rho inside a (rows, columns) frame, or None."""
    c, s = np.cos(theta), np.sin(theta)
    points = []
    if abs(s) > 1e-9:
        points += [(x, (rho - x * c) / s) for x in (0.0, columns - 1.0)]
    if abs(c) > 1e-9:
        points += [((rho - y * s) / c, y) for y in (0.0, rows - 1.0)]
    inside = [p for p in points if -1e-6 <= p[0] <= columns - 1 + 1e-6 and -1e-6 <= p[1] <= rows - 1 + 1e-6]
    if len(inside) < 2:
        return None
    first = inside[0]
    last = max(inside, key=lambda p: (p[0] - first[0]) ** 2 + (p[1] - first[1]) ** 2)
    # A line that only touches a corner crosses nothing.
    return (first, last) if np.hypot(last[0] - first[0], last[1] - first[1]) >= 1 else None


def _strip(significance, ends, half):
    """Significance sampled along a line and up to `half` pixels beside it: (length, 2 half + 1), NaN where
    bad."""
    (x0, y0), (x1, y1) = ends
    length = max(int(np.hypot(x1 - x0, y1 - y0)), 1)
    t = np.arange(length) / length
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    offset = np.arange(-half, half + 1)
    x = np.rint(x0 + t[:, None] * (x1 - x0) - offset * uy).astype(int)
    y = np.rint(y0 + t[:, None] * (y1 - y0) + offset * ux).astype(int)
    ny, nx = significance.shape
    out = np.full(x.shape, np.nan, np.float32)
    inside = (x >= 0) & (x < nx) & (y >= 0) & (y < ny)
    out[inside] = significance[y[inside], x[inside]]
    return out


def _clipped_sum(significance, ends):
    return float(np.nansum(np.clip(_strip(significance, ends, 1), -3.0, 3.0)))


def _refine(significance, ends, reach):
    """Shift both ends across the line to where it collects most signal."""
    (x0, y0), (x1, y1) = ends
    length = np.hypot(x1 - x0, y1 - y0)
    nx_, ny_ = -(y1 - y0) / length, (x1 - x0) / length
    best = ends
    for step in (2.0, 1.0, 0.5):
        (bx0, by0), (bx1, by1) = best
        trials = [
            ((bx0 + a * nx_, by0 + a * ny_), (bx1 + b * nx_, by1 + b * ny_))
            for a in np.arange(-reach, reach + 1) * step
            for b in np.arange(-reach, reach + 1) * step
        ]
        best = max(trials, key=lambda trial: _clipped_sum(significance, trial))
    return best


def _above_sides(strip, config):
    """Strip less the median of its two sides, segment by segment, so that smooth light does not count."""
    out = strip.copy()
    side = np.r_[0 : config.side, strip.shape[1] - config.side : strip.shape[1]]
    for k in range(0, len(strip), config.segment):
        part = strip[k : k + config.segment, side]
        part = part[np.isfinite(part)]
        if part.size:
            out[k : k + config.segment] -= np.median(part)
    return out


def _extent(strip, config):
    """First and last row of the strip between which the line shows, or None."""
    middle = strip[:, config.max_width - 1 : config.max_width + 2]
    pieces = [middle[k : k + config.segment] for k in range(0, len(middle), config.segment)]
    shown = []
    for piece in pieces:
        good = piece[np.isfinite(piece)]
        shown.append(
            good.size >= config.segment and np.median(good) * np.sqrt(good.size) / MEDIAN_ERROR > config.segment_snr
        )
    best, start, last = (0, 0), None, 0
    for k, yes in enumerate(shown):
        if not yes:
            continue
        if start is None or k - last > config.max_gap + 1:
            start = k
        last = k
        if last + 1 - start > best[1] - best[0]:
            best = (start, last + 1)
    first, end = best[0] * config.segment, min(best[1] * config.segment, len(strip))
    enough = sum(shown[best[0] : best[1]]) >= 0.6 * (best[1] - best[0])
    return (first, end) if end - first >= config.min_length and enough else None


def _half_width(strip, config):
    """Half width at which the median profile has sunk into the noise."""
    seen = np.isfinite(strip).any(axis=0)
    profile = np.zeros(strip.shape[1])
    profile[seen] = np.nanmedian(strip[:, seen], axis=0)
    limit = max(3.0 * MEDIAN_ERROR / np.sqrt(len(strip)), 0.05 * profile[config.max_width])
    width = 0
    while (
        width < config.max_width
        and max(profile[config.max_width - width - 1], profile[config.max_width + width + 1]) > limit
    ):
        width += 1
    return width + 1


def _strongest_line(binned, config):
    """Ends, in binned pixels, of the line with the most significant votes, or None."""
    rows, columns = binned.shape
    ys, xs = np.nonzero(binned > config.threshold)
    if len(xs) < config.min_length / config.bin / 2:
        return None
    # One step turns a line by less than a bin over the whole frame.
    step = 1.0 / float(np.hypot(rows, columns))
    xs, ys = xs.astype(np.float64), ys.astype(np.float64)
    angle, rho, significance = _best_line(xs, ys, rows, columns, step, config.min_length / config.bin)
    return _across(rows, columns, angle, rho) if significance >= config.votes else None


def find_tracks(
    residual: np.ndarray, noise: np.ndarray, bad: np.ndarray, config: TracksConfig | None = None
) -> tuple[np.ndarray, list[Track]]:
    """Find straight trails and the pixels they cover.

    Parameters
    ----------
    residual : float32 array (ny, nx), DN
        Sky and stars subtracted.
    noise : float32 array (ny, nx), DN
        Including the noise that subtracted stars left behind.
    bad : bool array (ny, nx)

    Returns
    -------
    mask : bool array (ny, nx)
    tracks : list of Track, strongest first
    """
    config = config or TracksConfig()
    ny, nx = residual.shape
    mask = np.zeros((ny, nx), bool)
    tracks: list[Track] = []
    rows, columns = ny // config.bin, nx // config.bin
    if min(rows, columns) < 8:
        return mask, tracks
    binned = np.empty((rows, columns), np.float32)
    bad = bad.copy()
    # The outermost rows and columns of a detector differ from the others: they would be trails.
    bad[:EDGE], bad[-EDGE:], bad[:, :EDGE], bad[:, -EDGE:] = True, True, True, True
    _bin_significance(residual, noise, bad, config.bin, 5.0, binned)
    significance = np.where(bad, np.float32(np.nan), residual / noise)
    refused = 0
    while len(tracks) < config.max_tracks and refused < config.max_refused:
        ends = _strongest_line(binned, config)
        if ends is None:
            break
        middle = (config.bin - 1) / 2
        ends = tuple((x * config.bin + middle, y * config.bin + middle) for x, y in ends)
        ends = _refine(significance, ends, 3)
        strip = _above_sides(_strip(significance, ends, config.max_width), config)
        extent = _extent(strip, config)
        first, last = extent or (0, len(strip))
        half = _half_width(strip[first:last], config) if extent else 2
        # What is wider is a galaxy or a nebula, not a trail.
        extent = extent if half <= config.max_width - config.side else None
        a, b = _between(ends, first / len(strip), last / len(strip))
        covered = _band((ny, nx), a, b, half)
        if extent:
            mask |= covered
            peak = float(np.nanmedian(strip[first:last, config.max_width]))
            tracks.append(Track(*a, *b, half, peak))
        else:
            refused += 1
        # Followed or refused: its bins do not vote again.
        by, bx = np.nonzero(_band((ny, nx), ends[0], ends[1], half + config.bin))
        inside = (by < rows * config.bin) & (bx < columns * config.bin)
        binned[by[inside] // config.bin, bx[inside] // config.bin] = 0.0
    return mask, tracks


def _between(ends, start: float, stop: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """The part of a line between two fractions of its length."""
    (x0, y0), (x1, y1) = ends
    dx, dy = x1 - x0, y1 - y0
    return (x0 + start * dx, y0 + start * dy), (x0 + stop * dx, y0 + stop * dy)


def _band(shape, a, b, half):
    """Pixels within `half` pixels of the segment from a to b."""
    x = np.arange(shape[1], dtype=np.float32)[None, :]
    y = np.arange(shape[0], dtype=np.float32)[:, None]
    length = np.hypot(b[0] - a[0], b[1] - a[1])
    ux, uy = np.float32((b[0] - a[0]) / length), np.float32((b[1] - a[1]) / length)
    dx, dy = x - np.float32(a[0]), y - np.float32(a[1])
    inside = np.abs(dy * ux - dx * uy) <= half
    along = dx * ux + dy * uy
    inside &= (along >= -half) & (along <= length + half)
    return inside
