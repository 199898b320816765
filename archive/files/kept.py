"""Files that are made when somebody asks for them, and kept for whoever asks next.

They lie below JOB_ROOT, under a key that says all that they were made of; whoever asks names the key, so that nobody
gets what was made for others. Those that were asked for longest ago go first when there is no more room.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from archive.files.atomic import whole_file

MOST_BYTES = 20 * 1024**3  # of all kept files together


def key_of(*parts: object) -> str:
    """A key of all that a file is made of."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()


def kept(kind: str, key: str, ending: str, make: Callable[[Path], object]) -> Path:
    """The file of a key; `make` fills the temporary path that it is given, where there is none yet."""
    path = place(kind, key, ending)
    if path.is_file():
        os.utime(path, (time.time(), path.stat().st_mtime))
        return path
    with whole_file(path) as temporary:
        make(temporary)
    _make_room(path)
    return path


def place(kind: str, key: str, ending: str) -> Path:
    """The path of a key's file, if it is there."""
    return settings.JOB_ROOT / "kept" / kind / f"{key}{ending}"


def _make_room(newest: Path) -> None:
    """Remove the files that were asked for longest ago, but never the newest."""
    found = []
    for path in (settings.JOB_ROOT / "kept").glob("*/*"):
        try:
            state = path.stat()
        except FileNotFoundError:  # another process made room
            continue
        found.append((state.st_atime, state.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= MOST_BYTES:
            break
        if path != newest:
            path.unlink(missing_ok=True)
            total -= size
