"""Tables that other archives answer with or give as files: IPAC tables, CSV, Parquet, FITS; columns by name."""

from __future__ import annotations

import io
import re
from typing import BinaryIO

import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import Column, MaskedColumn, Table
from pyarrow import ArrowException, parquet

from archive.sandbox.readers import declared
from archive.sandbox.readers.errors import BadFileError, content_of

LARGEST_ANSWER = 1 << 30  # bytes of text
LARGEST_CATALOG = 8 << 30  # bytes, unpacked
MOST_ROWS = 50_000_000
_ROWS_TOLD = re.compile(rb"^\\\s*RowsRetrieved\s*=\s*'?([0-9]+)", re.MULTILINE | re.IGNORECASE)


def read_ipac(file: BinaryIO) -> dict:
    """The columns of an IPAC table; as many rows as its header tells of, where it does."""
    content = _table_text(file)
    try:
        table = Table.read(content.decode("utf-8"), format="ascii.ipac", guess=False)
        frame = table.to_pandas()
    except BadFileError:
        raise
    except Exception as error:  # noqa: BLE001 (astropy raises whatever a broken table leads it to)
        raise BadFileError(f"no IPAC table came ({type(error).__name__}: {str(error)[:200]})") from error
    told = _ROWS_TOLD.search(content[: 1 << 20])
    if told and int(told[1]) != len(frame):
        raise BadFileError(f"{len(frame)} rows came, the table's header tells of {int(told[1])}")
    return _columns(frame)


def read_csv(file: BinaryIO) -> dict:
    """The columns of a table as CSV."""
    content = _table_text(file)
    try:
        declared.check_csv_head(io.BytesIO(content))
        return _columns(pd.read_csv(io.BytesIO(content), low_memory=False))
    except ValueError as error:  # pandas' own errors are ValueErrors
        raise BadFileError(f"no CSV table came ({str(error)[:200]})") from error


def read_catalog(file: BinaryIO, kind: str, names: list[str]) -> dict:
    """The columns of a reference catalog that are asked for, and their units where the file tells them.

    Parameters
    ----------
    kind : .parquet, .csv or .fits
    names : in lower case
    """
    reader = {".parquet": _parquet, ".csv": _csv, ".fits": _fits}[kind]
    try:
        columns, units = reader(file, set(names))
    except declared.TooMuchError as error:
        raise BadFileError(str(error)) from error
    except (ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, BadFileError):
            raise
        raise BadFileError(f"not a {kind} table that can be read ({str(error)[:200]})") from error
    return {"columns": columns, "units": units}


def _parquet(file: BinaryIO, names: set[str]) -> tuple[dict, dict]:
    source = parquet.ParquetFile(file, pre_buffer=False)
    declared.check_parquet(source, MOST_ROWS, LARGEST_CATALOG)
    present = [name for name in source.schema_arrow.names if name.lower() in names]
    units = {}
    for name in present:
        told = source.schema_arrow.field(name).metadata or {}
        units[name] = told.get(b"unit", b"").decode("utf-8", "replace")
    return _columns(source.read(columns=present, use_threads=False).to_pandas(use_threads=False)), units


def _csv(file: BinaryIO, names: set[str]) -> tuple[dict, dict]:
    declared.check_csv_head(file)
    frame = pd.read_csv(file, usecols=lambda name: name.lower() in names, nrows=MOST_ROWS, low_memory=False)
    return _columns(frame), {}


def _fits(file: BinaryIO, names: set[str]) -> tuple[dict, dict]:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    declared.check_fits(file, size, LARGEST_CATALOG)
    file.seek(0)
    with fits.open(file, memmap=False) as hdus:
        hdu = next((one for one in hdus if isinstance(one, fits.BinTableHDU)), None)
        if hdu is None:
            raise BadFileError("the file holds no table")
        table = Table.read(hdu)
    columns, units = {}, {}
    for name in table.colnames:
        if name.lower() in names and len(table[name].shape) == 1:
            columns[name] = _filled(table[name])
            units[name] = "" if table[name].unit is None else str(table[name].unit)
    return columns, units


def _filled(column: Column) -> np.ndarray:
    """A column, its masked values NaN."""
    if isinstance(column, MaskedColumn) and np.any(column.mask):
        return np.where(column.mask, np.nan, np.asarray(column.filled(0), float))
    plain = np.asarray(column)
    return plain.astype(plain.dtype.newbyteorder("="))


def _table_text(file: BinaryIO) -> bytes:
    content = content_of(file, LARGEST_ANSWER)
    if content.lstrip()[:1] == b"<":
        raise BadFileError(f"an error came instead of a table: {content[:300].decode('utf-8', 'replace')}")
    return content


def _columns(frame: pd.DataFrame) -> dict:
    if len(frame) > MOST_ROWS:
        raise BadFileError(f"more than {MOST_ROWS} rows")
    return {str(name): _plain(frame[name]) for name in frame.columns}


def _plain(column: pd.Series):
    if column.dtype.kind in "biuf":
        return column.to_numpy()
    if column.dtype.kind == "O" and pd.api.types.infer_dtype(column, skipna=True) in ("integer", "floating", "decimal"):
        return column.astype(float).to_numpy()
    return column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=str)
