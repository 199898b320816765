"""The search: one question about any family of products, asked alike by pages, REST and the IRSA adapters."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from django.db import models
from django.db.models.expressions import RawSQL

from archive.given.times import BadTimeError, in_order, moment
from archive.models import DifferenceImage, ReferenceImage
from archive.models.images import LARGEST_RADIUS
from archive.releases.in_release import in_release
from archive.search.box_conditions import ccd_condition, footprint_condition, point_condition
from archive.search.comparisons import COMPARED
from archive.search.families import BORESIGHT, FAMILIES, FOOTPRINT, POINT, REFERENCE_FOOTPRINT, Family
from archive.search.region_conditions import in_region
from archive.search.where import BadConditionError, Node
from archive.search.where import parse as parse_condition
from archive.search.where_sql import expression_of
from archive.sky.boxes import (
    ENCLOSED,
    LARGEST_BOX,
    OVERLAPS,
    RELATIONS,
    Box,
    EachBox,
)
from archive.sky.regions import Region, read_region
from archive.sky.shapes import BadShapeError
from archive.survey.filenames import NotAZtfProductError, parse

CAMERA_RADIUS = 5.6  # deg from the telescope's axis to the farthest corner of a CCD
NEAR = 0.05  # deg: how far from a position alone alerts are looked for
IDENTIFIERS = ("pid", "expid", "rfid", "cid", "candid", "objectid", "nid", "filefracday", "nightdate")
PLACES = ("field", "ccdid", "qid", "rcid", "filtercode")
EXACT = (*IDENTIFIERS, *PLACES, "caltype", "origin", "programid")
LARGEST_NUMBER = 2**63 - 1


class BadQueryError(ValueError):
    """A question that cannot be answered; `parameter` names the part that is wrong."""

    def __init__(self, parameter: str, message: str):
        super().__init__(f"{parameter}: {message}")
        self.parameter = parameter


@dataclass(frozen=True)
class ImageQuery:
    """A query for products: every part that is given must hold.

    With `ra` and `dec` alone an image must cover the position (an alert lies within NEAR of it); with `radius` its
    centre lies within that many degrees of it; with `width` (and `height`, the same where it is not given) its
    footprint has the relation `intersect` to a box of these full widths with great-circle sides. With `region`, in the
    words of archive.sky.regions, its footprint overlaps that region (an alert lies in it). `centred` keeps the
    one image whose centre is nearest to a position. `name` is the name of a file of the product. `infobits` are bits
    of which none may be set, `flagged` bits of which one must be. `release` is one that holds the product. `where` is
    a condition on the family's columns (archive.search.families), in the SQL of archive.search.where.
    """

    family: str = "sci"
    ra: float | None = None
    dec: float | None = None
    radius: float | None = None
    width: float | None = None  # deg
    height: float | None = None  # deg
    intersect: str | None = None  # OVERLAPS where not given
    centred: bool = False
    region: str | None = None
    where: str | None = None
    name: str | None = None
    field: int | None = None
    ccdid: int | None = None
    qid: int | None = None
    rcid: int | None = None
    filtercode: str | None = None
    pid: int | None = None
    expid: int | None = None
    rfid: int | None = None
    cid: int | None = None
    candid: int | None = None
    objectid: str | None = None
    nid: int | None = None
    filefracday: int | None = None
    nightdate: int | None = None
    caltype: str | None = None
    programid: int | None = None
    origin: str | None = None
    release: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    seeing: float | None = None  # arcsec, at most
    maglimit: float | None = None  # mag, at least
    brighter: float | None = None  # mag, an alert's
    rb: float | None = None  # an alert's score, at least
    infobits: int | None = None
    flagged: int | None = None
    good: bool = False  # infobits zero
    order: str | None = None

    def __post_init__(self):
        if self.family not in FAMILIES:
            raise BadQueryError("family", f"{self.family!r} is not one of {', '.join(FAMILIES)}")
        self._check_place()
        family = FAMILIES[self.family]
        for part in (*EXACT, *COMPARED):
            if not was_given(getattr(self, part)):
                continue
            if _path(family, part) is None:
                raise BadQueryError(part, f"{family.title} have no {COMPARED.get(part, (part,))[0]}")
            if isinstance(value := getattr(self, part), int) and not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
                raise BadQueryError(part, f"{value} is larger than any identifier: at most {LARGEST_NUMBER}")
        try:
            in_order(self.since, self.until)
        except BadTimeError as error:
            raise BadQueryError("since", str(error)) from error
        if self.order is not None and family.path(self.order.removeprefix("-")) is None:
            raise BadQueryError("order", f"{self.order!r} is not a column of {family.title}")
        _tree(self.where, family)
        _parts_of_name(self.name, family)

    def _check_place(self) -> None:
        if (self.ra is None) != (self.dec is None):
            raise BadQueryError("position", "give both ra and dec, in degrees")
        if self.ra is not None or self.region:
            self._check_sky()
        if self.ra is not None and not 0 <= self.ra < 360:
            raise BadQueryError("ra", f"{self.ra} is not within 0 and 360 degrees")
        if self.dec is not None and not -90 <= self.dec <= 90:
            raise BadQueryError("dec", f"{self.dec} is not within -90 and 90 degrees")
        if self.radius is not None and not 0 < self.radius <= 90:
            raise BadQueryError("radius", f"{self.radius} must be positive and at most 90 degrees")
        if self.radius is not None and FAMILIES[self.family].place == BORESIGHT:
            raise BadQueryError("radius", f"{FAMILIES[self.family].title} are searched by position or box")
        for size in (self.width, self.height):
            if size is not None and not 0 <= size <= LARGEST_BOX:
                raise BadQueryError("size", f"{size} must be 0 to {LARGEST_BOX:g} degrees, for example 0.1")
        if self.intersect not in (None, *RELATIONS):
            raise BadQueryError("intersect", f"{self.intersect!r} is not one of {', '.join(RELATIONS)}")
        if self.radius is not None and was_given(self.width):
            raise BadQueryError("radius", "give a radius or a box (width), not both")
        if was_given(self.height) and self.width is None:
            raise BadQueryError("height", "goes with width")
        if self.region:
            _region(self.region, FAMILIES[self.family])

    def check_region(self) -> None:
        """Without a position, a radius or a box means nothing, unless the query is asked around each of a list.

        Raises
        ------
        BadQueryError
        """
        for part in () if self.ra is not None else ("radius", "width", "height", "intersect", "centred"):
            if was_given(getattr(self, part)):
                raise BadQueryError(part, f"{getattr(self, part)} goes with a position, which is not given")

    def _check_sky(self) -> None:
        if FAMILIES[self.family].place is None:
            raise BadQueryError("position", f"{FAMILIES[self.family].title} have no place on the sky")

    @property
    def box(self) -> Box | None:
        """The region asked for, where one is: a position is a box without extent."""
        return None if self.ra is None or self.dec is None else Box(self.ra, self.dec, *self._widths)

    @property
    def _widths(self) -> tuple[float, float]:
        width = self.width or 0.0
        return width, width if self.height is None else self.height


def was_given(value: object) -> bool:
    """Whether a part of a query was given: zero is, None, False and an empty text are not."""
    return value is not None and value is not False and not (isinstance(value, str) and not value)


def images(query: ImageQuery) -> models.QuerySet:
    """The products that answer a query, newest first unless it asks for another order.

    Raises
    ------
    BadQueryError
        for a region without a position.
    """
    query.check_region()
    return _found(query, query.box)


def images_at_each(query: ImageQuery) -> models.QuerySet:
    """The same around every position of a list (archive.targets.around), whose SQL this is a part of.

    Raises
    ------
    BadQueryError
        for a family that has no place on the sky.
    """
    query._check_sky()
    return _found(query, EachBox(*(0.0, 0.0), *query._widths))


def _found(query: ImageQuery, box: Box | None) -> models.QuerySet:
    family = FAMILIES[query.family]
    rows = family.rows()
    if box is not None:
        rows = _at_place(rows, box, query, family)
    if query.region:
        rows = rows.filter(in_region(_region(query.region, family), family, rows.model, NEAR))
    for part, value in exact_parts(query, family).items():
        rows = rows.filter(**{str(_path(family, part)): value})
    for part, (_, condition) in COMPARED.items():
        if was_given(value := getattr(query, part)):
            rows = condition(rows, str(_path(family, part)), value)
    if query.release is not None:
        rows = in_release(rows, family.name, query.release)
    if tree := _tree(query.where, family):
        rows = rows.filter(expression_of(tree, family.expressions))
    if query.centred and box is not None and box.is_point and query.radius is None and family.place == FOOTPRINT:
        return rows.order_by("distance", "pk")[:1]
    by_distance = "distance" in rows.query.annotations and (query.radius is not None or family.place == POINT)
    if query.order is None and by_distance:
        return rows.order_by("distance", "pk")
    return _ordered(rows, query.order or family.order, family)


def differences_of(science: models.QuerySet) -> models.QuerySet:
    """The difference images made from science images."""
    return DifferenceImage.objects.filter(science__in=science).select_related("science", "reference")


def query_of(parameters: dict) -> ImageQuery:
    """A query from a mapping that may hold more than its parts; unknown parts are left alone."""
    known = {one.name for one in fields(ImageQuery)}
    given = {name: value for name, value in parameters.items() if name in known and was_given(value)}
    for name in {"since", "until"} & given.keys():
        if isinstance(given[name], str):
            given[name] = moment(given[name])
    return ImageQuery(**given)


def _ordered(rows: models.QuerySet, order: str, family: Family) -> models.QuerySet:
    path = family.path(order.removeprefix("-"))
    return rows.order_by(f"-{path}" if order.startswith("-") else path, "pk")


def exact_parts(query: ImageQuery, family: Family) -> dict:
    found = _parts_of_name(query.name, family)
    return found | {part: getattr(query, part) for part in EXACT if getattr(query, part) is not None}


def has(family: str, part: str) -> bool:
    """Whether products of a family can be asked for a part of a query."""
    known = FAMILIES[family]
    if part in ("region", "position", "radius", "width", "height", "intersect", "centred"):
        boxes = part in ("position", "width", "height") or (part == "intersect" and known.place != POINT)
        centred = part == "centred" and known.place == FOOTPRINT
        others = part in ("radius", "region") and known.place != BORESIGHT
        return known.place is not None and (boxes or centred or others)
    return part in ("family", "where", "name", "release", "order") or _path(known, part) is not None


def _path(family: Family, part: str) -> str | None:
    """The path to a part of a query in a family's rows; None where they do not have it."""
    column = COMPARED[part][0] if part in COMPARED else part
    return family.path(family.time if column == "time" else column)


def _parts_of_name(name: str | None, family: Family) -> dict:
    """Conditions on a product from its file's name."""
    if not name:
        return {}
    try:
        found = parse(name)
    except NotAZtfProductError as error:
        raise BadQueryError("name", str(error)) from error
    expected = {"diff": "sci", "deep": "ref"}.get(family.name, family.name)
    if found.kind != expected:
        raise BadQueryError("name", f"{name!r} is a file of {FAMILIES[found.kind].title}: ask for family={found.kind}")
    parts = {part: getattr(found, part, None) for part in (*PLACES, "filefracday", "nightdate", "caltype")}
    return {part: value for part, value in parts.items() if value is not None and _path(family, part) is not None}


def _tree(condition: str | None, family: Family) -> Node | None:
    """A condition as a tree; None for an empty one."""
    if condition is None or not condition.strip():
        return None
    try:
        return parse_condition(condition, family.types)
    except BadConditionError as error:
        raise BadQueryError("where", f"{condition[:80]!r}: {error}") from error


def _at_place(rows: models.QuerySet, box: Box, query: ImageQuery, family: Family) -> models.QuerySet:
    """An index finds centres near enough for any image; then the footprint itself decides."""
    relation = query.intersect or OVERLAPS
    if family.place == BORESIGHT:
        return _by_axis(rows, box, relation)
    if family.place == POINT:
        return _by_position(rows, box, query.radius)
    if family.place == REFERENCE_FOOTPRINT:
        return _by_reference(rows, box, relation, query.radius)
    table = rows.model._meta.db_table
    if family.sky:
        table = rows.model._meta.get_field(family.sky).related_model._meta.db_table
        rows = rows.filter(**{f"{family.sky}__ra__isnull": False})  # joins the table, under its own name
    return _by_footprint(rows, table, box, relation, query.radius)


def _region(text: str, family: Family) -> Region:
    if family.place == BORESIGHT:
        raise BadQueryError("region", f"{family.title} are searched by position or box")
    try:
        return read_region(text)
    except BadShapeError as error:
        raise BadQueryError("region", str(error)) from error


def _by_footprint(rows: models.QuerySet, table: str, box: Box, relation: str, radius: float | None) -> models.QuerySet:
    if radius is not None:
        return _within(rows, table, box, radius)
    rows = _within(rows, table, box, box.radius + LARGEST_RADIUS)
    if not box.is_point or relation == ENCLOSED:
        return rows.filter(footprint_condition(table, box, relation))
    place, centre = box.centre_sql()
    corners = ", ".join(f'"{table}".ra{n}, "{table}".dec{n}' for n in (1, 2, 3, 4))
    return rows.filter(RawSQL(f"q3c_in_poly({place}, ARRAY[{corners}])", centre, models.BooleanField()))


def _by_reference(rows: models.QuerySet, box: Box, relation: str, radius: float | None) -> models.QuerySet:
    """A condition on position through the reference: what is of its quadrant and filter lies where it does."""
    found = _by_footprint(ReferenceImage.objects.all(), "archive_referenceimage", box, relation, radius)
    # As text: Django would give a subquery's table another name than the conditions on its footprint have.
    sql, parameters = found.order_by().values("rfid").query.sql_with_params()
    return rows.filter(RawSQL(f"archive_productfile.product_id IN ({sql})", parameters, models.BooleanField()))  # noqa: S608


def _by_position(rows: models.QuerySet, box: Box, radius: float | None) -> models.QuerySet:
    table = rows.model._meta.db_table
    if radius is not None or box.is_point:
        return _within(rows, table, box, radius or NEAR)
    return _within(rows, table, box, box.radius).filter(point_condition(table, box))


def _within(rows: models.QuerySet, table: str, box: Box, radius: float) -> models.QuerySet:
    """Rows whose position in `table` lies within `radius` degrees of a box's centre; adds their `distance`.

    Up to one degree q3c_join with a constant centre is used: it plans an order of magnitude faster than
    q3c_radial_query, and gives the same rows. Around positions of a list only q3c_join uses the index.
    """
    place, centre = box.centre_sql()
    position = f'"{table}".ra, "{table}".dec'
    joined = radius <= 1 or not centre
    cone = f"q3c_join({place}, {position}, %s)" if joined else f"q3c_radial_query({position}, {place}, %s)"
    distance = RawSQL(f"q3c_dist({position}, {place})", centre, models.FloatField())
    return rows.filter(RawSQL(cone, [*centre, radius], models.BooleanField())).annotate(distance=distance)


def _by_axis(rows: models.QuerySet, box: Box, relation: str) -> models.QuerySet:
    """Raw files have no footprint: where the telescope looked and where the CCD sits in the camera say it."""
    # The condition on the exposure also joins its table, under its own name.
    rows = _within(rows.filter(exposure__ra__isnull=False), "archive_exposure", box, box.radius + CAMERA_RADIUS)
    return rows.filter(ccd_condition("archive_exposure", rows.model._meta.db_table, box, relation))
