"""Tables that people bring: VOTable, FITS, Parquet, IPAC table or CSV, known by how they begin. No Django."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import ascii as text_tables
from astropy.io.votable import parse_single_table
from astropy.table import MaskedColumn, Table

LONGEST_REASON = 200  # characters of what a parser says


class UnreadableTable(ValueError):
    """A file that is no table, or a column that is no numbers; the message says why."""


def kind_of(content: bytes) -> str | None:
    """ "FITS table", "Parquet file", "VOTable" or "IPAC table" by how it begins; None for other text, as CSV is."""
    for start, kind in ((b"SIMPLE  =", "FITS table"), (b"PAR1", "Parquet file")):
        if content.startswith(start):
            return kind
    start = content[:2000].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")[:1]
    return {"<": "VOTable", "|": "IPAC table", "\\": "IPAC table"}.get(start)


def read_table(content: bytes) -> Table:
    """The (first) table of a VOTable, FITS file, Parquet file, IPAC table, or CSV with a header line.

    Raises
    ------
    UnreadableTable
    """
    kind = kind_of(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a standard's fine points; what cannot be read raises
            if kind == "VOTable":
                table = parse_single_table(io.BytesIO(content), verify="ignore").to_table(use_names_over_ids=True)
            elif kind == "FITS table":
                table = Table.read(io.BytesIO(content), format="fits")
            elif kind == "Parquet file":
                table = _from_parquet(content)
            else:
                lines = content.decode("utf-8-sig").replace("\r\n", "\n").strip().split("\n")
                table = text_tables.read(lines, format="csv" if kind is None else "ipac")
    except Exception as error:  # noqa: BLE001 (the parsers raise whatever they meet in a broken file; nothing is hidden)
        reason = (str(error).splitlines() or ["it is empty"])[0][:LONGEST_REASON]
        raise UnreadableTable(
            f"this is no {kind or 'CSV, IPAC table, VOTable, FITS table or Parquet file'} that can be read ({reason})"
        ) from error
    if not table.colnames:
        raise UnreadableTable(f"this is no {kind or 'CSV'} that can be read (it has no columns)")
    return table


def _from_parquet(content: bytes) -> Table:
    """A Parquet file's columns; units, UCDs and descriptions are their metadata, as this archive writes them."""
    found = pq.read_table(io.BytesIO(content))
    table = Table()
    for field in found.schema:
        column = found.column(field.name).combine_chunks()
        said = {key.decode(): text.decode() for key, text in (field.metadata or {}).items()}
        table[field.name] = _from_arrow(column)
        table[field.name].unit, table[field.name].description = said.get("unit"), said.get("description")
        table[field.name].meta.update({key: said[key] for key in ("ucd", "utype") if key in said})
    return table


def _from_arrow(column: pa.Array) -> MaskedColumn:
    null = column.is_null().to_numpy(zero_copy_only=False)
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        column = column.fill_null(False if pa.types.is_boolean(column.type) else 0)
    elif pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return MaskedColumn(np.array(column.fill_null("").to_pylist(), dtype=str), mask=null)
    return MaskedColumn(column.to_numpy(zero_copy_only=False), mask=null)


def numbers(table: Table, name: str) -> np.ndarray:
    """A column as float64, what is missing as NaN.

    Raises
    ------
    UnreadableTable
    """
    try:
        return np.ma.filled(np.ma.asarray(table[name]).astype(np.float64), np.nan)
    except (TypeError, ValueError) as error:
        raise UnreadableTable(f"{name}: is no column of numbers") from error
