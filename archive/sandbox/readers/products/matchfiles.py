"""Matchfiles (HDF5, PyTables): the light curves of a field's quadrant and filter; read some objects at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
import tables

from archive.sandbox.readers.errors import BadFileError, content_of

MATCH_TABLES = ("exposures", "sources", "sourcedata", "transients", "transientdata")
WITH_PROGRAMS = ("exposures", "sourcedata", "transientdata")
POINT = ("matchid", "expid", "hjd", "mjd", "mag", "magerr", "catflags", "ra", "dec", "chi", "sharp", "programid")
OBJECT = ("matchid", "ra", "dec", "refmag", "refmagerr", "refchi", "refsharp", "refsnr")
EXPOSURE = {
    "fracday": "filefracday", "limitmag": "limitmag", "magzp": "magzp", "magzprms": "magzprms", "clrcoeff": "clrcoeff",
    "clrcounc": "clrcounc", "exptime": "exptime", "airmass": "airmass",
}  # fmt: skip
KINDS = {"sources": "sourcedata", "transients": "transientdata"}
MOST_ROWS = 500_000_000
MOST_NODES = 1000
MOST_OBJECTS = 10**8  # an object's number has eight digits for it
LARGEST = 2 << 30  # bytes
ROWS_AT_ONCE = 1_000_000
PART_POINTS = 1_000_000  # that one call hands over, unless one object has more


def read(file: BinaryIO) -> dict:
    """The programs, fields, channels and filters of a file's tables, the number of `points`, and `parts`.

    A part is a table of objects and the first and last number (matchid) of those in it. Transients that have the
    numbers of sources are no object of their own: `without_number` tells how many there are.
    """
    with _opened(file) as found:
        said: dict = {"programs": _distinct(found, WITH_PROGRAMS, "programid")}
        for name, column in (("fields", "fieldid"), ("channels", "rcid"), ("filters", "filterid")):
            said[name] = _distinct(found, ("exposures",), column)
        parts, points, known = [], 0, np.zeros(0, np.int64)
        without_number = 0
        for kind, data in KINDS.items():
            numbers = _numbers(found, kind)
            if len(np.intersect1d(numbers, known)):
                without_number = len(numbers)
                continue
            known = np.union1d(known, numbers)
            ranges, count = _ranges(found, data, numbers)
            parts += [[kind, first, last] for first, last in ranges]
            points += count
    return said | {"points": points, "parts": parts, "without_number": without_number}


def read_part(file: BinaryIO, kind: str, first: int, last: int) -> dict:
    """Objects of a table by number, as `releases.read_part` has them; points with what their exposures tell."""
    with _opened(file) as found:
        objects = _chosen(found, kind, first, last, OBJECT)
        points = _chosen(found, KINDS[kind], first, last, POINT)
        points |= _of_exposures(found, points)
    order = np.argsort(points["matchid"], kind="stable")
    points = {name: values[order] for name, values in points.items()}
    numbers, counts = np.unique(points.pop("matchid"), return_counts=True)
    row = np.argsort(objects["matchid"], kind="stable")
    index = np.searchsorted(objects["matchid"][row], numbers)  # `read` saw that each is there, once
    return {
        "objects": {name: values[row][index] for name, values in objects.items()},
        "counts": counts.astype(np.int64),
        "points": points,
    }


@contextmanager
def _opened(file: BinaryIO) -> Iterator[tables.File]:
    """By its bytes: HDF5 would open a file by its name, which nothing here may."""
    try:
        image = content_of(file, LARGEST)
        with tables.open_file(
            "matchfile.h5", driver="H5FD_CORE", driver_core_image=image, driver_core_backing_store=0
        ) as found:
            _require_tables(found)
            yield found
    except (BadFileError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 (HDF5 and PyTables raise whatever a broken file leads them to)
        raise BadFileError(f"not a matchfile that can be read ({type(error).__name__})") from error


def _require_tables(found: tables.File) -> None:
    for number, node in enumerate(found.walk_nodes("/")):
        if number > MOST_NODES:
            raise BadFileError(f"more than {MOST_NODES} nodes")
        if isinstance(node, (tables.link.Link, tables.UnImplemented)):
            raise BadFileError(f"{node._v_pathname[:100]} is a link or of a kind that is not known")
    missing = [name for name in MATCH_TABLES if f"/matches/{name}" not in found]
    if missing:
        raise BadFileError(f"no matchfile (no table /matches/{missing[0]})")


def _table(found: tables.File, name: str, columns: tuple[str, ...], whole: tuple[str, ...] = ()) -> tables.Table:
    table = found.get_node(f"/matches/{name}")
    if not isinstance(table, tables.Table) or table.nrows > MOST_ROWS:
        raise BadFileError(f"/matches/{name} is no table of up to {MOST_ROWS} rows")
    for column in columns:
        if column not in table.colnames:
            raise BadFileError(f"/matches/{name} has no column {column}")
        kind = table.coldtypes[column]
        if kind.shape or kind.kind not in ("iu" if column in whole else "iuf"):
            raise BadFileError(f"/matches/{name}: {column} holds no {'whole ' if column in whole else ''}numbers")
    return table


def _distinct(found: tables.File, names: tuple[str, ...], column: str) -> list[int]:
    values: set = set()
    for name in names:
        table = _table(found, name, (column,), (column,))
        for start in range(0, table.nrows, ROWS_AT_ONCE):
            values |= set(np.unique(table.read(start, start + ROWS_AT_ONCE, field=column)).tolist())
            if len(values) > 10_000:
                raise BadFileError(f"/matches/{name}: {column} has more than 10,000 values")
    return sorted(values)


def _numbers(found: tables.File, kind: str) -> np.ndarray:
    """The numbers of a table's objects, each once."""
    numbers = _table(found, kind, OBJECT, ("matchid",)).read(field="matchid").astype(np.int64)
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < MOST_OBJECTS):
        raise BadFileError(f"/matches/{kind}: matchid {numbers.min()} to {numbers.max()}; it has up to eight digits")
    if len(np.unique(numbers)) != len(numbers):
        raise BadFileError(f"/matches/{kind}: holds an object twice")
    return numbers


def _ranges(found: tables.File, data: str, numbers: np.ndarray) -> tuple[list[tuple[int, int]], int]:
    """Ranges of numbers that have some million points together, and how many points there are."""
    table = _table(found, data, POINT, ("matchid", "expid", "catflags", "programid"))
    of, counts = np.unique(table.read(field="matchid").astype(np.int64), return_counts=True)
    if len(strange := np.setdiff1d(of, numbers)):
        raise BadFileError(f"/matches/{data}: points of matchid {strange[0]}, which is no object of the file")
    ranges, first, waiting = [], 0, 0
    for k, count in enumerate(counts.tolist()):
        if waiting and waiting + count > PART_POINTS:
            ranges.append((int(of[first]), int(of[k - 1])))
            first, waiting = k, 0
        waiting += count
    if len(of):
        ranges.append((int(of[first]), int(of[-1])))
    return ranges, int(counts.sum())


def _chosen(found: tables.File, name: str, first: int, last: int, columns: tuple[str, ...]) -> dict[str, np.ndarray]:
    table = _table(found, name, columns, ("matchid",))
    number = table.read(field="matchid").astype(np.int64)
    rows = np.flatnonzero((number >= first) & (number <= last))
    return {column: table.read_coordinates(rows, field=column) for column in columns}


def _of_exposures(found: tables.File, points: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The values of each point's exposure from the table of exposures: unknown (NaN, 0) where it has no row.

    `exposure_program` is the point's own where it tells nothing.
    """
    table = _table(found, "exposures", ("expid", "programid", *EXPOSURE), ("expid", "programid", "fracday"))
    known = table.read()
    expid, row = np.unique(known["expid"], return_index=True)
    known = known[row]
    index = np.minimum(np.searchsorted(expid, points["expid"]), max(len(expid) - 1, 0))
    there = expid[index] == points["expid"] if len(expid) else np.zeros(len(points["expid"]), bool)
    made = {}
    for name, mine in {**EXPOSURE, "programid": "exposure_program"}.items():
        whole = known.dtype[name].kind in "iu"
        nothing = points["programid"] if mine == "exposure_program" else (0 if whole else np.nan)
        told = known[name][index] if len(expid) else 0
        made[mine] = np.where(there, told, nothing).astype(np.int64 if whole else np.float64)
    return made
