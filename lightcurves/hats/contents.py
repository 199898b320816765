"""The content of a HATS catalog: a row for each object, in the order of its columns, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from archive.files.kept import key_of
from lightcurves.storage.recent import OBJECTS_OF_PLACE

HEALPIX = "_healpix_29"
OBJECTS_IN_ROW_GROUP = 200  # one is read in milliseconds
LAYOUT = 1  # of files: another one makes all of them anew


@dataclass(frozen=True)
class Content:
    """The rows of a catalog.

    kind : "lc" or "objects", as IRSA names the folder
    oid, ra, dec : columns that hold an object's number and position
    shown : columns that readers load unless they say which
    objects : int64 array (n, 2), HEALPix number and object number of what may have a row, by place on the sky
    tables : the rows of objects that have one, in the order in which they are given
    state : changes with all that the rows of a place (the beginning of its objects' numbers) are made of
    """

    kind: str
    title: str
    schema: pa.Schema
    oid: str
    ra: str
    dec: str
    shown: tuple[str, ...]
    objects: np.ndarray
    tables: Callable[[np.ndarray], Iterator[pa.Table]]
    state: Callable[[int], str]

    @cached_property
    def _split(self) -> list[str]:
        """Columns whose bytes are stored apart: numbers with a fraction."""
        found = []
        for field in self.schema:
            if pa.types.is_struct(field.type):
                inside = (one for one in field.type if pa.types.is_floating(one.type.value_type))
                found += [f"{field.name}.{one.name}.list.element" for one in inside]
            elif pa.types.is_floating(field.type):
                found.append(field.name)
        return found

    def write(self, path: Path, objects: np.ndarray) -> int:
        """Write the rows of objects, given by place on the sky; returns how many there are."""
        count = 0
        with pq.ParquetWriter(
            path, self.schema, compression="zstd", use_dictionary=False, use_byte_stream_split=self._split
        ) as writer:
            for table in self.tables(objects):
                writer.write_table(table, row_group_size=OBJECTS_IN_ROW_GROUP)
                count += len(table)
        return count

    def state_of(self, objects: np.ndarray) -> str:
        """A key of all that the rows of these objects are made of."""
        places = np.unique(objects[:, 1] // OBJECTS_OF_PLACE).tolist()
        return key_of(LAYOUT, self.schema.to_string(), objects.tobytes().hex(), *map(self.state, places))
