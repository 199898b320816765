"""The product tree on disk: files are written first, whole or not at all; the database learns of them afterwards.

A file that a row will know is written under a private name (`private_path`), registered, and gets its own name only
when its row is committed (archive.files.placing): until then whatever a row knows lies as it was.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from uuid import uuid4

from django.conf import settings

from archive.files.atomic import flush, whole_file

BLOCK = 1 << 20
INCOMING = ".incoming"  # private names, one folder a file


class NotInArchiveError(LookupError):
    """A path that cannot lie in the tree, or a file that is not there."""


class DamagedFileError(OSError):
    """A file of the tree that is not what was registered."""


@dataclass(frozen=True)
class StoredFile:
    """A file that lies complete in the tree.

    path : its name, relative to the root
    stored_as : where it lies until its row is committed, relative to the root; empty: under its name
    """

    path: str
    size: int
    sha256: str
    stored_as: str = ""

    @property
    def place(self) -> Path:
        """Its path on disk."""
        return absolute(self.stored_as or self.path)


def absolute(relative: str) -> Path:
    """The path on disk of a file of the tree.

    Raises
    ------
    NotInArchiveError
        for a path that is absolute or climbs out of the tree.
    """
    parts = PurePosixPath(relative)
    if parts.is_absolute() or ".." in parts.parts or not parts.parts:
        raise NotInArchiveError(f"path={relative!r}: give a path below the archive's root, without '..'")
    return settings.ARCHIVE_ROOT / parts


@contextmanager
def new_file(relative: str) -> Iterator[Path]:
    """Write a file of the tree that no row knows (a picture of the sky survey): the block fills the temporary path it
    gets; afterwards the file stands complete.

    The temporary name keeps the file's own name at its end, for writers that choose a format by it.
    """
    with whole_file(absolute(relative)) as temporary:
        yield temporary


def stored(relative: str) -> StoredFile:
    """Size and checksum of a file in the tree."""
    path = absolute(relative)
    if not path.is_file():
        raise NotInArchiveError(f"path={relative!r}: there is no such file in the archive")
    return StoredFile(relative, path.stat().st_size, checksum(path))


def private_path(relative: str, beside: Path | None = None) -> Path:
    """A place for a file that is to be registered as `relative`: in the tree's own file system, with its own name.

    beside : a private file whose folder may be shared, if its name is another
    """
    place = absolute(f"{INCOMING}/{uuid4().hex}/{PurePosixPath(relative).name}")
    if beside is not None and not beside.with_name(place.name).exists():
        place = beside.with_name(place.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


def complete(relative: str, place: Path, sha256: str = "") -> StoredFile:
    """A file that was written to its private place, on disk for good; its checksum, if it is not known already."""
    flush(place)
    flush(place.parent)
    stored_as = str(place.relative_to(settings.ARCHIVE_ROOT))
    return StoredFile(relative, place.stat().st_size, sha256 or checksum(place), stored_as)


def copy_in(source: Path, relative: str) -> StoredFile:
    """A private copy of a file of ours, to be registered as `relative`."""
    place = private_path(relative)
    try:
        shutil.copyfile(source, place)
        return complete(relative, place)
    except BaseException:
        discard(place)
        raise


def discard(place: Path) -> None:
    """Remove a file that has a private name; what has a name of its own stays."""
    if INCOMING in place.relative_to(settings.ARCHIVE_ROOT).parts:
        place.unlink(missing_ok=True)
        with suppress(OSError):  # something else lies there: the sweep looks again
            place.parent.rmdir()


def give_names(files: Iterable[tuple[Path, str]]) -> None:
    """Give files their own names, each in one step, instead of what had it; private names stay until they are
    discarded.
    """
    folders = {_give_name(place, relative) for place, relative in files}
    for folder in folders:
        flush(folder)


def _give_name(place: Path, relative: str) -> Path:
    """Returns the folder, which is to be flushed."""
    final = absolute(relative)
    final.parent.mkdir(parents=True, exist_ok=True)
    if final.exists() and final.samefile(place):
        return final.parent  # a second attempt
    temporary = final.with_name(f".{uuid4().hex}.{final.name}")
    try:
        try:
            temporary.hardlink_to(place)
        except OSError:  # a file system without hard links
            shutil.copyfile(place, temporary)
            flush(temporary)
        temporary.replace(final)
    finally:
        temporary.unlink(missing_ok=True)
    return final.parent


def verified(relative: str, sha256: str) -> Path:
    """A file's path on disk, after its bytes were compared with its registered checksum.

    A file is read for this once a process, as long as its inode, size and date stay.

    Raises
    ------
    DamagedFileError
        if it is missing or differs.
    """
    path = absolute(relative)
    try:
        state = path.stat()
        found = _known_checksum(path, state.st_size, state.st_mtime_ns, state.st_ino)
    except FileNotFoundError as error:
        raise DamagedFileError(
            f"{relative}: is missing from the tree; restore it from a copy or make it again"
        ) from error
    if found != sha256:
        raise DamagedFileError(
            f"{relative}: is damaged, its SHA-256 is {found[:12]}…, {sha256[:12]}… was registered; "
            "restore it from a copy or make it again"
        )
    return path


def check_whole(relative: str, size: int, sha256: str) -> None:
    """Read a file from disk and compare it with what was registered, whatever this process read before.

    Raises
    ------
    DamagedFileError
        if it is missing, of another size, or of another checksum.
    """
    path = absolute(relative)
    if not path.is_file():
        raise DamagedFileError(f"{relative}: is missing from the tree")
    if path.stat().st_size != size:
        raise DamagedFileError(f"{relative}: has {path.stat().st_size} bytes, {size} were registered")
    if checksum(path) != sha256:
        raise DamagedFileError(f"{relative}: is damaged, its SHA-256 is not the registered {sha256[:12]}…")


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
