"""Tables that people bring, read inside a confined child: VOTable, FITS, Parquet, IPAC table, ECSV, CSV and its kin.

Each may be packed by gzip, and texts may be UTF-16. What is none of these is refused by what it is.

What a file declares is looked at before its parser is (`archive.sandbox.readers.declared`); what it names elsewhere, as
a VOTable's STREAM or an entity may, is refused.
"""

from __future__ import annotations

import codecs
import io
import json
import re
import warnings
import zlib
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import MaskedColumn, Table

from archive.sandbox.readers import declared
from archive.sandbox.readers.declared import TooMuchError
from archive.sandbox.readers.uploads import dialects, vositables
from archive.sandbox.readers.uploads.declaredtexts import ecsv_table, ipac_table
from archive.sandbox.readers.uploads.fitsvalues import check_scaled, mask_logical, table_hdu
from archive.sandbox.readers.uploads.values import WrongValueError, wrong
from archive.sandbox.readers.uploads.votables import check_votable_values

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
LARGEST_WHOLE = 2**63 - 1
LONGEST_REASON = 200  # characters of what a parser says
GZIP = b"\x1f\x8b"
_OTHERS = (
    (b"PK\x03\x04", "a ZIP archive (an Excel or ODF sheet is one): save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel sheet: save it as CSV"), (b"BZh", "packed by bzip2; gzip is taken"),
    (b"\xfd7zXZ", "packed by xz; gzip is taken"), (b"\x28\xb5\x2f\xfd", "packed by zstd; gzip is taken"),
    (b"%PDF", "a PDF"), (b"\x89HDF", "an HDF5 file; save the table as Parquet, FITS or VOTable"),
)  # fmt: skip
_PAGES = (b"<!doctype html", b"<html")


class UnreadableTableError(ValueError):
    """A file that is no table, or a column that is no numbers; the message says why."""


def kind_of(content: bytes) -> str | None:
    """The kind of a table by how it begins, as messages name it; None for other text, as CSV is."""
    for mark, kind in ((b"SIMPLE  =", "FITS table"), (b"PAR1", "Parquet file")):
        if content.startswith(mark):
            return kind
    start = content[:2000].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if start.startswith("# %ECSV"):
        return "ECSV table"
    if start.startswith("<") and vositables.is_definition(content):
        return "VOSI table"
    return {"<": "VOTable", "|": "IPAC table", "\\": "IPAC table"}.get(start[:1])


def unpacked(source: BinaryIO, most_rows: int, most_bytes: int) -> dict:
    """A file's content as it is without gzip."""
    return {"content": plain(source.read(), most_bytes)}


def plain(content: bytes, most_bytes: int) -> bytes:
    """A file's content without gzip, a text as UTF-8.

    Raises
    ------
    UnreadableTableError
    """
    if content.startswith(GZIP):
        content = expanded(content, most_bytes)
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if content.startswith(mark):
            try:
                return content.decode(name).encode()
            except UnicodeError as error:
                raise UnreadableTableError(f"this is no UTF-16 text, which its first bytes say ({error})") from error
    start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    what = next((what for known, what in _OTHERS if start.startswith(known)), None)
    if start.lower().startswith(_PAGES):
        what = "a web page (HTML)"
    if start.startswith((b"{", b"[")) and _is_json(content):
        what = "JSON; give a table"
    if what is not None:
        raise UnreadableTableError(f"this is no table that can be read: it is {what}")
    return content


def _is_json(content: bytes) -> bool:
    """Whether a text is JSON with structure; [10.5, 20.5] is a position in brackets."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) or any(isinstance(one, dict | list) for one in found)


def expanded(content: bytes, most_bytes: int) -> bytes:
    """A file that was packed by gzip, in one part or several; raises UnreadableTableError."""
    parts, size, rest = [], 0, content
    try:
        while rest.startswith(GZIP):
            unpacker = zlib.decompressobj(wbits=31)
            parts.append(unpacker.decompress(rest, most_bytes - size + 1))
            size += len(parts[-1])
            if size > most_bytes:
                raise UnreadableTableError(f"this gzip file holds more than {most_bytes} bytes")
            if not unpacker.eof:
                raise UnreadableTableError("this gzip file is cut off")
            rest = unpacker.unused_data
    except zlib.error as error:
        raise UnreadableTableError(f"this gzip file is broken ({error})") from error
    return b"".join(parts)


def parse(source: BinaryIO, most_rows: int, most_bytes: int) -> dict:
    """A table as `archive.tables.readers` takes it apart again: its columns in order, each with what is known of it."""
    return packed(table_of(source.read(), most_rows, most_bytes))


def table_of(content: bytes, most_rows: int, most_bytes: int) -> Table:
    """The (first) table of a file.

    Parameters
    ----------
    most_rows : that are taken
    most_bytes : that its columns may take in memory

    Raises
    ------
    UnreadableTableError
    """
    content = plain(content, most_bytes)
    kind = kind_of(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a standard's fine points; what cannot be read raises
            table = _with_signs(_READERS[kind](content, most_rows, most_bytes))
    except MemoryError:
        raise
    except UnreadableTableError:
        raise
    except (TooMuchError, WrongValueError) as error:
        raise UnreadableTableError(str(error)) from error
    except Exception as error:  # noqa: BLE001 (the parsers raise whatever they meet in a broken file; nothing is hidden)
        reason = _reason(error)
        known = kind or "CSV, ECSV, IPAC table, VOTable, FITS table or Parquet file"
        raise UnreadableTableError(f"this is no {known} that can be read ({reason})") from error
    if not table.colnames:
        raise UnreadableTableError(f"this is no {kind or 'CSV'} that can be read (it has no columns)")
    if len(table) > most_rows:
        raise UnreadableTableError(f"{len(table)} rows; at most {most_rows} are taken")
    return table


def _reason(error: Exception) -> str:
    """A parser's message, where it says something about the file."""
    if isinstance(error, LookupError | AttributeError | TypeError | AssertionError):
        return "it is damaged: its parts do not fit each other"
    said = str(error).strip()
    return said.splitlines()[0][:LONGEST_REASON] if said.strip("'\"") else "it is damaged"


def _with_signs(table: Table) -> Table:
    """A table whose unsigned numbers of 8 bytes are signed ones, as everything here keeps them."""
    for name in table.colnames:
        column = table[name]
        if len(table) and column.dtype.kind == "u" and column.dtype.itemsize == 8:
            values = np.ma.filled(np.ma.asarray(column), 0)
            rows = np.flatnonzero((values > LARGEST_WHOLE).reshape(len(table), -1).any(axis=1))
            if len(rows):
                raise wrong(name, int(rows[0]) + 1, values[rows[0]], f"whole numbers are kept up to {LARGEST_WHOLE}")
            table.replace_column(name, column.astype(np.int64))
    return table


def warm_up() -> None:
    """Read a table of each text kind, so that what parsers load late is there; Parquet's reader would start threads."""
    made = Table({"ra": [1.0, 2.0], "name": ["a", "b"], "n": [1, 2]})
    for form, more in (("votable", {}), ("votable", {"tabledata_format": "binary2"}), ("fits", {})):
        with io.BytesIO() as buffer:
            made.write(buffer, format=form, **more)
            table_of(buffer.getvalue(), 10, 1 << 20)
    for form in ("csv", "ascii.ipac", "ascii.ecsv", "ascii.tab"):
        with io.StringIO() as text:
            made.write(text, format=form)
            table_of(text.getvalue().encode(), 10, 1 << 20)


def packed(table: Table) -> dict:
    """A table as the wire carries it."""
    return {"columns": [_packed(table[name]) for name in table.colnames]}


def _packed(column) -> dict:
    meta = column.info.meta or {}
    mask = np.ma.getmaskarray(np.ma.asarray(column)) if getattr(column, "mask", None) is not None else None
    return {
        "name": column.info.name,
        "values": np.asarray(column),
        "mask": mask if mask is not None and mask.any() else None,
        "masked": mask is not None,
        "unit": str(column.unit) if column.unit is not None else None,
        "description": column.info.description,
        "meta": {key: str(meta[key]) for key in ("ucd", "utype", "xtype") if meta.get(key) is not None},
    }


def _votable(content: bytes, most_rows: int, most_bytes: int) -> Table:
    declared.check_votable(content, most_rows, most_bytes)
    check_votable_values(content)
    found = parse_single_table(io.BytesIO(content), verify="ignore")
    names = [field.name for field in found.fields]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UnreadableTableError(f"its columns {twice[0]!r} and {twice[0]!r} have one name")
    return found.to_table(use_names_over_ids=True)


def _definition(content: bytes, most_rows: int, most_bytes: int) -> Table:
    return vositables.empty_table(content)


def _fits(content: bytes, most_rows: int, most_bytes: int) -> Table:
    declared.check_fits(io.BytesIO(content), len(content), most_bytes, most_rows)
    with fits.open(io.BytesIO(content), memmap=False) as hdus:
        hdu = table_hdu(hdus)
        table = Table.read(hdu, format="fits")
        check_scaled(hdu)
        mask_logical(hdu, table)
    return table


def _lines(content: bytes, most_rows: int, most_bytes: int) -> list[str]:
    text = content.decode("utf-8-sig")
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise UnreadableTableError(
            f"this is no CSV that can be read (no text: it holds the control character {found[0]!r} in line {line})"
        )
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    declared.check_lines(lines, most_rows, most_bytes)
    return lines


def _ipac(content: bytes, most_rows: int, most_bytes: int) -> Table:
    return ipac_table(_lines(content, most_rows, most_bytes))


def _ecsv(content: bytes, most_rows: int, most_bytes: int) -> Table:
    lines = _lines(content, most_rows, most_bytes)
    declared.check_ecsv_head(lines)
    return ecsv_table(lines)


def _text(content: bytes, most_rows: int, most_bytes: int) -> Table:
    return dialects.table_of_lines(_lines(content, most_rows, most_bytes))


def _parquet(content: bytes, most_rows: int, most_bytes: int) -> Table:
    """A Parquet file's columns; units, UCDs and descriptions are their metadata, as this archive writes them."""
    with pq.ParquetFile(io.BytesIO(content), pre_buffer=False) as file:
        declared.check_parquet(file, most_rows, most_bytes)
        found = file.read(use_threads=False)
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


_READERS = {
    "VOTable": _votable, "VOSI table": _definition,
    "FITS table": _fits, "Parquet file": _parquet, "IPAC table": _ipac, "ECSV table": _ecsv,
    None: _text,
}  # fmt: skip
