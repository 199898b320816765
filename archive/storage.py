"""The product tree on disk: files are written first, whole or not at all; the database learns of them afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from django.conf import settings

BLOCK = 1 << 20


class NotInArchive(LookupError):
    """A path that cannot lie in the tree, or a file that is not there."""


class Damaged(OSError):
    """A file of the tree that is not what was registered."""


@dataclass(frozen=True)
class StoredFile:
    """A file that lies complete in the tree."""

    path: str  # relative to the root
    size: int
    sha256: str


def absolute(relative: str) -> Path:
    """Where a file of the tree lies on disk.

    Raises
    ------
    NotInArchive
        for a path that is absolute or climbs out of the tree.
    """
    parts = PurePosixPath(relative)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise NotInArchive(f"path={relative!r}: give a path below the archive's root, without '..'")
    return settings.ARCHIVE_ROOT / parts


@contextmanager
def new_file(relative: str) -> Iterator[Path]:
    """Write a file of the tree: the block fills the temporary path it gets; afterwards the file stands complete.

    The temporary name keeps the file's own name at its end, for writers that choose a format by it.
    """
    final = absolute(relative)
    final.parent.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f".{os.getpid()}.{final.name}")
    try:
        yield temporary
        _flush(temporary)
        temporary.replace(final)
        _flush(final.parent)
    finally:
        temporary.unlink(missing_ok=True)


def stored(relative: str) -> StoredFile:
    """Size and checksum of a file in the tree."""
    path = absolute(relative)
    if not path.is_file():
        raise NotInArchive(f"path={relative!r}: there is no such file in the archive")
    return StoredFile(relative, path.stat().st_size, checksum(path))


def copy_in(source: Path, relative: str) -> StoredFile:
    """Take a copy of a file into the tree; one that lies there already stays as it is."""
    if source.resolve() != absolute(relative).resolve():
        with new_file(relative) as temporary:
            shutil.copyfile(source, temporary)
    return stored(relative)


def verified(relative: str, sha256: str) -> Path:
    """Where a file lies on disk, after its bytes were compared with its registered checksum.

    A file is read for this once a process, as long as its size and date stay.

    Raises
    ------
    Damaged
        if it is missing or differs.
    """
    path = absolute(relative)
    try:
        state = path.stat()
        found = _known_checksum(path, state.st_size, state.st_mtime_ns, state.st_ino)
    except FileNotFoundError as error:
        raise Damaged(f"{relative}: is missing from the tree; restore it from a copy or make it again") from error
    if found != sha256:
        raise Damaged(
            f"{relative}: is damaged, its SHA-256 is {found[:12]}…, {sha256[:12]}… was registered; "
            "restore it from a copy or make it again"
        )
    return path


def check_whole(relative: str, size: int, sha256: str) -> None:
    """Read a file from disk and compare it with what was registered, whatever this process read before.

    Raises
    ------
    Damaged
        if it is missing, of another size, or of another checksum.
    """
    path = absolute(relative)
    if not path.is_file():
        raise Damaged(f"{relative}: is missing from the tree")
    if path.stat().st_size != size:
        raise Damaged(f"{relative}: has {path.stat().st_size} bytes, {size} were registered")
    if checksum(path) != sha256:
        raise Damaged(f"{relative}: is damaged, its SHA-256 is not the registered {sha256[:12]}…")


@lru_cache(maxsize=4096)
def _known_checksum(path: Path, size: int, changed: int, inode: int) -> str:
    return checksum(path)


def checksum(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
