"""BINARY2, the fast VOTable serialisation: big-endian values after one bit per null (VOTable 1.4, 5.4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from archive.tables.arrow import ARROW, batch_of
from archive.tables.fields import Field
from archive.tables.formats import kernels

COUNT = 4  # bytes of the number of elements before what has any number of them


def encode_rows(fields: Sequence[Field], columns) -> bytes:
    """One batch of rows.

    Parameters
    ----------
    fields : Field per column
    columns : an Arrow batch, or a list of sequences or (masked) arrays of equal length
    """
    batch = batch_of(fields, columns)
    parts = [_part(field, array) for field, array in zip(fields, batch.columns, strict=True)]
    null = np.stack([array.is_null().to_numpy(zero_copy_only=False) for array in batch.columns], axis=1)
    flags = np.packbits(null, axis=1)
    sizes = np.full(batch.num_rows, flags.shape[1], np.int64)
    for one in parts:
        sizes += one.sizes
    ends = np.cumsum(sizes)
    out, at = np.zeros(int(ends[-1]) if len(ends) else 0, np.uint8), ends - sizes
    for k in range(flags.shape[1]):
        out[at + k] = flags[:, k]
    at += flags.shape[1]
    for one in parts:
        one.put(out, at)
    return out.tobytes()


class _Numbers:
    """One number a row."""

    def __init__(self, field: Field, array: pa.Array):
        self.bytes, self.width = _bytes(field, array)
        self.sizes = self.width

    def put(self, out: np.ndarray, at: np.ndarray) -> None:
        kernels.put_bytes(out, at, self.bytes, self.width)


class _Lists:
    """Any number of numbers a row, or a fixed one: what is too much is cut, what is missing is zero."""

    def __init__(self, field: Field, array: pa.ListArray):
        self.bytes, self.width = _bytes(field, array.values)
        self.offsets = np.asarray(array.offsets).astype(np.int64)
        self.varies = field.arraysize == "*"
        lengths = np.where(array.is_null().to_numpy(zero_copy_only=False), 0, np.diff(self.offsets))
        self.counts = lengths if self.varies else np.full(len(array), int(field.arraysize or 1))
        self.sizes = self.counts * self.width + (COUNT if self.varies else 0)

    def put(self, out: np.ndarray, at: np.ndarray) -> None:
        if self.varies:
            kernels.put_counts(out, at, self.counts)
        kernels.put_lists(out, at, self.bytes, self.offsets, self.counts, self.width)


class _Text:
    """Characters, ASCII or UTF-16, any number of them or a fixed one."""

    def __init__(self, field: Field, array: pa.StringArray):
        self.wide, self.varies = field.datatype == "unicodeChar", field.arraysize == "*"
        offsets, data = array.buffers()[1:]
        self.offsets = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
        self.data = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
        held = kernels.characters(self.data, self.offsets, self.wide)
        self.counts = held if self.varies else np.full(len(array), int(field.arraysize or 1))
        self.sizes = self.counts * (2 if self.wide else 1) + (COUNT if self.varies else 0)

    def put(self, out: np.ndarray, at: np.ndarray) -> None:
        if self.varies:
            kernels.put_counts(out, at, self.counts)
        kernels.put_text(out, at, self.data, self.offsets, self.counts, self.wide)


def _part(field: Field, array: pa.Array) -> _Numbers | _Lists | _Text:
    if field.is_text:
        return _Text(field, array)
    return _Numbers(field, array) if field.arraysize is None else _Lists(field, array)


def _bytes(field: Field, array: pa.Array) -> tuple[np.ndarray, int]:
    """Numbers as bytes and how many each has; a null is NaN, 0, or for booleans a blank."""
    null = array.is_null().to_numpy(zero_copy_only=False)
    if field.datatype == "boolean":
        values = np.where(array.fill_null(False).to_numpy(zero_copy_only=False), ord("T"), ord("F")).astype(np.uint8)
        values[null] = ord(" ")
        return values, 1
    filler = np.nan if field.datatype in ("float", "double") else 0
    values = array.fill_null(filler) if null.any() else array
    plain = np.ascontiguousarray(values.to_numpy(zero_copy_only=False))
    kind = ARROW[field.datatype].to_pandas_dtype()
    return plain.astype(kind, copy=False).view(np.uint8), np.dtype(kind).itemsize
