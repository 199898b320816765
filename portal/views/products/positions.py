"""Products around every position of a list."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from archive.access.streams import QueryFailedError
from archive.forms import problems
from archive.requests.parameters import joined, takes
from archive.search.query import BadQueryError
from archive.tables.responses import problem
from archive.targets import around
from archive.targets.lists import as_text
from portal.forms.positions import MOST_POSITIONS, PositionListForm
from portal.results.positions import rows_around

TEMPLATE = "portal/positions.html"
MOST_SHOWN = 1000


@takes("targets", posted=[PositionListForm])
def position_list(request: HttpRequest) -> HttpResponseBase:
    """The form; posted, how many products each position has, or all of them as CSV, JSON or VOTable."""
    if request.method != "POST":
        typed = {"targets": request.GET["targets"]} if "targets" in request.GET else {}
        return render(request, TEMPLATE, {"form": PositionListForm(initial=typed), "most": MOST_POSITIONS})
    form = PositionListForm(request.POST, request.FILES)
    context = {"form": form, "most": MOST_POSITIONS}
    chosen_format = request.POST.get("format", "html")
    try:
        if form.is_valid():
            return (
                _counted(request, form, context) if chosen_format in ("", "html") else rows_around(form, request.reader)
            )
        error = problems(form)
    except (BadQueryError, QueryFailedError) as failure:
        error = str(failure)
    if chosen_format in ("", "html"):
        return render(request, TEMPLATE, context | {"error": error}, status=400)
    return problem(error)


def _counted(request: HttpRequest, form: PositionListForm, context: dict) -> HttpResponse:
    counts = around.counts(form.query, form.list)
    listed = [
        {"number": number, "target": target, "count": count}
        for number, (target, count) in enumerate(zip(form.list, counts, strict=True), 1)
    ]
    context |= {"listed": listed[:MOST_SHOWN], "left_out": len(listed[MOST_SHOWN:]), "total": sum(counts)}
    context |= {
        "query": _query(form),
        "text": as_text(form.list),
    }
    return render(request, TEMPLATE, context)


def _query(form: PositionListForm) -> dict:
    """The conditions, for the links to each position's own search."""
    own = ("targets", "upload", "columns", "format", "centred", "csrfmiddlewaretoken")
    return {name: value for name, value in joined(form.data).items() if name not in own}
