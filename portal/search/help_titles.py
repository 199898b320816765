"""Titles of the built documentation, from the index that Sphinx makes for its own search."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings

INDEX, LARGEST, MOST = "searchindex.js", 20_000_000, 5000  # bytes of it that are read; titles


@dataclass(frozen=True)
class Title:
    """A section: its title, the page it stands on, its address below the documentation's."""

    title: str
    page: str
    address: str


def titles() -> tuple[Title, ...]:
    """Titles of all sections; none where the documentation has not been built."""
    file = Path(settings.DOCS_ROOT) / INDEX
    try:
        known = file.stat()
    except FileNotFoundError:
        return ()
    return _read(file, known.st_mtime_ns) if known.st_size <= LARGEST else ()


@lru_cache(maxsize=1)
def _read(file: Path, changed: int) -> tuple[Title, ...]:
    """The index as it was when it had `changed`."""
    text = file.read_text()
    index = json.loads(text[text.index("(") + 1 : text.rindex(")")])
    names, pages = index["docnames"], index["titles"]
    found = [
        Title(title, pages[number], f"{names[number]}.html" + (f"#{anchor}" if anchor else ""))
        for title, places in index["alltitles"].items()
        for number, anchor in places
    ]
    return tuple(found[:MOST])
