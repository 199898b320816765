"""The families of images that are searched: their columns as IRSA names and orders them, and where each comes from.

A column is a database expression, so that a search can select it, compare it and compute with it alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.db import models
from django.db.models import Case, CharField, F, FloatField, Func, IntegerField, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast

from archive import tables, where
from archive.access import PUBLIC
from archive.models import CalibrationImage, RawImage, ReferenceImage, ScienceImage
from archive.survey.filenames import IMAGE_TYPES
from archive.tables import Table

FOOTPRINT, BORESIGHT = "footprint", "boresight"
NO_GROUP = -1  # ipac_gid of what no group restricts
TIMES = {"obsdate", "startobsdate", "endobsdate", "ipac_pub_date"}


@dataclass(frozen=True)
class Family:
    """A kind of image.

    place : what a search by position compares: the image's FOOTPRINT, or the exposure's BORESIGHT with the CCD's
        place in the camera; None where the image has no place on the sky
    order : columns by which rows come when nobody asks for another order
    """

    name: str
    model: type[models.Model]
    table: Table
    expressions: Mapping[str, Combinable]
    place: str | None
    order: str
    empty: bool = False

    @cached_property
    def types(self) -> dict[str, str]:
        """The columns' types as a condition knows them (archive.where)."""
        return {column.name: _type(column) for column in self.table.columns}

    def rows(self) -> models.QuerySet:
        """All images of the family that the reader may see."""
        return self.model.objects.filter(pk__lt=0) if self.empty else self.model.objects.all()


def _type(column: tables.Column) -> str:
    if column.name in TIMES:
        return where.TIME
    return where.TEXT if column.datatype == "char" else where.NUMBER


def _corners() -> Func:
    """The footprint as text: POLYGON ICRS ra1 dec1 ... dec4."""
    corners = [F(f"{axis}{n}") for n in (1, 2, 3, 4) for axis in ("ra", "dec")]
    return Func(Value("POLYGON ICRS"), *corners, function="concat_ws", template="%(function)s(' ', %(expressions)s)",
                output_field=CharField())  # fmt: skip


def _by_image_type(code: str, values: Mapping[str, object], field: models.Field) -> Case:
    return Case(*[When(**{code: key}, then=Value(value)) for key, value in values.items()], output_field=field)


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

SCIENCE = Family(
    "sci",
    ScienceImage,
    tables.META_SCI,
    _fields(
        tables.META_SCI, expid="exposure_id", ipac_pub_date="public_date", ipac_gid="programid", meta_id="pid",
        poly=_corners(),
    ),
    FOOTPRINT,
    "-obsjd",
)  # fmt: skip
RAW = Family(
    "raw",
    RawImage,
    tables.META_RAW,
    _fields(
        tables.META_RAW,
        **{name: f"exposure__{name}" for name in _OF_EXPOSURE},
        infobits=Value(0),
        expid="exposure_id",
        itid=_by_image_type("exposure__imgtypecode", _NUMBERS, IntegerField()),
        imgtype=_by_image_type("exposure__imgtypecode", IMAGE_TYPES, CharField()),
        seeing=_unknown(),
        telra="exposure__ra",
        teldec="exposure__dec",
        ccdrot=Value(0.0),
        ipac_pub_date="public_date",
        ipac_gid="programid",
        meta_id="id",
    ),
    BORESIGHT,
    "-exposure__obsjd",
)
CALIBRATION = Family(
    "cal",
    CalibrationImage,
    tables.META_CAL,
    _fields(
        tables.META_CAL,
        ipac_pub_date="endobsdate",
        meta_id="cid",
        obsdate_range=Func("startobsdate", "endobsdate", template="tstzrange(%(expressions)s, '[]')::text",
                           output_field=CharField()),
    ),
    None,
    "-nid",
)  # fmt: skip
_REFERENCE_GROUP = Case(
    When(Q(programid=PUBLIC), then=Value(NO_GROUP)), default=F("programid"), output_field=IntegerField()
)
_OF_REFERENCE = _fields(
    tables.META_REF, ipac_pub_date="public_date", ipac_gid=_REFERENCE_GROUP, meta_id="rfid", poly=_corners()
)
REFERENCE = Family("ref", ReferenceImage, tables.META_REF, _OF_REFERENCE, FOOTPRINT, "rfid")
DEEP = Family("deep", ReferenceImage, tables.META_DEEP, _OF_REFERENCE, FOOTPRINT, "rfid", empty=True)

FAMILIES = {family.name: family for family in (SCIENCE, RAW, CALIBRATION, REFERENCE, DEEP)}
