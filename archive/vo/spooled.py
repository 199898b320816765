"""Formats that say at their beginning what is known at the end of a result: its rows wait in a file without name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.io import fits

from archive.vo.columns import batch_of, schema_of, texts
from archive.vo.fields import Field
from archive.vo.ipac import write_ipac
from archive.vo.votable import Counted

BLOCK = 2880  # bytes
_FITS = {
    "boolean": ("L", "S1"), "unsignedByte": ("B", "u1"), "short": ("I", ">i2"), "int": ("J", ">i4"),
    "long": ("K", ">i8"), "float": ("E", ">f4"), "double": ("D", ">f8"),
}  # fmt: skip
_NO_VALUE = {"unsignedByte": 255, "short": -(2**15), "int": -(2**31), "long": -(2**63)}
"""What stands for a null in a column of whole numbers (TNULL)."""


class Spool:
    """Rows on disk, counted, with the length of the longest text or array of each column and whether it has nulls."""

    def __init__(self, fields: Iterable[Field], batches: Iterable, maxrec: int | None):
        self.fields = list(fields)
        self.rows, self.longest, self.nulls = 0, [0] * len(self.fields), [False] * len(self.fields)
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed when its rows have been read)
        numbered = [pa.field(str(n), one.type) for n, one in enumerate(schema_of(self.fields))]
        counted, self._schema = Counted(batches, maxrec), pa.schema(numbered)
        with pa.ipc.new_stream(self._file, self._schema) as writer:
            for columns in counted:
                batch = pa.RecordBatch.from_arrays(batch_of(self.fields, columns).columns, schema=self._schema)
                self._note(batch)
                writer.write_batch(batch)
        self.overflow = counted.overflow

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        self._file.seek(0)
        yield from pa.ipc.open_stream(self._file)
        self._file.close()

    def _note(self, batch: pa.RecordBatch) -> None:
        self.rows += batch.num_rows
        for n, (field, values) in enumerate(zip(self.fields, batch.columns, strict=True)):
            self.nulls[n] |= values.null_count > 0
            if field.is_text:
                longest = pc.max(pc.binary_length(values)).as_py()
            elif field.arraysize is not None:
                longest = pc.max(pc.list_value_length(values)).as_py()
            else:
                continue
            self.longest[n] = max(self.longest[n], longest or 0)


def write_fits(fields: Iterable[Field], batches: Iterable, maxrec: int | None) -> Iterator[bytes]:
    """A FITS file with one binary table. Text is ASCII (anything else is ?), as FITS has it."""
    spool = Spool(fields, batches, maxrec)
    kind = np.dtype([(f"c{n}", *_element(spool, n)) for n in range(len(spool.fields))])
    yield fits.PrimaryHDU().header.tostring().encode() + _header(spool, kind).tostring().encode()
    size = 0
    for batch in spool:
        rows = np.zeros(batch.num_rows, dtype=kind)
        for n, (field, values) in enumerate(zip(spool.fields, batch.columns, strict=True)):
            rows[f"c{n}"] = _cells(field, values, kind[n])
        size += rows.nbytes
        yield rows.tobytes()
    yield bytes(-size % BLOCK)


def write_ipac_table(fields: Iterable[Field], batches: Iterable, maxrec: int | None) -> Iterator[bytes]:
    """An IPAC table, its columns as wide as what they hold."""
    spool = Spool(fields, batches, maxrec)
    sized = [
        Field(one.name, "char", str(width), one.unit) if one.is_text or one.arraysize is not None else one
        for one, width in zip(spool.fields, _ipac_widths(spool), strict=True)
    ]
    keywords = {"QUERY_STATUS": "OVERFLOW" if spool.overflow else "OK", "RowsRetrieved": spool.rows}
    waiting: list[str] = []
    for line in write_ipac(sized, _rows(spool), keywords):
        waiting.append(line)
        if len(waiting) == 1000:
            yield "".join(waiting).encode()
            waiting = []
    yield "".join(waiting).encode()


def _ipac_widths(spool: Spool) -> list[int]:
    """Characters: of text as it is, of each element of an array as many as the longest number has."""
    return [size if one.is_text else size * 26 for one, size in zip(spool.fields, spool.longest, strict=True)]


def _rows(spool: Spool) -> Iterator[tuple]:
    for batch in spool:
        columns = (
            (texts(field, values) if field.arraysize is not None else values).to_pylist()
            for field, values in zip(spool.fields, batch.columns, strict=True)
        )
        yield from zip(*columns, strict=True)


def _element(spool: Spool, n: int) -> tuple:
    field, longest = spool.fields[n], max(spool.longest[n], 1)
    if field.is_text:
        return (f"S{longest}",)
    kind = _FITS[field.datatype][1]
    return (kind,) if field.arraysize is None else (kind, (longest,))


def _header(spool: Spool, kind: np.dtype) -> fits.Header:
    cards = [
        ("XTENSION", "BINTABLE", "binary table"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", kind.itemsize),
        ("NAXIS2", spool.rows), ("PCOUNT", 0), ("GCOUNT", 1), ("TFIELDS", len(spool.fields)), ("EXTNAME", "RESULT"),
        ("OVERFLOW", spool.overflow, "T: there are more rows than MAXREC allowed"),
    ]  # fmt: skip
    header = fits.Header(cards)
    for n, field in enumerate(spool.fields, 1):
        longest = max(spool.longest[n - 1], 1)
        code = "A" if field.is_text else _FITS[field.datatype][0]
        count = "" if field.arraysize is None else str(longest)
        header[f"TTYPE{n}"] = field.name
        header[f"TFORM{n}"] = count + code
        for name, text in (("TUNIT", field.unit), ("TUCD", field.ucd), ("TUTYP", field.utype)):
            if text:
                header[f"{name}{n}"] = text
        if field.description:
            header[f"TCOMM{n}"] = _ascii(field.description)
        if field.datatype in _NO_VALUE and (spool.nulls[n - 1] or field.arraysize is not None):
            header[f"TNULL{n}"] = _NO_VALUE[field.datatype]
    return header


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _cells(field: Field, values: pa.Array, kind: np.dtype) -> np.ndarray:
    """One column's values as FITS holds them."""
    if field.is_text:
        return np.array([_ascii(value or "").encode() for value in values.to_pylist()], dtype=kind)
    if field.datatype == "boolean":
        true = values.fill_null(False).to_numpy(zero_copy_only=False)
        null = values.is_null().to_numpy(zero_copy_only=False)
        return np.where(null, b"\0", np.where(true, b"T", b"F"))
    filler = _NO_VALUE.get(field.datatype, np.nan)
    if field.arraysize is None:
        return values.fill_null(filler).to_numpy(zero_copy_only=False)
    padded = np.full((len(values), kind.shape[0]), filler, dtype=kind.base)
    for row, one in enumerate(values.to_pylist()):
        padded[row, : len(one or ())] = [filler if value is None else value for value in one or ()]
    return padded
