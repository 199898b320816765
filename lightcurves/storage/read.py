"""Light curves as they are read: points of all tiers with what their objects and images know, corrected and by time.

One statement reads points of recent nights, of chunks and of files, so that a reader sees every point once whatever
moves meanwhile; a second one reads the images that gave them. Magnitudes with colour and correction, positions and
heliocentric dates are made here; nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connections, router

from archive.database import prepared
from archive.database.prepared import Statement
from archive.moving.dynamics.constants import LIGHT_AU_PER_DAY, SUN
from archive.moving.dynamics.planets import barycentric_position
from archive.sky.sphere import unit_vectors
from archive.survey.times import MJD_ZERO, SECONDS_PER_DAY
from lightcurves.models import Detection, Source
from lightcurves.storage import codec, recent
from lightcurves.told import reading as told

MAS = 1 / 3.6e6  # deg
ROWS, CHUNK, OBJECT, TOLD = 0, 1, 2, 3

# Both tiers in one statement: one snapshot, in which what is being packed is in the one or in the other. Numbers leave
# the database as strings of records, some ten times faster than as rows of text.
POINTS = Statement(
    "light_curve_points",
    f"""
SELECT {ROWS}, d.oid, d.programid, coalesce(d.public_date <= now(), false), string_agg({recent.SENT}, ''::bytea)
FROM lightcurves_detection d WHERE d.oid = ANY($1) AND d.programid = ANY($2) GROUP BY 2, 3, 4
UNION ALL
SELECT {CHUNK}, c.oid, c.programid, coalesce(c.public_date <= now(), false), c.data
FROM lightcurves_chunk c WHERE c.oid = ANY($1) AND c.programid = ANY($2)
UNION ALL
SELECT {TOLD}, t.oid, t.programid, coalesce(t.public_date <= now(), false), t.data
FROM lightcurves_toldcurve t WHERE t.oid = ANY($1) AND t.programid = ANY($2)
UNION ALL
SELECT {OBJECT}, s.oid, s.fid, true, float8send(s.ra) || float8send(s.dec) || float4send(coalesce(s.colour, 'NaN'))
FROM lightcurves_source s WHERE s.oid = ANY($1)
""",
    ("bigint[]", "smallint[]"),
)
# For a single object PostgreSQL keeps the plan: an unknown number of them it would rather plan each time.
POINTS_OF_ONE = Statement("light_curve_of_one", POINTS.query.replace("= ANY($1)", "= $1"), ("bigint", "smallint[]"))
OBJECTS = np.dtype([("source_ra", ">f8"), ("source_dec", ">f8"), ("colour", ">f4")])
IMAGE = np.dtype(
    [(name, ">i8") for name in ("pid", "expid", "filefracday", "field", "ccdid", "qid")]
    + [(name, ">f8") for name in ("mjd", "limitmag", "magzp", "magzprms", "clrcoeff", "clrcounc", "exptime", "airmass",
                                  "dzp", "tdb_mid", "observer_x", "observer_y", "observer_z")]
)  # fmt: skip
_SENT = {
    name: f"int8send(i.{name}::bigint)" if IMAGE[name].kind == "i" else f"float8send(coalesce(i.{name}, 'NaN'))"
    for name in IMAGE.names or ()
} | {"dzp": "float8send(coalesce(c.dzp, 0))"}
IMAGES = Statement(
    "light_curve_images",
    f"""
SELECT string_agg({" || ".join(_SENT[name] for name in _SENT)}, ''::bytea)
FROM lightcurves_image i LEFT JOIN lightcurves_imagecorrection c ON c.pid = i.pid WHERE i.pid = ANY($1)
""",
    ("bigint[]",),
)
FILTERS = np.array(["", "zg", "zr", "zi"])
INTEGERS = ("oid", "pid", "key", "expid", "catflags", "filefracday", "field", "ccdid", "qid", "programid")
EVERY_PROGRAM = (0, 1, 2, 3)
OBSERVER = ("observer_x", "observer_y", "observer_z")  # au from the barycentre


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


def get(oids: Iterable[int], programs: Sequence[int] = EVERY_PROGRAM) -> LightCurves:
    """The light curves of objects, joined with their images and corrected, from points of these programs.

    Columns: those of lightcurves.tables.dictionary.LIGHTCURVE, `pid` and `dzp` (the correction that was taken off),
    `key` (names a point of an object) and `hmjd` (hjd - 2400000.5 as a file told it; NaN for points of images). `mjd`
    is the start of the exposure, `hjd` the heliocentric Julian date (UTC) of its middle. What a file does not tell is
    NaN; whole numbers are 0 then, as is `pid` of every point that no image here gave.
    """
    columns = _read(list(map(int, oids)), programs)
    columns.pop("public"), columns.pop("colour")
    add_heliocentric(columns)
    return LightCurves(*_split(columns["oid"]), columns)


def batches(field: int, rcid: int, fid: int, sources: int = 2000) -> Iterator[LightCurves]:
    """All light curves of a field's quadrant and filter, some thousand sources at a time.

    Columns: those of `get` without hjd, `public` (everybody may see it now), colour, and where the observer was.
    """
    oids = list(Source.objects.filter(field=field, rcid=rcid, fid=fid).order_by("oid").values_list("oid", flat=True))
    for first in range(0, len(oids), sources):
        columns = _read(oids[first : first + sources], EVERY_PROGRAM)
        yield LightCurves(*_split(columns["oid"]), columns)


def scan(sources: int = 2000) -> Iterator[LightCurves]:
    """All light curves that there are, place by place (see `batches`)."""
    places = Source.objects.order_by("field", "rcid", "fid").distinct().values_list("field", "rcid", "fid")
    for field, rcid, fid in list(places):
        yield from batches(field, rcid, fid, sources)


def _read(oids: list[int], programs: Sequence[int]) -> dict[str, np.ndarray]:
    """Points by object and time, with what their objects and images know; magnitudes with colour and correction."""
    connection = connections[router.db_for_read(Detection)]
    with connection.cursor() as cursor:
        if len(oids) == 1:
            prepared.execute(connection, cursor, POINTS_OF_ONE, [oids[0], list(programs)])
        else:
            prepared.execute(connection, cursor, POINTS, [oids, list(programs)])
        found = cursor.fetchall()
        columns = _unpacked(found)
        prepared.execute(connection, cursor, IMAGES, [np.unique(columns["pid"]).tolist()])
        images = np.frombuffer(cursor.fetchone()[0] or b"", dtype=IMAGE)
    images = images[np.argsort(images["pid"])]
    _look_up(columns, "pid", images["pid"].astype(np.int64), images)
    columns["mag"] = columns["mag"] + np.nan_to_num(columns["clrcoeff"] * columns["colour"]) - columns["dzp"]
    _add_positions(columns)
    columns |= {"key": columns["pid"], "hmjd": np.full(len(columns["pid"]), np.nan)}
    if of_files := [row for row in found if row[0] == TOLD]:
        more = told.points(of_files)
        _add_objects(more, [row for row in found if row[0] == OBJECT])
        columns = {name: np.concatenate([values, more[name]]) for name, values in columns.items()}
    order = np.lexsort((told.times(columns), columns["oid"]))
    return {name: values[order] for name, values in columns.items()}


def _unpacked(found: list[tuple]) -> dict[str, np.ndarray]:
    """The points of strings of records and of chunks as arrays, with what their objects know."""
    rows, packed, objects = ([row for row in found if row[0] == tier] for tier in (ROWS, CHUNK, OBJECT))
    records = np.frombuffer(b"".join([row[4] for row in rows]), dtype=recent.RECORD)
    counts = np.array([len(row[4]) // recent.RECORD.itemsize for row in rows], dtype=np.int64)
    offsets, columns = codec.unpack([row[1:3] for row in packed], [row[4] for row in packed])
    counts = np.append(counts, np.diff(offsets))
    for name in codec.COLUMNS:
        native = records[name].astype(np.int64 if name in codec.WHOLE else np.float64)
        columns[name] = np.concatenate([native, columns[name]]) if len(native) else columns[name]
    for number, name, kind in ((1, "oid", np.int64), (2, "programid", np.int64), (3, "public", np.bool_)):
        columns[name] = np.repeat(np.array([row[number] for row in rows + packed], dtype=kind), counts)
    _add_objects(columns, objects)
    return columns


def _add_objects(columns: dict[str, np.ndarray], objects: list[tuple]) -> None:
    objects = sorted(objects, key=lambda row: row[1])
    oids = np.array([row[1] for row in objects], dtype=np.int64)
    place = _look_up(columns, "oid", oids, np.frombuffer(b"".join([row[4] for row in objects]), dtype=OBJECTS))
    columns["filtercode"] = FILTERS[np.array([row[2] for row in objects], dtype=np.int64)[place]]


def _look_up(columns: dict[str, np.ndarray], key: str, known: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Add what a table (by its ascending keys) says about each point; returns each point's row in it.

    Points of which it says nothing are left out: the reader may not see what they belong to.
    """
    place = np.searchsorted(known, columns[key])
    seen = place < len(known)
    seen[seen] = known[place[seen]] == columns[key][seen]
    if not seen.all():
        place = place[seen]
        for name in columns:
            columns[name] = columns[name][seen]
    for name in table.dtype.names or ():
        if name not in columns:
            columns[name] = table[name].astype(table.dtype[name].newbyteorder("="))[place]
    return place


def _split(oid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    oids, first = np.unique(oid, return_index=True)
    return oids, np.append(first, len(oid)).astype(np.int64)


def _add_positions(columns: dict[str, np.ndarray]) -> None:
    ra, dec = columns.pop("source_ra"), columns.pop("source_dec")
    east, north = columns.pop("dra") * MAS, columns.pop("ddec") * MAS
    columns["ra"] = (ra + east / np.cos(np.radians(dec))) % 360
    columns["dec"] = dec + north


def add_heliocentric(columns: dict[str, np.ndarray]) -> None:
    """Heliocentric Julian date of the middle of the exposure: light's way to the Sun along the line of sight.

    What a file told of it (`hmjd`) stays as it was told.
    """
    observer = np.stack([columns.pop(name) for name in OBSERVER], axis=1)
    tdb = columns.pop("tdb_mid")
    hjd = columns["mjd"] + MJD_ZERO + columns["exptime"] / 2 / SECONDS_PER_DAY
    ours = np.isfinite(tdb)
    if ours.any():
        towards = unit_vectors(columns["ra"][ours], columns["dec"][ours])
        moments, image = np.unique(tdb[ours], return_inverse=True)  # points of an image share theirs
        ahead = np.sum((observer[ours] - barycentric_position(SUN, moments)[image]) * towards, axis=1)
        hjd[ours] += ahead / LIGHT_AU_PER_DAY
    if "hmjd" in columns:
        hjd = np.where(ours, hjd, columns["hmjd"] + MJD_ZERO)
    columns["hjd"] = hjd
