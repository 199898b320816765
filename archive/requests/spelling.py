"""The known name that somebody may have meant. No Django."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 100  # characters of a word that are looked at


def resembling(word: str, known: Iterable[str]) -> str | None:
    """The known name that resembles a word, or None; the parts of dotted names count as names too."""
    names = {one.lower(): one for one in known}
    names |= {full.rpartition(".")[2]: one for full, one in names.items() if full.rpartition(".")[2] not in names}
    if word in names.values():
        return None  # it is what was written: something else is wrong with it
    found = get_close_matches(word[:LONGEST].lower(), list(names), n=1, cutoff=0.6)
    return names[found[0]] if found else None
