"""Light curves of a release as HATS Parquet: what LSDB opens and DuckDB scans.

One row per object with its points as lists, in IRSA's names and types; one file per HEALPix pixel of an order that
adapts to how dense objects are; row groups of 200 objects, so that one light curve is read in milliseconds. Only points
that the release holds and that the reader of the context may see are written.

Source: HATS, the Hierarchical Adaptive Tiling Scheme, https://www.ivoa.net/documents/Notes/HATS/
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connections, router

from archive.files.atomic import put_in_place
from archive.models import Family, Release
from archive.survey.times import MJD_ZERO
from lightcurves.models import Source
from lightcurves.storage import read
from lightcurves.storage.healpix import ORDER

OBJECTS_IN_FILE = 50_000  # some 100 MB at 150 points an object
OBJECTS_IN_ROW_GROUP = 200
OBJECTS_AT_ONCE = 4000  # that are in memory
FIRST_ORDER, LAST_ORDER = 0, 9
PIXELS_IN_FOLDER = 10_000
LISTS = (("hmjd", pa.float64()), ("mag", pa.float32()), ("magerr", pa.float32()), ("clrcoeff", pa.float32()),
         ("catflags", pa.int32()))  # fmt: skip
SCHEMA = pa.schema(
    [
        ("_healpix_29", pa.int64()), ("objectid", pa.int64()), ("objra", pa.float32()), ("objdec", pa.float32()),
        ("filterid", pa.int8()), ("fieldid", pa.int16()), ("rcid", pa.int8()), ("nepochs", pa.int64()),
        ("lightcurve", pa.struct([(name, pa.list_(kind)) for name, kind in LISTS])),
    ]
)  # fmt: skip
SPLIT = [f"lightcurve.{name}.list.element" for name, kind in LISTS if pa.types.is_floating(kind)]
IN_RELEASE = """
SELECT r.key FROM archive_releaseitem AS r JOIN archive_scienceimage AS i ON i.pid = r.key
WHERE r.release_id = %s AND r.kind = 'sci'
    AND i.programid IN (SELECT program_id FROM archive_release_programs WHERE release_id = %s)
ORDER BY r.key
"""
Progress = Callable[[int, int], None]


class NothingToExportError(ValueError):
    """A release without light curves that the reader may see; the message says why."""


@dataclass(frozen=True)
class Pixel:
    """A HEALPix pixel (nested) that becomes one file, with the rows of the objects in it."""

    order: int
    number: int
    first: int
    last: int

    @property
    def path(self) -> str:
        """The path of its file in the catalog's folder."""
        folder = self.number // PIXELS_IN_FOLDER * PIXELS_IN_FOLDER
        return f"dataset/Norder={self.order}/Dir={folder}/Npix={self.number}.parquet"


@dataclass(frozen=True)
class Exported:
    """Counts of what was written: objects, points, files, bytes."""

    objects: int
    points: int
    files: int
    size: int


def export(release: Release, folder: Path, progress: Progress | None = None) -> Exported:
    """Write the light curves of a release as a HATS catalog; `folder` appears whole, or stays as it was.

    Parameters
    ----------
    progress : called with objects done and objects in all

    Raises
    ------
    NothingToExportError
        if the release has no light curves, or none that the reader of the context may see.
    FileExistsError
        if there is a folder of this name: an export is not changed.
    """
    with appearing_whole(folder) as temporary:
        pids = images_of(release)
        objects = _objects(pids)
        if not len(objects):
            raise NothingToExportError(f"release {release.name}: holds no light curve that you may see")
        return _write(release, objects, pids, temporary, progress)


@contextmanager
def appearing_whole(folder: Path) -> Iterator[Path]:
    """Another folder to write into, which gets the name when the block ends well, and is removed otherwise.

    Raises
    ------
    FileExistsError
        if there is a folder of this name: an export is not changed.
    """
    if folder.exists():
        raise FileExistsError(f"{folder}: is there already; an export is written once")
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        yield temporary
        put_in_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def pixels(hpx29: np.ndarray, most: int = OBJECTS_IN_FILE) -> list[Pixel]:
    """Pixels of at most `most` objects each (more only at the last order), from HEALPix numbers in ascending order."""
    found, waiting = [], [(FIRST_ORDER, number) for number in range(11, -1, -1)]
    while waiting:
        order, number = waiting.pop()
        shift = 2 * (ORDER - order)
        first, last = np.searchsorted(hpx29, [number << shift, (number + 1) << shift]).tolist()
        if last - first > most and order < LAST_ORDER:
            waiting.extend((order + 1, 4 * number + k) for k in (3, 2, 1, 0))
        elif last > first:
            found.append(Pixel(order, number, first, last))
    return found


def images_of(release: Release) -> np.ndarray:
    """The numbers of a release's images, ascending, as far as the reader of the context may see them.

    Raises
    ------
    NothingToExportError
        if the release has no light curves.
    """
    if Family.LIGHTCURVE not in release.families or release.is_draft:
        raise NothingToExportError(f"release {release.name}: is a draft, or of families without light curves")
    with connections[router.db_for_read(Source)].cursor() as cursor:
        cursor.execute(IN_RELEASE, [release.pk, release.pk])
        return np.array([pid for (pid,) in cursor.fetchall()], dtype=np.int64)


def _objects(pids: np.ndarray) -> np.ndarray:
    """HEALPix number and object number (n, 2) of the objects where the release has images, by place on the sky."""
    with connections[router.db_for_read(Source)].cursor() as cursor:
        cursor.execute(
            "SELECT hpx29, oid FROM lightcurves_source WHERE (field, rcid, fid) IN "
            "(SELECT DISTINCT field, rcid, fid FROM archive_scienceimage WHERE pid = ANY(%s)) ORDER BY 1, 2",
            [pids.tolist()],
        )
        return np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)


def _write(release, objects: np.ndarray, pids: np.ndarray, folder: Path, progress: Progress | None) -> Exported:
    infos, rows, points, done = [], 0, 0, 0
    programs = list(release.programs.values_list("pk", flat=True))
    for pixel in pixels(objects[:, 0]):
        path = folder / pixel.path
        path.parent.mkdir(parents=True, exist_ok=True)
        collected: list = []
        counts = _write_pixel(path, objects[pixel.first : pixel.last], pids, programs, collected)
        done += pixel.last - pixel.first
        if progress is not None:
            progress(done, len(objects))
        if not counts[0]:
            path.unlink()
            continue
        rows, points = rows + counts[0], points + counts[1]
        collected[0].set_file_path(str(Path(pixel.path).relative_to("dataset")))
        infos.append((pixel, collected[0]))
    if not rows:
        raise NothingToExportError(f"release {release.name}: holds no point that you may see")
    _describe(release, folder, infos, rows)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Exported(rows, points, len(infos), size)


def _write_pixel(
    path: Path, objects: np.ndarray, pids: np.ndarray, programs: list[int], collected: list
) -> tuple[int, int]:
    rows = points = 0
    with pq.ParquetWriter(
        path,
        SCHEMA,
        compression="zstd",
        use_dictionary=False,
        use_byte_stream_split=SPLIT,
        metadata_collector=collected,
    ) as writer:
        for table, count in _tables(objects, pids, programs):
            writer.write_table(table, row_group_size=OBJECTS_IN_ROW_GROUP)
            rows, points = rows + len(table), points + count
    return rows, points


def _tables(objects: np.ndarray, pids: np.ndarray, programs: list[int]) -> Iterator[tuple[pa.Table, int]]:
    """Objects that have points, a whole number of row groups at a time, in the order that they come in."""
    for first in range(0, len(objects), OBJECTS_AT_ONCE):
        part = objects[first : first + OBJECTS_AT_ONCE]
        curves = read.get(part[:, 1].tolist(), programs)
        inside = np.isin(curves.columns["pid"], pids)
        columns = {name: values[inside] for name, values in curves.columns.items()}
        counts = np.bincount(np.searchsorted(part_sorted := np.sort(part[:, 1]), columns["oid"]), minlength=len(part))
        if counts.any():
            yield _table(part, part_sorted, counts, columns), int(counts.sum())


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
    """Columns of objects (ascending numbers), in IRSA's names."""
    names = {"hpx29": "_healpix_29", "oid": "objectid", "ra": "objra", "dec": "objdec", "fid": "filterid",
             "field": "fieldid", "rcid": "rcid"}  # fmt: skip
    with connections[router.db_for_read(Source)].cursor() as cursor:
        listed = ", ".join(names)
        cursor.execute(f"SELECT {listed} FROM lightcurves_source WHERE oid = ANY(%s) ORDER BY oid", [oids.tolist()])
        rows = cursor.fetchall()
    columns = dict(zip(names.values(), map(np.array, zip(*rows, strict=True)), strict=True))
    place = np.searchsorted(columns["objectid"], oids)
    return {name: values[place] for name, values in columns.items()}


def _describe(release: Release, folder: Path, infos: list, rows: int) -> None:
    """Metadata that HATS asks for: properties, the list of files, and the metadata of all in one."""
    infos.sort(key=lambda one: (one[0].order, one[0].number))
    pq.write_metadata(SCHEMA, folder / "dataset" / "_common_metadata")
    pq.write_metadata(SCHEMA, folder / "dataset" / "_metadata", metadata_collector=[info for _, info in infos])
    lines = ["Norder,Npix", *(f"{pixel.order},{pixel.number}" for pixel, _ in infos)]
    (folder / "partition_info.csv").write_text("\n".join(lines) + "\n")
    bytes_now = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    properties = {
        "obs_collection": f"ztf_{release.name}_lc", "dataproduct_type": "object", "hats_nrows": rows,
        "hats_col_ra": "objra", "hats_col_dec": "objdec", "hats_col_healpix": "_healpix_29",
        "hats_col_healpix_order": ORDER, "hats_npix_suffix": ".parquet",
        "hats_cols_default": "objectid objra objdec filterid nepochs lightcurve",
        "hats_max_rows": max(info.num_rows for _, info in infos), "hats_order": max(p.order for p, _ in infos),
        "hats_estsize": bytes_now // 1024, "hats_version": "v1.0", "hats_builder": "lightcurves.export",
        "hats_creation_date": f"{datetime.now(UTC):%Y-%m-%dT%H:%MUTC}", "obs_title": release.title,
        "hats_release_date": f"{release.published or release.frozen:%Y-%m-%d}",
    }  # fmt: skip
    text = "".join(f"{name}={value}\n" for name, value in properties.items())
    for name in ("hats.properties", "properties"):  # the name of HATS 1.x, and that of 0.x
        (folder / name).write_text(text)
