"""The answer to an IBE search: rows of archive.search.query in IRSA's columns and formats, streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from django.db import models

from archive.access.reading import Reader
from archive.access.streams import QueryFailedError, Rows, stream
from archive.search.families import Family
from archive.search.query import BadQueryError, ImageQuery, images
from archive.services.irsa.ibe_parameters import Request
from archive.services.protocol.errors import BadRequestError
from archive.tables.dictionary import Column
from archive.tables.fields import Field
from archive.tables.formats.ipac import write_ipac
from archive.tables.formats.row_text import gathered, write_html, write_separated
from archive.tables.moments import irsa
from archive.targets.around import MATCHED, matches

WIDTHS = {
    "filtercode": 2, "imgtype": 8, "imgtypecode": 1, "obsdate": 26, "startobsdate": 26, "endobsdate": 26,
    "ipac_pub_date": 26, "poly": 220, "caltype": 12, "obsdate_range": 72, "objectid": 12, "isdiffpos": 1,
    "ssnamenr": 40, "path": 200, "suffix": 40, "sha256": 64,
}  # fmt: skip
"""Characters of each text column: an IPAC table says its widths before its first row."""
UPLOADED = tuple(column for column in MATCHED if column.name != "in_name")
Batches = Iterable[list[tuple]]
DESCRIBED = ("name", "description", "unit", "ucd", "utype", "datatype", "principal", "indexed")


@dataclass(frozen=True)
class Answer:
    """A table that is written while its rows arrive; `close` when nobody reads it any more."""

    content_type: str
    pieces: Iterator[str]
    close: Callable[[], None]


def find(asked: Request, family: Family, reader: Reader) -> Answer:
    """Search, with the reader's rights.

    Raises
    ------
    BadRequestError
        for a search that the database does not finish.
    """
    known = {column.name: column for column in family.table.columns}
    columns = [known[name] for name in asked.columns]
    try:
        if asked.targets is not None:
            rows = matches(asked.query, asked.targets, reader, asked.columns)
            batches = ([(row[0], *row[2:]) for row in batch] for batch in rows)  # IBE gives no name
            return _written(asked.format, [*UPLOADED, *columns], batches, rows.close)
        rows = stream([((), _selected(asked.query, family, asked.columns))], reader)
    except BadQueryError as error:
        raise BadRequestError(error.parameter.upper() + str(error).removeprefix(error.parameter)) from error
    except QueryFailedError as error:
        raise BadRequestError(str(error)) from error
    return _written(asked.format, columns, rows, rows.close)


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
    wanted = {f"ibe_{name}": family.expressions[name] for name in names}
    return rows.annotate(**wanted).values_list(*wanted)


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


_FORMATS = {
    "ipac_table": ("text/plain; charset=utf-8", _ipac),
    "csv": ("text/csv; charset=utf-8", _separated(",")),
    "tsv": ("text/tab-separated-values; charset=utf-8", _separated("\t")),
    "html": ("text/html; charset=utf-8", _html),
}
