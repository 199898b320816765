"""Light curves as an HTTP answer that is sent while they are read."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from django.http import StreamingHttpResponse

from archive.tables.dictionary import Table
from lightcurves.download.formats import FORMATS


def streamed(table: Table, batches: Iterator[pa.RecordBatch], form: str, name: str = "") -> StreamingHttpResponse:
    """Batches of a table of the data dictionary in one of FORMATS; with a `name` as a file to keep."""
    writer = FORMATS[form]
    response = StreamingHttpResponse(writer.write(table, batches), content_type=writer.content_type)
    response["Cache-Control"] = "private, no-store"
    if name:
        response["Content-Disposition"] = f'attachment; filename="{name}.{writer.ending}"'
    return response
