"""Columns of a result in memory: Arrow arrays of the types that VOTable's fields have, and what they are as text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from archive.tables.fields import Field

ARROW = {
    "boolean": pa.bool_(),
    "unsignedByte": pa.uint8(),
    "short": pa.int16(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "char": pa.string(),
    "unicodeChar": pa.string(),
}


def arrow_type(field: Field) -> pa.DataType:
    """Arrow's type of a column."""
    kind = ARROW[field.datatype]
    return kind if field.is_text or field.arraysize is None else pa.list_(kind)


def schema_of(fields: Sequence[Field]) -> pa.Schema:
    """Arrow's schema of a table: units, UCDs, utypes and descriptions are the columns' metadata."""
    return pa.schema(
        pa.field(one.name, arrow_type(one), metadata={name: text for name, text in _said(one) if text})
        for one in fields
    )


def batch_of(fields: Sequence[Field], columns: Sequence) -> pa.RecordBatch:
    """Columns as they come (lists, arrays, masked arrays; None is null) as Arrow has them; a batch stays as it is."""
    if isinstance(columns, pa.RecordBatch):
        return columns
    arrays = [_array(field, column) for field, column in zip(fields, columns, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=[str(n) for n in range(len(fields))])


def texts(field: Field, values: pa.Array) -> pa.Array:
    """Values as text: booleans true and false, arrays with blanks between (DALI 1.1, section 3.3); null stays null."""
    if field.is_text:
        return values
    if not pa.types.is_list(values.type):
        return _numbers(values)
    inside = pa.ListArray.from_arrays(values.offsets, pc.fill_null(_numbers(values.values), "NaN"))
    return pc.if_else(pc.is_valid(values), pc.binary_join(inside, " "), pa.scalar(None, pa.string()))


def joined_rows(pieces: Sequence[pa.Array | str]) -> bytes:
    """Texts side by side, row after row."""
    rows = pc.binary_join_element_wise(*[_filled(one) for one in pieces], "")
    offsets = np.frombuffer(rows.buffers()[1], np.int32)
    first, last = offsets[rows.offset], offsets[rows.offset + len(rows)]
    return rows.buffers()[2][first:last].to_pybytes() if last > first else b""


def _said(field: Field) -> tuple[tuple[str, str | None], ...]:
    return (
        ("unit", field.unit),
        ("ucd", field.ucd),
        ("utype", field.utype),
        ("xtype", field.xtype),
        ("description", field.description),
    )


def _filled(piece: pa.Array | str) -> pa.Array | pa.Scalar:
    if isinstance(piece, str):
        return pa.scalar(piece)
    return pc.fill_null(piece, "") if piece.null_count else piece


def _numbers(values: pa.Array) -> pa.Array:
    written = pc.cast(values, pa.string())
    if not pa.types.is_floating(values.type) or pc.all(pc.is_finite(values)).as_py() is not False:
        return written
    infinite = pc.if_else(pc.greater(values, 0), "+Inf", "-Inf")
    return pc.if_else(pc.is_nan(values), "NaN", pc.if_else(pc.is_inf(values), infinite, written))


def _array(field: Field, column) -> pa.Array:
    kind = arrow_type(field)
    if isinstance(column, pa.Array):
        return column
    if isinstance(column, np.ma.MaskedArray) and column.dtype != object and column.ndim == 1:
        return pa.array(_plain(column.data), kind, mask=np.ma.getmaskarray(column))
    if isinstance(column, np.ndarray) and column.dtype.kind in "biuf" and column.ndim == 1:
        return pa.array(_plain(column), kind)
    return pa.array([_value(field, one) for one in column], kind)


def _plain(values: np.ndarray) -> np.ndarray:
    return values.astype(values.dtype.newbyteorder("="))


def _value(field: Field, value):
    """One value of a list as Arrow takes it."""
    if value is None or value is np.ma.masked:
        return None
    if field.is_text:
        return (value if isinstance(value, str) else str(value)).encode("utf-8", "replace").decode()
    if field.arraysize is not None:
        return [_number(field, one) for one in value]
    return _number(field, value)


def _number(field: Field, value):
    if field.datatype == "boolean":
        return bool(value)
    return float(value) if field.datatype in ("float", "double") else int(value)
