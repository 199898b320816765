"""Light curves of a release as rows: an object with its points as lists, in IRSA's names and types.

Only points that the release holds and that the reader of the context may see are in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pyarrow as pa
from django.db import connections, router

from archive.models import Release
from archive.survey.camera import rcid
from archive.survey.identifiers import split_oid
from archive.survey.times import MJD_ZERO
from lightcurves.hats.contents import HEALPIX, Content
from lightcurves.hats.released import images_of, objects_of
from lightcurves.models import Source
from lightcurves.storage import read, recent

OBJECTS_AT_ONCE = 4000  # that are in memory
LISTS = (("hmjd", pa.float64()), ("mag", pa.float32()), ("magerr", pa.float32()), ("clrcoeff", pa.float32()),
         ("catflags", pa.int32()))  # fmt: skip
FLAGS = "bits of the mask under the source; bit 15: the whole image is bad"
SAID = {
    HEALPIX: ("", "HEALPix number of the position, order 29, nested"),
    "objectid": ("", "object identifier: a source of one field, quadrant and filter"),
    "objra": ("deg", "right ascension (ICRS)"), "objdec": ("deg", "declination (ICRS)"),
    "filterid": ("", "filter: 1 g, 2 r, 3 i"), "fieldid": ("", "field"), "rcid": ("", "readout channel, 0 to 63"),
    "nepochs": ("", "points of the light curve"),
    "lightcurve": ("", "the points by time: hmjd heliocentric MJD of mid-exposure (d), mag, magerr and clrcoeff (mag), "
                       f"catflags {FLAGS}"),
}  # fmt: skip


def _field(name: str, kind: pa.DataType) -> pa.Field:
    unit, description = SAID[name]
    return pa.field(name, kind, metadata={"unit": unit, "description": description})


SCHEMA = pa.schema(
    _field(name, kind)
    for name, kind in (
        (HEALPIX, pa.int64()), ("objectid", pa.int64()), ("objra", pa.float32()), ("objdec", pa.float32()),
        ("filterid", pa.int8()), ("fieldid", pa.int16()), ("rcid", pa.int8()), ("nepochs", pa.int64()),
        ("lightcurve", pa.struct([(name, pa.list_(kind)) for name, kind in LISTS])),
    )
)  # fmt: skip
# All that the points of a place are made of: objects, points (packed and others), and what their images tell.
_STATE = """
SELECT concat_ws(' ', s.n, s.known, c.n, c.known, d.n, d.known, i.n, i.known)
FROM (
  SELECT count(*) AS n, sum(hashtextextended(concat_ws(' ', oid, ra, dec, colour), 0)) AS known
  FROM lightcurves_source WHERE oid >= %(first)s AND oid < %(last)s
) AS s, (
  SELECT count(*) AS n, sum(hashtextextended(concat_ws(' ', oid, programid, md5(data)), 0)) AS known
  FROM lightcurves_chunk WHERE oid >= %(first)s AND oid < %(last)s
) AS c, (
  SELECT count(*) AS n, sum(hashtextextended(concat_ws(' ', oid, pid, mag, magerr, catflags, dra, ddec), 0)) AS known
  FROM lightcurves_detection WHERE oid >= %(first)s AND oid < %(last)s
) AS d, (
  SELECT count(*) AS n, sum(hashtextextended(concat_ws(' ', e.pid, e.mjd, e.exptime, e.clrcoeff, e.tdb_mid,
      e.observer_x, e.observer_y, e.observer_z, c.dzp), 0)) AS known
  FROM archive_scienceimage AS m
  JOIN archive_releaseitem AS r ON r.key = m.pid AND r.kind = 'sci' AND r.release_id = %(release)s
  JOIN lightcurves_image AS e ON e.pid = m.pid LEFT JOIN lightcurves_imagecorrection AS c ON c.pid = m.pid
  WHERE m.field = %(field)s AND m.rcid = %(rcid)s AND m.fid = %(fid)s AND m.programid = ANY(%(programs)s)
) AS i
"""


def content(release: Release) -> Content:
    """The light curves of a release.

    Raises
    ------
    lightcurves.hats.released.NothingToExportError
        if it has none.
    """
    pids = images_of(release)
    programs = programs_of(release)
    return Content(
        kind="lc",
        title="light curves",
        schema=SCHEMA,
        oid="objectid",
        ra="objra",
        dec="objdec",
        shown=("objectid", "objra", "objdec", "filterid", "nepochs", "lightcurve"),
        objects=objects_of(pids),
        tables=lambda objects: _tables(objects, pids, programs),
        state=cache(lambda place: state(release, place)),
    )


def programs_of(release: Release) -> list[int]:
    """The programs whose points a release holds."""
    return sorted(release.programs.values_list("pk", flat=True))


def state(release: Release, place: int) -> str:
    """A text that changes with all that a release's light curves of a place are made of."""
    said, (first, last) = split_oid(place * recent.OBJECTS_OF_PLACE), recent.objects_of(place)
    values = {
        "first": first, "last": last, "release": release.pk, "programs": programs_of(release),
        "field": said.field, "rcid": rcid(said.ccdid, said.qid), "fid": said.fid,
    }  # fmt: skip
    with connections[router.db_for_read(Source)].cursor() as cursor:
        cursor.execute(_STATE, values)
        return cursor.fetchone()[0]


def _tables(objects: np.ndarray, pids: np.ndarray, programs: list[int]) -> Iterator[pa.Table]:
    """Objects that have points, a whole number of row groups at a time, in the order that they come in."""
    for first in range(0, len(objects), OBJECTS_AT_ONCE):
        part = objects[first : first + OBJECTS_AT_ONCE]
        curves = read.get(part[:, 1].tolist(), programs)
        inside = np.isin(curves.columns["pid"], pids)
        columns = {name: values[inside] for name, values in curves.columns.items()}
        counts = np.bincount(np.searchsorted(part_sorted := np.sort(part[:, 1]), columns["oid"]), minlength=len(part))
        if counts.any():
            yield _table(part, part_sorted, counts, columns)


def _table(part: np.ndarray, oids: np.ndarray, counts: np.ndarray, columns: dict[str, np.ndarray]) -> pa.Table:
    """Points come by object number; rows go by place on the sky."""
    starts = np.concatenate([[0], np.cumsum(counts)])
    row = np.searchsorted(oids, part[:, 1])
    row = row[counts[row] > 0]
    keep, lengths = oids[row], counts[row]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    order = np.repeat(starts[row] - offsets[:-1], lengths) + np.arange(offsets[-1])
    values = columns | {"hmjd": heliocentric(columns)}
    lists = [
        pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(values[name][order]).cast(kind))
        for name, kind in LISTS
    ]
    facts = facts_of(keep)
    arrays = [pa.array(facts[name]).cast(SCHEMA.field(name).type) for name in SCHEMA.names[:-2]]
    nested = pa.StructArray.from_arrays(lists, fields=list(SCHEMA.field("lightcurve").type))
    return pa.Table.from_arrays([*arrays, pa.array(lengths, pa.int64()), nested], schema=SCHEMA)


def heliocentric(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Heliocentric MJD of mid-exposure, as IRSA's files count; what a file told, to the last bit."""
    return np.where(np.isnan(columns["hmjd"]), columns["hjd"] - MJD_ZERO, columns["hmjd"])


def facts_of(oids: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of objects, in IRSA's names and the order in which the objects are given."""
    names = {"hpx29": HEALPIX, "oid": "objectid", "ra": "objra", "dec": "objdec", "fid": "filterid",
             "field": "fieldid", "rcid": "rcid"}  # fmt: skip
    with connections[router.db_for_read(Source)].cursor() as cursor:
        listed = ", ".join(names)
        cursor.execute(f"SELECT {listed} FROM lightcurves_source WHERE oid = ANY(%s) ORDER BY oid", [oids.tolist()])
        rows = cursor.fetchall()
    columns = dict(zip(names.values(), map(np.array, zip(*rows, strict=True)), strict=True))
    place = np.searchsorted(columns["objectid"], oids)
    return {name: values[place] for name, values in columns.items()}
