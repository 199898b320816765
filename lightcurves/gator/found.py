"""The objects that a search finds: rows from PostgreSQL with the reader's rights, and what is computed of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from django.conf import settings
from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cos, Radians, Sin

from archive.access.reading import Reader
from archive.access.streams import Rows, stream
from archive.requests.numbers import whole
from archive.search.where_sql import expression_of
from archive.services.protocol.errors import BadRequestError
from archive.sky import htm
from archive.sky.sphere import separation, unit_vectors
from archive.tables.dictionary import Column
from lightcurves.catalog.search import BadObjectQueryError, in_time
from lightcurves.gator.asked import CONDITIONED, Asked
from lightcurves.gator.catalogs import COLUMNS, COMPUTED
from lightcurves.gator.regions import Region, Uploaded
from lightcurves.models import CatalogObject

LISTED = "listed"  # name in SQL of the rows of an uploaded table
TABLE = '"tap_data"."ztf_objects"'
DISTANCE = (
    Column("dist", "double", "Distance from the position", "arcsec", "pos.angDistance"),
    Column("angle", "double", "Position angle of the object as seen from the position", "deg", "pos.posAng"),
)
DISTANCE_OF_ROW = (replace(DISTANCE[0], name="dist_x"), replace(DISTANCE[1], name="pang_x"))
_PLACE = ("oid", "ra", "dec")
_IN_RELEASE = f"""EXISTS (
    SELECT 1 FROM archive_scienceimage AS i JOIN archive_releaseitem AS r ON r.key = i.pid
    WHERE r.release_id = %s AND r.kind = 'sci'
        AND i.field = {TABLE}.field AND i.rcid = {TABLE}.rcid AND i.fid = {TABLE}.fid
        AND i.programid IN (SELECT program_id FROM archive_release_programs WHERE release_id = %s))"""
_IN_POLYGON = f"(ztf_in_polygon({TABLE}.ra, {TABLE}.dec, %s::float8[]) OR "
_IN_POLYGON += f"ztf_on_border({TABLE}.ra, {TABLE}.dec, %s::float8[]))"
# OFFSET 0 keeps the planner from turning the two around: each row is looked up in the index of the sphere.
_OF_EACH = f"""SELECT {LISTED}.n, found.* FROM unnest(%s::int[], %s::float8[], %s::float8[], %s::float8[])
    AS {LISTED} (n, ra, dec, radius) {{join}} LATERAL ({{found}} OFFSET 0) AS found ON true LIMIT %s"""


@dataclass(frozen=True)
class Found:
    """The number of rows, their columns, and batches of them; `close` when nobody reads them any more."""

    count: int
    columns: tuple[Column, ...]
    rows: Rows
    batches: Iterator[list[tuple]]


@dataclass(frozen=True)
class AroundEach:
    """A statement for archive.access.streams: the objects around each row of a table, in the table's order."""

    rows: models.QuerySet
    where: Uploaded
    most: int
    counted: bool = False

    def as_sql(self, connection: BaseDatabaseWrapper) -> tuple[str, Sequence]:
        found, values = self.rows.query.get_compiler(connection=connection).as_sql()
        sql = _OF_EACH.format(found=found, join="LEFT JOIN" if self.where.one_to_one else "JOIN")
        lists = [np.arange(len(self.where.ra)), self.where.ra, self.where.dec, self.where.radius]
        bound = [*(one.tolist() for one in lists), *values, self.most]
        return (f"SELECT count(*) FROM ({sql}) AS counted" if self.counted else sql), bound


def find(asked: Asked, reader: Reader) -> Found:
    """Search, with the reader's rights; counted before anything is written.

    Raises
    ------
    BadRequestError
        for more rows than the service gives.
    archive.access.streams.QueryFailedError
        for a search that the database does not finish.
    """
    base = _base(asked)
    try:
        count = _count(asked, base)
        if asked.most is None and count > settings.TAP_ROW_LIMIT:
            raise BadRequestError(
                f"Exceeding output table size limit: more than {settings.TAP_ROW_LIMIT} rows; narrow the search or "
                "give outrows"
            )
        rows = stream([((), _statement(asked, base, max(count, 1)))], reader)
    except BadObjectQueryError as error:
        raise BadRequestError(str(error)) from error
    return Found(count, columns_of(asked), rows, _completed(asked, base, rows))


def count_of(asked: Asked) -> int:
    """The number of rows that a search has, for the reader of the context.

    Raises
    ------
    BadRequestError
    """
    try:
        return _count(asked, _base(asked))
    except BadObjectQueryError as error:
        raise BadRequestError(str(error)) from error


def columns_of(asked: Asked) -> tuple[Column, ...]:
    """The columns of an answer: an uploaded table's come first, with _01 behind their names."""
    chosen = tuple(COLUMNS[name] for name in asked.columns)
    if isinstance(asked.where, Uploaded):
        return (*own_columns(asked.where), *chosen)
    return (*chosen, *DISTANCE) if asked.where is not None and asked.where.centre is not None else chosen


def own_columns(where: Uploaded) -> tuple[Column, ...]:
    """Columns that rows of an uploaded table begin with: their number, distance and angle, then the table's own."""
    table = where.table
    first = (Column("cntr_01", "int", "Row of the uploaded table, from 1", ucd="meta.record"), *DISTANCE_OF_ROW)
    own = []
    for name in sorted(table.colnames, key=lambda one: {"ra": 0, "dec": 1}.get(one.lower(), 2)):
        kind = {"i": "long", "u": "long", "f": "double"}.get(table[name].dtype.kind, "char")
        own.append(Column(_suffixed(name), kind, f"Column {name} of the uploaded table", str(table[name].unit or "")))
    return (*first, *own)


def _suffixed(name: str) -> str:
    """A name with _01 behind it; one that ends so already counts on, up to 99."""
    head, mark, tail = name.rpartition("_")
    if mark and len(tail) == 2 and whole(tail, 1, 98) is not None:
        return f"{head}_{int(tail) + 1:02}"
    return f"{name}_01"


def _base(asked: Asked) -> tuple[str, ...]:
    """The columns that PostgreSQL is asked for."""
    return tuple(dict.fromkeys((*_PLACE, *(name for name in asked.columns if name not in COMPUTED))))


def _queryset(asked: Asked) -> models.QuerySet:
    rows = CatalogObject.objects.all()
    if isinstance(asked.where, Region):
        rows = rows.within(asked.where.ra, asked.where.dec, asked.where.radius)
        if asked.where.corners:
            polygon = list(asked.where.corners)
            rows = rows.filter(RawSQL(_IN_POLYGON, [polygon, polygon], models.BooleanField()))
    elif asked.where is not None:
        cone = f"q3c_join({LISTED}.ra, {LISTED}.dec, {TABLE}.ra, {TABLE}.dec, {LISTED}.radius)"
        rows = rows.filter(RawSQL(cone, [], models.BooleanField()))
    if asked.catalog.release is not None:
        name = asked.catalog.release.pk
        rows = rows.filter(RawSQL(_IN_RELEASE, [name, name], models.BooleanField()))
    if asked.condition is not None:
        rows = rows.filter(expression_of(asked.condition, _expressions()))
    return _ordered(rows, asked)


def _expressions() -> dict[str, Combinable]:
    ra, dec = Radians(F("ra")), Radians(F("dec"))
    computed = {"cntr": F("oid"), "x": Cos(dec) * Cos(ra), "y": Cos(dec) * Sin(ra), "z": Sin(dec)}
    return {name: computed.get(name, F(name)) for name in CONDITIONED}


def _ordered(rows: models.QuerySet, asked: Asked) -> models.QuerySet:
    if isinstance(asked.where, Uploaded):
        distance = RawSQL(f"q3c_dist({LISTED}.ra, {LISTED}.dec, {TABLE}.ra, {TABLE}.dec)", [], models.FloatField())
        rows = rows.annotate(distance=distance).order_by("distance", "oid")
        return rows[:1] if asked.where.one_to_one else rows
    if asked.order:
        column = _expressions()[asked.order.removeprefix("-")]
        back = asked.order.startswith("-")
        return rows.annotate(ordered=column).order_by(
            F("ordered").desc(nulls_last=True) if back else F("ordered").asc(nulls_last=True), "oid"
        )
    near = asked.where is not None and asked.where.centre is not None
    return rows.order_by("distance", "oid") if near else rows.order_by("oid")


def _statement(asked: Asked, base: tuple[str, ...], count: int) -> models.QuerySet | AroundEach:
    rows = _queryset(asked).values_list(*base)
    return AroundEach(rows, asked.where, count) if isinstance(asked.where, Uploaded) else rows[:count]


def _count(asked: Asked, base: tuple[str, ...]) -> int:
    most = asked.most or settings.TAP_ROW_LIMIT + 1
    with in_time():
        if not isinstance(asked.where, Uploaded):
            return _queryset(asked).order_by()[:most].count()
        connection = connections[router.db_for_read(CatalogObject)]
        counting = AroundEach(_queryset(asked).values_list(*base), asked.where, most, counted=True)
        with connection.cursor() as cursor:
            cursor.execute(*counting.as_sql(connection))
            return cursor.fetchone()[0]


def _completed(asked: Asked, base: tuple[str, ...], batches: Rows) -> Iterator[list[tuple]]:
    """Rows of the answer: those of PostgreSQL with what is computed of each place."""
    for batch in batches:
        names = ("n", *base) if isinstance(asked.where, Uploaded) else base
        columns = dict(zip(names, map(list, zip(*batch, strict=True)), strict=True))
        columns |= _computed(columns)
        chosen = [columns[name] for name in asked.columns]
        if isinstance(asked.where, Uploaded):
            n = np.array(columns["n"])
            near = _distances(asked.where.ra[n], asked.where.dec[n], columns)
            chosen = [[one + 1 for one in columns["n"]], *near, *_own_values(asked.where, n), *chosen]
        elif asked.where is not None and asked.where.centre is not None:
            centre = asked.where.centre
            chosen += _distances(np.full(len(batch), centre.ra), np.full(len(batch), centre.dec), columns)
        yield list(zip(*chosen, strict=True))


def _computed(columns: dict[str, list]) -> dict[str, list]:
    known = [ra is not None for ra in columns["ra"]]
    ra, dec = (np.array([value or 0.0 for value in columns[name]]) for name in ("ra", "dec"))
    x, y, z = unit_vectors(ra, dec).T
    made = {"cntr": columns["oid"], "htm20": htm.number(ra, dec), "x": x, "y": y, "z": z}
    return {name: _where_known(values, known) for name, values in made.items()}


def _distances(ra: np.ndarray, dec: np.ndarray, columns: dict[str, list]) -> list[list]:
    """Distance (arcsec) and position angle (deg, north through east) of each row's object from a place."""
    known = [value is not None for value in columns["ra"]]
    to_ra, to_dec = (np.array([value or 0.0 for value in columns[name]]) for name in ("ra", "dec"))
    east, south, north = np.radians(to_ra - ra), np.radians(dec), np.radians(to_dec)
    up = np.cos(south) * np.sin(north) - np.sin(south) * np.cos(north) * np.cos(east)
    angle = np.degrees(np.arctan2(np.sin(east) * np.cos(north), up))
    return [_where_known(separation(ra, dec, to_ra, to_dec) * 3600, known), _where_known(angle % 360, known)]


def _where_known(values, known: list[bool]) -> list:
    plain = values.tolist() if isinstance(values, np.ndarray) else values
    return [value if there else None for value, there in zip(plain, known, strict=True)]


def _own_values(where: Uploaded, n: np.ndarray) -> Iterator[list]:
    for name in sorted(where.table.colnames, key=lambda one: {"ra": 0, "dec": 1}.get(one.lower(), 2)):
        column = where.table[name]
        mask = np.ma.getmaskarray(np.ma.asarray(column))[n]
        values = np.asarray(column)[n].tolist()
        texts = column.dtype.kind not in "iuf"
        yield [
            None if null else str(value).strip() if texts else value for value, null in zip(values, mask, strict=True)
        ]
