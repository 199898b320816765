"""Objects by place and by any column of their table, with the statistics of the points that the reader sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import models, router
from django.db.models import F

from archive.access.streams import PAGE_SECONDS, QueryFailedError, limited
from archive.search import as_adql, where
from archive.search.region_conditions import places_in
from archive.search.where import BadConditionError, Node
from archive.search.where_sql import expression_of
from archive.sky.regions import read_region
from lightcurves.models import CatalogObject, Source
from lightcurves.tables.dictionary import OBJECTS

TYPES = {column.name: where.TEXT if column.datatype == "char" else where.NUMBER for column in OBJECTS.columns}
EXPRESSIONS = {name: F(name) for name in TYPES}

OID = f'"{CatalogObject._meta.db_table}".oid'
NEAR = 5 / 3600  # deg
UNASKED = "position, region, where: give a position, a name, a region or a condition"


class BadObjectQueryError(ValueError):
    """A question about objects that cannot be answered; the message names the parameter."""


@dataclass(frozen=True)
class ObjectQuery:
    """A search for objects: every part that is given must hold.

    ra, dec, radius : degrees. filtercode : zg, zr, zi. nobs : points at least. where : a condition on the columns of
    ztf.ztf_objects, in the SQL of archive.search.where. order : a column, with - before it the other way round; by
    default the nearest come first, or go by number. region : in the words of archive.sky.regions; of a listed position
    what lies within NEAR of it.
    """

    ra: float | None = None
    dec: float | None = None
    radius: float | None = None
    filtercode: str = ""
    nobs: int | None = None
    where: str = ""
    order: str = ""
    region: str = ""

    def __post_init__(self):
        if self.order and self.order.removeprefix("-") not in TYPES:
            raise BadObjectQueryError(
                f"order={self.order!r}: is no column of {OBJECTS.name}; there are {', '.join(TYPES)}"
            )
        if self.where:
            self._condition()

    def _condition(self) -> Node:
        try:
            return where.parse(self.where, TYPES)
        except BadConditionError as error:
            raise BadObjectQueryError(f"where={self.where[:80]!r}: {error}") from error

    @property
    def asks_something(self) -> bool:
        """Whether it names a place or a condition: all objects of the archive are no answer."""
        return self.ra is not None or bool(self.where) or bool(self.region)

    @property
    def adql(self) -> str | None:
        """The same rows as a query in ADQL; None for a region that it has no words for."""
        found = as_adql.in_region(self.region, NEAR) if self.region else []
        if found is None:
            return None
        if self.ra is not None and self.dec is not None and self.radius is not None:
            found.append(as_adql.within(as_adql.circle(self.ra, self.dec, self.radius)))
        found += [f"filtercode = '{self.filtercode}'"] if self.filtercode else []
        found += [f"nobs >= {self.nobs}"] if self.nobs is not None else []
        return as_adql.written(OBJECTS.name, found + as_adql.own(self.where))

    def rows(self) -> models.QuerySet:
        """The objects, as the reader of the context sees them."""
        rows = CatalogObject.objects.all()
        if self.ra is not None:
            rows = rows.within(self.ra, self.dec, self.radius)
        if self.region:
            rows = rows.filter(places_in(read_region(self.region), Source._meta.db_table, "oid", OID, NEAR))
        if self.filtercode:
            rows = rows.filter(filtercode=self.filtercode)
        if self.nobs is not None:
            rows = rows.filter(nobs__gte=self.nobs)
        if self.where:
            rows = rows.filter(expression_of(self._condition(), EXPRESSIONS))
        if self.order:
            column = F(self.order.removeprefix("-"))
            ordered = column.desc(nulls_last=True) if self.order.startswith("-") else column.asc(nulls_last=True)
            return rows.order_by(ordered, "oid")
        return rows.order_by("distance", "oid") if self.ra is not None else rows.order_by("oid")


@contextmanager
def in_time(seconds: float = PAGE_SECONDS) -> Iterator[None]:
    """Within this block, which must be in a transaction, a query ends after some seconds, as BadObjectQueryError."""
    try:
        with limited(router.db_for_read(CatalogObject), seconds):
            yield
    except QueryFailedError as error:
        raise BadObjectQueryError(f"{error}, for example by a position or by field and rcid") from error
