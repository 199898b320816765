"""The answer to an IBE search: rows of archive.search.query in IRSA's columns and formats, streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from django.conf import settings
from django.db import models

from archive.access.reading import Reader
from archive.access.streams import Rows
from archive.search.families import Family
from archive.search.query import BadQueryError, ImageQuery, images
from archive.search.where import TIME
from archive.services.irsa.ibe_parameters import Request
from archive.services.protocol.errors import BadRequestError
from archive.services.vo.formats import format_named
from archive.services.vo.schema.published import POSTGRES
from archive.tables.dictionary import Column
from archive.tables.fields import IRSA_TEXT, Field
from archive.tables.formats.ipac import write_ipac, write_ipac_batches
from archive.tables.formats.row_text import gathered, write_html, write_separated
from archive.tables.moments import irsa
from archive.targets.around import MATCHED, matches

WIDTHS = {
    "filtercode": 2, "imgtype": 8, "imgtypecode": 1, "obsdate": 26, "startobsdate": 26, "endobsdate": 26,
    "ipac_pub_date": 26, "poly": 220, "caltype": 12, "obsdate_range": 72, "objectid": 12, "isdiffpos": 1,
    "ssnamenr": 40, "path": 200, "suffix": 40, "sha256": 64,
}  # fmt: skip
"""Characters of each text column: an IPAC table says its widths before its first row."""
ALL = 1 << 62  # rows
UPLOADED = tuple(column for column in MATCHED if column.name != "in_name")
Batches = Iterable[list[tuple]]
DESCRIBED = ("name", "description", "unit", "ucd", "utype", "datatype", "principal", "indexed")


@dataclass(frozen=True)
class Answer:
    """A table that is written while its rows arrive; `close` when nobody reads it any more."""

    content_type: str
    pieces: Iterator[bytes] | Iterator[str]
    close: Callable[[], None]


def find(asked: Request, family: Family, reader: Reader) -> Answer:
    """Search, with the reader's rights.

    Raises
    ------
    BadRequestError
    archive.access.streams.QueryFailedError
        for a search that the database does not finish.
    """
    known = {column.name: column for column in family.table.columns}
    columns = [known[name] for name in asked.columns]
    try:
        if asked.targets is not None:
            rows = matches(asked.query, asked.targets, reader, asked.columns)
            batches = ([(row[0], *row[2:]) for row in batch] for batch in rows)  # IBE gives no name
            return _written(asked.format, [*UPLOADED, *columns], batches, rows.close)
        return _streamed(asked, family, columns, reader)
    except BadQueryError as error:
        raise BadRequestError(error.parameter.upper() + str(error).removeprefix(error.parameter)) from error


def _streamed(asked: Request, family: Family, columns: list[Column], reader: Reader) -> Answer:
    """All rows of a search in the format that is asked for."""
    from archive.access.arrow_stream import arrow_stream  # compiled, and most processes answer no search

    fields = [_field(one) for one in columns]
    written = [_as_irsa(one, family.types[one.name] == TIME) for one in columns]
    found = _selected(asked.query, family, asked.columns)
    rows = arrow_stream(found, fields, written, reader, settings.TAP_RESULT_BYTES)
    content_type, write = _BATCHES[asked.format]
    return Answer(content_type, write(fields, columns, rows), rows.close)


def _field(column: Column) -> Field:
    """A column as writers of Arrow batches take it; text has the width that its IPAC table says."""
    width = str(WIDTHS[column.name]) if column.datatype == "char" else None
    return Field(column.name, column.datatype, width, column.unit or None, description=column.description)


def _as_irsa(column: Column, is_time: bool) -> str:
    """SQL of a column in its declared type; times as IRSA writes them."""
    if is_time:
        return IRSA_TEXT.format("({} AT TIME ZONE 'UTC')")
    return f"{{}}::{'text' if column.datatype == 'char' else POSTGRES[column.datatype]}"


def describe(asked: Request, family: Family) -> Answer:
    """The columns of a family as a table (FORMAT=METADATA)."""
    columns = [Column(name, "int" if name in ("principal", "indexed") else "char", "") for name in DESCRIBED]
    known = {column.name: column for column in family.table.columns}
    rows = [
        (one.name, one.description, one.unit, one.ucd, "", one.datatype, int(one.principal), int(one.indexed))
        for one in (known[name] for name in asked.columns)
    ]
    return _written(asked.format, columns, [rows], lambda: None)


def _selected(query: ImageQuery, family: Family, names: tuple[str, ...]) -> models.QuerySet:
    rows = images(query)
    if not query.centred:
        rows = rows.order_by("pk")  # any other order would sort all rows before the first is sent
    found = {f"ibe_{name}": family.expressions[name] for name in names}
    plain = {name: one.name for name, one in found.items() if isinstance(one, models.F)}  # quicker as a field's name
    rows = rows.annotate(**{name: one for name, one in found.items() if name not in plain})
    return rows.values_list(*(plain.get(name, name) for name in found))


def _written(name: str, columns: list[Column], batches: Rows | Iterable[list[tuple]], close) -> Answer:
    content_type, write = _FORMATS[name]
    plain = ([tuple(map(irsa, row)) for row in batch] for batch in batches)
    return Answer(content_type, gathered(write(columns, plain)), close)


def _ipac(columns: list[Column], batches: Batches) -> Iterator[str]:
    fields = [
        Field(one.name, one.datatype, str(WIDTHS[one.name]) if one.name in WIDTHS else None, one.unit or None)
        for one in columns
    ]
    return write_ipac(fields, chain.from_iterable(batches))


def _separated(delimiter: str) -> Callable[[list[Column], Batches], Iterator[str]]:
    def write(columns: list[Column], batches: Batches) -> Iterator[str]:
        return write_separated([column.name for column in columns], batches, delimiter)

    return write


def _html(columns: list[Column], batches: Batches) -> Iterator[str]:
    return write_html(columns, chain.from_iterable(batches))


def _lines(name: str) -> Callable[[list[Field], list[Column], Iterable], Iterator[bytes]]:
    """CSV or TSV, as TAP writes them."""

    def write(fields: list[Field], columns: list[Column], batches: Iterable) -> Iterator[bytes]:
        form = format_named(name)
        assert form is not None
        return form.write(tuple(fields), batches, ALL)

    return write


def _page(fields: list[Field], columns: list[Column], batches: Iterable) -> Iterator[bytes]:
    rows = (row for batch in batches for row in zip(*(one.to_pylist() for one in batch.columns), strict=True))
    return (piece.encode() for piece in gathered(write_html(columns, rows)))


def _fixed(fields: list[Field], columns: list[Column], batches: Iterable) -> Iterator[bytes]:
    return write_ipac_batches(fields, batches)


_FORMATS = {
    "ipac_table": ("text/plain; charset=utf-8", _ipac),
    "csv": ("text/csv; charset=utf-8", _separated(",")),
    "tsv": ("text/tab-separated-values; charset=utf-8", _separated("\t")),
    "html": ("text/html; charset=utf-8", _html),
}
_BATCHES = {
    "ipac_table": (_FORMATS["ipac_table"][0], _fixed),
    "csv": (_FORMATS["csv"][0], _lines("csv")),
    "tsv": (_FORMATS["tsv"][0], _lines("tsv")),
    "html": (_FORMATS["html"][0], _page),
}
"""The same formats from Arrow batches."""
