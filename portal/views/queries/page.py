"""The query page: ADQL in the browser, with the tables beside it and the same query as a script."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from archive.models import SavedSearch
from archive.requests.parameters import takes
from archive.services.protocol.errors import BadRequestError
from archive.services.vo.adql import ADQLError, known_functions
from archive.services.vo.schema.published import SCHEMAS, published
from archive.services.vo.tap import query as tap
from archive.services.vo.tap.examples import EXAMPLES
from portal.plots import query as query_plot
from portal.views.queries.jobs import CHOICES, jobs_of, panel

SHOWN_ROWS = 200
PREVIEW_ROWS = 2000  # all of them are drawn
TEMPLATE = "portal/query.html"
DOWNLOADS = (("VOTable", "votable"), ("CSV", "csv"), ("TSV", "tsv"), ("JSON", "json"))


@dataclass(frozen=True)
class Problem:
    """A problem of a query, and the line that it is about."""

    message: str
    line: int | None = None
    column: int | None = None
    text: str = ""
    before: str = ""


@require_safe
@takes("query", "saved", "job")
def query_page(request: HttpRequest) -> HttpResponse:
    """A form for ADQL; with `query`, or the id of a `saved` one, the first rows of its result."""
    saved = _saved(request.GET["saved"]) if request.GET.get("saved") else None
    jobs = jobs_of(request)
    ordered = next((one for one in jobs if str(one.pk) == request.GET.get("job")), None)
    if request.GET.get("job") and ordered is None:
        raise Http404(f"job={request.GET['job'][:40]}: none of your last jobs has this id")
    given = request.GET.get("query", "").strip()
    query = given or (saved.text if saved else ordered.parameters["QUERY"] if ordered else "")
    service = request.build_absolute_uri(reverse("tap")).rstrip("/")
    tables = sorted(published(), key=lambda one: list(SCHEMAS).index(one.schema))  # data first
    context = {"query": query, "tables": tables, "examples": EXAMPLES, "service": service, "saved": saved}
    context |= {"shown": SHOWN_ROWS, "drawn": PREVIEW_ROWS, "mine": _mine(request)}
    context |= {"formats": CHOICES, **panel(jobs, request.reader)}
    if not query or (ordered and not given):  # what was given to a job is not run here as well
        return render(request, TEMPLATE, context)
    context |= {"downloads": _downloads(query), "snippets": _snippets(service, query)}
    context["share"] = request.build_absolute_uri(f"{reverse('query')}?{urlencode({'query': query})}")
    try:
        found = tap.preview(query, PREVIEW_ROWS)
    except ADQLError as error:
        return render(request, TEMPLATE, context | {"problem": _problem(query, error)}, status=400)
    except BadRequestError as error:
        return render(request, TEMPLATE, context | {"problem": Problem(str(error))}, status=400)
    drawn = query_plot.plot_of(found)
    axes = (("x", drawn.x), ("y", drawn.y)) if drawn else ()
    return render(request, TEMPLATE, context | {"result": found, "plot": drawn, "axes": axes})


@require_safe
@cache_control(max_age=3600)
def words(request: HttpRequest) -> JsonResponse:
    """The words that the editor completes: tables with their columns, and functions."""
    tables = {
        one.table.name: {
            "description": one.table.description,
            "columns": [{"name": c.name, "unit": c.unit, "description": c.description} for c in one.table.columns],
        }
        for one in published()
    }
    return JsonResponse({"tables": tables, "functions": list(known_functions())})


@require_safe
@cache_control(max_age=3600)
def plot(request: HttpRequest) -> JsonResponse:
    """The plot of a result as a Bokeh document without points."""
    return JsonResponse({"result": query_plot.document()})


def _saved(key: str) -> SavedSearch:
    try:
        return SavedSearch.objects.get(pk=key, kind=SavedSearch.Kind.QUERY)
    except (SavedSearch.DoesNotExist, ValidationError) as error:
        raise Http404(f"no query is saved as {key}") from error


def _mine(request: HttpRequest):
    return (
        SavedSearch.objects.filter(owner=request.user, kind=SavedSearch.Kind.QUERY)
        if request.user.is_authenticated
        else ()
    )


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
