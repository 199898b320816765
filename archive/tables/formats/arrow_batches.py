"""PostgreSQL's binary COPY of a result as Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import pyarrow as pa

from archive.database import copy
from archive.tables.arrow import arrow_type
from archive.tables.fields import Field
from archive.tables.formats import kernels
from archive.tables.formats.errors import ResultTooLargeError

ROWS = 50_000
"""Rows of a batch at most."""
LONGEST_ROW = 64 * 1024**2
"""Bytes of a row: of many texts, none of which is too long."""
_WIDTHS = {"short": 2, "int": 4, "long": 8, "float": 4, "double": 8}


def batches(
    fields: Sequence[Field], pieces: Iterator[bytes], most: int = 1 << 62, longest_row: int = LONGEST_ROW
) -> Iterator[pa.RecordBatch]:
    """COPY's rows as Arrow batches of about a piece's bytes each.

    Parameters
    ----------
    fields : whose types are those of the columns; times are text already
    most : bytes of all rows; longest_row : bytes of one

    Raises
    ------
    archive.tables.formats.errors.ResultTooLargeError
    """
    size_of_all = 0
    names = [str(n) for n in range(len(fields))]
    rest = _after_head(pieces)
    for piece in chain([b""], pieces):
        rest += piece
        size_of_all += len(piece)
        if size_of_all > most:
            raise ResultTooLargeError(f"the result has more than {most} bytes: ask for fewer rows or columns")
        taken, ended = 0, False
        while not ended:
            data = np.frombuffer(rest, np.uint8, offset=taken)
            starts = np.empty((len(fields), _rows_in(len(data), len(fields))), np.int64)
            sizes = np.empty_like(starts)
            rows, size, ended = kernels.walk(data, len(fields), starts, sizes)
            taken += size
            if not rows:
                break
            arrays = [_column(one, data, starts[n, :rows], sizes[n, :rows]) for n, one in enumerate(fields)]
            yield pa.RecordBatch.from_arrays(arrays, names=names)
        rest = rest[taken:]
        if len(rest) > longest_row:
            raise ResultTooLargeError(f"a row of the result has more than {longest_row} bytes: ask for fewer columns")


def _after_head(pieces: Iterator[bytes]) -> bytes:
    """The bytes after COPY's head in the first pieces."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= len(copy.HEADER):
            break
    return head[len(copy.HEADER) :]


def _rows_in(size: int, columns: int) -> int:
    """As many rows as so many bytes may hold."""
    return min(size // (2 + 4 * columns) + 1, ROWS)


def _column(field: Field, data: np.ndarray, starts: np.ndarray, sizes: np.ndarray) -> pa.Array:
    null = sizes < 0
    if field.is_text:
        offsets, text = kernels.joined(data, starts, sizes)
        return pa.Array.from_buffers(
            pa.string(), len(starts), [_valid(null), pa.py_buffer(offsets), pa.py_buffer(text)]
        )
    if field.arraysize is None:
        return _numbers(field, data, starts, sizes)
    offsets = kernels.elements(data, starts, sizes)
    inside = _numbers(field, data, *kernels.places(data, starts, offsets))
    return pa.Array.from_buffers(
        arrow_type(field), len(starts), [_valid(null), pa.py_buffer(offsets)], children=[inside]
    )


def _numbers(field: Field, data: np.ndarray, starts: np.ndarray, sizes: np.ndarray) -> pa.Array:
    null = sizes < 0
    if field.datatype == "boolean":
        return pa.array(kernels.turned(data, starts, sizes, 1).astype(bool), mask=null)
    width = _WIDTHS[field.datatype]
    values = kernels.turned(data, starts, sizes, width)
    kind = arrow_type(field) if field.arraysize is None else arrow_type(field).value_type
    return pa.Array.from_buffers(kind, len(starts), [_valid(null), pa.py_buffer(values)])


def _valid(null: np.ndarray) -> pa.Buffer | None:
    return pa.py_buffer(np.packbits(~null, bitorder="little")) if null.any() else None
