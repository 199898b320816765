"""Avro files of alert packets: their schema first, then the candidates, without the stamps."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

import fastavro

from archive.sandbox.readers.errors import BadFileError

MAGIC = b"Obj\x01"
LARGEST_SCHEMA = 1 << 20  # bytes
DEEPEST = 12  # records within records; ZTF's have three
MOST_PACKETS = 200_000  # of one file
LARGEST_PACKET = 8 << 20  # bytes; a packet has some 60 kB
LARGEST_BLOCK = 64 << 20  # bytes, unpacked: whoever asks for one packet reads its whole block
CODECS = ("null", "deflate")
KEPT = (
    "candid", "jd", "fid", "pid", "nid", "programid", "ra", "dec", "magpsf", "sigmapsf", "isdiffpos", "rfid", "field",
    "rcid", "rb", "drb", "distnr", "ssnamenr", "ssdistnr",
)  # fmt: skip


def read(file: BinaryIO, most: int) -> list[dict]:
    """The packets' objectId and what rows keep of their candidates, in the file's order.

    Parameters
    ----------
    most : bytes that the packets may come to

    Raises
    ------
    BadFileError
    """
    check_declared(file)
    file.seek(0)
    found = []
    try:
        for number, packet in enumerate(fastavro.reader(cast(BinaryIO, _Counted(file, most)))):
            if number == MOST_PACKETS:
                raise BadFileError(f"more than {MOST_PACKETS} packets")
            found.append(_kept(packet, number))
    except BadFileError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (fastavro raises whatever a broken schema or block leads it to)
        raise BadFileError(f"does not decode as Avro ({type(error).__name__}: {str(error)[:200]})") from error
    if not found:
        raise BadFileError("holds no packet")
    return found


def check_declared(file: BinaryIO) -> None:
    """The header's schema is of records that end, the codec one that is known, and blocks lie within the file."""
    file.seek(0)
    if file.read(4) != MAGIC:
        raise BadFileError("does not decode as Avro (it does not begin as such a file)")
    size = file.seek(0, io.SEEK_END)
    file.seek(4)
    try:
        meta = dict(_map(file, size))
        schema = json.loads(meta.get("avro.schema", b""))
    except (ValueError, RecursionError, UnicodeDecodeError) as error:
        raise BadFileError(f"does not decode as Avro (its header: {str(error)[:200]})") from error
    codec = meta.get("avro.codec", b"null").decode("ascii", "replace") or "null"
    if codec not in CODECS:
        raise BadFileError(f"codec {codec[:20]!r}: alert packets come as {' or '.join(CODECS)}")
    _check_schema(schema, set(), 0)
    file.read(16)
    _check_blocks(file, size, codec)


def _check_schema(schema: object, within: set[str], depth: int) -> None:
    if depth > 4 * DEEPEST:
        raise BadFileError("its schema goes too deep")
    if isinstance(schema, list):
        for one in schema:
            _check_schema(one, within, depth + 1)
    elif isinstance(schema, dict):
        name = schema.get("name") if schema.get("type") == "record" else None
        if name is not None:
            names = {str(name), str(name).rsplit(".", 1)[-1]}
            within = within | names
        for one in schema.get("fields", []) if isinstance(schema.get("fields"), list) else []:
            _check_schema(one.get("type") if isinstance(one, dict) else one, within, depth + 1)
        for part in ("items", "values"):
            if part in schema:
                _check_schema(schema[part], within, depth + 1)
        if name is None and not isinstance(schema.get("type"), str):
            _check_schema(schema.get("type"), within, depth + 1)
        elif name is None:
            _check_schema(schema["type"], within, depth + 1)
    elif isinstance(schema, str) and (schema in within or schema.rsplit(".", 1)[-1] in within):
        raise BadFileError(f"its schema holds the record {schema[:60]!r} within itself")


def _check_blocks(file: BinaryIO, size: int, codec: str) -> None:
    """Every block's length lies within the file, and its records take bytes."""
    while file.tell() < size:
        count, length = _long(file), _long(file)
        if not 0 < count <= MOST_PACKETS or not 0 < length <= size - file.tell():
            raise BadFileError(f"a block declares {count} records in {length} bytes, {size - file.tell()} are there")
        if codec == "null":
            if not count <= length <= LARGEST_BLOCK:
                raise BadFileError(
                    f"a block declares {count} records in {length} bytes; at most {LARGEST_BLOCK} are taken"
                )
            file.seek(length + 16, io.SEEK_CUR)
            continue
        _check_deflated(file.read(length), count)
        file.seek(16, io.SEEK_CUR)


def _check_deflated(content: bytes, count: int) -> None:
    stream, size = zlib.decompressobj(-15), 0
    piece = content
    try:
        while piece:
            size += len(stream.decompress(piece, 1 << 20))
            if size > min(count * LARGEST_PACKET, LARGEST_BLOCK):
                raise BadFileError(f"a block of {len(content)} bytes expands to more than {size} bytes")
            piece = stream.unconsumed_tail
    except zlib.error as error:
        raise BadFileError(f"a block does not decompress ({error})") from error


def _map(file: BinaryIO, size: int) -> Iterator[tuple[str, bytes]]:
    while count := _long(file):
        if count < 0:
            count, _ = -count, _long(file)
        if count > 1000:
            raise ValueError(f"{count} entries")
        for _ in range(count):
            yield _bytes(file, size).decode(), _bytes(file, size)


def _bytes(file: BinaryIO, size: int) -> bytes:
    length = _long(file)
    if not 0 <= length <= min(LARGEST_SCHEMA, size - file.tell()):
        raise ValueError(f"an entry of {length} bytes")
    return file.read(length)


def _long(file: BinaryIO) -> int:
    """A zigzag number of variable length."""
    value, shift = 0, 0
    while True:
        one = file.read(1)
        if not one or shift > 63:
            raise BadFileError("does not decode as Avro (it ends early)")
        value |= (one[0] & 0x7F) << shift
        if not one[0] & 0x80:
            return (value >> 1) ^ -(value & 1)
        shift += 7


def _kept(packet: object, number: int) -> dict:
    known = packet if isinstance(packet, dict) else {}
    candidate = known.get("candidate")
    if not isinstance(candidate, dict) or "objectId" not in known:
        raise BadFileError(f"record {number} is no ZTF alert (no objectId or no candidate)")
    kept = {name: candidate.get(name) for name in KEPT}
    odd = [name for name, value in kept.items() if not isinstance(value, (bool, int, float, str, type(None)))]
    if odd or not isinstance(known["objectId"], str):
        raise BadFileError(f"record {number}: {(odd or ['objectId'])[0]} is neither number nor text")
    return kept | {"objectId": known["objectId"], "packet_candid": known.get("candid")}


class _Counted(io.RawIOBase):
    """A file that gives no more bytes than it may."""

    def __init__(self, file: BinaryIO, most: int):
        self._file, self._left = file, most

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise BadFileError("its packets come to more bytes than are taken")
        return content
