"""Alert packets in a tar, as ZTF's public alert archive has them: read as a stream, nothing is unpacked by its path.

Headers are read here, not by a general reader: a header of some hundred bytes may name any length, and that of an
extension would be read into memory whole. Source: POSIX.1-2001, pax Interchange Format, ustar.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

from archive.ingest.door import Copy, copy_of
from archive.ingest.errors import RefusedError

BLOCK = 512
MOST_MEMBERS = 5_000_000  # a night has up to 1.2 million
LARGEST_MEMBER = 64 << 20  # bytes
LARGEST_EXTENSION = 1 << 20
LARGEST_TAR = 512 << 30  # bytes, expanded
FILE, FOLDER, EXTENSIONS = (b"0", b"\0"), b"5", (b"x", b"g", b"L", b"K")


@dataclass
class _Stream:
    """The expanded bytes, counted."""

    file: IO[bytes]
    name: str
    read_so_far: int = 0

    def read(self, size: int) -> bytes:
        """Exactly so many bytes, or fewer at the end."""
        pieces, left = [], size
        try:
            while left and (piece := self.file.read(left)):
                pieces.append(piece)
                left -= len(piece)
        except (OSError, EOFError, zlib.error) as error:
            raise RefusedError(f"{self.name}: does not decompress ({error})") from error
        self.read_so_far += size - left
        if self.read_so_far > LARGEST_TAR:
            raise RefusedError(f"{self.name}: more than {LARGEST_TAR} bytes when it is expanded")
        return b"".join(pieces)

    def skip(self, size: int) -> None:
        while size > 0:
            piece = self.read(min(size, 1 << 20))
            if not piece:
                raise RefusedError(f"{self.name}: ends within a member")
            size -= len(piece)


def copies(file: IO[bytes], name: str) -> Iterator[tuple[str, Copy | RefusedError]]:
    """The name and a private copy of every packet file, one after another; of other members why they are refused.

    Raises
    ------
    RefusedError
        where the tar itself goes wrong; the members before were given.
    """
    zipped = not name.endswith(".tar")
    stream = _Stream(cast(IO[bytes], gzip.GzipFile(fileobj=file)) if zipped else file, name)
    number, named, last = 0, "", None
    while (head := stream.read(BLOCK)).strip(b"\0"):
        number += 1
        if number > MOST_MEMBERS:
            raise RefusedError(f"{name}: more than {MOST_MEMBERS} members")
        kind, member, size = _header(head, name)
        if kind in EXTENSIONS and size <= LARGEST_EXTENSION:
            named = _long_name(kind, stream.read(_padded(size))[:size]) or named
            continue
        if kind == FOLDER and size == 0:
            named = ""
            continue
        member, named = _last(named) if named else member, ""
        if kind not in FILE or not member.endswith(".avro") or size > LARGEST_MEMBER:
            stream.skip(_padded(size) if kind in FILE or kind in EXTENSIONS else 0)
            yield member, RefusedError(f"{member}: {_why(kind, size)}; only packet files are taken out of a tar")
            continue
        content = stream.read(_padded(size))
        if len(content) < size:
            raise RefusedError(f"{name}: ends within {member}")
        last = _copy(content[:size], member, last)
        yield member, last
    if len(head) < BLOCK:
        raise RefusedError(f"{name}: ends early" if number else f"{name}: no tar file")


def _copy(content: bytes, member: str, last: Copy | RefusedError | None) -> Copy | RefusedError:
    try:
        return copy_of(io.BytesIO(content), member, last if isinstance(last, Copy) else None)
    except RefusedError as reason:
        return reason


def _header(head: bytes, name: str) -> tuple[bytes, str, int]:
    """Kind, last part of the name, and size of a member."""
    try:
        told = int(head[148:156].strip(b" \0") or b"0", 8)
        size = int(head[124:136].strip(b" \0") or b"0", 8)
    except ValueError as error:
        raise RefusedError(f"{name}: no tar file, or a damaged one (a member's header is no number)") from error
    if len(head) < BLOCK or told != sum(head[:148]) + 8 * 32 + sum(head[156:]):
        raise RefusedError(f"{name}: no tar file, or a damaged one (a member's header has another checksum)")
    return head[156:157], _last(head[:100].partition(b"\0")[0].decode("utf-8", "backslashreplace")), size


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or "(without a name)"


def _long_name(kind: bytes, content: bytes) -> str:
    """The path that an extension (GNU's L, or pax') gives to the member behind it."""
    if kind == b"L":
        return content.partition(b"\0")[0].decode("utf-8", "backslashreplace")
    told = re.search(rb"(?:^|\n)[0-9]+ path=([^\n]*)\n", content) if kind == b"x" else None
    return told[1].decode("utf-8", "backslashreplace") if told else ""


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _why(kind: bytes, size: int) -> str:
    if kind not in FILE:
        return "is a link, a device or something else"
    return f"has {size} bytes" if size > LARGEST_MEMBER else "is no .avro file"
