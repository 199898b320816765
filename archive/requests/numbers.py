"""Numbers in text that somebody sent.

`float` takes "1_0" and digits of every script; `str.isdigit` takes "²", which `int` refuses, and `int` takes thousands
of digits, which it may refuse as well. Here one rule decides.
"""

from __future__ import annotations

import math
import re

LARGEST = 2**63 - 1  # of a bigint
_DIGITS = re.compile(r"[0-9]{1,19}")
_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
LONGEST = 60  # characters of a real number


def whole(text: str, least: int = 0, most: int = LARGEST) -> int | None:
    """The whole number that a text is, within bounds; None for any other text.

    Parameters
    ----------
    text : ASCII digits only, at most 19, without sign or blanks
    """
    if not _DIGITS.fullmatch(text):
        return None
    number = int(text)
    return number if least <= number <= most else None


def real(text: str) -> float | None:
    """The finite number that a text is, as 1, -1.5, .5 or 1e-05; None for any other text."""
    text = text.strip()
    if len(text) > LONGEST or not _REAL.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None
