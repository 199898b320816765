"""Rows to and from PostgreSQL's binary COPY, as numpy records: some ten times faster than row by row."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts microseconds from here
NULL = -1


def copy_in(cursor, table: str, rows: np.ndarray, moments: Mapping[str, datetime | None]) -> None:
    """Write records into the columns of a table that bear their fields' names.

    Parameters
    ----------
    rows : structured array, big-endian fields
    moments : timestamps that are the same in all rows, by column; None is null
    """
    columns = {name: rows.dtype[name].str for name in rows.dtype.names}
    fields = [("count", ">i2")]
    for name, kind in columns.items():
        fields += [(f"{name}_size", ">i4"), (name, kind)]
    for name, moment in moments.items():
        fields += [(f"{name}_size", ">i4")] + ([(name, ">i8")] if moment is not None else [])
    records = np.zeros(len(rows), dtype=fields)
    records["count"] = len(columns) + len(moments)
    for name in columns:
        records[f"{name}_size"], records[name] = rows.dtype[name].itemsize, rows[name]
    for name, moment in moments.items():
        records[f"{name}_size"] = NULL if moment is None else 8
        if moment is not None:
            records[name] = _microseconds(moment)
    listed = ", ".join([*columns, *moments])
    body = io.BytesIO(HEADER + records.tobytes() + TRAILER)
    cursor.copy_expert(f"COPY {table} ({listed}) FROM STDIN WITH (FORMAT binary)", body)


def copy_out(cursor, query: str, parameters: Sequence, columns: Sequence[tuple[str, str]]) -> np.ndarray:
    """Read a query whose columns are never null, as a structured array.

    Parameters
    ----------
    columns : name and big-endian numpy type of each column, in the query's order

    Raises
    ------
    ValueError
        if the rows are not of these types.
    """
    body = io.BytesIO()
    bound = cursor.mogrify(query, parameters).decode()
    cursor.copy_expert(f"COPY ({bound}) TO STDOUT WITH (FORMAT binary)", body)
    fields = [("count", ">i2")]
    for name, kind in columns:
        fields += [(f"{name}_size", ">i4"), (name, kind)]
    dtype = np.dtype(fields)
    content = body.getbuffer()[len(HEADER) : -len(TRAILER)]
    if len(content) % dtype.itemsize:
        raise ValueError(f"rows do not have {dtype.itemsize} bytes each: a column is null or of another type")
    rows = np.frombuffer(content, dtype=dtype)
    for name, _ in columns:
        if np.any(rows[f"{name}_size"] != dtype[name].itemsize):
            raise ValueError(f"column {name} is null or not of {dtype[name].itemsize} bytes")
    return rows


def _microseconds(moment: datetime) -> int:
    since = moment - EPOCH
    return (since.days * 86400 + since.seconds) * 10**6 + since.microseconds
