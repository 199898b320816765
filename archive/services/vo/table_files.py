"""Rows of a page's table as files, in the formats that TAP writes."""

from __future__ import annotations

from contextlib import nullcontext

from django.conf import settings
from django.db import models
from django.http import HttpRequest, HttpResponseBase

from archive.access.streams import limited
from archive.requests.stream_response import stream_response
from archive.services.vo.formats import format_named
from archive.tables.arrow import batch_of
from archive.tables.dictionary import Table
from archive.tables.moments import spaced
from archive.tables.responses import answer, field_of, format_of

FORMATS = {"tsv": "TSV", "fits": "FITS", "parquet": "Parquet", "arrow": "Arrow", "ipac": "IPAC"}
"""Formats of a page's rows beside those of archive.tables.responses, and what people call them."""


def all_rows(
    request: HttpRequest, rows: models.QuerySet, table: Table, template: str, context: dict
) -> HttpResponseBase:
    """All rows of a search in the format that the request names, up to the limit; what is over is said in its form."""
    name, limit = format_of(request), settings.SEARCH_ROW_LIMIT
    with limited("reader") if isinstance(rows, models.QuerySet) and rows.db == "reader" else nullcontext():
        found = list(rows[: limit + 1])
    form = format_named(name) if name in FORMATS else None
    if form is None:
        return answer(request, table, found, template, context, overflow=len(found) > limit)
    fields = tuple(field_of(column) for column in table.columns)
    values = [tuple(map(spaced, row)) for row in table.rows(found)]
    batches = [batch_of(fields, [list(column) for column in zip(*values, strict=True)])] if values else []
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="ztf.{form.suffix}"'}
    return stream_response(form.write(fields, batches, limit), lambda: None, form.content_type, headers)
