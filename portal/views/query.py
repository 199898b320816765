"""The query page: ADQL in the browser, with the tables beside it and the same query as a script."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from archive.vo import tap
from archive.vo.adql import ADQLError
from archive.vo.catalog_tables import published
from archive.vo.examples import EXAMPLES

PREVIEW_ROWS = 200
TEMPLATE = "portal/query.html"
DOWNLOADS = (("VOTable", "votable"), ("CSV", "csv"), ("TSV", "tsv"), ("JSON", "json"))


@dataclass(frozen=True)
class Problem:
    """What is wrong with a query, and the line that it is about."""

    message: str
    line: int | None = None
    column: int | None = None
    text: str = ""
    before: str = ""


def query_page(request: HttpRequest) -> HttpResponse:
    """A form for ADQL; with `query` the first rows of its result."""
    query = request.GET.get("query", "").strip()
    service = request.build_absolute_uri(reverse("tap")).rstrip("/")
    tables = sorted(published(), key=lambda one: one.schema == "tap_schema")  # data first
    context = {"query": query, "tables": tables, "examples": EXAMPLES, "limit": PREVIEW_ROWS, "service": service}
    if not query:
        return render(request, TEMPLATE, context)
    context |= {"downloads": _downloads(query), "snippets": _snippets(service, query)}
    try:
        context["result"] = tap.preview(query, PREVIEW_ROWS)
    except ADQLError as error:
        return render(request, TEMPLATE, context | {"problem": _problem(query, error)}, status=400)
    except tap.BadRequest as error:
        return render(request, TEMPLATE, context | {"problem": Problem(str(error))}, status=400)
    return render(request, TEMPLATE, context)


def _problem(query: str, error: ADQLError) -> Problem:
    if not error.line:
        return Problem(error.message)
    lines = query.splitlines()
    text = lines[error.line - 1] if error.line <= len(lines) else ""
    return Problem(error.message, error.line, error.column, text, " " * max((error.column or 1) - 1, 0))


def _downloads(query: str) -> list[tuple[str, str]]:
    address = reverse("tap-sync")
    parts = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query}
    return [(name, f"{address}?{urlencode(parts | {'RESPONSEFORMAT': form})}") for name, form in DOWNLOADS]


def _snippets(service: str, query: str) -> list[tuple[str, str]]:
    """The same query from a script; ready to be copied."""
    quoted = query.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    python = (
        f'import pyvo\n\nztf = pyvo.dal.TAPService("{service}")\ntable = ztf.run_sync("""\n{quoted}\n""").to_table()\n'
    )
    encoded = shlex.quote(f"QUERY={query}")
    curl = f"curl '{service}/sync' \\\n  -d RESPONSEFORMAT=csv -d LANG=ADQL \\\n  --data-urlencode {encoded}\n"
    return [("Python (pyvo)", python), ("curl", curl)]
