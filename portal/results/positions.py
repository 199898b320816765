"""Products around every position of a list."""

from __future__ import annotations

from django.http import HttpResponseBase

from archive.access.reading import Reader
from archive.tables.streaming import streamed
from archive.targets import around
from portal.forms.positions import PositionListForm


def rows_around(form: PositionListForm, reader: Reader) -> HttpResponseBase:
    """All rows, streamed."""
    rows = around.matches(form.query, form.list, reader, form.names)
    table = around.table_of(form.query.family, form.names)
    return streamed(table, rows, form.cleaned_data["format"] or "csv", f"ztf-{form.query.family}")
