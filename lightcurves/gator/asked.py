"""The question of a request to nph-query, checked; names of parameters and of columns in any case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from archive.requests.numbers import whole
from archive.search import where
from archive.search.where import BadConditionError, Node
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import last_values
from lightcurves.catalog.search import TYPES
from lightcurves.gator.catalogs import COLUMNS, DEFAULT, Catalog, catalog_named
from lightcurves.gator.regions import Uploaded, Where, read

PLACES = ("OBJSTR", "RADIUS", "RADUNITS", "SIZE", "POLYGON", "URADIUS", "URADUNITS", "ONE_TO_ONE")
PARAMETERS = ("CATALOG", "SPATIAL", *PLACES, "OUTFMT", "OUTROWS", "SELCOLS", "CONSTRAINTS", "CONSTRAINT", "ORDER",
              "SORT", "ONLIST", "MISSION")  # fmt: skip
FILE = "FILENAME"
PAGE, TEXT, STATUS, VOTABLE, INTERFACE = "0", "1", "2", "3", "6"
CONDITIONED = {name: TYPES.get(name, where.NUMBER) for name in COLUMNS if name != "htm20"}
"""Columns of conditions and orders: all that PostgreSQL computes."""


@dataclass(frozen=True)
class Asked:
    """One search.

    columns : of the catalog, in the order of the answer; condition : on them; order : a column, with - before it the
    other way round; most : rows that are wanted; None: all, and more than the service gives are refused
    unused : parameters that this kind of search does not take, as IRSA's does not
    """

    catalog: Catalog
    where: Where
    columns: tuple[str, ...]
    condition: Node | None
    constraints: str
    order: str
    most: int | None
    outfmt: str
    unused: tuple[str, ...]


def read_request(request: HttpRequest) -> Asked:
    """Read a request's parameters, from its address and its body.

    Raises
    ------
    BadRequestError
        naming the parameter, its value and what would be right.
    """
    given = last_values(request)
    upload = next((file for name, file in request.FILES.items() if name.upper() == FILE), None)
    check_fixed(given)
    catalog = catalog_named(given.get("CATALOG", ""))
    outfmt = _one_of(given, "OUTFMT", (PAGE, TEXT, STATUS, VOTABLE, INTERFACE), PAGE)
    place, taken = _where(given, upload)
    constraints = _alias(given, "CONSTRAINTS", "CONSTRAINT")
    order = _order(_alias(given, "ORDER", "SORT"))
    if order and isinstance(place, Uploaded):
        raise BadRequestError(f"order={order.removeprefix('-')}: rows around a table's rows come in the table's order")
    return Asked(
        catalog,
        place,
        _columns(given.get("SELCOLS", "")),
        _condition(constraints),
        constraints,
        order,
        _most(given.get("OUTROWS", "")),
        outfmt,
        tuple(name.lower() for name in PLACES if given.get(name, "").strip() and name not in taken),
    )


def check_fixed(given: Mapping[str, str]) -> None:
    """Refuse other values of the parameters that have one: every catalog here is on the list, of this archive.

    Raises
    ------
    BadRequestError
    """
    _one_of(given, "ONLIST", ("1", "true"), "1")
    _one_of(given, "MISSION", ("irsa", "ztf"), "irsa")


def _where(given: Mapping[str, str], upload: UploadedFile | None) -> tuple[Where, tuple[str, ...]]:
    spatial = given.get("SPATIAL", "")
    if upload is not None and spatial.strip().lower() not in ("", "upload"):
        raise BadRequestError(f"spatial={spatial.strip()[:40]}: a table is uploaded (filename); use spatial=Upload")
    return read(spatial, given, upload)


def _one_of(given: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    text = given.get(name, "").strip() or default
    if text.lower() not in choices:
        raise BadRequestError(f"{name.lower()}={text[:40]}: use one of {', '.join(choices)}")
    return text.lower()


def _alias(given: Mapping[str, str], name: str, other: str) -> str:
    one, two = given.get(name, "").strip(), given.get(other, "").strip()
    if one and two and one != two:
        raise BadRequestError(f"{name.lower()}, {other.lower()}: mean the same; give one of them")
    return one or two


def _columns(text: str) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if unknown := next((name for name in wanted if name not in COLUMNS), None):
        raise BadRequestError(f"selcols={unknown[:40]}: there is no such column; there are {', '.join(COLUMNS)}")
    return wanted or DEFAULT


def _condition(text: str) -> Node | None:
    if not text:
        return None
    try:
        return where.parse(text, CONDITIONED)
    except BadConditionError as error:
        raise BadRequestError(f"constraints={text[:80]}: {error}") from error


def _order(text: str) -> str:
    name, _, way = text.lower().partition(" ")
    if text and (name not in CONDITIONED or way.strip() not in ("", "asc", "desc")):
        raise BadRequestError(
            f"order={text[:40]}: give a column, and desc behind it for the other way; of {', '.join(CONDITIONED)}"
        )
    return f"-{name}" if way.strip() == "desc" else name


def _most(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    number = whole(text, least=1)
    if number is None:
        raise BadRequestError(f"outrows={text[:40]}: give a number of rows from 1 up, for example outrows=500")
    return min(number, settings.TAP_ROW_LIMIT)
