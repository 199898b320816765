"""Regions written as text: STC-S (Circle ICRS 10 20 0.5) and DALI (CIRCLE 10 20 0.5), ICRS degrees."""

from __future__ import annotations

from archive.requests.numbers import real

_LISTED = """
    BARYCENTER GEOCENTER HELIOCENTER TOPOCENTER UNKNOWNREFPOS GALACTIC_CENTER LSR LSRK LSRD EMBARYCENTER
"""
_POSITIONS = frozenset(_LISTED.split())
_FLAVOURS = frozenset({"SPHERICAL2", "UNITSPHERE"})
_KINDS = {"POSITION": ("POINT", 2), "POINT": ("POINT", 2), "CIRCLE": ("CIRCLE", 3), "BOX": ("BOX", 4)}
_EXAMPLES = "'CIRCLE ICRS 10 20 0.5', 'BOX ICRS 10 20 1 1', 'POLYGON ICRS 10 20 11 20 11 21' or 'POSITION ICRS 10 20'"


def read_region(text: str) -> tuple[str, list[float]]:
    """The kind of a region (POINT, CIRCLE, BOX, POLYGON) and its numbers, degrees.

    Raises
    ------
    ValueError
        naming the word that is wrong.
    """
    words = text.upper().split()
    kind = words[0] if words else ""
    if kind not in _KINDS and kind != "POLYGON":
        raise ValueError(f"{text!r} is not a region: expected for example {_EXAMPLES}")
    rest = _without_frame(words[1:])
    if len(rest) > 2 and rest[-2:] == ["UNIT", "DEG"]:
        rest = rest[:-2]
    numbers = [_number(word, text) for word in rest]
    if kind == "POLYGON":
        if len(numbers) < 6 or len(numbers) % 2:
            raise ValueError(f"{text!r}: a polygon is three or more pairs of numbers, {len(numbers)} numbers given")
        return "POLYGON", numbers
    name, count = _KINDS[kind]
    if len(numbers) != count:
        raise ValueError(f"{text!r}: {kind} takes {count} numbers, {len(numbers)} given")
    return name, numbers


def _without_frame(words: list[str]) -> list[str]:
    """The words after frame, reference position and flavour, each of which may be left out."""
    if words and words[0][:1].isalpha() and words[0] not in (_POSITIONS | _FLAVOURS):
        if words[0] != "ICRS":
            raise ValueError(f"coordinate system {words[0]!r} is not supported: use ICRS or leave it out")
        words = words[1:]
    for known in (_POSITIONS, _FLAVOURS):
        if words and words[0] in known:
            words = words[1:]
    return words


def _number(word: str, text: str) -> float:
    value = real(word)
    if value is None:
        raise ValueError(f"{word!r} in {text!r} is not a number of degrees")
    return value
