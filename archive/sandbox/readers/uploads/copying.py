"""A table that somebody brought as PostgreSQL's COPY reads it; made in the confined child that reads the table.

No word of the asker reaches the database as SQL: names are quoted by the caller, values are COPY's data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from astropy.table import Column

from archive.given.times import BadTimeError, calendar
from archive.sandbox.readers.uploads.tables import UnreadableTableError, table_of
from archive.sandbox.readers.uploads.values import wrong

_SIZED = {
    "b1": "boolean", "u1": "smallint", "i1": "smallint", "i2": "smallint", "u2": "integer", "i4": "integer",
    "u4": "bigint", "i8": "bigint", "u8": "numeric", "f2": "real", "f4": "real", "f8": "double precision",
}  # fmt: skip
TYPES = frozenset({*_SIZED.values(), "text", "char", "timestamp", "double precision[]"})  # that columns may have
MOST_EXACT = 2**53  # up to which a double holds each whole number
LONGEST_NAME = 63  # bytes, PostgreSQL's
SYSTEM_COLUMNS = ("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None})


def copied(source: BinaryIO, most_rows: int, most_bytes: int) -> dict:
    """A table's columns, number of rows, and rows as COPY's text (UTF-8).

    Raises
    ------
    UnreadableTableError
    """
    table = table_of(source.read(), most_rows, most_bytes)
    for name in table.colnames:
        _check_name(name)
        _check_values(table[name], name)
    columns = [_column(table[name], name) for name in table.colnames]
    place = position_of(columns) or ()
    written = [_written(table[one["name"]], one["type"], one["name"] in place) for one in columns]
    text = bytearray()
    for row in zip(*written, strict=True):
        text += ("\t".join(row) + "\n").encode("utf-8")
        if len(text) > most_bytes:
            raise UnreadableTableError(f"its rows take more than {most_bytes} bytes as text")
    return {"columns": columns, "rows": len(table), "text": bytes(text)}


def _check_name(name: str) -> None:
    """Names are kept as they are; what PostgreSQL cannot keep is refused."""
    if not name.strip() or "\0" in name:
        raise UnreadableTableError(f"column {name!r}: a column has a name, and no NUL characters in it")
    if len(name.encode("utf-8", "replace")) > LONGEST_NAME:
        raise UnreadableTableError(f"column {name[:40]!r}...: a name has at most {LONGEST_NAME} bytes")
    if name in SYSTEM_COLUMNS:
        raise UnreadableTableError(f"column {name!r}: every table here has a column of that name of its own; rename it")


def _check_values(column: Column, name: str) -> None:
    """Refuse text that PostgreSQL cannot keep as it stands, and whole numbers in arrays, kept as floating ones, too
    long for these.
    """
    if not len(column) or (column.ndim == 1 and column.dtype.kind in "biufc"):
        return
    mask = _missing(column)
    for row, (value, null) in enumerate(zip(column, mask, strict=True), 1):
        if null:
            continue
        if isinstance(value, str | bytes):
            why = _why_no_text(value)
        elif isinstance(value, np.ndarray) and value.dtype.kind in "iu":
            values = np.ma.filled(np.ma.asarray(value), 0)
            why = None if np.all(np.abs(values) <= MOST_EXACT) else f"an array's numbers are kept up to {MOST_EXACT}"
        else:
            continue
        if why:
            raise UnreadableTableError(str(wrong(name, row, value, why)))


def _missing(column: Column) -> np.ndarray:
    """Whether each row's value is missing, bool (n,); of an array, all of it."""
    mask = np.ma.getmaskarray(np.ma.asarray(column))
    return mask if mask.ndim == 1 else np.asarray(mask.reshape(len(column), -1).all(axis=1))


def _why_no_text(value: str | bytes) -> str | None:
    try:
        text = value.decode() if isinstance(value, bytes) else value
        text.encode()
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        return f"is no UTF-8 text ({error.reason})"
    return "text holds no NUL characters" if "\0" in text.rstrip("\0") else None


def position_of(columns: list[dict]) -> tuple[str, str] | None:
    """The columns of right ascension and declination, by UCD or else by name."""
    ra, dec = _named_as(columns, "pos.eq.ra", "ra"), _named_as(columns, "pos.eq.dec", "dec")
    return (ra, dec) if ra and dec else None


def _named_as(columns: list[dict], ucd: str, name: str) -> str | None:
    numbers = [one for one in columns if one["type"] in ("real", "double precision")]
    main = [one["name"] for one in numbers if (one["ucd"] or "").lower() == f"{ucd};meta.main"]
    some = [one["name"] for one in numbers if (one["ucd"] or "").lower().startswith(ucd)]
    return next(iter([*main, *some, *(one["name"] for one in numbers if one["name"].lower() == name)]), None)


def _column(column: Column, name: str) -> dict:
    meta = column.meta or {}
    unit = str(column.unit) if column.unit is not None else None
    more = {key: meta.get(key) for key in ("ucd", "utype", "xtype")}
    known = {"unit": unit or None, "description": column.description or None, **more}
    return {"name": name, "type": _type(column)} | {key: value and str(value) for key, value in known.items()}


def _type(column: Column) -> str:
    kind = _SIZED.get(f"{column.dtype.kind}{column.dtype.itemsize}", "text")
    if column.dtype.kind == "O" and any(isinstance(one, np.ndarray) and one.dtype.kind in "biuf" for one in column):
        return "double precision[]"
    if column.ndim > 1:
        return "double precision[]" if column.dtype.kind in "biuf" else "text"
    if kind == "text" and (column.meta or {}).get("xtype") == "timestamp":
        return "timestamp"
    return "char" if kind == "text" and all(_text(one).isascii() for one in column) else kind


def _written(column: Column, kind: str, position: bool) -> Iterator[str]:
    """Values as COPY's text; a position that is not finite is null, as an index of the sphere wants it."""
    mask = _missing(column)
    if kind.endswith("[]"):
        return (_array(None if null else value) for value, null in zip(column, mask, strict=True))
    if kind == "timestamp":
        return (
            _moment(column.name, n, None if null else value)
            for n, (value, null) in enumerate(zip(column, mask, strict=True), 1)
        )
    if kind in ("text", "char"):
        return ("\\N" if null else _text(value) for value, null in zip(column, mask, strict=True))
    values = np.asarray(column)
    if position:
        mask = mask | ~np.isfinite(values)
    return ("\\N" if null else str(value) for value, null in zip(values.tolist(), mask.tolist(), strict=True))


def _moment(name: str, row: int, value) -> str:
    """A time in UTC, its offset honoured; null where it is missing or empty."""
    text = "" if value is None else _text(value).strip()
    if not text:
        return "\\N"
    try:
        return calendar(text).strftime("%Y-%m-%d %H:%M:%S.%f").zfill(26)
    except BadTimeError as error:
        raise UnreadableTableError(f"column {name}, row {row}: {error}") from error


def _text(value) -> str:
    return (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).translate(_ESCAPES)


def _array(values) -> str:
    if values is None:
        return "\\N"
    flat = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan).ravel()
    return "{" + ",".join(map(str, flat.tolist())) + "}"
