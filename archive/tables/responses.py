"""The same rows for people and programs: a page, JSON, CSV or VOTable, by the request's `format`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from archive.tables.dictionary import Column, Table
from archive.tables.fields import Field
from archive.tables.formats.row_text import write_separated
from archive.tables.formats.votable import error_votable, write_votable
from archive.tables.moments import spaced

FORMATS = ("html", "json", "csv", "votable")
VOTABLE_TYPE = "application/x-votable+xml"


def format_of(request: HttpRequest) -> str:
    """The format that a request asks for."""
    return request.GET.get("format", "html").lower()


def answer(
    request: HttpRequest, table: Table, objects: Iterable, template: str, context: dict, overflow: bool = False
) -> HttpResponse:
    """Rows in the format that the request names.

    `overflow` says that the last of `objects` stands for more than may be given out; it is left out and the answer
    says so.
    """
    chosen_format = format_of(request)
    if chosen_format not in FORMATS:
        return refuse(request, template, f"format={chosen_format!r}: use one of {', '.join(FORMATS)}", context)
    if chosen_format == "html":
        return render(request, template, {"rows": objects, "table": table, **context})
    rows = [tuple(map(spaced, row)) for row in table.rows(objects)]
    if overflow and chosen_format != "votable":
        rows.pop()
    return {"json": _json, "csv": _csv, "votable": _votable}[chosen_format](table, rows, overflow)


def refuse(request: HttpRequest, template: str, message: str, context: dict, status: int = 400) -> HttpResponse:
    """An error in the format in which the rows were asked for."""
    chosen_format = format_of(request)
    if chosen_format == "votable":
        return HttpResponse(error_votable(message), content_type=VOTABLE_TYPE, status=status)
    if chosen_format in ("json", "csv"):
        return problem(message, status)
    return render(request, template, {**context, "error": message}, status=status)


def problem(message: str, status: int = 400, title: str = "Bad request") -> JsonResponse:
    """An error as RFC 9457 has it."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": message}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def field_of(column: Column) -> Field:
    """A column of the data dictionary as VOTable declares it."""
    arraysize = "*" if column.datatype == "char" else None
    optional = {"unit": column.unit or None, "ucd": column.ucd or None, "description": column.description or None}
    return Field(column.name, column.datatype, arraysize, **optional)


def _json(table: Table, rows: Sequence[tuple], overflow: bool) -> HttpResponse:
    names = [one.name for one in table.columns]
    columns = [
        {"name": one.name, "datatype": one.datatype, "unit": one.unit, "description": one.description}
        for one in table.columns
    ]
    records = [dict(zip(names, row, strict=True)) for row in rows]
    body = {"table": table.name, "columns": columns, "count": len(records), "overflow": overflow, "rows": records}
    return HttpResponse(json.dumps(body), content_type="application/json")


def _csv(table: Table, rows: Sequence[tuple], overflow: bool) -> HttpResponse:
    pieces = write_separated([column.name for column in table.columns], [rows])
    return HttpResponse("".join(pieces), content_type="text/csv; charset=utf-8")


def _votable(table: Table, rows: Sequence[tuple], overflow: bool) -> HttpResponse:
    batches = [[list(column) for column in zip(*rows, strict=True)]] if rows else []
    # The writer says OVERFLOW itself when it is given one row more than it may write.
    maxrec = len(rows) - 1 if overflow else None
    pieces = write_votable(map(field_of, table.columns), batches, maxrec=maxrec, description=table.description)
    return HttpResponse(b"".join(pieces), content_type=VOTABLE_TYPE)
