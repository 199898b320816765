"""IPAC tables and ECSV: tables of text that declare the types of their columns, their values held against these."""

from __future__ import annotations

import re

import numpy as np
from astropy.io import ascii as text_tables
from astropy.io.ascii import core
from astropy.io.ascii.ecsv import EcsvOutputter
from astropy.table import Column, Table

from archive.sandbox.readers.uploads.values import LONGEST_WHOLE, WrongValueError, why_no_real, wrong

_WHOLE = re.compile(r"[+-]?[0-9]+")
_FOUR_BYTES = ("float32", "float16")
_NUMBERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float64", *_FOUR_BYTES)


def ipac_table(lines: list[str]) -> Table:
    """An IPAC table.

    Raises
    ------
    WrongValueError
        for a value that is not of its column's type, and a header whose lines have not equally many columns.
    """
    counts = [line.rstrip().count("|") - 1 for line in lines if line.startswith("|")]
    for number, count in enumerate(counts, 1):
        if count != counts[0]:
            raise WrongValueError(f"line {number} of its header (|) has {count} columns, the first one {counts[0]}")
    return text_tables.read(lines, format="ipac", outputter_cls=_IpacValues)


def ecsv_table(lines: list[str]) -> Table:
    """An ECSV table; columns that astropy makes objects of (times, positions) are refused: a table has values.

    Raises
    ------
    WrongValueError
    """
    try:
        table = text_tables.read(lines, format="ecsv", outputter_cls=_EcsvValues)
    except (LookupError, AttributeError, TypeError) as error:
        if any("__serialized_columns__" in line for line in lines if line.startswith("#")):
            raise WrongValueError(
                "its header makes an object of columns (__serialized_columns__) that cannot be made; "
                "write its values as columns"
            ) from error
        raise
    for name in table.colnames:
        if not isinstance(table[name], Column):
            kind = type(table[name]).__name__
            raise WrongValueError(f"its column {name} is a {kind}; write its values as columns")
    return table


def _check(column, kind: str) -> None:
    """Refuse the texts of a column of numbers that Python takes and that are none (5_1), or that are out of range."""
    for row, text in enumerate(column.str_vals, 1):
        if kind.startswith("float"):
            why = why_no_real(text.strip(), 4 if kind in _FOUR_BYTES else 8)
        else:
            why = _why_no_whole(text.strip(), kind)
        if why:
            raise wrong(column.name, row, text, why)


def _why_no_whole(text: str, kind: str) -> str | None:
    if len(text) > LONGEST_WHOLE or not _WHOLE.fullmatch(text):
        return "is no whole number, as 12 or -7"
    bounds = np.iinfo(kind)
    return None if bounds.min <= int(text) <= bounds.max else f"{kind} holds {bounds.min} to {bounds.max}"


class _IpacValues(core.TableOutputter):
    """Makes columns of an IPAC table's texts."""

    def _convert_vals(self, cols) -> None:
        for one in cols:
            if issubclass(one.type, core.FloatType | core.IntType):
                _check(one, "float64" if issubclass(one.type, core.FloatType) else "int64")
        super()._convert_vals(cols)


class _EcsvValues(EcsvOutputter):
    """Makes columns of an ECSV table's texts."""

    def _convert_vals(self, cols) -> None:
        for one in cols:
            kind = str(one.dtype)
            if not one.shape and kind in _NUMBERS:
                _check(one, kind)
        super()._convert_vals(cols)
