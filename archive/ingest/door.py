"""The door for foreign files: found without following links, copied once under a private name while they are hashed.

Whatever is judged, registered and kept is that one copy: what somebody changes in the source meanwhile is not seen.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from archive.files import storage
from archive.ingest.errors import RefusedError
from archive.survey.filenames import RAW_SUFFIX

BLOCK = 1 << 20
GIB = 1 << 30
LARGEST = {".avro": 4 * GIB, ".parquet": 16 * GIB, ".pytable": 2 * GIB, ".tar.gz": 256 * GIB, ".tar": 256 * GIB}
LARGEST_OTHER = 2 * GIB  # bytes; the largest image of ZTF has 0.3e9
KINDS = {
    stat.S_IFLNK: "a symbolic link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip
PRODUCT_ENDINGS = (".fits", ".fz", ".avro", ".parquet", ".pytable", ".txt", ".csv", ".gz", RAW_SUFFIX)


@dataclass(frozen=True)
class Found:
    """Something that lies below a folder.

    root : the folder that somebody named, whatever it is reached by
    parts : the way from there, each a name; links among them are not followed
    """

    root: Path
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def path(self) -> Path:
        return self.root.joinpath(*self.parts)


@dataclass(frozen=True)
class Copy:
    """The private copy of a file."""

    name: str
    place: Path
    size: int
    sha256: str

    @contextmanager
    def opened(self) -> Iterator[int]:
        """A descriptor of it, for the sandbox."""
        handle = os.open(self.place, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            yield handle
        finally:
            os.close(handle)

    def stored(self, relative: str) -> storage.StoredFile:
        """The copy, to be registered as a file of the tree."""
        return storage.complete(relative, self.place, self.sha256)


def found(paths: Sequence[Path]) -> list[Found]:
    """Everything below some folders, and files that are named themselves, science images first.

    Links, pipes and other things that are no files are among them: they are refused by name, not passed over.
    """
    listed = []
    for path in paths:
        if path.is_dir():  # whoever names a folder by a link means the folder
            listed += sorted(_below(path, ()), key=lambda one: one.parts)
        else:
            listed.append(Found(path.parent, (path.name,)))
    return sorted(listed, key=lambda one: not one.name.endswith("_sciimg.fits"))


def _below(root: Path, parts: tuple[str, ...]) -> Iterator[Found]:
    with os.scandir(root.joinpath(*parts)) as entries:
        for entry in entries:
            here = (*parts, entry.name)
            if entry.is_dir(follow_symlinks=False):
                if entry.name.endswith(PRODUCT_ENDINGS):
                    yield Found(root, here)
                yield from _below(root, here)
            else:
                yield Found(root, here)


def private_copy(one: Found, beside: Copy | None = None) -> Copy:
    """A copy under a private name in the tree's own file system; who asks for it removes it, or registers it.

    beside : one whose folder it may share

    Raises
    ------
    RefusedError
        for what is no file, is reached by a link, is empty, too large, or cannot be read or copied.
    """
    handle = open_regular(one)
    try:
        if os.fstat(handle).st_size > largest(one.name):
            raise RefusedError(
                f"{one.name}: has {os.fstat(handle).st_size} bytes; at most {largest(one.name)} are taken"
            )
        with os.fdopen(handle, "rb", buffering=0, closefd=False) as file:
            return copy_of(file, one.name, beside)
    finally:
        os.close(handle)


def copy_of(file: IO[bytes], name: str, beside: Copy | None = None) -> Copy:
    """A private copy of what a file holds from here on; as `private_copy`.

    beside : one whose folder it may share
    """
    place = None
    try:
        place = storage.private_path(name, None if beside is None else beside.place)
        size, sha256 = _copy(file, place, largest(name))
        if size == 0:
            raise RefusedError(f"{name}: the file is empty")
        if size > largest(name):
            raise RefusedError(f"{name}: more than {largest(name)} bytes")
        return Copy(name, place, size, sha256)
    except BaseException as error:
        if place is not None:
            storage.discard(place)
        if isinstance(error, OSError):
            raise RefusedError(f"{name}: cannot be copied ({error.strerror or error})", ours=True) from error
        raise


def largest(name: str) -> int:
    """The most bytes that a file of this name may have."""
    return next((size for ending, size in LARGEST.items() if name.endswith(ending)), LARGEST_OTHER)


def open_regular(one: Found) -> int:
    """A descriptor of a file, no link on the way to it followed.

    Raises
    ------
    RefusedError
    """
    folder = -1
    try:
        folder = os.open(one.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in one.parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = below
        _require_file(os.stat(one.name, dir_fd=folder, follow_symlinks=False).st_mode, one.name)
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe put there since does not stop us
        handle = os.open(one.name, flags, dir_fd=folder)
    except (OSError, ValueError) as error:
        raise RefusedError(_why(one, error)) from error
    finally:
        if folder >= 0:
            os.close(folder)
    try:
        _require_file(os.fstat(handle).st_mode, one.name)
    except RefusedError:
        os.close(handle)
        raise
    return handle


def _require_file(mode: int, name: str) -> None:
    if not stat.S_ISREG(mode):
        raise RefusedError(f"{name}: is {KINDS.get(stat.S_IFMT(mode), 'no file')}; only regular files are taken")


def _why(one: Found, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.ENOENT:
        return f"{one.path}: no such file"
    if code in (errno.ELOOP, errno.ENOTDIR):
        return f"{one.name}: is reached by a symbolic link; only regular files are taken"
    return f"{one.name}: cannot be opened ({getattr(error, 'strerror', None) or error})"


def _copy(file: IO[bytes], place: Path, most: int) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with place.open("xb") as copy:
        while block := file.read(BLOCK):
            size += len(block)
            if size > most:
                break
            digest.update(block)
            copy.write(block)
    return size, digest.hexdigest()
