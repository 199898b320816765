"""Light curves of a release as Parquet in several editions: HATS, and per quadrant as IRSA's bulk files lie.

    hats     one row an object with its points, a file for each pixel on the sky (lightcurves.hats)
    objects  the same of objects with the statistics of their points
    bulk     one row an object with its points as lists, in IRSA's names, order and types
    flat     one row a detection

The last two have a file for each field, filter, CCD and quadrant, in the folders and with the names of IRSA's:
{0,1}/fieldFFFFFF/ztf_FFFFFF_zX_cCC_qQ_RELEASE.parquet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connections, router

from archive.models import Release
from archive.survey.camera import ccd_quadrant
from lightcurves.download.tree import Tree
from lightcurves.hats import collection
from lightcurves.hats.contents import LAYOUT, OBJECTS_IN_ROW_GROUP
from lightcurves.hats.light_curves import LISTS, OBJECTS_AT_ONCE, facts_of, heliocentric, programs_of, state
from lightcurves.hats.released import Exported, NothingToExportError, Progress, appearing_whole, images_of
from lightcurves.models import Source
from lightcurves.storage import read, store

HATS, OBJECTS, BULK, FLAT = "hats", "objects", "bulk", "flat"
EDITIONS = {
    HATS: "a HATS collection, one row a light curve",
    OBJECTS: "a HATS collection of objects with statistics",
    BULK: "files as IRSA's bulk light curves, one row an object",
    FLAT: "files of a quadrant, one row a detection",
}
OF_OBJECT = (
    ("objectid", pa.int64()), ("filterid", pa.int8()), ("fieldid", pa.int16()), ("rcid", pa.int8()),
    ("objra", pa.float32()), ("objdec", pa.float32()),
)  # fmt: skip
BULK_SCHEMA = pa.schema([*OF_OBJECT, ("nepochs", pa.int64()), *((name, pa.list_(kind)) for name, kind in LISTS)])
FLAT_SCHEMA = pa.schema([*OF_OBJECT, *LISTS])
LARGEST_FIELD = 32767  # that IRSA's type of fieldid holds
SUMS = ("checksums.md5", "checksum.md5")  # IRSA's releases have the one or the other name
PLACES = """
SELECT DISTINCT field, rcid, fid FROM archive_scienceimage WHERE pid = ANY(%s) ORDER BY 1, 3, 2
"""


@dataclass(frozen=True)
class Place:
    """A field's quadrant and filter: one file."""

    field: int
    rcid: int
    fid: int

    def path(self, release: str) -> str:
        """The path of its file in the export's folder."""
        ccdid, qid = ccd_quadrant(self.rcid)
        name = f"ztf_{self.field:06d}_{read.FILTERS[self.fid]}_c{ccdid:02d}_q{qid}_{release}.parquet"
        return f"{self.field // 1000}/field{self.field:06d}/{name}"


def export(release: Release, folder: Path, edition: str = HATS, progress: Progress | None = None) -> Exported:
    """Write the light curves of a release in an edition; as lightcurves.hats.collection.export."""
    if edition in (HATS, OBJECTS):
        kind = collection.LIGHT_CURVES if edition == HATS else collection.OBJECTS
        return collection.export(release, folder, progress, kind)
    with appearing_whole(folder) as temporary:
        return write(Tree(temporary), "", release, edition, progress)


def write(tree: Tree, folder: str, release: Release, edition: str = BULK, progress: Progress | None = None) -> Exported:
    """Write the files of an edition per quadrant into a folder of a tree, and the list of their MD5.

    Raises
    ------
    NothingToExportError
        if no point is to be seen, or a field's number is too large for IRSA's files.
    """
    schema, rows = {BULK: (BULK_SCHEMA, _one_row_an_object), FLAT: (FLAT_SCHEMA, _one_row_a_detection)}[edition]
    pids, programs = images_of(release), programs_of(release)
    places, top, found = _places(pids), tree.folder / folder, []
    for number, place in enumerate(places, start=1):
        path = top / place.path(release.name)
        key = f"{edition} {place.field} {place.fid} {place.rcid}"
        put = partial(_write_place, place=place, pids=pids, programs=programs, schema=schema, rows=rows)
        if tree.put(key, path, partial(_state, release, place), put):
            found.append(path)
        if progress is not None:
            progress(number, len(places))
    if not found:
        raise NothingToExportError(f"release {release.name}: holds no point that you may see")
    tree.write_sums(top / SUMS[0], "./")
    (top / SUMS[1]).hardlink_to(top / SUMS[0])
    objects, points = np.sum([_counts(path) for path in found], axis=0).tolist()
    return Exported(objects, points, len(found), sum(path.stat().st_size for path in found))


def _state(release: Release, place: Place) -> str:
    return f"{LAYOUT} {state(release, store.place_of(place.field, place.rcid, place.fid))}"


def _write_place(
    path: Path, place: Place, pids: np.ndarray, programs: list[int], schema: pa.Schema, rows: Callable
) -> int:
    """Write the file of a place; returns how many objects it has."""
    objects = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for curves in _curves(place, pids, programs):
            writer.write_table(rows(*curves), row_group_size=_rows_in_group(schema, curves))
            objects += len(curves[0])
    return objects


def _counts(path: Path) -> tuple[int, int]:
    """Objects and points of a file."""
    file = pq.ParquetFile(path)
    if "nepochs" in file.schema_arrow.names:
        return file.metadata.num_rows, int(np.sum(file.read(["nepochs"]).column(0).to_numpy()))
    return len(np.unique(file.read(["objectid"]).column(0).to_numpy())), file.metadata.num_rows


def _rows_in_group(schema: pa.Schema, curves: tuple) -> int:
    return OBJECTS_IN_ROW_GROUP if schema is BULK_SCHEMA else len(curves[2]["oid"])


def _places(pids: np.ndarray) -> list[Place]:
    with connections[router.db_for_read(Source)].cursor() as cursor:
        cursor.execute(PLACES, [pids.tolist()])
        places = [Place(*row) for row in cursor.fetchall()]
    if strange := [place.field for place in places if place.field > LARGEST_FIELD]:
        raise NothingToExportError(f"field {strange[0]}: IRSA's files have no room for fields beyond {LARGEST_FIELD}")
    return places


def _curves(place: Place, pids: np.ndarray, programs: list[int]) -> Iterator[tuple[np.ndarray, np.ndarray, dict]]:
    """Objects of a place that have points, some thousand at a time: numbers, how many points each, and these."""
    oids = Source.objects.filter(field=place.field, rcid=place.rcid, fid=place.fid).order_by("oid")
    oids = list(oids.values_list("oid", flat=True))
    for first in range(0, len(oids), OBJECTS_AT_ONCE):
        columns = read.get(oids[first : first + OBJECTS_AT_ONCE], programs).columns
        inside = np.isin(columns["pid"], pids)
        columns = {name: values[inside] for name, values in columns.items()}
        columns["hmjd"] = heliocentric(columns)
        order = np.lexsort((columns["hmjd"], columns["oid"]))
        columns = {name: values[order] for name, values in columns.items()}
        found, counts = np.unique(columns["oid"], return_counts=True)
        if len(found):
            yield found, counts, columns


def _one_row_an_object(oids: np.ndarray, counts: np.ndarray, columns: dict[str, np.ndarray]) -> pa.Table:
    offsets = pa.array(np.append(0, np.cumsum(counts)), pa.int32())
    lists = [pa.ListArray.from_arrays(offsets, _values(columns, name, kind)) for name, kind in LISTS]
    facts = facts_of(oids)
    arrays = [pa.array(facts[name]).cast(kind) for name, kind in OF_OBJECT]
    return pa.Table.from_arrays([*arrays, pa.array(counts, pa.int64()), *lists], schema=BULK_SCHEMA)


def _one_row_a_detection(oids: np.ndarray, counts: np.ndarray, columns: dict[str, np.ndarray]) -> pa.Table:
    facts = facts_of(oids)
    arrays = [pa.array(np.repeat(facts[name], counts)).cast(kind) for name, kind in OF_OBJECT]
    return pa.Table.from_arrays([*arrays, *(_values(columns, name, kind) for name, kind in LISTS)], schema=FLAT_SCHEMA)


def _values(columns: dict[str, np.ndarray], name: str, kind: pa.DataType) -> pa.Array:
    return pa.array(columns[name]).cast(kind)
