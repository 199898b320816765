"""Light curves in bulk: which objects are meant, and their points as Arrow batches, some hundred objects at a time.

IRSA's service, REST and the page of lists ask here. A stream opens its own transaction for each batch, with the rights
of whoever asks: neither a connection nor memory is held while a slow client reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
from django.db import connections, models, router

from archive.access.reading import Reader, reading
from archive.models import Family, Release
from archive.tables.dictionary import Column, Table
from archive.targets.lists import Target
from lightcurves.models import CatalogObject, Source
from lightcurves.storage import read
from lightcurves.tables.dictionary import LIGHTCURVE, NOT_TOLD_IS_0
from lightcurves.told.reading import times

OBJECTS_AT_ONCE = 250  # some 50,000 points
LARGEST_RADIUS = 600 / 3600  # deg
MOMENT = 1e-8  # d: as exactly as times are shown
ARROW = {"long": pa.int64(), "double": pa.float64(), "float": pa.float32(), "int": pa.int32(), "char": pa.string()}
LISTED = (
    Column("in_row_id", "int", "Row of the list, from 1", ucd="meta.record"),
    Column("in_name", "char", "Name of that row, or its number", ucd="meta.id"),
)
OF_TARGETS = Table("ztf.ztf_lightcurve_of_targets", LIGHTCURVE.description, (*LISTED, *LIGHTCURVE.columns))
# OFFSET 0 keeps the planner from turning the two around: each position is looked up in the index.
_PAIRS = """
SELECT p.n, s.oid FROM unnest(%(n)s::int[], %(ra)s::float8[], %(dec)s::float8[]) AS p (n, ra, dec)
CROSS JOIN LATERAL (
    SELECT o.oid FROM {table} AS o
    WHERE q3c_join(p.ra, p.dec, o.ra, o.dec, %(radius)s) AND {conditions} OFFSET 0
) AS s ORDER BY p.n, s.oid
"""
_IN_RELEASE = """
SELECT r.key FROM archive_releaseitem AS r JOIN archive_scienceimage AS i ON i.pid = r.key
WHERE r.release_id = %(release)s AND r.kind = 'sci' AND r.key = ANY(%(pids)s)
    AND i.programid IN (SELECT program_id FROM archive_release_programs WHERE release_id = %(release)s)
"""


class NoSuchReleaseError(LookupError):
    """A release that is not there, not public, or holds no light curves."""


@dataclass(frozen=True)
class PointFilter:
    """Filter on the objects of a region and on their points.

    fids : filters; None: all. nobs : points that an object has at least. mag : range of the median magnitude.
    mjd : range of times, both ends included. mask : no bit of it may be set in catflags. release : whose images.
    of_files : whether points that came in files of light curves count besides those of the release, which holds none.
    """

    fids: tuple[int, ...] | None = None
    nobs: int = 0
    mag: tuple[float, float] | None = None
    mjd: tuple[float, float] | None = None
    mask: int = 0
    release: Release | None = None
    of_files: bool = False

    @property
    def conditions(self) -> dict:
        """On objects, as a queryset takes them."""
        found: dict[str, object] = {"fid__in": self.fids} if self.fids is not None else {}
        found |= {"nobs__gte": self.nobs} if self.nobs else {}
        return found | ({"medianmag__range": self.mag} if self.mag else {})

    @property
    def model(self) -> type[models.Model]:
        """Statistics are only read where they are asked for."""
        return CatalogObject if self.nobs or self.mag else Source


def newest_release() -> Release | None:
    """The public release with light curves that came last."""
    return releases_with_light_curves().order_by("-published").first()


def release_named(name: str) -> Release:
    """A public release with light curves.

    Raises
    ------
    NoSuchReleaseError
    """
    found = releases_with_light_curves().filter(name=name).first()
    if found is None:
        known = ", ".join(releases_with_light_curves().order_by("name").values_list("name", flat=True)) or "none yet"
        raise NoSuchReleaseError(f"there is no public release {name!r} with light curves; there are: {known}")
    return found


def in_circle(ra: float, dec: float, radius: float, point_filter: PointFilter) -> list[int]:
    """The objects within `radius` degrees of a position, by number."""
    found = point_filter.model.objects.within(ra, dec, radius).filter(**point_filter.conditions)
    return list(found.order_by("oid").values_list("oid", flat=True))


def at_targets(targets: Sequence[Target], radius: float, point_filter: PointFilter) -> np.ndarray:
    """Place in the list (from 0) and object (n, 2) of all objects within `radius` degrees of each target."""
    conditions: list[str] = ["true"]
    values: dict[str, object] = {"radius": radius}
    for name, test in (("fid", "o.fid = ANY(%(fid)s)"), ("nobs", "o.nobs >= %(nobs)s")):
        given = {"fid": list(point_filter.fids or ()), "nobs": point_filter.nobs}[name]
        if given:
            conditions.append(test)
            values[name] = given
    if point_filter.mag:
        conditions.append("o.medianmag BETWEEN %(faint)s AND %(bright)s")
        values |= {"faint": point_filter.mag[0], "bright": point_filter.mag[1]}
    ra, dec = ([getattr(one, axis) for one in targets] for axis in ("ra", "dec"))
    table = f'"{point_filter.model._meta.db_table}"'
    connection = connections[router.db_for_read(point_filter.model)]
    with connection.cursor() as cursor:
        query = _PAIRS.format(table=table, conditions=" AND ".join(conditions))
        cursor.execute(query, values | {"n": list(range(len(targets))), "ra": ra, "dec": dec})
        return np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)


def schema_of(table: Table) -> pa.Schema:
    """A table of the data dictionary as Arrow declares it; units and descriptions are the fields' metadata."""
    return pa.schema(
        pa.field(one.name, ARROW[one.datatype], metadata={"unit": one.unit, "description": one.description})
        for one in table.columns
    )


def points(oids: Sequence[int], point_filter: PointFilter, reader: Reader | None) -> Iterator[pa.RecordBatch]:
    """Points of objects by number and time: batches of LIGHTCURVE. The first is read at once, so that what fails does.

    Parameters
    ----------
    reader : with whose rights; None: those of the context
    """
    return _begun(_points(sorted(set(map(int, oids))), point_filter, reader))


def points_of_targets(
    targets: Sequence[Target], pairs: np.ndarray, point_filter: PointFilter, reader: Reader | None
) -> Iterator[pa.RecordBatch]:
    """Points of the objects of each target (`at_targets`), in the list's order: batches of OF_TARGETS."""
    return _begun(_of_targets(targets, pairs, point_filter, reader))


def _begun(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    first = next(batches, None)
    return batches if first is None else chain([first], batches)


def _points(oids: list[int], point_filter: PointFilter, reader: Reader | None) -> Iterator[pa.RecordBatch]:
    schema = schema_of(LIGHTCURVE)
    for first in range(0, len(oids), OBJECTS_AT_ONCE):
        columns = _columns(oids[first : first + OBJECTS_AT_ONCE], point_filter, reader)
        if len(columns["oid"]):
            yield _batch(columns, schema)


def _of_targets(
    targets, pairs: np.ndarray, point_filter: PointFilter, reader: Reader | None
) -> Iterator[pa.RecordBatch]:
    schema, names = schema_of(OF_TARGETS), np.array([one.name for one in targets])
    for first in range(0, len(pairs), OBJECTS_AT_ONCE):
        part = pairs[first : first + OBJECTS_AT_ONCE]
        columns = _columns(np.unique(part[:, 1]).tolist(), point_filter, reader)
        start, stop = (np.searchsorted(columns["oid"], part[:, 1], side=side) for side in ("left", "right"))
        counts = stop - start
        if not counts.sum():
            continue
        ends = np.cumsum(counts)
        rows = np.repeat(start - ends + counts, counts) + np.arange(ends[-1])
        place = np.repeat(part[:, 0], counts)
        listed = {"in_row_id": place + 1, "in_name": names[place]}
        yield _batch(listed | {name: values[rows] for name, values in columns.items()}, schema)


def _columns(oids: list[int], point_filter: PointFilter, reader: Reader | None) -> dict[str, np.ndarray]:
    """The points of some objects that count."""
    with reading(reader) if reader is not None else nullcontext():
        if point_filter.release is None or point_filter.of_files:
            columns = read.get(oids).columns
        else:
            columns = read.get(oids, list(point_filter.release.programs.values_list("pk", flat=True))).columns
        good = _in_release(columns, point_filter.release) | (point_filter.of_files & (columns["pid"] == 0))
    if point_filter.mjd:
        low, high = point_filter.mjd
        mjd = times(columns)
        good &= (mjd >= low - MOMENT) & (mjd <= high + MOMENT)
    if point_filter.mask:
        good &= (columns["catflags"] & point_filter.mask) == 0
    return columns if good.all() else {name: values[good] for name, values in columns.items()}


def _in_release(columns: dict[str, np.ndarray], release: Release | None) -> np.ndarray:
    """A condition for the points that a release holds: of its images, and of its programs."""
    pids = columns["pid"]
    if release is None or not len(pids):
        return np.ones(len(pids), dtype=bool)
    programs = list(release.programs.values_list("pk", flat=True))
    with connections[router.db_for_read(Source)].cursor() as cursor:
        cursor.execute(_IN_RELEASE, {"release": release.pk, "pids": np.unique(pids).tolist()})
        held = [pid for (pid,) in cursor.fetchall()]
    return np.isin(pids, held) & np.isin(columns["programid"], programs)


def _batch(columns: dict[str, np.ndarray], schema: pa.Schema) -> pa.RecordBatch:
    """Columns in the order and types of a schema; what is not known is null."""
    arrays = []
    for field in schema:
        values = columns[field.name]
        if field.name in NOT_TOLD_IS_0:
            arrays.append(pa.array(values, mask=values == 0).cast(field.type))
            continue
        if values.dtype.kind == "f":
            values = values.astype(field.type.to_pandas_dtype())
        arrays.append(pa.array(values, from_pandas=True).cast(field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def releases_with_light_curves() -> models.QuerySet:
    """The public releases that hold light curves."""
    return Release.objects.filter(state=Release.State.PUBLIC, families__contains=[Family.LIGHTCURVE])
