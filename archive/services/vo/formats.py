"""The forms in which TAP writes a result, each as a stream of bytes from Arrow batches.

How each says that rows are missing (MAXREC): VOTable by an INFO after the table, CSV and TSV not at all, as every line
of theirs is a row, or where that is asked for (csv/told) by a last line that starts with #, JSON by `overflow`, FITS by
the keyword OVERFLOW, IPAC by the keyword QUERY_STATUS, Parquet by the file's metadata, Arrow by the metadata of a last,
empty batch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from archive.services.vo import descriptors
from archive.tables.arrow import batch_of, joined_rows, schema_of, texts
from archive.tables.fields import Field
from archive.tables.formats.arrow_files import write_arrow, write_parquet
from archive.tables.formats.spooled import write_fits, write_ipac_table
from archive.tables.formats.votable import CONTENT_TYPE, Counted, field_elements, write_votable

Fields = tuple[Field, ...]
Batches = Iterable[pa.RecordBatch]
Writer = Callable[[Fields, Batches, int], Iterator[bytes]]
STATUS = "QUERY_STATUS"
CSV, TSV = "text/csv; charset=utf-8; header=present", "text/tab-separated-values; charset=utf-8"
_CONTROLS = r"[\x00-\x1f]"


@dataclass(frozen=True)
class Format:
    """`names` are what RESPONSEFORMAT may say; capabilities give the first, and as aliases those without a slash.

    plain : text that is worth compressing on its way
    """

    names: tuple[str, ...]
    content_type: str
    suffix: str
    write: Writer
    plain: bool = False


def _votable(serialization: str) -> Writer:
    def write(fields, batches, maxrec):
        named, resources = descriptors.linked(fields)
        return descriptors.followed_by(write_votable(named, batches, serialization, maxrec), resources)

    return write


def _separated(delimiter: str, told: bool = False) -> Writer:
    """A null is empty; an empty text is "", so that the two are told apart.

    told : whether a last line, which is no row, says that there are more rows
    """

    def write(fields, batches, maxrec):
        names = _quoted(pa.array([field.name for field in fields], pa.string()), delimiter)
        yield (delimiter.join(names.to_pylist()) + "\n").encode()
        counted = Counted(batches, maxrec)
        for columns in counted:
            batch = batch_of(fields, columns)
            yield _lines(_cells(fields, batch.columns, delimiter), delimiter)
        if counted.overflow and told:
            yield f"# OVERFLOW: there are more than {maxrec} rows\n".encode()

    return write


def _cells(fields: Fields, columns: list[pa.Array], delimiter: str) -> list[pa.Array]:
    """Each column as text; those of one type are written at once, as the calls are what few rows cost."""
    alike: dict[pa.DataType, list[int]] = {}
    for n, values in enumerate(columns):
        alike.setdefault(values.type, []).append(n)
    cells = list(columns)
    for members in alike.values():
        values, field = pa.concat_arrays([columns[n] for n in members]), fields[members[0]]
        written = _quoted(values, delimiter) if field.is_text else texts(field, values)
        size = len(columns[0])
        for place, n in enumerate(members):
            cells[n] = written.slice(place * size, size)
    return cells


def _lines(cells: list[pa.Array], delimiter: str) -> bytes:
    pieces = [piece for cell in cells for piece in (cell, delimiter)]
    return joined_rows([*pieces[:-1], "\n"])


def _quoted(values: pa.Array, delimiter: str) -> pa.Array:
    """Text with quotes where it would be misread without: the separator, quotes, ends of lines, a # at its start."""
    needs = pc.or_(pc.match_substring_regex(values, f'[{delimiter}"\r\n]|^#'), pc.equal(values, ""))
    if not pc.any(needs).as_py():
        return values
    quoted = pc.binary_join_element_wise('"', pc.replace_substring(values, '"', '""'), '"', "")
    return pc.if_else(needs, quoted, values)


def _json(fields: Fields, batches: Batches, maxrec: int) -> Iterator[bytes]:
    columns = [
        {
            "name": f.name,
            "datatype": f.datatype,
            "arraysize": f.arraysize,
            "unit": f.unit,
            "ucd": f.ucd,
            "utype": f.utype,
            "xtype": f.xtype,
            "description": f.description,
        }
        for f in fields
    ]
    yield f'{{"columns": {json.dumps(columns)},\n"data": ['.encode()
    counted, separator = Counted(batches, maxrec), "\n"
    for part in counted:
        batch = batch_of(fields, part)
        cells = [_json_cells(field, values) for field, values in zip(fields, batch.columns, strict=True)]
        pieces = [piece for cell in cells for piece in (cell, ", ")]
        rows = joined_rows(["[", *pieces[:-1], "],\n"])
        yield separator.encode() + rows[:-2]
        separator = ",\n"
    yield f'\n],\n"overflow": {json.dumps(counted.overflow)}}}\n'.encode()


def _json_cells(field: Field, values: pa.Array) -> pa.Array:
    """Values as JSON has them, which knows neither NaN nor infinity."""
    if field.is_text:
        if pc.any(pc.match_substring_regex(values, _CONTROLS)).as_py():
            return pa.array([json.dumps(value, ensure_ascii=False) for value in values.to_pylist()])
        escaped = pc.replace_substring(pc.replace_substring(values, "\\", "\\\\"), '"', '\\"')
        return pc.fill_null(pc.binary_join_element_wise('"', escaped, '"', ""), "null")
    if field.arraysize is not None:
        inside = pc.fill_null(_finite(values.values), "null")
        lists = pc.binary_join(pa.ListArray.from_arrays(values.offsets, inside), ", ")
        return pc.if_else(pc.is_valid(values), pc.binary_join_element_wise("[", lists, "]", ""), "null")
    return pc.fill_null(_finite(values), "null")


def _finite(values: pa.Array) -> pa.Array:
    written = pc.cast(values, pa.string())
    return pc.if_else(pc.is_finite(values), written, "null") if pa.types.is_floating(values.type) else written


def _named(schema: pa.Schema, columns) -> pa.RecordBatch:
    arrays = columns.columns if isinstance(columns, pa.RecordBatch) else columns
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _parquet(fields: Fields, batches: Batches, maxrec: int) -> Iterator[bytes]:
    """With the columns' descriptions as their metadata, and as a VOTable without rows (VOParquet 1.0)."""
    schema, counted = schema_of(_unique(fields)), Counted(batches, maxrec)

    def metadata() -> dict[str, str]:
        return {
            STATUS: "OVERFLOW" if counted.overflow else "OK",
            "IVOA.VOTable-Parquet.version": "1.0",
            "IVOA.VOTable-Parquet.content": field_elements(_unique(fields)),
        }

    return write_parquet(schema, (_named(schema, columns) for columns in counted), metadata)


def _arrow(fields: Fields, batches: Batches, maxrec: int) -> Iterator[bytes]:
    schema, counted = schema_of(_unique(fields)), Counted(batches, maxrec)

    def last(writer: pa.ipc.RecordBatchStreamWriter) -> None:
        if counted.overflow:
            empty = pa.RecordBatch.from_arrays([pa.array([], one.type) for one in schema], schema=schema)
            writer.write_batch(empty, custom_metadata={STATUS: "OVERFLOW"})

    return write_arrow(schema, (_named(schema, columns) for columns in counted), last)


def _unique(fields: Fields) -> Fields:
    """Parquet and Arrow know columns by name: a second column of a name gets a number behind it."""
    names: list[str] = []
    for field in fields:
        name, n = field.name, 2
        while name in names:
            name, n = f"{field.name}_{n}", n + 1
        names.append(name)
    return tuple(replace(field, name=name) for field, name in zip(fields, names, strict=True))


FORMATS = (
    Format(
        (
            CONTENT_TYPE,
            "votable",
            "votable/b2",
            "text/xml",
            f"{CONTENT_TYPE};serialization=binary2",
            "votable_plain",
        ),
        f"{CONTENT_TYPE};serialization=BINARY2",
        "vot",
        _votable("BINARY2"),
    ),
    Format(
        (f"{CONTENT_TYPE};serialization=tabledata", "votable/td"),
        f"{CONTENT_TYPE};serialization=TABLEDATA",
        "xml",
        _votable("TABLEDATA"),
        plain=True,
    ),
    Format(("text/csv", "csv", "text/csv;header=present"), CSV, "csv", _separated(","), True),
    Format(("text/csv;overflow=told", "csv/told"), CSV, "csv", _separated(",", told=True), True),
    Format(("text/tab-separated-values", "tsv"), TSV, "tsv", _separated("\t"), True),
    Format(("text/tab-separated-values;overflow=told", "tsv/told"), TSV, "tsv", _separated("\t", told=True), True),
    Format(("application/fits", "fits", "image/fits"), "application/fits", "fits", write_fits),
    Format(
        ("application/vnd.apache.parquet", "parquet", "application/x-parquet"),
        "application/vnd.apache.parquet",
        "parquet",
        _parquet,
    ),
    Format(("application/vnd.apache.arrow.stream", "arrow"), "application/vnd.apache.arrow.stream", "arrows", _arrow),
    Format(("application/json", "json"), "application/json", "json", _json, True),
    Format(("text/plain", "ipac", "ipac_table"), "text/plain; charset=utf-8", "tbl", write_ipac_table, True),
)


def format_named(name: str) -> Format | None:
    """The format that RESPONSEFORMAT names, without regard to case and blanks; VOTable where it is empty."""
    folded = "".join(name.lower().split()) or "votable"
    return next((one for one in FORMATS if folded in one.names), None)
