"""Configs with some numbers changed: frozen dataclasses filled from dotted names, every value checked by its type."""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from collections.abc import Mapping
from typing import Any

TRUE, FALSE = ("true", "yes", "1"), ("false", "no", "0")


class BadConfigError(ValueError):
    """A field that a config does not have, or a value that it cannot take; the message says what would be right."""


def configured(kind: type, overrides: Mapping[str, Any], name: str = "") -> Any:
    """An instance of a frozen dataclass with some fields changed.

    Parameters
    ----------
    kind : dataclass with a default for every field
    overrides : mapping
        Dotted field name ("detection.threshold") -> value, or text that stands for one.
    name : str
        What the config belongs to, for messages.

    Raises
    ------
    BadConfigError
    """
    config = kind()
    for path, value in overrides.items():
        config = _changed(config, path.split("."), value, ".".join(filter(None, (name, path))))
    return config


def _changed(config: Any, path: list[str], value: Any, full: str) -> Any:
    hints = typing.get_type_hints(type(config))
    head, *rest = path
    if head not in hints:
        raise BadConfigError(_unknown(full, head, hints))
    current = getattr(config, head)
    if rest:
        if not dataclasses.is_dataclass(current):
            raise BadConfigError(
                f"{full}={value!r}: {head} is {describe(hints[head])} and has no field {'.'.join(rest)}"
            )
        new = _changed(current, rest, value, full)
    elif dataclasses.is_dataclass(current):
        fields = ", ".join(f"{full}.{part.name}" for part in dataclasses.fields(current))
        raise BadConfigError(f"{full}={value!r}: {head} is a group; set one of {fields}")
    else:
        new = _value(value, hints[head], full, current)
    try:
        return dataclasses.replace(config, **{head: new})
    except (ValueError, TypeError) as error:  # a config's own __post_init__
        raise BadConfigError(f"{full}={value!r}: {error}") from error


def _unknown(full: str, head: str, hints: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(head, hints, n=1)
    guess = f"did you mean {near[0]}? " if near else ""
    return f"{full}: there is no field {head}; {guess}there are {', '.join(hints)}"


def _value(value: Any, hint: Any, full: str, current: Any) -> Any:
    wrong = BadConfigError(f"{full}={value!r}: give {describe(hint)}, for example {current!r}")
    try:
        return _converted(value, hint)
    except (ValueError, TypeError) as error:
        raise wrong from error


def _converted(value: Any, hint: Any) -> Any:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None or (isinstance(value, str) and value.lower() == "none"):
            return None if type(None) in parts else _refuse(value)
        return _converted(value, next(part for part in parts if part is not type(None)))
    if origin is tuple:
        items = [item.strip() for item in value.split(",")] if isinstance(value, str) else list(value)
        kinds = parts[:1] * len(items) if parts[-1] is ... else parts
        return tuple(_converted(item, kind) for item, kind in zip(items, kinds, strict=True))
    return _SCALARS[hint](value)


def _refuse(value: Any) -> typing.NoReturn:
    raise ValueError(value)


def _bool(value: Any) -> bool:
    text = str(value).lower()
    return text in TRUE if text in (*TRUE, *FALSE) else _refuse(value)


def _int(value: Any) -> int:
    return int(value) if isinstance(value, str | int) and not isinstance(value, bool) else _refuse(value)


def _float(value: Any) -> float:
    number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    return number if math.isfinite(number) else _refuse(value)


def _str(value: Any) -> str:
    return value if isinstance(value, str) else _refuse(value)


_SCALARS = {bool: _bool, int: _int, float: _float, str: _str}


def describe(hint: Any) -> str:
    """A type in words."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join("none" if part is type(None) else describe(part) for part in parts)
    if origin is tuple:
        return f"{len(parts)} values with commas between ({', '.join(map(describe, parts))})"
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}.get(hint, str(hint))
