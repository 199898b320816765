"""Helpers for functions that run in a confined child."""

from __future__ import annotations

import os
import shutil
from typing import BinaryIO


def path_of(source: BinaryIO) -> str:
    """A path under which a library that wants one finds the file: a copy in memory, of the child alone."""
    handle = os.memfd_create("file")
    source.seek(0)
    with os.fdopen(handle, "wb", closefd=False) as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    return f"/proc/self/fd/{handle}"
