"""Points as a file told them, packed: every column bit by bit as it came, those that nobody told left out.

A piece is a byte with the format's version, a checksum, the number of points, which columns follow, and the columns,
each as planes of bytes (all lowest bytes first, and so on), compressed together by zstd.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import zstandard

from lightcurves.storage.codec import OWNER, BrokenPieceError

VERSION = 1
HEAD = struct.Struct("<BIII")  # version, checksum, points, which columns
LEVEL = 3
MOST_POINTS = 2_000_000  # of an object; a night has less than a thousand exposures
KINDS = {
    "hmjd": "<f8", "mjd": "<f8", "expid": "<i8", "mag": "<f4", "magerr": "<f4", "catflags": "<i4", "ra": "<f8",
    "dec": "<f8", "chi": "<f4", "sharp": "<f4", "filefracday": "<i8", "limitmag": "<f4", "magzp": "<f4",
    "magzprms": "<f4", "clrcoeff": "<f4", "clrcounc": "<f4", "exptime": "<f4", "airmass": "<f4",
}  # fmt: skip
"""Columns of a point; `hmjd`: heliocentric Julian date of mid-exposure less 2400000.5. Not told: NaN, or whole 0."""
_BIT = {name: 1 << k for k, name in enumerate(KINDS)}


def unknown(name: str, count: int) -> np.ndarray:
    """A column (count,) of what nobody told."""
    kind = np.dtype(KINDS[name])
    return np.full(count, np.nan if kind.kind == "f" else 0, kind)


def pack(owner: tuple[int, int], columns: Mapping[str, np.ndarray]) -> bytes:
    """One object's points of one program; `columns` may lack those that nobody told.

    owner : object and program
    """
    count = len(columns["mag"])
    which, planes = 0, []
    for name, kind in KINDS.items():
        values = np.ascontiguousarray(columns.get(name, ()), dtype=kind)
        if len(values) and not _nothing(values):
            which |= _BIT[name]
            planes.append(values.view(np.uint8).reshape(count, -1).T.tobytes())
    body = b"".join(planes)
    head = HEAD.pack(VERSION, _checksum(body, owner), count, which)
    return head + zstandard.ZstdCompressor(level=LEVEL, write_checksum=False).compress(body)


def unpack(owners: Sequence[tuple[int, int]], pieces: Sequence[bytes]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The points of pieces, one after the other: how many each has (n_pieces,), and all columns (keys KINDS).

    Raises
    ------
    BrokenPieceError
        naming the object.
    """
    opened = [_opened(owner, piece) for owner, piece in zip(owners, pieces, strict=True)]
    counts = np.array([count for count, _ in opened], dtype=np.int64)
    columns = {}
    for name in KINDS:
        parts = [told[name] if name in told else unknown(name, count) for count, told in opened]
        columns[name] = np.concatenate(parts) if parts else unknown(name, 0)
    return counts, columns


def _opened(owner: tuple[int, int], piece: bytes) -> tuple[int, dict[str, np.ndarray]]:
    if len(piece) < HEAD.size:
        raise BrokenPieceError(f"object {owner[0]}: {len(piece)} bytes are no packed light curve")
    version, checksum, count, which = HEAD.unpack_from(piece)
    if version != VERSION or count > MOST_POINTS:
        raise BrokenPieceError(
            f"object {owner[0]}: told light curve of format {version}; this code reads format {VERSION}"
        )
    names = [name for name in KINDS if which & _BIT[name]]
    size = count * sum(np.dtype(KINDS[name]).itemsize for name in names)
    try:
        body = zstandard.ZstdDecompressor().decompress(memoryview(piece)[HEAD.size :], max_output_size=max(size, 1))
    except zstandard.ZstdError as error:
        raise BrokenPieceError(f"object {owner[0]}: told light curve is damaged: {error}") from error
    if len(body) != size or _checksum(body, owner) != checksum:
        raise BrokenPieceError(f"object {owner[0]}, program {owner[1]}: checksum of a told light curve does not agree")
    told, place = {}, 0
    for name in names:
        kind = np.dtype(KINDS[name])
        planes = np.frombuffer(body, np.uint8, count * kind.itemsize, place).reshape(kind.itemsize, count)
        told[name] = np.ascontiguousarray(planes.T).reshape(-1).view(kind)
        place += count * kind.itemsize
    return count, told


def _nothing(values: np.ndarray) -> bool:
    return not values.any() if values.dtype.kind == "i" else bool(np.isnan(values).all())


def _checksum(body: bytes, owner: Sequence[int]) -> int:
    return zlib.crc32(body, zlib.crc32(OWNER.pack(*owner)))
