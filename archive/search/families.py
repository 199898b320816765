"""The families of products that are searched: their columns as IRSA names and orders them, and where each comes from.

A column is a database expression, so that a search can select it, compare it and compute with it alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.db import models
from django.db.models import Case, CharField, F, FloatField, Func, IntegerField, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Mod

from archive.access.reading import PUBLIC
from archive.models import (
    Alert,
    CalibrationImage,
    DifferenceImage,
    ProductFile,
    RawImage,
    ReferenceImage,
    ScienceImage,
)
from archive.search import where
from archive.survey.filenames import IMAGE_TYPES
from archive.tables import dictionary
from archive.tables.dictionary import Table

FOOTPRINT, BORESIGHT, POINT, REFERENCE_FOOTPRINT = "footprint", "boresight", "point", "reference"
NO_GROUP = -1  # ipac_gid of what no group restricts
TIMES = {"obsdate", "startobsdate", "endobsdate", "ipac_pub_date"}
FILTERCODES = {1: "zg", 2: "zr", 3: "zi"}


@dataclass(frozen=True)
class Family:
    """A kind of product.

    title : what people call it
    table, page : its columns for IBE, and for pages and REST
    expressions : where each column of `table` comes from
    place : what a search by position compares: the image's FOOTPRINT, the exposure's BORESIGHT with the CCD's place in
        the camera, the row's own position (POINT), or the FOOTPRINT of the reference of the same quadrant and filter;
        None where it has no place on the sky
    sky : the row that has the footprint, where it is not the row itself
    paths : where a search finds a part of its question (archive.search.query.ImageQuery), where that is not the column
    time : the column that a span of time is compared with
    order : the column by which rows come when nobody asks for another order
    made_of : rows that are read along with each row
    """

    name: str
    title: str
    model: type[models.Model]
    table: Table
    page: Table
    expressions: Mapping[str, Combinable]
    place: str | None
    time: str
    order: str
    sky: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)
    made_of: tuple[str, ...] = ()
    chosen: Callable[[models.QuerySet], models.QuerySet] = models.QuerySet.all

    @cached_property
    def types(self) -> dict[str, str]:
        """The columns' types as a condition knows them (archive.search.where)."""
        return {column.name: _type(column) for column in self.table.columns}

    def rows(self) -> models.QuerySet:
        """All rows of the family that the reader may see."""
        rows = self.model.objects.all()
        return self.chosen(rows.select_related(*self.made_of) if self.made_of else rows)  # without names: of all keys

    def path(self, part: str) -> str | None:
        """The path to a part of a question in the rows; None where they do not have it."""
        if part in self.paths:
            return self.paths[part]
        expression = self.expressions.get(part)
        if isinstance(expression, F):
            return expression.name
        return part if part in _fields_of(self.model) else None


def _fields_of(model: type[models.Model]) -> set[str]:
    return {one.name for one in model._meta.concrete_fields}


def _type(column: dictionary.Column) -> str:
    if column.name in TIMES:
        return where.TIME
    return where.TEXT if column.datatype == "char" else where.NUMBER


def _corners(of: str = "") -> Func:
    """The footprint as text: POLYGON ICRS ra1 dec1 ... dec4."""
    corners = [F(f"{of}{axis}{n}") for n in (1, 2, 3, 4) for axis in ("ra", "dec")]
    return Func(Value("POLYGON ICRS"), *corners, function="concat_ws", template="%(function)s(' ', %(expressions)s)",
                output_field=CharField())  # fmt: skip


def _by_image_type(code: str, values: Mapping[str, object], field: models.Field) -> Case:
    return Case(*[When(**{code: key}, then=Value(value)) for key, value in values.items()], output_field=field)


def _code_of_filter() -> Case:
    return Case(*[When(fid=fid, then=Value(code)) for fid, code in FILTERCODES.items()], output_field=CharField())


def _unknown() -> Cast:
    return Cast(Value(None), FloatField())


def _fields(table: Table, **other: Combinable | str) -> dict[str, Combinable]:
    """Expressions of a table's columns: the field of the same name where no other is given."""
    known = {name: F(source) if isinstance(source, str) else source for name, source in other.items()}
    return {column.name: known.get(column.name, F(column.name)) for column in table.columns}


_NUMBERS = {code: number for number, code in enumerate(IMAGE_TYPES, start=1)}
_OF_EXPOSURE = (
    "field", "fid", "filtercode", "nid", "imgtypecode", "filefracday", "obsdate", "obsjd", "exptime", "airmass",
    "moonillf", "moonesb",
)  # fmt: skip

_OWN = {"ipac_pub_date": "public_date", "ipac_gid": "programid"}

SCIENCE = Family(
    "sci",
    "science images",
    ScienceImage,
    dictionary.META_SCI,
    dictionary.SCIENCE,
    _fields(dictionary.META_SCI, **_OWN, expid="exposure_id", meta_id="pid", poly=_corners()),
    FOOTPRINT,
    "obsdate",
    "-obsjd",
)
RAW = Family(
    "raw",
    "raw files",
    RawImage,
    dictionary.META_RAW,
    dictionary.RAW,
    _fields(
        dictionary.META_RAW,
        **{name: f"exposure__{name}" for name in _OF_EXPOSURE},
        **_OWN,
        infobits=Value(0),
        expid="exposure_id",
        itid=_by_image_type("exposure__imgtypecode", _NUMBERS, IntegerField()),
        imgtype=_by_image_type("exposure__imgtypecode", IMAGE_TYPES, CharField()),
        seeing=_unknown(),
        telra="exposure__ra",
        teldec="exposure__dec",
        ccdrot=Value(0.0),
        meta_id="id",
    ),
    BORESIGHT,
    "obsdate",
    "-obsjd",
    made_of=("exposure",),
)
CALIBRATION = Family(
    "cal",
    "calibrations",
    CalibrationImage,
    dictionary.META_CAL,
    dictionary.CALIBRATION,
    _fields(
        dictionary.META_CAL,
        ipac_pub_date="endobsdate",
        meta_id="cid",
        obsdate_range=Func("startobsdate", "endobsdate", template="tstzrange(%(expressions)s, '[]')::text",
                           output_field=CharField()),
    ),
    None,
    "startobsdate",
    "-nid",
)  # fmt: skip
_REFERENCE_GROUP = Case(
    When(Q(programid=PUBLIC), then=Value(NO_GROUP)), default=F("programid"), output_field=IntegerField()
)
_OF_REFERENCE = _fields(
    dictionary.META_REF, ipac_pub_date="public_date", ipac_gid=_REFERENCE_GROUP, meta_id="rfid", poly=_corners()
)
REFERENCE = Family(
    "ref",
    "references",
    ReferenceImage,
    dictionary.META_REF,
    dictionary.REFERENCE,
    _OF_REFERENCE,
    FOOTPRINT,
    "startobsdate",
    "rfid",
)
DEEP = Family(
    "deep",
    "deep co-adds",
    ReferenceImage,
    dictionary.META_DEEP,
    dictionary.DEEP,
    _OF_REFERENCE,
    FOOTPRINT,
    "startobsdate",
    "rfid",
    chosen=lambda rows: rows.filter(pk__lt=0),  # none are made
)
_DIFFERENCE_OWN = ("diffmaglim", "ncandidates", "status")
DIFFERENCE = Family(
    "diff",
    "differences",
    DifferenceImage,
    dictionary.META_DIFF,
    dictionary.DIFFERENCE,
    {name: F(f"science__{name}") for name in (one.name for one in dictionary.META_DIFF.columns)}
    | {name: F(name) for name in _DIFFERENCE_OWN}
    | {name: F(path) for name, path in _OWN.items()}
    | {"pid": F("science_id"), "rfid": F("reference_id"), "expid": F("science__exposure_id")}
    | {"meta_id": F("science_id"), "poly": _corners("science__")},
    FOOTPRINT,
    "obsdate",
    "-obsjd",
    sky="science",
    paths={"origin": "science__origin"},
    made_of=("science",),
)
ALERT = Family(
    "alert",
    "alerts",
    Alert,
    dictionary.META_ALERT,
    dictionary.ALERTS,
    _fields(
        dictionary.META_ALERT,
        **_OWN,
        meta_id="candid",
        isdiffpos=Case(When(isdiffpos=True, then=Value("t")), default=Value("f"), output_field=CharField()),
    ),
    POINT,
    "jd",
    "-jd",
    paths={"rfid": "rfid", **{name: name for name in ("ccdid", "qid", "filtercode")}},
    chosen=lambda rows: rows.annotate(ccdid=F("rcid") / 4 + 1, qid=Mod(F("rcid"), 4) + 1, filtercode=_code_of_filter()),
)
_RFID = F("product_id")
_OF_QUADRANT = {
    "field": Cast(_RFID / 1_000_000, IntegerField()),
    "fid": Cast(Mod(_RFID / 100, 10), IntegerField()),
    "rcid": Cast(Mod(_RFID, 100), IntegerField()),
}
_OF_QUADRANT |= {
    "ccdid": Cast(Mod(_RFID, 100) / 4 + 1, IntegerField()),
    "qid": Cast(Mod(_RFID, 4) + 1, IntegerField()),
    "filtercode": _code_of_filter(),
}
LIGHTCURVES = Family(
    "lc",
    "light-curve files",
    ProductFile,
    dictionary.META_LC,
    dictionary.LIGHTCURVES,
    _fields(dictionary.META_LC, **_OWN, meta_id="id"),
    REFERENCE_FOOTPRINT,
    "created",
    "path",
    paths={"rfid": "product_id", **{name: name for name in _OF_QUADRANT}},
    chosen=lambda rows: rows.filter(family=ProductFile.Family.LIGHTCURVE).annotate(**_OF_QUADRANT),
)

FAMILIES = {
    family.name: family for family in (SCIENCE, RAW, CALIBRATION, REFERENCE, DEEP, DIFFERENCE, ALERT, LIGHTCURVES)
}
