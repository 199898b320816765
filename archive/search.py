"""Image search: one question, asked alike by the page, REST and the IRSA adapters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime

from django.db import models
from django.db.models.expressions import RawSQL

from archive.conditions import expression_of
from archive.metadata import BORESIGHT, FAMILIES, FOOTPRINT, Family
from archive.models import DifferenceImage
from archive.models.images import LARGEST_RADIUS
from archive.regions import ENCLOSED, LARGEST_BOX, OVERLAPS, RELATIONS, Box, ccd_condition, footprint_condition
from archive.where import BadCondition, Node, parse

CAMERA_RADIUS = 5.6  # deg from the telescope's axis to the farthest corner of a CCD
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
    degrees of it; with `width` (and `height`, the same where it is not given) its footprint has the relation
    `intersect` to a box of these full widths with great-circle sides. `centred` keeps the one image whose centre is
    nearest to a position. `where` is a condition on the family's columns (archive.metadata), in the SQL of
    archive.where.
    """

    family: str = "sci"
    ra: float | None = None
    dec: float | None = None
    radius: float | None = None
    width: float | None = None  # deg
    height: float | None = None  # deg
    intersect: str | None = None  # OVERLAPS where not given
    centred: bool = False
    where: str | None = None
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
        self._check_place()
        model = FAMILIES[self.family].model
        names = {one.name for one in model._meta.concrete_fields}
        for part in EXACT:
            if getattr(self, part) is not None and _column(part).removesuffix("_id") not in names:
                raise BadQuery(part, f"{self.family} images have no {part}")
        for part, column in (("seeing", "seeing"), ("maglimit", "maglimit"), ("good", "infobits")):
            if getattr(self, part) not in (None, False) and column not in names:
                raise BadQuery(part, f"{self.family} images have no {column}")
        if self.order is not None and self.order.lstrip("-") not in names:
            raise BadQuery("order", f"{self.order!r} is not a column of {self.family} images")
        _tree(self.where, FAMILIES[self.family])

    def _check_place(self) -> None:
        if (self.ra is None) != (self.dec is None):
            raise BadQuery("position", "give both ra and dec, in degrees")
        if self.ra is not None and FAMILIES[self.family].place is None:
            raise BadQuery("position", f"{self.family} images have no place on the sky")
        if self.ra is not None and not 0 <= self.ra < 360:
            raise BadQuery("ra", f"{self.ra} is not within 0 and 360 degrees")
        if self.dec is not None and not -90 <= self.dec <= 90:
            raise BadQuery("dec", f"{self.dec} is not within -90 and 90 degrees")
        if self.radius is not None and not 0 < self.radius <= 90:
            raise BadQuery("radius", f"{self.radius} must be positive and at most 90 degrees")
        if self.radius is not None and FAMILIES[self.family].place == BORESIGHT:
            raise BadQuery("radius", f"{self.family} images are searched by position or box")
        for size in (self.width, self.height):
            if size is not None and not 0 <= size <= LARGEST_BOX:
                raise BadQuery("size", f"{size} must be 0 to {LARGEST_BOX:g} degrees, for example 0.1")
        if self.intersect not in (None, *RELATIONS):
            raise BadQuery("intersect", f"{self.intersect!r} is not one of {', '.join(RELATIONS)}")

    @property
    def box(self) -> Box | None:
        """The region asked for, where one is: a position is a box without extent."""
        if self.ra is None or self.radius is not None:
            return None
        width = self.width or 0.0
        return Box(self.ra, self.dec, width, width if self.height is None else self.height)


def images(query: ImageQuery) -> models.QuerySet:
    """The images that answer a query, newest first unless it asks for another order."""
    family = FAMILIES[query.family]
    rows = family.rows()
    if query.ra is not None:
        rows = _at_place(rows, query, family)
    exact = {_column(part): getattr(query, part) for part in EXACT if getattr(query, part) is not None}
    rows = rows.filter(**exact)
    for part, condition in _conditions(family).items():
        if (value := getattr(query, part)) not in (None, False):
            rows = rows.filter(condition(value))
    if condition := _tree(query.where, family):
        rows = rows.filter(expression_of(condition, family.expressions))
    if query.centred and query.box is not None and query.box.is_point and family.place == FOOTPRINT:
        return rows.order_by("distance", "pk")[:1]
    return rows.order_by(query.order or family.order, "pk")


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


def _tree(condition: str | None, family: Family) -> Node | None:
    """A condition as a tree; None for an empty one."""
    if condition is None or not condition.strip():
        return None
    try:
        return parse(condition, family.types)
    except BadCondition as error:
        raise BadQuery("where", f"{condition[:80]!r}: {error}") from error


def _at_place(rows: models.QuerySet, query: ImageQuery, family: Family) -> models.QuerySet:
    """An index finds centres near enough for any image; then the footprint itself decides."""
    if query.radius is not None:
        return rows.within(query.ra, query.dec, query.radius)
    box, relation = query.box, query.intersect or OVERLAPS
    if family.place == BORESIGHT:
        return _by_axis(rows, box, relation)
    table = rows.model._meta.db_table
    rows = rows.within(box.ra, box.dec, box.radius + LARGEST_RADIUS)
    if not box.is_point or relation == ENCLOSED:
        return rows.filter(footprint_condition(table, box, relation))
    corners = ", ".join(f'"{table}".ra{n}, "{table}".dec{n}' for n in (1, 2, 3, 4))
    inside = RawSQL(f"q3c_in_poly(%s, %s, ARRAY[{corners}])", [box.ra, box.dec], models.BooleanField())
    return rows.filter(inside)


def _by_axis(rows: models.QuerySet, box: Box, relation: str) -> models.QuerySet:
    """Raw files have no footprint: where the telescope looked and where the CCD sits in the camera say it."""
    near = RawSQL(
        "q3c_radial_query(archive_exposure.ra, archive_exposure.dec, %s, %s, %s)",
        [box.ra, box.dec, box.radius + CAMERA_RADIUS],
        models.BooleanField(),
    )
    # The condition on the exposure also joins its table, under its own name.
    rows = rows.filter(exposure__ra__isnull=False).filter(near)
    return rows.filter(ccd_condition("archive_exposure", rows.model._meta.db_table, box, relation))


def _conditions(family: Family) -> dict[str, Callable[[object], models.Q]]:
    time = {"ref": "startobsdate", "deep": "startobsdate", "cal": "startobsdate", "raw": "exposure__obsdate"}
    column = time.get(family.name, "obsdate")
    return {
        "since": lambda value: models.Q(**{f"{column}__gte": value}),
        "until": lambda value: models.Q(**{f"{column}__lt": value}),
        "seeing": lambda value: models.Q(seeing__lte=value),
        "maglimit": lambda value: models.Q(maglimit__gte=value),
        "good": lambda value: models.Q(infobits=0),
    }
