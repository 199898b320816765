"""Tables that people bring: VOTable, FITS, Parquet, IPAC table, ECSV or CSV, known by how they begin. No Django.

They are read in a confined child (`archive.sandbox`): none of its parsers runs in a process that has rights to lose.
"""

from __future__ import annotations

import numpy as np
from astropy.table import Column, MaskedColumn, Table

from archive import sandbox
from archive.sandbox.readers.uploads.tables import GZIP, UnreadableTableError, kind_of, plain

MOST_ROWS = 1_000_000
MOST_BYTES = 256 * 1024**2  # that a table's columns may take in memory
LIMITS = sandbox.Limits(memory=1024**3, cpu=60, seconds=120.0, answer=MOST_BYTES)


def read_table(content: bytes, most_rows: int = MOST_ROWS) -> Table:
    """The (first) table of a VOTable, FITS file, Parquet file, IPAC table, ECSV, or CSV with a header line.

    Raises
    ------
    UnreadableTableError
        also for one that takes more memory or time than is given to read it.
    sandbox.TryLaterError
        where it could be read another time.
    """
    return unpacked(read_in_child(content, "archive.sandbox.readers.uploads.tables:parse", most_rows))


def unpacked(found: dict) -> Table:
    """The table that `archive.sandbox.readers.uploads.tables:parse` read."""
    return Table([_column(**one) for one in found["columns"]])


def text_of(content: bytes) -> bytes:
    """A file without gzip, a text as UTF-8: for what may be a list as well as a table.

    Raises
    ------
    UnreadableTableError
    """
    if content.startswith(GZIP):
        content = read_in_child(content, "archive.sandbox.readers.uploads.tables:unpacked", MOST_ROWS)["content"]
    return plain(content, MOST_BYTES)


def read_in_child(content: bytes, function: str, most_rows: int) -> dict:
    """The value of a function of the sandbox for a table; raises as `read_table` does."""
    try:
        return sandbox.run(function, content, LIMITS, most_rows=most_rows, most_bytes=MOST_BYTES)
    except sandbox.TryLaterError:
        raise
    except sandbox.RefusedError as reason:
        if reason.kind == UnreadableTableError.__name__:
            raise UnreadableTableError(str(reason)) from reason
        raise UnreadableTableError(f"this is no {kind_of(content) or 'table'} that can be read ({reason})") from reason
    except sandbox.SandboxError as reason:
        raise UnreadableTableError(f"this {kind_of(content) or 'table'} is not taken: {reason}") from reason


def numbers(table: Table, name: str) -> np.ndarray:
    """A column as float64, what is missing as NaN.

    Raises
    ------
    UnreadableTableError
    """
    try:
        return np.ma.filled(np.ma.asarray(table[name]).astype(np.float64), np.nan)
    except (TypeError, ValueError) as error:
        raise UnreadableTableError(f"{name}: is no column of numbers") from error


def _column(name: str, values: np.ndarray, mask, masked: bool, unit, description, meta: dict) -> Column:
    more = {"name": name, "unit": unit, "description": description, "meta": meta}
    if masked:
        return MaskedColumn(values, mask=False if mask is None else mask, **more)
    return Column(values, **more)


__all__ = ["GZIP", "UnreadableTableError", "kind_of", "numbers", "read_in_child", "read_table", "text_of", "unpacked"]
