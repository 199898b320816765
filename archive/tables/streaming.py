"""Rows as CSV, JSON or VOTable while the database still delivers them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from django.http import StreamingHttpResponse

from archive.access.streams import Rows
from archive.requests.stream_response import stream_response
from archive.tables.dictionary import Table
from archive.tables.formats.row_text import write_separated
from archive.tables.formats.votable import write_votable
from archive.tables.moments import irsa
from archive.tables.responses import VOTABLE_TYPE, field_of


def streamed(table: Table, rows: Rows, form: str, name: str) -> StreamingHttpResponse:
    """An answer of `rows`, whose columns are those of `table`.

    Parameters
    ----------
    form : csv, json (an array of objects) or votable
    name : of the file, without its ending
    """
    content_type, ending, write = WRITERS[form]
    headers = {
        "Content-Disposition": f'attachment; filename="{name}.{ending}"',
        "Cache-Control": "private, no-store",
    }
    return stream_response(write(table, map(_shown, rows)), rows.close, content_type, headers)


def _shown(batch: list[tuple]) -> list[tuple]:
    return [tuple(map(irsa, row)) for row in batch]


def _csv(table: Table, batches: Iterable[list[tuple]]) -> Iterator[str]:
    return write_separated([column.name for column in table.columns], batches)


def _json(table: Table, batches: Iterable[list[tuple]]) -> Iterator[str]:
    names = [column.name for column in table.columns]
    before = "[\n"
    for batch in batches:
        lines = (json.dumps(dict(zip(names, row, strict=True))) for row in batch)
        yield before + ",\n".join(lines)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _votable(table: Table, batches: Iterable[list[tuple]]) -> Iterator[bytes]:
    columns = ([list(column) for column in zip(*batch, strict=True)] for batch in batches)
    return write_votable(map(field_of, table.columns), columns, description=table.description)


WRITERS: dict[str, tuple[str, str, Callable]] = {
    "csv": ("text/csv; charset=utf-8", "csv", _csv),
    "json": ("application/json", "json", _json),
    "votable": (VOTABLE_TYPE, "xml", _votable),
}
