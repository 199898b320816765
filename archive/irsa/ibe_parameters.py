"""What a request to /ibe/search asks, checked; names of parameters and of columns in any case."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from astropy.table import Table
from django.http import HttpRequest

from archive.irsa.errors import BadRequest
from archive.metadata import Family
from archive.regions import RELATIONS
from archive.search import BadQuery, ImageQuery

FORMATS = ("html", "ipac_table", "csv", "tsv")
FALSE = ("0", "f", "false", "n", "no", "off")
MOST_POSITIONS = 10_000
LARGEST_UPLOAD = 4 * 2**20  # bytes


@dataclass(frozen=True)
class Position:
    """A line of an uploaded table, or the one position of POS (row None)."""

    ra: float
    dec: float
    row: int | None = None


@dataclass(frozen=True)
class Request:
    """One search; `queries` has one for each position, or one for none."""

    columns: tuple[str, ...]
    format: str
    metadata: bool
    queries: tuple[tuple[Position | None, ImageQuery], ...]
    uploaded: bool


def read(request: HttpRequest, family: Family) -> Request:
    """Read a request's parameters, from its address and its body.

    Raises
    ------
    BadRequest
        naming the parameter, its value and what would be right.
    """
    given = {name.upper(): value for name, value in [*request.GET.items(), *request.POST.items()]}
    upload = next((file for name, file in request.FILES.items() if name.upper() == "POS"), None)
    metadata = _one_of(given, "FORMAT", ("METADATA", "")) == "METADATA"
    output = _one_of(given, "CT", FORMATS, default="ipac_table")
    columns = _columns(given.get("COLUMNS", ""), family)
    if metadata:
        return Request(columns, output, True, (), False)
    positions = _uploaded(upload) if upload else _position(given)
    if positions == [None] and "WHERE" not in given:
        raise BadRequest(
            "POS and WHERE are missing: give a position (POS=55.06,33.35), a condition (WHERE=...), or both"
        )
    parts = _shape(given) | {"family": family.name, "where": given.get("WHERE", "")}
    try:
        queries = tuple((one, ImageQuery(**parts, **_place(one))) for one in positions)
    except BadQuery as error:
        raise BadRequest(error.parameter.upper() + str(error).removeprefix(error.parameter)) from error
    return Request(columns, output, False, queries, upload is not None)


def _one_of(given: Mapping[str, str], name: str, choices: tuple[str, ...], default: str = "") -> str:
    text = given.get(name, default).strip()
    found = next((one for one in choices if one.lower() == text.lower()), None)
    if found is None and text:
        raise BadRequest(
            f"{name.lower() if name == 'CT' else name}={text}: use one of {', '.join(filter(None, choices))}"
        )
    return found or default


def _columns(text: str, family: Family) -> tuple[str, ...]:
    known = [column.name for column in family.table.columns]
    wanted = [name.strip().strip('"').lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise BadRequest(f"COLUMNS={unknown[0]}: {family.name} has no such column; it has {', '.join(known)}")
    return tuple(dict.fromkeys(wanted)) or tuple(known)


def _position(given: Mapping[str, str]) -> list[Position | None]:
    text = given.get("POS", "").strip()
    if not text:
        return [None]
    numbers = _numbers(text)
    if numbers is None or len(numbers) != 2:
        raise BadRequest(f"POS={text}: give right ascension and declination in degrees, for example POS=55.06,33.35")
    return [_checked(*numbers, f"POS={text}")]


def _checked(ra: float, dec: float, what: str, row: int | None = None) -> Position:
    if not (-360 <= ra <= 360 and -90 <= dec <= 90):
        raise BadRequest(f"{what}: right ascension lies in 0..360 and declination in -90..90 degrees")
    return Position(ra % 360, dec, row)


def _shape(given: Mapping[str, str]) -> dict:
    parts = {"intersect": _one_of(given, "INTERSECT", RELATIONS, default="OVERLAPS")}
    if text := given.get("SIZE", "").strip():
        numbers = _numbers(text)
        if numbers is None or len(numbers) > 2 or min(numbers) < 0:
            raise BadRequest(
                f"SIZE={text}: give one or two widths in degrees that are not negative, for example SIZE=0.1"
            )
        parts |= {"width": numbers[0], "height": numbers[-1]}
    mcen = given.get("MCEN")
    return parts | {"centred": mcen is not None and mcen.strip().lower() not in FALSE}


def _place(position: Position | None) -> dict:
    return {} if position is None else {"ra": position.ra, "dec": position.dec}


def _numbers(text: str) -> list[float] | None:
    try:
        found = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        return None
    return found if found and all(map(math.isfinite, found)) else None


def _uploaded(file) -> list[Position]:
    """Positions of an uploaded table: IPAC, VOTable or CSV, with columns ra and dec in degrees."""
    if file.size > LARGEST_UPLOAD:
        raise BadRequest(f"POS: the table has {file.size} bytes; at most {LARGEST_UPLOAD} are read")
    content = file.read()
    try:
        table = Table.read(io.BytesIO(content), format=_format_of(content))
    except Exception as error:  # noqa: BLE001 (astropy's readers raise whatever their parsers do)
        raise BadRequest(f"POS: the table cannot be read as IPAC table, VOTable or CSV ({error})") from error
    if len(table) > MOST_POSITIONS:
        raise BadRequest(f"POS: the table has {len(table)} rows; at most {MOST_POSITIONS} are searched")
    names = {name.lower(): name for name in table.colnames}
    if not {"ra", "dec"} <= names.keys():
        raise BadRequest(f"POS: the table needs columns ra and dec, in degrees; it has {', '.join(table.colnames)}")
    try:
        places = [np.ma.filled(np.ma.asarray(table[names[axis]]).astype(float), np.nan) for axis in ("ra", "dec")]
    except ValueError as error:
        raise BadRequest(f"POS: ra and dec are numbers in degrees ({error})") from error
    return [
        _checked(float(ra), float(dec), f"POS: row {n}", n) for n, (ra, dec) in enumerate(zip(*places, strict=True), 1)
    ]


def _format_of(content: bytes) -> str:
    start = content.lstrip()[:1]
    if start == b"<":
        return "votable"
    return "ascii.ipac" if start in (b"\\", b"|") else "ascii.csv"
