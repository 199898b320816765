"""The checked parameters of a request to /ibe/search; names of parameters and of columns in any case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from archive.forms import NO, YES, truth_of
from archive.given.positions import BadPositionError, at
from archive.requests.numbers import real
from archive.search.families import Family
from archive.search.query import BadQueryError, ImageQuery
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import last_values
from archive.sky.boxes import OVERLAPS, RELATIONS
from archive.targets import lists
from archive.targets.lists import Target

FORMATS = ("html", "ipac_table", "csv", "tsv")
MOST_POSITIONS = 10_000
NAMES = ("POS", "SIZE", "INTERSECT", "MCEN", "COLUMNS", "WHERE", "CT", "FORMAT", "RELEASE")


@dataclass(frozen=True)
class Request:
    """One search, or the description of the columns (`metadata`).

    targets : the rows of an uploaded table, around each of which is searched; None without one
    """

    columns: tuple[str, ...]
    format: str
    metadata: bool
    query: ImageQuery
    targets: list[Target] | None = None


def read(request: HttpRequest, family: Family) -> Request:
    """Read a request's parameters, from its address and its body.

    Raises
    ------
    BadRequestError
        naming the parameter, its value and what would be right.
    """
    upload = next((file for name, file in request.FILES.items() if name.upper() == "POS"), None)
    return read_values(last_values(request), family, upload)


def read_values(given: Mapping[str, str], family: Family, upload: UploadedFile | None = None) -> Request:
    """Read parameters, by their names in upper case, and a table of positions that came with them.

    Raises
    ------
    BadRequestError
    """
    metadata = _one_of(given, "FORMAT", ("METADATA", "")) == "METADATA"
    output = _one_of(given, "CT", FORMATS, default="ipac_table")
    columns = _columns(given.get("COLUMNS", ""), family)
    if metadata:
        return Request(columns, output, True, ImageQuery(family=family.name))
    targets = _uploaded(upload) if upload else None
    place = {} if upload else _position(given)
    if not (upload or place or "WHERE" in given):
        raise BadRequestError(
            "POS and WHERE are missing: give a position (POS=55.06,33.35), a condition (WHERE=...), or both"
        )
    parts = _shape(given) | place | {"family": family.name, "where": given.get("WHERE", "")}
    try:
        query = ImageQuery(**parts)
        if targets is None:
            query.check_region()
        return Request(columns, output, False, query, targets)
    except BadQueryError as error:
        raise BadRequestError(error.parameter.upper() + str(error).removeprefix(error.parameter)) from error


def _one_of(given: Mapping[str, str], name: str, choices: tuple[str, ...], default: str = "") -> str:
    text = given.get(name, default).strip()
    found = next((one for one in choices if one.lower() == text.lower()), None)
    if found is None and text:
        raise BadRequestError(
            f"{name.lower() if name == 'CT' else name}={text}: use one of {', '.join(filter(None, choices))}"
        )
    return found or default


def _columns(text: str, family: Family) -> tuple[str, ...]:
    known = [column.name for column in family.table.columns]
    wanted = [name.strip().strip('"').lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise BadRequestError(f"COLUMNS={unknown[0]}: {family.name} has no such column; it has {', '.join(known)}")
    return tuple(dict.fromkeys(wanted)) or tuple(known)


def _position(given: Mapping[str, str]) -> dict[str, float]:
    text = given.get("POS", "").strip()
    if not text:
        return {}
    numbers = _numbers(text)
    if numbers is None or len(numbers) != 2:
        raise BadRequestError(
            f"POS={text}: give right ascension and declination in degrees, for example POS=55.06,33.35"
        )
    ra, dec = numbers
    try:
        place = at(ra, dec, f"POS={text}")
    except BadPositionError as error:
        raise BadRequestError(str(error)) from error
    return {"ra": place.ra, "dec": place.dec}


def _shape(given: Mapping[str, str]) -> dict:
    relation = _one_of(given, "INTERSECT", RELATIONS, default=OVERLAPS)
    # clients send INTERSECT also without a position
    parts: dict[str, Any] = {"intersect": None if relation == OVERLAPS else relation}
    if text := given.get("SIZE", "").strip():
        numbers = _numbers(text)
        if numbers is None or len(numbers) > 2 or min(numbers) < 0:
            raise BadRequestError(
                f"SIZE={text}: give one or two widths in degrees that are not negative, for example SIZE=0.1"
            )
        parts |= {"width": numbers[0], "height": numbers[-1]}
    mcen = given.get("MCEN")
    centred = mcen is not None and (not mcen.strip() or truth_of(mcen))
    if mcen is not None and centred is None:
        raise BadRequestError(f"mcen={mcen[:40]}: use it alone, or with one of {' '.join(YES + NO)}")
    if release := given.get("RELEASE", "").strip():
        parts["release"] = release
    return parts | {"centred": centred}


def _numbers(text: str) -> list[float] | None:
    words = text.replace(",", " ").split()
    found = [number for number in map(real, words) if number is not None]
    return found if found and len(found) == len(words) else None


def _uploaded(file: UploadedFile) -> list[Target]:
    """Positions of an uploaded table: IPAC table, VOTable or CSV."""
    if file.size > lists.LARGEST_UPLOAD:
        raise BadRequestError(f"POS: the table has {file.size} bytes; at most {lists.LARGEST_UPLOAD} are read")
    try:
        return lists.read(file.read(), MOST_POSITIONS)
    except lists.BadTargetsError as error:
        raise BadRequestError(f"POS: {error}") from error
