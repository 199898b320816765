"""Image search: one question, asked alike by the page, REST and the IRSA adapters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime

from django.db import models
from django.db.models.expressions import RawSQL

from archive.models import DifferenceImage, ReferenceImage, ScienceImage
from archive.models.images import LARGEST_RADIUS

FAMILIES = {"sci": ScienceImage, "ref": ReferenceImage}
EXACT = ("field", "ccdid", "qid", "rcid", "filtercode", "pid", "expid", "rfid", "origin", "nid", "programid")


class BadQuery(ValueError):
    """A question that cannot be answered; `parameter` names the part that is wrong."""

    def __init__(self, parameter: str, message: str):
        super().__init__(f"{parameter}: {message}")
        self.parameter = parameter


@dataclass(frozen=True)
class ImageQuery:
    """Which images: every part that is given must hold.

    With `ra` and `dec` alone an image must cover the position; with `radius` its centre lies within that many
    degrees of it.
    """

    family: str = "sci"
    ra: float | None = None
    dec: float | None = None
    radius: float | None = None
    field: int | None = None
    ccdid: int | None = None
    qid: int | None = None
    rcid: int | None = None
    filtercode: str | None = None
    pid: int | None = None
    expid: int | None = None
    rfid: int | None = None
    nid: int | None = None
    programid: int | None = None
    origin: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    seeing: float | None = None  # arcsec, at most
    maglimit: float | None = None  # mag, at least
    good: bool = False  # infobits zero
    order: str | None = None

    def __post_init__(self):
        if self.family not in FAMILIES:
            raise BadQuery("family", f"{self.family!r} is not one of {', '.join(FAMILIES)}")
        if (self.ra is None) != (self.dec is None):
            raise BadQuery("position", "give both ra and dec, in degrees")
        if self.ra is not None and not 0 <= self.ra < 360:
            raise BadQuery("ra", f"{self.ra} is not within 0 and 360 degrees")
        if self.dec is not None and not -90 <= self.dec <= 90:
            raise BadQuery("dec", f"{self.dec} is not within -90 and 90 degrees")
        if self.radius is not None and not 0 < self.radius <= 90:
            raise BadQuery("radius", f"{self.radius} must be positive and at most 90 degrees")
        names = {one.name for one in FAMILIES[self.family]._meta.concrete_fields}
        for part in EXACT:
            if getattr(self, part) is not None and _column(part).removesuffix("_id") not in names:
                raise BadQuery(part, f"{self.family} images have no {part}")
        if self.order is not None and self.order.lstrip("-") not in names:
            raise BadQuery("order", f"{self.order!r} is not a column of {self.family} images")


def images(query: ImageQuery) -> models.QuerySet:
    """The images that answer a query, newest first unless it asks for another order."""
    model = FAMILIES[query.family]
    rows = model.objects.all()
    if query.ra is not None:
        rows = _at_position(rows, query)
    exact = {_column(part): getattr(query, part) for part in EXACT if getattr(query, part) is not None}
    rows = rows.filter(**exact)
    for part, condition in _conditions(query.family).items():
        if (value := getattr(query, part)) not in (None, False):
            rows = rows.filter(condition(value))
    default = "-obsjd" if query.family == "sci" else "rfid"
    return rows.order_by(query.order or default, "pk")


def differences_of(science: models.QuerySet) -> models.QuerySet:
    """The difference images made from science images."""
    return DifferenceImage.objects.filter(science__in=science).select_related("science", "reference")


def query_of(parameters: dict) -> ImageQuery:
    """A query from a mapping that may hold more than its parts; unknown parts are left alone."""
    known = {one.name for one in fields(ImageQuery)}
    given = {name: value for name, value in parameters.items() if name in known and value not in (None, "")}
    for name in {"since", "until"} & given.keys():
        if isinstance(given[name], str):
            given[name] = datetime.fromisoformat(given[name])
    return ImageQuery(**given)


def _column(part: str) -> str:
    return "exposure_id" if part == "expid" else part


def _at_position(rows: models.QuerySet, query: ImageQuery) -> models.QuerySet:
    table = rows.model._meta.db_table
    if query.radius is not None:
        return rows.within(query.ra, query.dec, query.radius)
    # The index finds centres near enough for any quadrant; then the footprint itself decides.
    corners = ", ".join(f'"{table}".ra{n}, "{table}".dec{n}' for n in (1, 2, 3, 4))
    inside = RawSQL(f"q3c_in_poly(%s, %s, ARRAY[{corners}])", [query.ra, query.dec], models.BooleanField())
    return rows.within(query.ra, query.dec, LARGEST_RADIUS).filter(inside)


def _conditions(family: str) -> dict[str, Callable[[object], models.Q]]:
    time = "obsdate" if family == "sci" else "startobsdate"
    return {
        "since": lambda value: models.Q(**{f"{time}__gte": value}),
        "until": lambda value: models.Q(**{f"{time}__lt": value}),
        "seeing": lambda value: models.Q(seeing__lte=value),
        "maglimit": lambda value: models.Q(maglimit__gte=value),
        "good": lambda value: models.Q(infobits=0),
    }
