"""One answer for people and programs: the same rows as a page, JSON, CSV or VOTable."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import datetime

from archive.vo.votable import VOTABLE_TYPE, votable_bytes
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from archive.tables import Table

FORMATS = ("html", "json", "csv", "votable")


def format_of(request: HttpRequest) -> str:
    """The format asked for by `format=`; unknown ones are answered as pages with an error."""
    return request.GET.get("format", "html").lower()


def answer(
    request: HttpRequest, table: Table, objects: Iterable, template: str, context: dict, overflow: bool = False
) -> HttpResponse:
    """Rows in the format that the request names."""
    wanted = format_of(request)
    if wanted not in FORMATS:
        return refuse(request, template, f"format={wanted!r}: use one of {', '.join(FORMATS)}", context)
    if wanted == "html":
        return render(request, template, {"rows": objects, "table": table, **context})
    rows = list(table.rows(objects))
    makers = {"json": _json, "csv": _csv, "votable": _votable}
    return makers[wanted](table, rows, overflow)


def refuse(request: HttpRequest, template: str, message: str, context: dict, status: int = 400) -> HttpResponse:
    """What is wrong with a question, in the form in which an answer was asked for."""
    wanted = format_of(request)
    if wanted == "votable":
        return HttpResponse(votable_bytes((), (), error=message), content_type=VOTABLE_TYPE, status=status)
    if wanted in ("json", "csv"):
        problem = {"type": "about:blank", "title": "Bad request", "status": status, "detail": message}
        return JsonResponse(problem, status=status, content_type="application/problem+json")
    return render(request, template, {**context, "error": message}, status=status)


def _json(table: Table, rows: list[tuple], overflow: bool) -> HttpResponse:
    columns = [
        {"name": one.name, "datatype": one.datatype, "unit": one.unit, "description": one.description}
        for one in table.columns
    ]
    names = [one.name for one in table.columns]
    records = [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
    body = {"table": table.name, "columns": columns, "count": len(records), "overflow": overflow, "rows": records}
    return HttpResponse(json.dumps(body), content_type="application/json")


def _csv(table: Table, rows: list[tuple], overflow: bool) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    writer = csv.writer(response, lineterminator="\n")
    writer.writerow([one.name for one in table.columns])
    writer.writerows([["" if value is None else _plain(value) for value in row] for row in rows])
    return response


def _votable(table: Table, rows: list[tuple], overflow: bool) -> HttpResponse:
    plain = [tuple(map(_plain, row)) for row in rows]
    return HttpResponse(votable_bytes(table.columns, plain, overflow=overflow), content_type=VOTABLE_TYPE)


def _plain(value):
    return value.isoformat(sep=" ", timespec="milliseconds") if isinstance(value, datetime) else value
