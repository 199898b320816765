"""The kernels of lightcurves.storage.codec: whole numbers into planes of bytes, and back."""

from __future__ import annotations

import numpy as np
from numba import njit

AS_IT_CAME = 255


@njit(cache=True, nogil=True)
def _gcd(a, b):
    while b:
        a, b = b, a % b
    return a


@njit(cache=True, nogil=True)
def _put_number(body, at, value):
    """Seven bits a byte, lowest first; the sign folded into the lowest bit."""
    folded = np.uint64(value << 1) ^ np.uint64(value >> 63)
    while folded >= np.uint64(128):
        body[at] = np.uint8(folded & np.uint64(127)) | np.uint8(128)
        folded >>= np.uint64(7)
        at += 1
    body[at] = np.uint8(folded)
    return at + 1


@njit(cache=True, nogil=True)
def _get_number(body, at, end):
    folded, shift = np.uint64(0), np.uint64(0)
    while at < end:
        byte = body[at]
        at += 1
        folded |= np.uint64(byte & np.uint8(127)) << shift
        shift += np.uint64(7)
        if byte < 128:
            break
    return np.int64(folded >> np.uint64(1)) ^ -np.int64(folded & np.uint64(1)), at


@njit(cache=True, nogil=True)
def _put_planes(body, at, values, width):
    n = values.shape[0]
    for plane in range(width):
        shift = np.uint64(8 * plane)
        for i in range(n):
            body[at + i] = np.uint8((np.uint64(values[i]) >> shift) & np.uint64(255))
        at += n
    return at


@njit(cache=True, nogil=True)
def _width(largest):
    width = 0
    while largest > 0:
        largest >>= 8
        width += 1
    return width


@njit(cache=True, nogil=True)
def pack_codes(offsets, codes, unfit, raw, body, ends):
    at = 0
    n_whole = codes.shape[0] - raw.shape[0]
    for k in range(offsets.shape[0] - 1):
        first, last = offsets[k], offsets[k + 1]
        values = np.empty(last - first, np.int64)
        for column in range(codes.shape[0]):
            real = column - n_whole
            if real >= 0 and unfit[real, first:last].any():
                for i in range(first, last):
                    values[i - first] = raw[real, i]
                body[at] = AS_IT_CAME
                at = _put_planes(body, at + 1, values, 4)
                continue
            base, divisor = np.int64(0), np.int64(1)
            if last > first:
                base = codes[column, first] if column == 0 else codes[column, first:last].min()
            largest = np.int64(0)
            if column == 0:  # identifiers: differences, divided by what divides them all
                divisor = np.int64(0)
                for i in range(first, last):
                    values[i - first] = codes[0, i] - (codes[0, i - 1] if i > first else base)
                    divisor = _gcd(values[i - first], divisor)
                divisor = max(divisor, np.int64(1))
                for i in range(last - first):
                    values[i] //= divisor
            else:
                for i in range(first, last):
                    values[i - first] = codes[column, i] - base
            for i in range(last - first):
                largest = max(largest, values[i])
            body[at] = _width(largest)
            width = body[at]
            at = _put_number(body, at + 1, base)
            if column == 0:
                at = _put_number(body, at, divisor)
            at = _put_planes(body, at, values, width)
        ends[k + 1] = at


@njit(cache=True, nogil=True)
def unpack_codes(offsets, ends, body, codes, came):
    """Fills codes and came; returns the number of the first piece whose size is wrong, -1 if none is."""
    n_whole = codes.shape[0] - came.shape[0]
    for k in range(offsets.shape[0] - 1):
        first, n = offsets[k], offsets[k + 1] - offsets[k]
        at, end = ends[k], ends[k + 1]
        for column in range(codes.shape[0]):
            if at >= end:
                return k
            mode = body[at]
            base, divisor = np.int64(0), np.int64(1)
            at += 1
            if mode == AS_IT_CAME and column >= n_whole:
                came[column - n_whole, k] = True
                mode = np.uint8(4)
            else:
                base, at = _get_number(body, at, end)
                if column == 0:
                    divisor, at = _get_number(body, at, end)
            if mode > 8 or at + mode * n > end:
                return k
            for plane in range(mode):
                shift = np.int64(8 * plane)
                for i in range(n):
                    codes[column, first + i] |= np.int64(body[at + i]) << shift
                at += n
            if column == 0:
                value = base
                for i in range(n):
                    value += codes[0, first + i] * divisor
                    codes[0, first + i] = value
            else:
                for i in range(n):
                    codes[column, first + i] += base
        if at != end:
            return k
    return -1
