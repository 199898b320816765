"""Arrow batches as text and bytes, piece by piece: what light curves are sent as. One batch at a time is in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import pyarrow as pa
from pyarrow import csv

from archive.tables.dictionary import Table
from archive.tables.fields import Field
from archive.tables.formats.arrow_files import write_arrow, write_parquet
from archive.tables.formats.ipac import write_ipac
from archive.tables.formats.row_text import gathered, write_html
from archive.tables.formats.votable import write_votable
from archive.tables.responses import VOTABLE_TYPE, field_of
from archive.tables.sink import Sink
from lightcurves.download.bulk import schema_of

TEXT_WIDTHS = {"filtercode": "2", "in_name": "60"}
"""Characters of text columns: fixed widths are written several times as fast, and an IPAC table needs them."""
Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True)
class Format:
    """name : as parameters have it; ending : of a file; write : a table of the data dictionary and its batches."""

    name: str
    content_type: str
    ending: str
    write: Callable[[Table, Batches], Iterator[bytes]]


def _arrow(table: Table, batches: Batches) -> Iterator[bytes]:
    return write_arrow(schema_of(table), batches)


def _parquet(table: Table, batches: Batches) -> Iterator[bytes]:
    return write_parquet(schema_of(table), batches)


def _separated(delimiter: str) -> Callable[[Table, Batches], Iterator[bytes]]:
    """Arrow's writer leaves out quotes altogether where no text needs them, as IRSA does."""

    def write(table, batches):
        yield (delimiter.join(column.name for column in table.columns) + "\n").encode()
        free_text = any(column.name == "in_name" for column in table.columns)
        style = "needed" if free_text else "none"
        options = csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style=style)
        for batch in batches:
            sink = Sink()
            csv.write_csv(batch, sink, options)
            yield sink.take()

    return write


def _json(table: Table, batches: Batches) -> Iterator[bytes]:
    """As the pages' twins have it: columns, rows as objects; `count` comes last, as it is known last."""
    columns = [
        {"name": one.name, "datatype": one.datatype, "unit": one.unit, "description": one.description}
        for one in table.columns
    ]
    yield f'{{"table": {json.dumps(table.name)}, "columns": {json.dumps(columns)},\n"rows": ['.encode()
    count, separator = 0, "\n"
    for batch in batches:
        yield (separator + ",\n".join(map(json.dumps, batch.to_pylist()))).encode()
        count, separator = count + len(batch), ",\n"
    yield f'\n],\n"count": {count}}}\n'.encode()


def _fields(table: Table) -> list[Field]:
    fields = map(field_of, table.columns)
    return [
        Field(one.name, one.datatype, TEXT_WIDTHS.get(one.name, one.arraysize), one.unit, one.ucd, one.description)
        for one in fields
    ]


def _votable(table: Table, batches: Batches) -> Iterator[bytes]:
    return write_votable(_fields(table), batches, "TABLEDATA", description=table.description)


def _ipac(table: Table, batches: Batches) -> Iterator[bytes]:
    return map(str.encode, gathered(write_ipac(_fields(table), _rows(batches))))


def _html(table: Table, batches: Batches) -> Iterator[bytes]:
    return map(str.encode, gathered(write_html(list(table.columns), _rows(batches))))


def _rows(batches: Batches) -> Iterator[tuple]:
    return chain.from_iterable(zip(*(column.to_pylist() for column in batch.columns), strict=True) for batch in batches)


FORMATS = {
    one.name: one
    for one in (
        Format("votable", VOTABLE_TYPE, "xml", _votable),
        Format("ipac_table", "text/plain; charset=utf-8", "tbl", _ipac),
        Format("html", "text/html; charset=utf-8", "html", _html),
        Format("csv", "text/csv; charset=utf-8", "csv", _separated(",")),
        Format("tsv", "text/tab-separated-values; charset=utf-8", "tsv", _separated("\t")),
        Format("json", "application/json", "json", _json),
        Format("parquet", "application/vnd.apache.parquet", "parquet", _parquet),
        Format("arrow", "application/vnd.apache.arrow.stream", "arrows", _arrow),
    )
}
