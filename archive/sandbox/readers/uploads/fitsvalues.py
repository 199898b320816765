"""A FITS table's values, held against what its columns declare: FITS 4.0, sections 7.3.3, 10.3 and 4.4.2.5.

The parser (astropy) reads any byte but T as false, joins text over a NUL character, takes the packed bytes of a
compressed table for its rows, and the first of several tables.
"""

from __future__ import annotations

import numpy as np
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from archive.sandbox.readers.uploads.values import WrongValueError, wrong

_LOGICAL = np.frombuffer(b"TF\0", np.uint8)
_LAST_ASCII = 127


def table_hdu(hdus: fits.HDUList) -> fits.BinTableHDU | fits.TableHDU:
    """The one table of a FITS file, its values looked at.

    Raises
    ------
    WrongValueError
        for several tables, a compressed one, or a value that would be changed.
    """
    tables = [(number, hdu) for number, hdu in enumerate(hdus) if isinstance(hdu, fits.BinTableHDU | fits.TableHDU)]
    if not tables:
        raise WrongValueError("this is no FITS table that can be read (no HDU of it is a table)")
    for number, hdu in tables:
        if hdu.header.get("ZTABLE") is True:
            raise WrongValueError(f"HDU {number} is a compressed table (ZTABLE = T): unpack it first (funpack)")
    if len(tables) > 1:
        named = " and ".join(f"HDU {number} {hdu.name}".rstrip() for number, hdu in tables)
        raise WrongValueError(f"it holds two tables or more, {named}: send one by itself")
    hdu = tables[0][1]
    if isinstance(hdu, fits.BinTableHDU):
        _check_bytes(hdu)
    return hdu


def check_scaled(hdu: fits.BinTableHDU | fits.TableHDU) -> None:
    """Refuse numbers that TSCAL and TZERO make infinite where what is in the file is finite."""
    if not isinstance(hdu, fits.BinTableHDU):
        return
    for column in hdu.columns:
        scaled = column.bscale not in ("", None, 1) or column.bzero not in ("", None, 0)
        if not scaled or column.format.lstrip("0123456789")[:1] not in "BIJKED":
            continue
        stored, values = np.asarray(_raw(hdu)[column.name]), np.asarray(hdu.data[column.name])
        if values.dtype.kind != "f" or values.shape != stored.shape:
            continue
        lost = np.isinf(values) & np.isfinite(stored.astype(np.float64))
        if lost.any():
            at = tuple(np.argwhere(lost)[0])
            why = f"TSCAL = {column.bscale}, TZERO = {column.bzero} make it too large for a number of 8 bytes"
            raise wrong(column.name, int(at[0]) + 1, stored[at], why)


def mask_logical(hdu: fits.BinTableHDU | fits.TableHDU, table: Table) -> None:
    """Mask the logical values that are null (NUL), which the parser gives as false."""
    for column in hdu.columns if isinstance(hdu, fits.BinTableHDU) else ():
        if table[column.name].dtype.kind == "b" and column.format.lstrip("0123456789")[:1] == "L":
            null = np.ascontiguousarray(_raw(hdu)[column.name]).view(np.uint8) == 0
            if null.any() and null.shape == table[column.name].shape:
                table[column.name] = MaskedColumn(table[column.name], mask=null)


def _raw(hdu: fits.BinTableHDU) -> np.ndarray:
    """A table's rows as they stand in the file."""
    return hdu.data.view(np.ndarray)


def _check_bytes(hdu: fits.BinTableHDU) -> None:
    """Refuse logical values that are neither T, F nor NUL, and texts that are no ASCII or go on behind a NUL."""
    rows = _raw(hdu)
    for column in hdu.columns:
        letter = column.format.lstrip("0123456789")[:1]
        if letter not in ("L", "A") or not len(rows) or not rows.dtype[column.name].itemsize:
            continue
        told = np.ascontiguousarray(rows[column.name]).view(np.uint8).reshape(len(rows), -1)
        if letter == "L":
            _refuse(column.name, told, ~np.isin(told, _LOGICAL), "a logical value is T, F or NUL")
            continue
        _refuse(column.name, told, told > _LAST_ASCII, "FITS text is ASCII; write other text into a VOTable or Parquet")
        width = rows.dtype[column.name].base.itemsize
        texts = told.reshape(len(rows), -1, width)
        behind = np.logical_or.accumulate(texts == 0, axis=2) & (texts != 0) & (texts != ord(" "))
        _refuse(column.name, told, behind.reshape(told.shape), "has text behind a NUL character")


def _refuse(name: str, told: np.ndarray, bad: np.ndarray, why: str) -> None:
    rows = np.flatnonzero(bad.any(axis=1))
    if len(rows):
        raise wrong(name, int(rows[0]) + 1, told[rows[0]].tobytes().rstrip(b" \0").decode("latin-1"), why)
