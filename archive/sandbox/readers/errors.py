"""The error that says why a foreign file cannot be read; and reading one whole, within bounds."""

from __future__ import annotations

import io
from typing import BinaryIO


class BadFileError(ValueError):
    """A file that is not what it claims to be; the message says what is wrong with it."""


def content_of(file: BinaryIO, most: int) -> bytes:
    """All bytes of a file; BadFileError if there are more than may be."""
    size = file.seek(0, io.SEEK_END)
    if size > most:
        raise BadFileError(f"has {size} bytes; at most {most}")
    file.seek(0)
    return file.read()
