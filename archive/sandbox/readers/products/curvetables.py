"""Tables of points as IRSA's light-curve service answers: CSV, some megabytes at a time, VOTable or IPAC table."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import BinaryIO, cast

import numpy as np
import pandas as pd

from archive.sandbox.readers import declared
from archive.sandbox.readers.errors import BadFileError, content_of
from archive.sandbox.readers.products.fitsfile import GZIP
from archive.sandbox.readers.uploads import tables

POINT = (
    "oid", "expid", "hjd", "mjd", "mag", "magerr", "catflags", "filtercode", "ra", "dec", "chi", "sharp",
    "filefracday", "field", "ccdid", "qid", "limitmag", "magzp", "magzprms", "clrcoeff", "clrcounc", "exptime",
    "airmass", "programid",
)  # fmt: skip
TEXT = "filtercode"
TELLS = {"oid", "hjd", "mag"}  # columns that a table of reference metadata does not have
BLOCK = 64 << 20  # bytes of CSV that one call hands over
LARGEST_TABLE = 256 << 20  # bytes of a VOTable or IPAC table, expanded
MOST_ROWS = 2_000_000  # of those


def are_points(file: BinaryIO) -> bool:
    """Whether a CSV table (gzip'ed or not) holds points of light curves: by the names of its columns."""
    return set(_names(_plain(file))) >= TELLS


def read_csv_part(file: BinaryIO, offset: int) -> dict:
    """Points of a CSV table from a byte on (0: the first row): `points` by column, and `next`, None at the end."""
    source = _plain(file)
    names = _names(source)
    if missing := [name for name in POINT if name not in names]:
        raise BadFileError(f"not a table of light curves (no column {', '.join(missing[:5])})")
    source.seek(max(offset, source.tell()))
    content = source.read(BLOCK)
    more = len(content) == BLOCK
    if more:
        content += source.readline(declared.LONGEST_HEAD)
    place = source.tell()
    try:
        table = pd.read_csv(
            io.BytesIO(content), names=names, usecols=list(POINT), header=None, index_col=False, low_memory=False,
        )  # fmt: skip
    except ValueError as error:  # pandas' own errors are ValueErrors
        if content.strip():
            raise BadFileError(f"not a readable CSV table ({str(error)[:200]})") from error
        table = pd.DataFrame({name: [] for name in POINT})
    return {"points": {name: _column(table[name], name) for name in POINT}, "next": place if more else None}


def read_table(file: BinaryIO) -> dict:
    """All points of a VOTable or an IPAC table, by column."""
    try:
        found = tables.table_of(content_of(file, LARGEST_TABLE), MOST_ROWS, 4 * LARGEST_TABLE)
    except tables.UnreadableTableError as error:
        raise BadFileError(str(error)) from error
    named = {name.lower(): name for name in found.colnames}
    if missing := [name for name in POINT if name not in named]:
        raise BadFileError(f"not a table of light curves (no column {', '.join(missing[:5])})")
    frame = found[[named[name] for name in POINT]].to_pandas()
    return {"points": {name: _column(frame[named[name]], name) for name in POINT}}


def _plain(file: BinaryIO) -> BinaryIO:
    head = file.read(2)
    file.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if head == GZIP else file


def _names(source: BinaryIO) -> list[str]:
    """The names of a CSV table's columns; `source` is behind them then."""
    try:
        head = source.readline(declared.LONGEST_HEAD)
    except (OSError, EOFError, zlib.error) as error:
        raise BadFileError(f"not a readable CSV table ({str(error)[:200]})") from error
    if len(head) == declared.LONGEST_HEAD or head.count(b",") >= declared.MOST_COLUMNS:
        raise BadFileError(f"more than {declared.MOST_COLUMNS} columns, or a line of names that does not end")
    return [name.strip().strip('"') for name in head.decode("utf-8-sig", "replace").strip().split(",")]


def _column(column: pd.Series, name: str) -> np.ndarray:
    if name == TEXT:
        return column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=str)
    if column.dtype.kind not in "iuf":
        as_numbers = pd.to_numeric(column, errors="coerce")
        wrong = column[as_numbers.isna() & column.notna()]
        if len(wrong):
            raise BadFileError(f"{name}={str(wrong.iloc[0])[:40]!r}: is no number")
        column = as_numbers
    return column.to_numpy(dtype=float if column.dtype.kind not in "iuf" else None, na_value=np.nan)
