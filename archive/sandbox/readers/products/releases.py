"""Parquet files of a data release: one row an object, its points as lists; read some objects at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from archive.sandbox.readers import declared
from archive.sandbox.readers.errors import BadFileError

OBJECT = {"objectid": "oid", "objra": "ra", "objdec": "dec"}
LISTS = ("hmjd", "mag", "magerr", "clrcoeff", "catflags")
NEEDED = (*OBJECT, "filterid", *LISTS[:3], "catflags")
PLACE = {"fieldid": "fields", "rcid": "channels", "filterid": "filters", "programid": "programs"}
MOST_ROWS = 500_000_000
LARGEST_EXPANDED = 16 << 30  # bytes that a file declares
MOST_OF_AN_OBJECT = 1_000_000  # points
ROWS_AT_ONCE = 2000  # objects that are decoded together
PART_POINTS, PART_OBJECTS = 2_000_000, 200_000  # that one call hands over


def read(file: BinaryIO) -> dict:
    """The fields, channels, filters and programs of a file (lists are empty where it tells none), its `rows` and
    `points`, and `parts`: first row and number of rows, of which each is asked for by itself.
    """
    with _Source(file) as source:
        present = [name for name in PLACE if name in source.names]
        said: dict[str, set] = {name: set() for name in present}
        parts = _Parts()
        for batch in source.batches([*present, "objra", "objdec", "hmjd", *source.only("nepochs")]):
            for name in present:
                said[name] |= set(batch.column(name).unique().to_pylist())
                if len(said[name]) > 10_000:
                    raise BadFileError(f"{name} has more than 10,000 values")
            _require_on_sphere(batch)
            parts.add(_lengths(batch))
        for name in present:
            if not all(isinstance(one, int) for one in said[name]):
                raise BadFileError(f"{name} holds what is no whole number")
    found = {PLACE[name]: sorted(values) for name, values in said.items()}
    return found | {"rows": parts.rows, "points": parts.points, "parts": parts.closed()}


def read_part(file: BinaryIO, first: int, rows: int) -> dict:
    """Some objects: `objects` (oid, ra, dec), how many points each has (`counts`), and these, one after the other."""
    objects: list[dict] = []
    points: list[dict] = []
    counts: list[np.ndarray] = []
    with _Source(file) as source:
        lists = [name for name in LISTS if name in source.names]
        for batch in source.rows(first, rows, [*OBJECT, *lists]):
            counts.append(_lengths(batch))
            objects.append({mine: _numbers(batch.column(name), name) for name, mine in OBJECT.items()})
            points.append({name: _values(batch.column(name), counts[-1], name) for name in lists})
    if not counts:
        raise BadFileError(f"no row {first}")
    return {
        "objects": {name: np.concatenate([one[name] for one in objects]) for name in objects[0]},
        "counts": np.concatenate(counts),
        "points": {name: np.concatenate([one[name] for one in points]) for name in points[0]},
    }


class _Source:
    """An open Parquet file of light curves; whatever is wrong with it is a BadFileError."""

    def __init__(self, file: BinaryIO):
        self.file = file

    def __enter__(self) -> _Source:
        with _told_apart():
            self.source = parquet.ParquetFile(self.file, pre_buffer=False)
            declared.check_parquet(self.source, MOST_ROWS, LARGEST_EXPANDED)
            self.names = self.source.schema_arrow.names
            if missing := set(NEEDED) - set(self.names):
                raise BadFileError(f"no light curves of a data release (no column {', '.join(sorted(missing))})")
            for name in self.only(*LISTS):
                kind = self.source.schema_arrow.field(name).type
                if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not _is_number(kind.value_type):
                    raise BadFileError(f"{name} holds no lists of numbers, but {kind}")
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.source.close()

    def only(self, *names: str) -> list[str]:
        """Those of some columns that there are."""
        return [name for name in names if name in self.names]

    def batches(self, columns: list[str], groups: list[int] | None = None) -> Iterator[pa.RecordBatch]:
        with _told_apart():
            yield from self.source.iter_batches(ROWS_AT_ONCE, row_groups=groups, columns=columns, use_threads=False)

    def rows(self, first: int, count: int, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Rows from `first` on; only the row groups that hold them are decoded."""
        groups, begins, begin = [], [], 0
        for number in range(self.source.metadata.num_row_groups):
            size = self.source.metadata.row_group(number).num_rows
            if begin < first + count and begin + size > first:
                groups.append(number)
                begins.append(begin)
            begin += size
        place = begins[0] if begins else 0
        for batch in self.batches(columns, groups) if groups else ():
            low, high = max(first - place, 0), min(first + count - place, len(batch))
            place += len(batch)
            if low < high:
                yield batch.slice(low, high - low)
            if place >= first + count:
                return


class _Parts:
    """Successive rows, as many together as one call hands over."""

    def __init__(self):
        self.rows = self.points = self.begun = self.waiting = 0
        self.found: list[list[int]] = []

    def add(self, lengths: np.ndarray) -> None:
        if self.waiting and (
            self.waiting + lengths.sum() > PART_POINTS or self.rows - self.begun + len(lengths) > PART_OBJECTS
        ):
            self._close()
        self.rows += len(lengths)
        self.points += int(lengths.sum())
        self.waiting += int(lengths.sum())

    def _close(self) -> None:
        self.found.append([self.begun, self.rows - self.begun])
        self.begun, self.waiting = self.rows, 0

    def closed(self) -> list[list[int]]:
        if self.rows > self.begun:
            self._close()
        return self.found


class _told_apart:
    """Errors that Arrow raises over a broken file, as BadFileError."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind, error, trace) -> None:
        if isinstance(error, (BadFileError, MemoryError)) or error is None:
            return
        if isinstance(error, declared.TooMuchError):
            raise BadFileError(f"not a Parquet file that is taken: {error}") from error
        if isinstance(error, (pa.ArrowException, OSError, ValueError, KeyError, TypeError)):
            raise BadFileError(f"not a Parquet file ({str(error)[:200]})") from error


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _require_on_sphere(batch: pa.RecordBatch) -> None:
    ra, dec = (_numbers(batch.column(name), name).astype(float) for name in ("objra", "objdec"))
    if not (np.all((ra >= 0) & (ra <= 360)) and np.all(np.abs(dec) <= 90)):
        raise BadFileError("objra, objdec: a position that is not on the sphere")


def _numbers(column: pa.Array, name: str) -> np.ndarray:
    if not _is_number(column.type):
        raise BadFileError(f"{name} holds no numbers, but {column.type}")
    return column.to_numpy(zero_copy_only=False)


def _lengths(batch: pa.RecordBatch) -> np.ndarray:
    """The number of points of each object of a batch."""
    hmjd = batch.column("hmjd")
    if hmjd.null_count:
        raise BadFileError("hmjd: an object has no list of times")
    lengths = np.asarray(hmjd.value_lengths().to_numpy(zero_copy_only=False), np.int64)
    if len(lengths) and lengths.max() > MOST_OF_AN_OBJECT:
        raise BadFileError(f"an object has {lengths.max()} points; at most {MOST_OF_AN_OBJECT}")
    if "nepochs" in batch.schema.names:
        told = _numbers(batch.column("nepochs"), "nepochs")
        if wrong := np.flatnonzero(told != lengths).tolist():
            raise BadFileError(f"nepochs is {told[wrong[0]]}, the lists of that object have {lengths[wrong[0]]} points")
    return lengths


def _values(column: pa.Array, lengths: np.ndarray, name: str) -> np.ndarray:
    if column.null_count or not np.array_equal(column.value_lengths().to_numpy(zero_copy_only=False), lengths):
        raise BadFileError(f"{name}: an object has more or fewer values than times")
    return column.flatten().to_numpy(zero_copy_only=False)
