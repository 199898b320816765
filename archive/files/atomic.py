"""Files that appear whole or not at all: written under a temporary name, flushed to disk, renamed. No Django.

`deploy/machine.py` has its own copy: it runs before any package is installed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def whole_file(path: Path, temporary: Path | None = None) -> Iterator[Path]:
    """The block fills the temporary path that it gets; then the file has its own name, on disk for good.

    Nothing is left of a block that fails.

    Parameters
    ----------
    temporary : in the same folder; without one it has the file's own name at its end, as some writers choose their
        format by it
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary or path.with_name(f".{uuid4().hex}.{path.name}")
    try:
        yield temporary
        put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def put_in_place(temporary: Path, path: Path) -> None:
    """Give a file (or folder) that is complete its own name, on disk for good, instead of what has the name."""
    flush(temporary)
    temporary.replace(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Have a file's content, or a folder's names, on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
