"""Tables that people bring: VOTable, IPAC table or CSV, known by how they begin. No Django."""

from __future__ import annotations

import io
import warnings

import numpy as np
from astropy.io import ascii as text_tables
from astropy.io.votable import parse_single_table
from astropy.table import Table

LONGEST_REASON = 200  # characters of what a parser says


class UnreadableTable(ValueError):
    """A file that is no table, or a column that is no numbers; the message says why."""


def kind_of(content: bytes) -> str | None:
    """ "VOTable" or "IPAC table" by the first character; None for other text, as CSV is."""
    start = content[:2000].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")[:1]
    return {"<": "VOTable", "|": "IPAC table", "\\": "IPAC table"}.get(start)


def read_table(content: bytes) -> Table:
    """The (first) table of a VOTable, IPAC table, or CSV with a header line.

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
            else:
                lines = content.decode("utf-8-sig").replace("\r\n", "\n").strip().split("\n")
                table = text_tables.read(lines, format="csv" if kind is None else "ipac")
    except Exception as error:  # noqa: BLE001 (the parsers raise whatever they meet in a broken file; nothing is hidden)
        reason = (str(error).splitlines() or ["it is empty"])[0][:LONGEST_REASON]
        raise UnreadableTable(
            f"this is no {kind or 'CSV, IPAC table or VOTable'} that can be read ({reason})"
        ) from error
    if not table.colnames:
        raise UnreadableTable(f"this is no {kind or 'CSV'} that can be read (it has no columns)")
    return table


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
