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

VERSION = 1
HEAD = struct.Struct("<BII")  # version, checksum, points
OWNER = struct.Struct("<qh")  # object and program: a piece that got to another's row is found out
LEVEL = 3
MAG_STEP, CHI_STEP, SHARP_STEP = 1e-4, 1e-3, 1e-3
ERROR_RATIO, LEAST_ERROR = 1e-3, 1e-6  # steps of the logarithm; mag

WHOLE = ("pid", "catflags", "dra", "ddec")
REAL = ("mag", "magerr", "chi", "sharp")
COLUMNS = (*WHOLE, *REAL)
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
    from lightcurves.storage.codec_kernels import pack_codes  # compiled: loaded with the first light curve

    codes, unfit = _codes(columns)
    raw = np.stack([np.ascontiguousarray(columns[name], dtype=np.float32).view(np.uint32) for name in REAL])
    offsets = np.ascontiguousarray(offsets, dtype=np.int64)
    body = np.empty(len(offsets) * MOST_HEAD + 8 * len(COLUMNS) * int(offsets[-1]), dtype=np.uint8)
    ends = np.zeros(len(offsets), dtype=np.int64)
    pack_codes(offsets, codes, unfit, raw, body, ends)
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
    from lightcurves.storage.codec_kernels import unpack_codes

    decompressor = zstandard.ZstdDecompressor()
    offsets, ends, bodies = np.zeros(len(pieces) + 1, np.int64), np.zeros(len(pieces) + 1, np.int64), []
    for k, (owner, piece) in enumerate(zip(owners, pieces, strict=True)):
        body, points = _opened(decompressor, owner, piece)
        bodies.append(body)
        offsets[k + 1], ends[k + 1] = offsets[k] + points, ends[k] + len(body)
    content = np.frombuffer(b"".join(bodies), dtype=np.uint8)
    codes = np.zeros((len(COLUMNS), offsets[-1]), dtype=np.int64)
    came = np.zeros((len(REAL), len(pieces)), dtype=np.bool_)
    broken = unpack_codes(offsets, ends, content, codes, came)
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
