"""What a request to /ibe/search asks, checked; names of parameters and of columns in any case."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from archive.irsa.errors import BadRequest
from archive.metadata import Family
from archive.regions import RELATIONS
from archive.search import BadQuery, ImageQuery
from archive.targets import lists
from archive.targets.lists import Target

FORMATS = ("html", "ipac_table", "csv", "tsv")
FALSE = ("0", "f", "false", "n", "no", "off")
MOST_POSITIONS = 10_000


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
    BadRequest
        naming the parameter, its value and what would be right.
    """
    given = {name.upper(): value for name, value in [*request.GET.items(), *request.POST.items()]}
    upload = next((file for name, file in request.FILES.items() if name.upper() == "POS"), None)
    metadata = _one_of(given, "FORMAT", ("METADATA", "")) == "METADATA"
    output = _one_of(given, "CT", FORMATS, default="ipac_table")
    columns = _columns(given.get("COLUMNS", ""), family)
    if metadata:
        return Request(columns, output, True, ImageQuery(family=family.name))
    targets = _uploaded(upload) if upload else None
    place = {} if upload else _position(given)
    if not (upload or place or "WHERE" in given):
        raise BadRequest(
            "POS and WHERE are missing: give a position (POS=55.06,33.35), a condition (WHERE=...), or both"
        )
    parts = _shape(given) | {"family": family.name, "where": given.get("WHERE", "")}
    try:
        return Request(columns, output, False, ImageQuery(**parts, **place), targets)
    except BadQuery as error:
        raise BadRequest(error.parameter.upper() + str(error).removeprefix(error.parameter)) from error


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


def _position(given: Mapping[str, str]) -> dict[str, float]:
    text = given.get("POS", "").strip()
    if not text:
        return {}
    numbers = _numbers(text)
    if numbers is None or len(numbers) != 2:
        raise BadRequest(f"POS={text}: give right ascension and declination in degrees, for example POS=55.06,33.35")
    ra, dec = numbers
    if not (-360 <= ra <= 360 and -90 <= dec <= 90):
        raise BadRequest(f"POS={text}: right ascension lies in 0..360 and declination in -90..90 degrees")
    return {"ra": ra % 360, "dec": dec}


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
    if release := given.get("RELEASE", "").strip():
        parts["release"] = release
    return parts | {"centred": mcen is not None and mcen.strip().lower() not in FALSE}


def _numbers(text: str) -> list[float] | None:
    try:
        found = [float(part) for part in text.replace(",", " ").split()]
    except ValueError:
        return None
    return found if found and all(map(math.isfinite, found)) else None


def _uploaded(file: UploadedFile) -> list[Target]:
    """Positions of an uploaded table: IPAC table, VOTable or CSV."""
    if file.size > lists.LARGEST_UPLOAD:
        raise BadRequest(f"POS: the table has {file.size} bytes; at most {lists.LARGEST_UPLOAD} are read")
    try:
        return lists.read(file.read(), MOST_POSITIONS)
    except lists.BadTargets as error:
        raise BadRequest(f"POS: {error}") from error
