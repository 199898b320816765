"""Formats that say at their beginning what is known at the end of a result: its rows wait in a file without name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from astropy.io import fits
from django.conf import settings

from archive.tables.arrow import batch_of, schema_of, texts
from archive.tables.fields import Field
from archive.tables.formats.errors import ResultTooLargeError, UnwritableResultError
from archive.tables.formats.ipac import write_ipac
from archive.tables.formats.votable import Counted

BLOCK = 2880  # bytes
PIECE = 4 * 1024**2
"""Bytes that are put together at once; texts are padded to the longest."""
WIDEST = 64 * 1024**2
"""Bytes of a row when its texts are padded."""
_FITS = {
    "boolean": ("L", "S1"), "unsignedByte": ("B", "u1"), "short": ("I", ">i2"), "int": ("J", ">i4"),
    "long": ("K", ">i8"), "float": ("E", ">f4"), "double": ("D", ">f8"),
}  # fmt: skip
_NO_VALUE = {"unsignedByte": 255, "short": -(2**15), "int": -(2**31), "long": -(2**63)}
"""What stands for a null in a column of whole numbers (TNULL)."""


class Spool:
    """Rows on disk, counted, with the length of the longest text or array of each column and whether it has nulls."""

    def __init__(self, fields: Iterable[Field], batches: Iterable, maxrec: int | None):
        self.fields, self.most = list(fields), settings.TAP_RESULT_BYTES
        self.rows, self.longest, self.nulls = 0, [0] * len(self.fields), [False] * len(self.fields)
        self.ascii = [True] * len(self.fields)
        self.least: list[int | None] = [None] * len(self.fields)
        self.largest: list[int | None] = [None] * len(self.fields)
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
            if field.datatype in _NO_VALUE:
                self._note_span(n, values if field.arraysize is None else values.flatten())
            if field.is_text:
                longest = pc.max(pc.binary_length(values)).as_py()
                self.ascii[n] &= pc.all(pc.string_is_ascii(values)).as_py() is not False
            elif field.arraysize is not None:
                longest = pc.max(pc.list_value_length(values)).as_py()
            else:
                continue
            self.longest[n] = max(self.longest[n], longest or 0)

    def _note_span(self, n: int, values: pa.Array) -> None:
        low, high = pc.min_max(values).as_py().values()
        if low is not None:
            self.least[n] = low if self.least[n] is None else min(self.least[n], low)
            self.largest[n] = high if self.largest[n] is None else max(self.largest[n], high)

    def no_value(self, n: int) -> int:
        """The null value of a column of whole numbers (TNULL): a number that it does not hold.

        Raises
        ------
        archive.tables.formats.errors.UnwritableResultError
            for a column that holds all of them.
        """
        usual = _NO_VALUE[self.fields[n].datatype]
        least, largest = self.least[n], self.largest[n]
        if least is None or largest is None or not least <= usual <= largest:
            return usual
        other = largest + 1 if usual < 0 else least - 1
        if largest == -usual - 1 or other < 0 <= usual:
            raise UnwritableResultError(
                f"column {self.fields[n].name}: holds nulls, and every number that could stand for them in FITS"
            )
        return other

    def filler(self, n: int) -> float:
        """The filler that stands where a column has no value."""
        field = self.fields[n]
        needed = field.datatype in _NO_VALUE and (self.nulls[n] or field.arraysize is not None)
        return self.no_value(n) if needed else np.nan if field.datatype in ("float", "double") else 0


def write_fits(fields: Iterable[Field], batches: Iterable, maxrec: int | None) -> Iterator[bytes]:
    """A FITS file with one binary table, whose text is ASCII.

    Raises
    ------
    archive.tables.formats.errors.UnwritableResultError
        for other text, which FITS does not hold.
    """
    fields = list(fields)
    for field in fields:
        _check_ascii(field, *(text or "" for text in (field.name, field.unit, field.ucd, field.utype)))
    spool = Spool(fields, batches, maxrec)
    for field, plain in zip(fields, spool.ascii, strict=True):
        if not plain:
            _refuse_text(field)
    width = sum(np.dtype(_element(spool, n)[0]).itemsize * _count(spool, n) for n in range(len(spool.fields)))
    _check_padded(spool, width)
    kind = np.dtype([(f"c{n}", *_element(spool, n)) for n in range(len(spool.fields))])
    yield fits.PrimaryHDU().header.tostring().encode() + _header(spool, kind).tostring().encode()
    size = 0
    for batch in _in_pieces(spool, width):
        rows = np.zeros(batch.num_rows, dtype=kind)
        for n, (field, values) in enumerate(zip(spool.fields, batch.columns, strict=True)):
            rows[f"c{n}"] = _cells(field, values, kind[n], spool.filler(n))
        size += rows.nbytes
        yield rows.tobytes()
    yield bytes(-size % BLOCK)


def _check_ascii(field: Field, *parts: str) -> None:
    if not all(part.isascii() for part in parts):
        _refuse_text(field)


def _refuse_text(field: Field) -> None:
    raise UnwritableResultError(
        f"column {field.name}: has text that is not ASCII, and FITS holds no other; use VOTable, CSV, JSON or Parquet"
    )


def write_ipac_table(fields: Iterable[Field], batches: Iterable, maxrec: int | None) -> Iterator[bytes]:
    """An IPAC table, its columns as wide as what they hold."""
    spool = Spool(fields, batches, maxrec)
    sized = [
        Field(one.name, "char", str(width), one.unit) if one.is_text or one.arraysize is not None else one
        for one, width in zip(spool.fields, _ipac_widths(spool), strict=True)
    ]
    _check_padded(spool, sum(_ipac_widths(spool)))
    keywords = {"QUERY_STATUS": "OVERFLOW" if spool.overflow else "OK", "RowsRetrieved": spool.rows}
    waiting, size = [], 0
    for line in write_ipac(sized, _rows(spool), keywords):
        waiting.append(line)
        size += len(line)
        if size > PIECE:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def _check_padded(spool: Spool, width: int) -> None:
    """Raise ResultTooLargeError where rows are small, and padded to the longest text of each column they are not."""
    if width > WIDEST or width * spool.rows > spool.most:
        raise ResultTooLargeError(
            f"{spool.rows} rows are {width} bytes wide each, as this format pads texts to the longest: at most "
            f"{WIDEST} a row and {spool.most} in all are written; use VOTable, CSV or Parquet"
        )


def _in_pieces(spool: Spool, width: int) -> Iterator[pa.RecordBatch]:
    """The rows, so many at a time as make a piece when they are padded."""
    each = max(PIECE // max(width, 1), 1)
    for batch in spool:
        for start in range(0, batch.num_rows, each):
            yield batch.slice(start, each)


def _count(spool: Spool, n: int) -> int:
    field = spool.fields[n]
    return 1 if field.is_text or field.arraysize is None else max(spool.longest[n], 1)


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
            header[f"TNULL{n}"] = spool.no_value(n - 1)
    return header


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _cells(field: Field, values: pa.Array, kind: np.dtype, filler: float) -> np.ndarray:
    """One column's values as FITS holds them."""
    if field.is_text:
        return np.array([(value or "").encode("ascii") for value in values.to_pylist()], dtype=kind)
    if field.datatype == "boolean":
        true = values.fill_null(False).to_numpy(zero_copy_only=False)
        null = values.is_null().to_numpy(zero_copy_only=False)
        return np.where(null, b"\0", np.where(true, b"T", b"F"))
    if field.arraysize is None:
        return values.fill_null(filler).to_numpy(zero_copy_only=False)
    padded = np.full((len(values), kind.shape[0]), filler, dtype=kind.base)
    for row, one in enumerate(values.to_pylist()):
        padded[row, : len(one or ())] = [filler if value is None else value for value in one or ()]
    return padded
