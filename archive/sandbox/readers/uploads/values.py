"""Values of tables that people bring, held against what their columns are declared to be: kept as they are, or refused.

A parser that cuts, rounds to a limit or leaves out what does not fit would change a table without a word.
"""

from __future__ import annotations

import math
import re

SHOWN = 40  # characters of a value in a message
LONGEST_WHOLE = 60  # characters of a whole number
RANGES = {
    "unsignedByte": (0, 255), "short": (-(2**15), 2**15 - 1), "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
}  # fmt: skip
LARGEST_FLOAT = (2 - 2.0**-24) * 2.0**127  # from which on a number is rounded to an infinite one in four bytes
SMALLEST_FLOAT = 2.0**-150  # up to which a number is rounded to zero in four bytes
_WHOLE = re.compile(r"[+-]?[0-9]+")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]+")
_REAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"nan|[+-]?inf(?:inity)?", re.IGNORECASE)
_SOME_DIGIT = re.compile(r"[^eE]*[1-9]")


class WrongValueError(ValueError):
    """A value that its column cannot hold, or a row that is cut; the message names column, row and value."""


def wrong(column: str, row: int, value: object, why: str) -> WrongValueError:
    """The refusal of one value; rows are counted from 1."""
    return WrongValueError(f"column {column[:SHOWN]}, row {row}: {shown(value)}: {why}")


def shown(value: object) -> str:
    """A value in quotes, its beginning where it is long."""
    text = str(value)
    return repr(text) if len(text) <= SHOWN else f"{text[:SHOWN]!r}..."


def why_no_whole(text: str, datatype: str) -> str | None:
    """The reason that a text is no whole number of a VOTable's datatype; None for one that is, and for NaN (no value).

    Parameters
    ----------
    datatype : unsignedByte, short, int or long
    """
    if _WHOLE.fullmatch(text) and len(text) <= LONGEST_WHOLE:
        number = int(text)
    elif _HEXADECIMAL.fullmatch(text) and len(text) <= LONGEST_WHOLE:
        number = int(text, 16)
    elif text.lower() == "nan":
        return None
    else:
        return f"is no whole number ({datatype}), as 12 or -7"
    least, most = RANGES[datatype]
    return None if least <= number <= most else f"{datatype} holds {least} to {most}"


def why_no_real(text: str, bytes_of_one: int = 8) -> str | None:
    """The reason that a text is no number that so many bytes (4 or 8) hold, rounded; None for one, for NaN and Inf."""
    if not _REAL.fullmatch(text):
        return None if _NOT_FINITE.fullmatch(text) else "is no number, as 1.5, -2e-3, NaN or -Inf"
    size = abs(float(text))
    largest, smallest = (math.inf, 0.0) if bytes_of_one == 8 else (LARGEST_FLOAT, SMALLEST_FLOAT)
    if size >= largest:
        return f"is too large for a number of {bytes_of_one} bytes"
    if size <= smallest and _SOME_DIGIT.match(text):
        return f"is too small for a number of {bytes_of_one} bytes, which would be zero"
    return None


def why_changed(text: str) -> str | None:
    """The reason that a text table's number is not kept as a floating one; None where it is, to its rounding."""
    text = text.strip()
    if _WHOLE.fullmatch(text) and len(text) <= LONGEST_WHOLE:
        return None if int(float(text)) == int(text) else "has more digits than a floating number"
    return why_no_real(text)
