"""Companions that are no FITS files: logs, region files, tables as text, pictures."""

from __future__ import annotations

import json
import re
from typing import BinaryIO

from archive.sandbox.readers.errors import BadFileError, content_of

LARGEST_TEXT = 64 << 20  # bytes
PNG = b"\x89PNG\r\n\x1a\n"
_PAGE = re.compile(r"<\s*(!doctype\s+html|html|head|body|form|script)\b", re.IGNORECASE)


def read_text(file: BinaryIO, digits: list[str]) -> dict:
    """Whether a text is one, and which of some identifying words it holds.

    Raises
    ------
    BadFileError
        for what is no text, or a page for a browser (a server's sign-in form or error).
    """
    content = content_of(file, LARGEST_TEXT)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadFileError(f"no text in UTF-8 ({error.reason} at byte {error.start})") from error
    if any(ord(one) < 32 and one not in "\t\n\r\f" for one in set(text)):
        raise BadFileError("no text: it holds control characters")
    if _PAGE.search(text[:4096]):
        raise BadFileError("a page for a browser came instead of the file (HTML)")
    if not text.strip():
        raise BadFileError("the text is empty")
    return {"words": [one for one in digits if one in text]}


def read_json(file: BinaryIO) -> dict:
    """A JSON document, within bounds."""
    content = content_of(file, LARGEST_TEXT)
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadFileError(f"not JSON ({str(error)[:200]})") from error
    return {}


def read_png(file: BinaryIO) -> dict:
    """A PNG picture, by its beginning and its end."""
    content = content_of(file, LARGEST_TEXT)
    if not content.startswith(PNG) or b"IEND" not in content[-16:]:
        raise BadFileError("not a whole PNG picture")
    return {}
