"""JSON that strangers send. No Django."""

from __future__ import annotations

import json
from typing import Any

from archive.requests.numbers import real
from archive.requests.plain_text import fault_of


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's values by name; ValueError for a name that it gives twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name in found if sum(name == other for other, _ in pairs) > 1)
        raise ValueError(f"{twice[:60]}: is given more than once")
    return found


def no_number(word: str) -> float:
    """NaN and Infinity, which JSON does not have: ValueError."""
    raise ValueError(f"{word} is no number in JSON")


def number(value: Any) -> float:
    """A finite number of a JSON list, or of a text in it; ValueError for anything else, a truth among it."""
    found = None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        found = real(value if isinstance(value, str) else repr(value))
    if found is None:
        raise ValueError(f"{str(value)[:40]}: must be a finite number")
    return found


def loads(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises
    ------
    ValueError
        also for values that stand too deep within each other, whole numbers of too many digits, NaN, an object
        that gives a name twice, and texts that are none (`archive.requests.plain_text`).
    """
    try:
        found = json.loads(text, object_pairs_hook=once, parse_constant=no_number)
    except RecursionError:
        raise ValueError("its values stand too deep within each other") from None
    _check_texts(found)
    return found


def _check_texts(value: Any) -> None:
    """ValueError for a text, or a name, that holds what no text may."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and (fault := fault_of(one)) is not None:
            raise ValueError(f"{ascii(one[:40])}: {fault}")
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
