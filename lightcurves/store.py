"""Light curves in the database: append the points of an image, read the curves of sources, find sources.

Points are rows of a table that is partitioned by night. What an image knows (time, zero point, limit) is joined when
a curve is read, and so is the image's correction: measured points are never rewritten. An older tier (packed points
of whole curves, one per source and program) can stand behind `get` and `batches` without their callers knowing.

Inside `archive.access.reading` everything here is read with the reader's rights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connections, models, router, transaction

from archive.models import Family, ScienceImage
from archive.moving.dynamics.constants import SUN
from archive.moving.dynamics.planets import barycentric_position
from archive.releases.rights import dates_of_family
from lightcurves.models import STATISTICS, Detection, Source, SourceStatistics
from lightcurves.pgcopy import copy_in, copy_out

NIGHTS_IN_PARTITION = 32  # a month: a survey of ten years is some 120 tables, which plans in milliseconds
PARTITION_LOCK = 8  # class of our advisory locks
MJD_ZERO = 2400000.5
LIGHT_DAYS_PER_AU = 499.004783836 / 86400
SAME_PLACE = 1.5 / 3600  # deg: sources of other filters and quadrants this near are the same star
BAD_IMAGE = 1 << 15
MAS = 1 / 3.6e6  # deg

COPIED = (
    ("oid", ">i8"),
    ("pid", ">i8"),
    ("nid", ">i4"),
    ("mag", ">f4"),
    ("magerr", ">f4"),
    ("chi", ">f4"),
    ("sharp", ">f4"),
    ("catflags", ">i4"),
    ("dra", ">i2"),
    ("ddec", ">i2"),
    ("programid", ">i2"),
)
MAGNITUDE = "d.mag + coalesce(i.clrcoeff * s.colour, 0) - coalesce(c.dzp, 0)"
JOINED = """
FROM lightcurves_detection d
JOIN lightcurves_source s ON s.oid = d.oid
JOIN archive_scienceimage i ON i.pid = d.pid
LEFT JOIN lightcurves_imagecorrection c ON c.pid = d.pid
"""
CURVES = f"""
SELECT d.oid, d.pid, i.expid, i.obsjd - {MJD_ZERO} AS mjd, {MAGNITUDE} AS mag, d.magerr, d.catflags, s.filtercode,
    s.ra AS source_ra, s.dec AS source_dec, d.dra, d.ddec, d.chi, d.sharp, i.filefracday, i.field, i.ccdid, i.qid,
    i.maglimit AS limitmag, i.magzp, i.magzprms, i.clrcoeff, i.clrcounc, i.exptime, i.airmass, d.programid, c.dzp,
    e.tdb_mid, e.observer_x, e.observer_y, e.observer_z
{JOINED}
JOIN archive_exposure e ON e.expid = i.expid
WHERE d.oid = ANY(%s)
ORDER BY d.oid, i.obsjd
"""
BATCH = f"""
SELECT d.oid, d.pid, (i.obsjd - {MJD_ZERO})::float8, ({MAGNITUDE})::float8, d.magerr, d.catflags,
    s.ra, s.dec, d.dra, d.ddec, d.programid, coalesce(d.public_date <= now(), false)
{JOINED}
WHERE d.oid = ANY(%s)
ORDER BY d.oid, i.obsjd
"""
BATCH_COLUMNS = (
    ("oid", ">i8"),
    ("pid", ">i8"),
    ("mjd", ">f8"),
    ("mag", ">f8"),
    ("magerr", ">f4"),
    ("catflags", ">i4"),
    ("source_ra", ">f8"),
    ("source_dec", ">f8"),
    ("dra", ">i2"),
    ("ddec", ">i2"),
    ("programid", ">i2"),
    ("public", "?"),
)
INTEGERS = ("oid", "pid", "expid", "catflags", "filefracday", "field", "ccdid", "qid", "programid")


@dataclass(frozen=True)
class Points:
    """Measured points of one image, one per source: arrays (n,), as the columns of `Detection`."""

    oid: np.ndarray
    mag: np.ndarray
    magerr: np.ndarray
    chi: np.ndarray
    sharp: np.ndarray
    catflags: np.ndarray
    dra: np.ndarray
    ddec: np.ndarray


@dataclass(frozen=True)
class LightCurves:
    """Curves one after the other.

    oids : int64 array (n_sources,), those that have points, ascending
    offsets : int64 array (n_sources + 1,), points of source k are offsets[k] .. offsets[k + 1] - 1, by time
    columns : arrays (n_points,) by name; numbers that are not known are NaN
    """

    oids: np.ndarray
    offsets: np.ndarray
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        """The number of points."""
        return int(self.offsets[-1])


def append(image: ScienceImage, points: Points) -> int:
    """Write the points of one image; those it had before are replaced. Returns how many were written.

    Raises
    ------
    ValueError
        if a source is named twice, or an offset is larger than 32 arcsec.
    """
    _check(image, points)
    constants = {"pid": image.pid, "nid": image.nid, "programid": image.programid}
    rows = np.zeros(len(points.oid), dtype=list(COPIED))
    for name, _ in COPIED:
        rows[name] = constants[name] if name in constants else getattr(points, name)
    with transaction.atomic(), connections["default"].cursor() as cursor:
        _make_room(cursor, image.nid)
        cursor.execute("DELETE FROM lightcurves_detection WHERE nid = %s AND pid = %s", [image.nid, image.pid])
        copy_in(
            cursor,
            "lightcurves_detection",
            rows,
            {"public_date": dates_of_family([image.pid], Family.LIGHTCURVE)[image.pid]},
        )
    return len(rows)


def get(oids: Iterable[int]) -> LightCurves:
    """The light curves of sources, joined with their images and corrected; one query.

    Columns: those of lightcurves.tables.LIGHTCURVE, `pid` and `dzp` (the correction that was taken off). `mjd` is
    the start of the exposure, `hjd` the heliocentric Julian date (UTC) of its middle.
    """
    connection = connections[router.db_for_read(Detection)]
    with connection.cursor() as cursor:
        cursor.execute(CURVES, [list(map(int, oids))])
        names = [one.name for one in cursor.description]
        rows = cursor.fetchall()
    columns = {name: _array(name, values) for name, values in zip(names, _transposed(rows, names), strict=True)}
    _add_positions(columns)
    _add_heliocentric(columns)
    return LightCurves(*_split(columns["oid"]), columns)


def batches(field: int, rcid: int, fid: int, sources: int = 2000) -> Iterator[LightCurves]:
    """All light curves of a field's quadrant and filter, some thousand sources at a time.

    Columns: oid, pid, mjd, mag, magerr, catflags, ra, dec, programid and `public` (everybody may see it now).
    """
    oids = list(Source.objects.filter(field=field, rcid=rcid, fid=fid).order_by("oid").values_list("oid", flat=True))
    connection = connections[router.db_for_read(Detection)]
    for first in range(0, len(oids), sources):
        with connection.cursor() as cursor:
            rows = copy_out(cursor, BATCH, [oids[first : first + sources]], BATCH_COLUMNS)
        columns = {name: rows[name].astype(rows[name].dtype.newbyteorder("=")) for name, _ in BATCH_COLUMNS}
        _add_positions(columns)
        yield LightCurves(*_split(columns["oid"]), columns)


def cone(ra: float, dec: float, radius: float) -> models.QuerySet:
    """Sources within `radius` degrees of a position, nearest first, with their `distance` in degrees."""
    return Source.objects.within(ra, dec, radius)


def siblings(source: Source) -> list[Source]:
    """The source and those of other filters, fields and quadrants at the same place, by filter."""
    return sorted(cone(source.ra, source.dec, SAME_PLACE), key=lambda one: (one.pk != source.pk, one.fid, one.pk))


def statistics(oids: Sequence[int]) -> dict[int, SourceStatistics]:
    """Statistics of sources from all the points that the reader may see; sources without points are left out.

    Each source has a row per set of closed programs that matters; of the rows that the reader sees, the one of
    most programs holds all of their points.
    """
    programs = models.Func("programs", function="cardinality", output_field=models.IntegerField())
    rows = SourceStatistics.objects.filter(oid__in=oids).annotate(size=programs)
    return {row.oid: row for row in rows.order_by("oid", "-size").distinct("oid")}


def with_statistics(sources: Iterable[Source]) -> list[Source]:
    """Sources that carry their statistics as attributes (None where there are none)."""
    sources = list(sources)
    known = statistics([source.pk for source in sources])
    for source in sources:
        for name in STATISTICS:
            setattr(source, name, getattr(known.get(source.pk), name, None))
        source.arcsec = getattr(source, "distance", 0.0) * 3600
    return sources


def _check(image: ScienceImage, points: Points) -> None:
    oids, counts = np.unique(points.oid, return_counts=True)
    if np.any(counts > 1):
        raise ValueError(f"pid={image.pid}: source {oids[counts > 1][0]} has two points; an image gives one")
    for name in ("dra", "ddec"):
        offsets = np.asarray(getattr(points, name))
        if offsets.size and np.abs(offsets.astype(np.int64)).max() > np.iinfo(np.int16).max:
            raise ValueError(f"pid={image.pid}: {name} reaches {np.abs(offsets).max()} mas; at most 32767")


def _make_room(cursor, nid: int) -> None:
    """The partition of a night. Attached rather than made in place, so that nobody who reads has to wait."""
    first = nid // NIGHTS_IN_PARTITION * NIGHTS_IN_PARTITION
    name = f"lightcurves_detection_n{first:05}"
    if _exists(cursor, name):
        return
    cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PARTITION_LOCK, first])
    if not _exists(cursor, name):
        cursor.execute(f"CREATE TABLE {name} (LIKE lightcurves_detection INCLUDING ALL)")
        cursor.execute(
            f"ALTER TABLE lightcurves_detection ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)",
            [first, first + NIGHTS_IN_PARTITION],
        )


def _exists(cursor, table: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
    return cursor.fetchone()[0]


def _transposed(rows: list[tuple], names: list[str]) -> list:
    return list(zip(*rows, strict=True)) if rows else [() for _ in names]


def _array(name: str, values: Sequence) -> np.ndarray:
    if name == "filtercode":
        return np.array(values, dtype="U2")
    return np.array(values, dtype=np.int64 if name in INTEGERS else np.float64)


def _split(oid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    oids, first = np.unique(oid, return_index=True)
    return oids, np.append(first, len(oid)).astype(np.int64)


def _add_positions(columns: dict[str, np.ndarray]) -> None:
    ra, dec = columns.pop("source_ra"), columns.pop("source_dec")
    east, north = columns.pop("dra") * MAS, columns.pop("ddec") * MAS
    columns["ra"] = (ra + east / np.cos(np.radians(dec))) % 360
    columns["dec"] = dec + north


def _add_heliocentric(columns: dict[str, np.ndarray]) -> None:
    """Heliocentric Julian date of the middle of the exposure: light's way to the Sun along the line of sight."""
    observer = np.stack([columns.pop(f"observer_{axis}") for axis in "xyz"], axis=1)
    tdb = columns.pop("tdb_mid")
    middle = columns["mjd"] + MJD_ZERO + columns["exptime"] / 2 / 86400
    if not len(tdb):
        columns["hjd"] = middle
        return
    ra, dec = np.radians(columns["ra"]), np.radians(columns["dec"])
    towards = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    ahead = np.sum((observer - barycentric_position(SUN, tdb)) * towards, axis=1)
    columns["hjd"] = middle + ahead * LIGHT_DAYS_PER_AU
