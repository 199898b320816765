"""Packed pieces of light curves: the columns of one object's points in some 15 bytes a point, checked when read.

A piece is a byte with the format's version, a checksum, the number of points, and the columns: whole numbers above
the column's least value, cut into planes of bytes (all lowest bytes first, and so on), compressed together by zstd.
Magnitudes are kept in steps of 0.1 mmag, their uncertainties to 0.05 %, chi and sharpness in steps of 0.001. What such
steps cannot hold (not a number, out of range) makes its column of that piece stand as it came, 4 bytes a value.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import zstandard
from numba import njit

VERSION = 1
HEAD = struct.Struct("<BII")  # version, checksum, points
OWNER = struct.Struct("<qh")  # object and program: a piece that got to another's row is found out
LEVEL = 3
MAG_STEP, CHI_STEP, SHARP_STEP = 1e-4, 1e-3, 1e-3
ERROR_RATIO, LEAST_ERROR = 1e-3, 1e-6  # steps of the logarithm; mag

WHOLE = ("pid", "catflags", "dra", "ddec")
REAL = ("mag", "magerr", "chi", "sharp")
COLUMNS = (*WHOLE, *REAL)
AS_IT_CAME = 255
MOST_HEAD = 8 * (2 + 10) + 10  # bytes before the planes: modes, least values, divisor


class BrokenPieceError(ValueError):
    """Bytes that are no piece of a light curve of this object and program, or were damaged."""


def pack(owners: np.ndarray, offsets: np.ndarray, columns: dict[str, np.ndarray]) -> list[bytes]:
    """Pack many pieces.

    Parameters
    ----------
    owners : int64 array (n_pieces, 2), object and program of each
    offsets : int64 array (n_pieces + 1,), piece k holds points offsets[k] .. offsets[k + 1] - 1, by ascending pid
    columns : arrays (n_points,), keys COLUMNS
    """
    codes, unfit = _codes(columns)
    raw = np.stack([np.ascontiguousarray(columns[name], dtype=np.float32).view(np.uint32) for name in REAL])
    offsets = np.ascontiguousarray(offsets, dtype=np.int64)
    body = np.empty(len(offsets) * MOST_HEAD + 8 * len(COLUMNS) * int(offsets[-1]), dtype=np.uint8)
    ends = np.zeros(len(offsets), dtype=np.int64)
    _pack(offsets, codes, unfit, raw, body, ends)
    compressor, content = zstandard.ZstdCompressor(level=LEVEL, write_checksum=False), body.data
    pieces = []
    for k, owner in enumerate(owners.tolist()):
        part = content[ends[k] : ends[k + 1]]
        head = HEAD.pack(VERSION, _checksum(part, owner), int(offsets[k + 1] - offsets[k]))
        pieces.append(head + compressor.compress(part))
    return pieces


def unpack(owners: Sequence[tuple[int, int]], pieces: Sequence[bytes]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The points of many pieces, one piece after the other: offsets (n_pieces + 1,) and columns (keys COLUMNS).

    Raises
    ------
    BrokenPieceError
        naming the object.
    """
    decompressor = zstandard.ZstdDecompressor()
    offsets, ends, bodies = np.zeros(len(pieces) + 1, np.int64), np.zeros(len(pieces) + 1, np.int64), []
    for k, (owner, piece) in enumerate(zip(owners, pieces, strict=True)):
        body, points = _opened(decompressor, owner, piece)
        bodies.append(body)
        offsets[k + 1], ends[k + 1] = offsets[k] + points, ends[k] + len(body)
    content = np.frombuffer(b"".join(bodies), dtype=np.uint8)
    codes = np.zeros((len(COLUMNS), offsets[-1]), dtype=np.int64)
    came = np.zeros((len(REAL), len(pieces)), dtype=np.bool_)
    broken = _unpack(offsets, ends, content, codes, came)
    if broken >= 0:
        raise BrokenPieceError(f"object {owners[broken][0]}: a packed light curve does not have the size that it says")
    return offsets, _values(offsets, codes, came)


def _opened(decompressor, owner: tuple[int, int], piece: bytes) -> tuple[bytes, int]:
    oid, programid = owner
    if len(piece) < HEAD.size:
        raise BrokenPieceError(f"object {oid}: {len(piece)} bytes are no packed light curve")
    version, checksum, points = HEAD.unpack_from(piece)
    if version != VERSION:
        raise BrokenPieceError(
            f"object {oid}: packed light curve of format {version}; this code reads format {VERSION}"
        )
    try:
        body = decompressor.decompress(memoryview(piece)[HEAD.size :])
    except zstandard.ZstdError as error:
        raise BrokenPieceError(f"object {oid}: packed light curve is damaged: {error}") from error
    if _checksum(body, (oid, programid)) != checksum:
        raise BrokenPieceError(f"object {oid}, program {programid}: checksum of a packed light curve does not agree")
    return body, points


def _checksum(body, owner: Sequence[int]) -> int:
    return zlib.crc32(body, zlib.crc32(OWNER.pack(*owner)))


def _codes(columns: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers for all columns (8, n), and which values of the real ones they cannot hold (4, n)."""
    n = len(columns["pid"])
    codes, unfit = np.zeros((len(COLUMNS), n), dtype=np.int64), np.zeros((len(REAL), n), dtype=np.bool_)
    for k, name in enumerate(WHOLE):
        codes[k] = columns[name]
    steps = {"mag": MAG_STEP, "chi": CHI_STEP, "sharp": SHARP_STEP}
    with np.errstate(all="ignore"):
        for k, name in enumerate(REAL):
            values = np.asarray(columns[name], dtype=np.float64)
            if name == "magerr":
                steps_up = np.log(values / LEAST_ERROR) / ERROR_RATIO
            else:
                steps_up = values / steps[name]
            unfit[k] = ~(np.abs(steps_up) < 2**31)
            codes[len(WHOLE) + k] = np.rint(np.where(unfit[k], 0, steps_up))
    return codes, unfit


def _values(offsets: np.ndarray, codes: np.ndarray, came: np.ndarray) -> dict[str, np.ndarray]:
    columns = {name: codes[k] for k, name in enumerate(WHOLE)}
    steps = {"mag": MAG_STEP, "chi": CHI_STEP, "sharp": SHARP_STEP}
    for k, name in enumerate(REAL):
        own = codes[len(WHOLE) + k]
        rows = np.repeat(came[k], np.diff(offsets))
        stepped = np.where(rows, 0, own)
        values = np.exp(stepped * ERROR_RATIO) * LEAST_ERROR if name == "magerr" else stepped * steps[name]
        values[rows] = own[rows].astype(np.uint32).view(np.float32)
        columns[name] = values
    return columns


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
def _pack(offsets, codes, unfit, raw, body, ends):
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
def _unpack(offsets, ends, body, codes, came):
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
