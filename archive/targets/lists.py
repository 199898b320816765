"""Lists of targets: name and position, from what people paste, upload, or send as JSON.

Columns are known by their UCD where the table has UCDs, else by their names (`archive.given.columns`). A target may
also be a name alone, which is then looked up; but not where a list has coordinates, and this target's are empty. What
a line may mean in two ways is refused, with the line's number.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import Table

from archive.given.columns import BadColumnsError, Chosen, Given, chosen
from archive.given.positions import BadPositionError
from archive.search.name_services import locate
from archive.search.names import NameNotFoundError
from archive.tables.readers import UnreadableTableError, kind_of, read_table, text_of
from archive.targets import lines

LARGEST_LIST = 5000
LARGEST_UPLOAD = 4 * 1024**2  # bytes
MOST_NAMES = 100  # looked up; others may have to be asked for each
LARGEST_NAME = 60
HOW = (
    'give one target a line: "name ra dec" or "ra dec", in degrees or sexagesimal, or a name that is known, or a table '
    "with columns ra and dec"
)
SHAPES = '{"name": "a star", "ra": 10.5, "dec": -3.25}, [ra, dec] or [name, ra, dec]'


class BadTargetsError(ValueError):
    """A list that cannot be read; the message names the line and what would be right."""


@dataclass(frozen=True)
class Target:
    """A place with a name; ICRS degrees."""

    name: str
    ra: float
    dec: float


def read(content: bytes | str, most: int = LARGEST_LIST) -> list[Target]:
    """The targets of a list: text of lines, CSV with or without a header, ECSV, VOTable, FITS, Parquet, IPAC table.

    Targets without a name are numbered from 1. At most `most` targets are read, and MOST_NAMES names looked up.

    Raises
    ------
    BadTargetsError
    """
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    try:
        content = text_of(content)
        if kind_of(content) is not None:
            return _from_table(read_table(content), most)
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTargetsError(f"targets: not UTF-8 text, VOTable or IPAC table; {HOW}") from error
    except UnreadableTableError as error:
        raise BadTargetsError(f"targets: {error}") from error
    if "\0" in text:  # also in a column that is not read: such a file is damaged, or no text
        number = len(text[: text.index("\0") + 1].splitlines())
        raise BadTargetsError(f"targets: line {number}: has a NUL character, which no text has; {HOW}")
    rows = lines.read(text, HOW)
    try:
        return _targets(((f"line {row.number}", row.name, row.columns, row.first, row.second) for row in rows), most)
    except (BadColumnsError, lines.BadLineError) as error:
        raise BadTargetsError(f"targets: {error}") from error


def structured(items: Sequence, most: int = LARGEST_LIST) -> list[Target]:
    """The targets of a JSON list: objects, or lists of values; numbers stay numbers, names are kept as they are.

    Raises
    ------
    BadTargetsError
    """
    if len(items) > most:
        raise BadTargetsError(f"targets: more than {most}; divide the list")
    return _targets((_row(number, item) for number, item in enumerate(items, 1)), most)


def as_text(targets: Iterable[Target]) -> str:
    """Targets as CSV with a header, which `read` takes as the same targets (breaks of lines in names become blanks)."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(("name", "ra", "dec"))
    writer.writerows((" ".join(one.name.splitlines()), one.ra, one.dec) for one in targets)
    return text.getvalue()


def _row(number: int, item) -> tuple[str, str, Chosen | None, object, object]:
    where, shown = f"item {number}", json.dumps(item, ensure_ascii=True, default=str)[:60]
    if isinstance(item, list) and len(item) in (2, 3):
        item = dict(zip(("name", "ra", "dec")[-len(item) :], item, strict=True))
    if not isinstance(item, dict) or not item:
        raise BadTargetsError(f"targets: {where}: {shown}: each is {SHAPES}")
    keys = [str(key) for key in item]
    try:
        found = chosen([Given(key) for key in keys], f"each is {SHAPES}")
    except BadColumnsError as error:
        raise BadTargetsError(f"targets: {where}: {error}") from error
    used = [place for place in (found.name, found.first, found.second) if place is not None]
    if unknown := [key for place, key in enumerate(keys) if place not in used]:
        raise BadTargetsError(f"targets: {where}: {unknown[0]!r} is nothing that a target has; each is {SHAPES}")
    values = [None if place is None else item[keys[place]] for place in (found.name, found.first, found.second)]
    for value, what in zip(values, ("name", "ra", "dec"), strict=True):
        if isinstance(value, bool | list | dict):
            raise BadTargetsError(f"targets: {where}: {what}={json.dumps(value)[:40]}: must be a number or text")
    name = "" if values[0] is None else str(values[0])
    return where, name, None if found.first is None else found, values[1], values[2]


def _from_table(table: Table, most: int) -> list[Target]:
    try:
        found = chosen([_given(table.columns[name]) for name in table.colnames], HOW)
    except BadColumnsError as error:
        raise BadTargetsError(f"targets: {error}") from error
    parts = [
        [None] * len(table) if place is None else _values(table.columns[place])
        for place in (found.name, found.first, found.second)
    ]
    known = None if found.first is None else found
    rows = (
        (f"row {number}", "" if name is None else str(name), known, first, second)
        for number, (name, first, second) in enumerate(zip(*parts, strict=True), 1)
    )
    return _targets(rows, most)


def _given(column) -> Given:
    unit = "" if column.unit is None else str(column.unit)
    return Given(column.name, unit, str((column.meta or {}).get("ucd", "")))


def _values(column) -> list:
    """A column's values; None for what is missing, text without the blanks that pad it."""
    mask = np.ma.getmaskarray(np.ma.asarray(column))
    values = np.asarray(column).tolist()
    texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values]
    return [
        None if null else value.strip() if isinstance(value, str) else value
        for value, null in zip(texts, mask, strict=True)
    ]


def _targets(rows: Iterable[tuple[str, str, Chosen | None, object, object]], most: int) -> list[Target]:
    """Rows (where, name, how its position is read or None, its two values) as targets."""
    targets: list[Target] = []
    looked_up = 0
    for where, name, columns, first, second in rows:
        if len(targets) == most:
            raise BadTargetsError(f"targets: more than {most}; divide the list")
        _check_name(where, name)
        by_name = bool(name.strip()) and columns is None
        looked_up += by_name
        if looked_up > MOST_NAMES:
            raise BadTargetsError(f"targets: {where}: more than {MOST_NAMES} names to look up; give positions")
        try:
            if by_name:
                ra, dec = _place_of(name)
            elif columns is None:
                raise BadPositionError(f"neither a position nor a name; {HOW}")
            else:
                place = columns.position(first, second)
                ra, dec = place.ra, place.dec
        except (BadPositionError, NameNotFoundError) as error:
            raise BadTargetsError(f"targets: {where}: {error}") from error
        targets.append(Target(name if name.strip() else str(len(targets) + 1), ra, dec))
    if not targets:
        raise BadTargetsError(f"targets: the list is empty; {HOW}")
    return targets


def _check_name(where: str, name: str) -> None:
    if len(name) > LARGEST_NAME:
        raise BadTargetsError(f"targets: {where}: {name[:40]!r}...: a name has at most {LARGEST_NAME} characters")
    if "\0" in name or any("\ud800" <= one <= "\udfff" for one in name):
        raise BadTargetsError(
            f"targets: {where}: {name[:40]!r}: a name is text without NUL characters and half surrogates"
        )


def _place_of(name: str) -> tuple[float, float]:
    found = locate(name)
    if found.ra is None or found.dec is None:
        raise NameNotFoundError(f"{name!r} moves: it has no place of its own")
    return found.ra, found.dec
