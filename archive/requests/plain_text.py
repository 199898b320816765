"""Text that somebody sent: no NUL, which the database cannot hold, and no half of a character, which no file can.

A form whose encoding its sender chose, and JSON with its escapes, may have both. No Django.
"""

from __future__ import annotations

import re

_UNFIT = re.compile("[\0\ud800-\udfff]")
NUL = "holds a NUL character (%00), which no name and no text here has; leave it out"


def fault_of(text: str) -> str | None:
    """The fault of a text, as the end of a sentence about it; None for a text without one."""
    found = _UNFIT.search(text)
    if found is None:
        return None
    return NUL if found[0] == "\0" else f"holds half of a character (U+{ord(found[0]):04X}); write it whole"
