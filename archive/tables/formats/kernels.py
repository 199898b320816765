"""Loops over bytes: PostgreSQL's binary COPY taken apart, VOTable's BINARY2 put together; compiled code is kept."""

from __future__ import annotations

import numpy as np
from numba import njit

NULL = -1
DONE = -1  # a row's count of fields in COPY's trailer
ARRAY_HEAD, ARRAY_DIMENSION = 12, 8  # bytes: dimensions, flags, type; then length and lower bound of each dimension


@njit(cache=True, nogil=True)
def _int32(data, at):
    value = (np.int64(data[at]) << 24) | (np.int64(data[at + 1]) << 16) | (np.int64(data[at + 2]) << 8) | data[at + 3]
    return value - (np.int64(1) << 32) if value >= np.int64(1) << 31 else value


@njit(cache=True, nogil=True)
def walk(data, columns, starts, sizes):
    """The offsets of the values of whole rows in COPY's bytes.

    Parameters
    ----------
    data : uint8 array, from the beginning of a row
    starts : int64 array (columns, rows at most), filled; sizes : the same, -1 for null

    Returns
    -------
    rows, bytes taken, whether the trailer was met
    """
    at, row, end = 0, 0, len(data)
    while row < starts.shape[1]:
        if at + 2 > end:
            return row, at, False
        if data[at] == 255:
            return row, at + 2, True
        place = at + 2
        for column in range(columns):
            if place + 4 > end:
                return row, at, False
            size = _int32(data, place)
            place += 4
            starts[column, row], sizes[column, row] = place, size
            if size > 0:
                place += size
        if place > end:
            return row, at, False
        at, row = place, row + 1
    return row, at, False


@njit(cache=True, nogil=True)
def turned(data, starts, sizes, width):
    """Numbers of `width` bytes as little-endian bytes, uint8 array (rows * width); zeros for nulls."""
    out = np.zeros(len(starts) * width, np.uint8)
    for row in range(len(starts)):
        if sizes[row] == width:
            for k in range(width):
                out[row * width + k] = data[starts[row] + width - 1 - k]
    return out


@njit(cache=True, nogil=True)
def joined(data, starts, sizes):
    """Text behind each other: offsets (rows + 1) and bytes."""
    offsets = np.zeros(len(starts) + 1, np.int32)
    for row in range(len(starts)):
        offsets[row + 1] = offsets[row] + max(sizes[row], 0)
    out = np.empty(offsets[-1], np.uint8)
    for row in range(len(starts)):
        for k in range(sizes[row]):
            out[offsets[row] + k] = data[starts[row] + k]
    return offsets, out


@njit(cache=True, nogil=True)
def elements(data, starts, sizes):
    """The arrays' numbers of elements, as offsets (rows + 1)."""
    offsets = np.zeros(len(starts) + 1, np.int32)
    for row in range(len(starts)):
        count = 0
        if sizes[row] >= ARRAY_HEAD:
            dimensions = _int32(data, starts[row])
            count = 1 if dimensions > 0 else 0
            for k in range(dimensions):
                count *= _int32(data, starts[row] + ARRAY_HEAD + k * ARRAY_DIMENSION)
        offsets[row + 1] = offsets[row] + count
    return offsets


@njit(cache=True, nogil=True)
def places(data, starts, offsets):
    """The offsets of the elements of arrays, and their sizes (-1 for null)."""
    found, sizes = np.empty(offsets[-1], np.int64), np.empty(offsets[-1], np.int64)
    for row in range(len(starts)):
        if offsets[row + 1] == offsets[row]:
            continue
        at = starts[row] + ARRAY_HEAD + ARRAY_DIMENSION * _int32(data, starts[row])
        for k in range(offsets[row], offsets[row + 1]):
            sizes[k] = _int32(data, at)
            found[k] = at + 4
            at += 4 + max(sizes[k], 0)
    return found, sizes


@njit(cache=True, nogil=True)
def characters(data, offsets, wide):
    """The number of VOTable characters of each text: code points, or UTF-16 units where `wide`."""
    counts = np.zeros(len(offsets) - 1, np.int64)
    for row in range(len(counts)):
        for k in range(offsets[row], offsets[row + 1]):
            if data[k] & 0xC0 != 0x80:
                counts[row] += 2 if wide and data[k] >= 0xF0 else 1
    return counts


@njit(cache=True, nogil=True)
def put_bytes(out, at, values, width):
    """Numbers (uint8 array of little-endian bytes) as big-endian ones at each row's place, which moves on."""
    for row in range(len(at)):
        for k in range(width):
            out[at[row] + k] = values[row * width + width - 1 - k]
        at[row] += width


@njit(cache=True, nogil=True)
def put_counts(out, at, counts):
    """Write how many elements follow, at each row's place, which moves on."""
    for row in range(len(at)):
        for k in range(4):
            out[at[row] + k] = (counts[row] >> (24 - 8 * k)) & 0xFF
        at[row] += 4


@njit(cache=True, nogil=True)
def put_lists(out, at, values, offsets, counts, width):
    """As many elements of each row's list as `counts` says; where it has fewer, what `out` holds stands."""
    for row in range(len(at)):
        have = min(counts[row], offsets[row + 1] - offsets[row])
        for n in range(have):
            source, target = (offsets[row] + n) * width, at[row] + n * width
            for k in range(width):
                out[target + k] = values[source + width - 1 - k]
        at[row] += counts[row] * width


@njit(cache=True, nogil=True)
def put_text(out, at, data, offsets, counts, wide):
    """Text, at most `counts` characters a row: ASCII (anything else is ?), or UTF-16 where `wide`."""
    width = 2 if wide else 1
    for row in range(len(at)):
        place, end = at[row], at[row] + counts[row] * width
        k = offsets[row]
        while k < offsets[row + 1] and place < end:
            lead = np.int64(data[k])
            size = 1 if lead < 0x80 else (2 if lead < 0xE0 else (3 if lead < 0xF0 else 4))
            point = lead if size == 1 else lead & (0x7F >> size)
            for n in range(1, size):
                point = (point << 6) | (data[k + n] & 0x3F)
            k += size
            if not wide:
                out[place] = point if point < 0x80 else 63
                place += 1
                continue
            if point >= 0x10000:
                if place + 4 > end:
                    break
                high = 0xD800 + ((point - 0x10000) >> 10)
                out[place], out[place + 1] = high >> 8, high & 0xFF
                place += 2
                point = 0xDC00 + ((point - 0x10000) & 0x3FF)
            out[place], out[place + 1] = point >> 8, point & 0xFF
            place += 2
        at[row] = end
