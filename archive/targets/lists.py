"""Lists of targets: name and position, from what people paste or upload."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass

from astropy.io import ascii as tables
from astropy.io.votable import parse_single_table
from astropy.table import Table

from archive.names import BadPosition, parse_position

LARGEST_LIST = 5000
LARGEST_NAME = 60
NAMES = ("name", "target", "id", "objectid", "object", "source_id", "oid", "main_id")
RAS = ("ra", "raj2000", "ra_icrs", "_ra", "_raj2000", "ra_deg", "alpha", "s_ra")
DECS = ("dec", "dej2000", "decj2000", "de_icrs", "_de", "_dej2000", "dec_deg", "delta", "s_dec")
HOW = 'give one target a line: "name ra dec" or "ra dec", in degrees or sexagesimal, or a table with columns ra and dec'


class BadTargets(ValueError):
    """A list that cannot be read; the message names the line and what would be right."""


@dataclass(frozen=True)
class Target:
    """A place with a name; ICRS degrees."""

    name: str
    ra: float
    dec: float


def read(content: bytes | str) -> list[Target]:
    """The targets of a list: text of lines, CSV with or without a header, VOTable, or IPAC table.

    Targets without a name are numbered from 1.

    Raises
    ------
    BadTargets
    """
    if isinstance(content, str):
        content = content.encode()
    start = content[:2000].lstrip()
    if start.startswith(b"<"):
        return _from_table(_table(content, "VOTable"))
    if start.startswith((b"|", b"\\")):
        return _from_table(_table(content, "IPAC table"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTargets(f"targets: not UTF-8 text, VOTable or IPAC table; {HOW}") from error
    return _from_lines(text)


def _table(content: bytes, kind: str) -> Table:
    try:
        if kind == "VOTable":
            return parse_single_table(io.BytesIO(content), verify="ignore").to_table(use_names_over_ids=True)
        return tables.read(content.decode(), format="ipac")
    except Exception as error:  # noqa: BLE001 (the parsers raise whatever they meet in a broken file; nothing is hidden)
        raise BadTargets(f"targets: this is no {kind} that can be read: {error}") from error


def _from_table(table: Table) -> list[Target]:
    columns = [name.lower() for name in table.colnames]
    name, ra, dec = _places(columns)
    rows = ([str(row[place]) if place is not None else "" for place in (name, ra, dec)] for row in table)
    return _targets((number, *row) for number, row in enumerate(rows, 1))


def _places(columns: list[str]) -> tuple[int | None, int, int]:
    """Which columns hold name, ra and dec."""
    found = [next((columns.index(one) for one in known if one in columns), None) for known in (NAMES, RAS, DECS)]
    if found[1] is None or found[2] is None:
        raise BadTargets(f"targets: columns {', '.join(columns)}: none is called ra and dec; {HOW}")
    return found[0], found[1], found[2]


def _from_lines(text: str) -> list[Target]:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not lines:
        raise BadTargets(f"targets: the list is empty; {HOW}")
    first = _words(lines[0][1])
    if any(word.lower() in RAS for word in first):
        name, ra, dec = _places([word.lower() for word in first])
        rows = ((number, _words(line)) for number, line in lines[1:])
        needed = max(ra, dec, -1 if name is None else name)
        return _targets(
            (number, words[name] if name is not None else "", words[ra], words[dec])
            if len(words) > needed
            else (number, "", "", "")
            for number, words in rows
        )
    return _targets(_split(number, _words(line)) for number, line in lines)


def _words(line: str) -> list[str]:
    separator = next((one for one in (",", ";", "\t") if one in line), None)
    if separator is None:
        return line.split()
    return [word.strip() for word in next(csv.reader([line], delimiter=separator))]


def _split(number: int, words: list[str]) -> tuple[int, str, str, str]:
    """Name, ra and dec of a line: the position stands at its end, as two words or as six."""
    for width in (6, 2):
        name, position = words[: len(words) - width], words[-width:]
        if len(position) == width and (width == 2 or all(map(_is_number, position))):
            half = width // 2
            return number, " ".join(name), " ".join(position[:half]), " ".join(position[half:])
    return number, " ".join(words), "", ""


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _targets(rows: Iterable[tuple[int, str, str, str]]) -> list[Target]:
    targets = []
    for number, name, ra, dec in rows:
        if len(targets) == LARGEST_LIST:
            raise BadTargets(f"targets: more than {LARGEST_LIST}; divide the list")
        try:
            place = parse_position(f"{ra} {dec}")
        except BadPosition as error:
            raise BadTargets(f"targets: line {number}: {error}") from error
        targets.append(Target(name.strip()[:LARGEST_NAME] or str(len(targets) + 1), place.ra, place.dec))
    if not targets:
        raise BadTargets(f"targets: the list is empty; {HOW}")
    return targets
