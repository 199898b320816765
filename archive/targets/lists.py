"""Lists of targets: name and position, from what people paste or upload.

Columns are known by their UCD where the table has UCDs, else by their names. A target may also be a name alone, which
is then looked up.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from astropy.table import Column, Table

from archive.names import BadPosition, NameNotFound, Resolved, parse_position
from archive.places import locate
from archive.uploads import UnreadableTable, kind_of, read_table

LARGEST_LIST = 5000
LARGEST_UPLOAD = 4 * 1024**2  # bytes
MOST_NAMES = 100  # looked up; others may have to be asked for each
LARGEST_NAME = 60
NAMES = ("name", "target", "id", "objectid", "object", "source_id", "oid", "main_id")
RAS = ("ra", "raj2000", "ra_icrs", "_ra", "_raj2000", "ra_deg", "alpha", "s_ra")
DECS = ("dec", "dej2000", "decj2000", "de_icrs", "_de", "_dej2000", "dec_deg", "delta", "s_dec")
RA_UCDS, DEC_UCDS, NAME_UCDS = ("pos.eq.ra", "pos_eq_ra"), ("pos.eq.dec", "pos_eq_dec"), ("meta.id", "id")
HOW = (
    'give one target a line: "name ra dec" or "ra dec", in degrees or sexagesimal, or a name that is known, or a table '
    "with columns ra and dec"
)
_COORDINATE = re.compile(r"[+\-−–]?(\d|\.\d)[\d.:hdms°'\"′″]*|[+-]?nan|[+-]?inf", re.IGNORECASE)


class BadTargets(ValueError):
    """A list that cannot be read; the message names the line and what would be right."""


@dataclass(frozen=True)
class Target:
    """A place with a name; ICRS degrees."""

    name: str
    ra: float
    dec: float


def read(content: bytes | str, most: int = LARGEST_LIST) -> list[Target]:
    """The targets of a list: text of lines, CSV with or without a header, VOTable, or IPAC table.

    Targets without a name are numbered from 1. At most `most` targets are read, and MOST_NAMES names looked up.

    Raises
    ------
    BadTargets
    """
    if isinstance(content, str):
        content = content.encode()
    if kind_of(content) is not None:
        try:
            return _from_table(read_table(content), most)
        except UnreadableTable as error:
            raise BadTargets(f"targets: {error}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTargets(f"targets: not UTF-8 text, VOTable or IPAC table; {HOW}") from error
    return _from_lines(text, most)


def _from_table(table: Table, most: int) -> list[Target]:
    columns = [name.lower() for name in table.colnames]
    ucds = [str(column.meta.get("ucd", "")).lower() for column in table.columns.values()]
    chosen = _places(columns, ucds)
    values = [[""] * len(table) if place is None else _texts(table.columns[place]) for place in chosen]
    return _targets(((number, *row) for number, row in enumerate(zip(*values, strict=True), 1)), most)


def _texts(column: Column) -> list[str]:
    return [
        "" if value is None else f"{value:.12f}" if isinstance(value, float) else str(value)
        for value in column.tolist()
    ]


def _places(columns: list[str], ucds: list[str] | None = None) -> tuple[int | None, int | None, int | None]:
    """Which columns hold name, ra and dec; without the two latter the name is looked up."""
    wanted = ((NAME_UCDS, NAMES), (RA_UCDS, RAS), (DEC_UCDS, DECS))
    found = tuple(_by_ucd(ucds or [], known) for known, _ in wanted)
    if None in found[1:]:
        found = tuple(next((columns.index(one) for one in known if one in columns), None) for _, known in wanted)
    if (found[1] is None) != (found[2] is None) or found == (None, None, None):
        raise BadTargets(f"targets: columns {', '.join(columns)}: none is called ra and dec; {HOW}")
    return found


def _by_ucd(ucds: list[str], known: tuple[str, ...]) -> int | None:
    """The column of a UCD: the main one where there are several."""
    fitting = [place for place, ucd in enumerate(ucds) if ucd.replace("_main", "").split(";")[0].strip() in known]
    main = [place for place in fitting if "main" in ucds[place]]
    return next(iter(main or fitting), None)


def _from_lines(text: str, most: int) -> list[Target]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines:
        raise BadTargets(f"targets: the list is empty; {HOW}")
    first = [word.lower() for word in _words(lines[0][1])]
    if first in ([name] for name in NAMES):
        return _targets(((number, line, "", "") for number, line in lines[1:]), most)
    if any(word in RAS for word in first):
        places = _places(first)
        needed = max(place for place in places if place is not None)
        rows = ((number, _words(line)) for number, line in lines[1:])
        return _targets(
            (
                (number, *("" if place is None else words[place] for place in places))
                if len(words) > needed
                else (number, "", "", "")
                for number, words in rows
            ),
            most,
        )
    return _targets((_split(number, _words(line)) for number, line in lines), most)


def _words(line: str) -> list[str]:
    separator = next((one for one in (",", ";", "\t") if one in line), None)
    if separator is None:
        return line.split()
    return [word.strip() for word in next(csv.reader([line], delimiter=separator))]


def _split(number: int, words: list[str]) -> tuple[int, str, str, str]:
    """Name, ra and dec of a line: the position stands at its end, as two words or as six."""
    for width in (6, 2):
        name, position = words[: len(words) - width], words[-width:]
        if len(position) == width and all(map(_is_number if width == 6 else _COORDINATE.fullmatch, position)):
            half = width // 2
            return number, " ".join(name), " ".join(position[:half]), " ".join(position[half:])
    return number, " ".join(words), "", ""


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _targets(rows: Iterable[tuple[int, str, str, str]], most: int) -> list[Target]:
    targets, looked_up = [], 0
    for number, name, ra, dec in rows:
        if len(targets) == most:
            raise BadTargets(f"targets: more than {most}; divide the list")
        by_name = bool(name.strip()) and not (ra.strip() or dec.strip())
        looked_up += by_name
        if looked_up > MOST_NAMES:
            raise BadTargets(f"targets: line {number}: more than {MOST_NAMES} names to look up; give positions")
        try:
            place = _place_of(name.strip()) if by_name else parse_position(f"{ra} {dec}")
        except (BadPosition, NameNotFound) as error:
            raise BadTargets(f"targets: line {number}: {error}") from error
        targets.append(Target(name.strip()[:LARGEST_NAME] or str(len(targets) + 1), place.ra, place.dec))
    if not targets:
        raise BadTargets(f"targets: the list is empty; {HOW}")
    return targets


def _place_of(name: str) -> Resolved:
    found = locate(name)
    if found.ra is None:
        raise NameNotFound(f"{name!r} moves: it has no place of its own")
    return found
