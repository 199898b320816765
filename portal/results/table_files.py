"""Rows of a page's table as files, in the formats that TAP writes."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.http import StreamingHttpResponse

from archive.requests.stream_response import stream_response
from archive.services.vo.formats import format_named
from archive.tables.arrow import batch_of
from archive.tables.dictionary import Table
from archive.tables.moments import spaced
from archive.tables.responses import field_of

FORMATS = {"tsv": "TSV", "fits": "FITS", "parquet": "Parquet", "arrow": "Arrow", "ipac": "IPAC"}
"""Formats of a page's rows beside those of archive.tables.responses, and what people call them."""


def table_file(table: Table, objects: Sequence[models.Model], name: str, limit: int) -> StreamingHttpResponse:
    """Rows of model instances as a file; one more than `limit` says that there are others."""
    form = format_named(name)
    assert form is not None
    fields = tuple(field_of(column) for column in table.columns)
    rows = [tuple(map(spaced, row)) for row in table.rows(objects)]
    batches = [batch_of(fields, [list(column) for column in zip(*rows, strict=True)])] if rows else []
    headers = {"Cache-Control": "private, no-store", "Content-Disposition": f'attachment; filename="ztf.{form.suffix}"'}
    return stream_response(form.write(fields, batches, limit), lambda: None, form.content_type, headers)
