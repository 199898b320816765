"""Pages: the search for objects, and light curves of a list."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from archive.access.reading import Reader
from archive.forms import problems
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.tables.responses import answer, format_of, problem, refuse
from lightcurves.catalog.forms import BULK_FORMATS, MOST_IDS, MOST_TARGETS, LightCurveForm, ObjectSearchForm
from lightcurves.catalog.search import BadObjectQueryError, in_time
from lightcurves.download import bulk, matchfile_jobs
from lightcurves.download.matchfile_jobs import MatchfileForm
from lightcurves.download.responses import streamed
from lightcurves.tables.dictionary import LIGHTCURVE, OBJECTS

LIST = "lightcurves/list.html"
PAGE_ROWS = 100
SHOWN = ("medianmag", "magrms", "chisq", "stetsonj", "vonneumannratio")


@require_safe
@takes(ObjectSearchForm, "format", "page")
def object_search(request: HttpRequest) -> HttpResponse:
    """Objects around a position, or by a condition on their statistics; the nearest first unless told otherwise."""
    form = ObjectSearchForm(request.GET)
    template, context = "lightcurves/objects.html", {"form": form, "shown": SHOWN}
    if not form.is_valid():
        return refuse(request, template, problems(form), context)
    if not form.query.asks_something:
        if format_of(request) != "html":
            return refuse(request, template, "position, where: give a position, a name or a condition", context)
        return render(request, template, context)
    try:
        with in_time():
            return _found(request, form, template, context)
    except BadObjectQueryError as error:
        return refuse(request, template, str(error), context)


def _found(request: HttpRequest, form: ObjectSearchForm, template: str, context: dict) -> HttpResponse:
    rows, limit = form.query.rows(), settings.SEARCH_ROW_LIMIT
    if format_of(request) != "html":
        found = list(rows[: limit + 1])
        return answer(request, OBJECTS, found, template, context, overflow=len(found) > limit)
    page = page_of(request, rows, PAGE_ROWS)
    for one in page.object_list:
        one.arcsec = one.distance * 3600 if form.query.ra is not None else None
    return answer(request, OBJECTS, page, template, context | {"page": page})


@takes(posted=[LightCurveForm])
def light_curve_list(request: HttpRequest) -> HttpResponseBase:
    """The form; posted, all points of the objects of a list."""
    if request.method != "POST":
        return render(request, LIST, _context())
    form = LightCurveForm(request.POST, request.FILES)
    if form.is_valid():
        return points_of(form, request.reader)
    if request.headers.get("Accept", "").startswith("application/json"):
        return problem(problems(form))
    return render(request, LIST, _context(form=form, error=problems(form)), status=400)


@require_POST
@takes(posted=[MatchfileForm])
def order_matchfiles(request: HttpRequest) -> HttpResponse:
    """Order the matchfiles of a field's quadrant."""
    form = MatchfileForm(request.POST)
    if not form.is_valid():
        return render(request, LIST, _context(match=form, error=problems(form)), status=400)
    return redirect("job", matchfile_jobs.order(form.cleaned_data, request.reader, request.user).pk)


def _context(**more) -> dict:
    known = {
        "form": LightCurveForm(),
        "match": MatchfileForm(auto_id="match_%s"),
        "ids": MOST_IDS,
        "targets": MOST_TARGETS,
    }
    return known | {"formats": BULK_FORMATS} | more


def points_of(form: LightCurveForm, reader: Reader) -> HttpResponseBase:
    """All points that a valid form asks for, streamed."""
    form_of_answer = form.cleaned_data["format"] or "csv"
    if form.oids:
        return streamed(
            LIGHTCURVE, bulk.points(form.oids, form.point_filter, reader), form_of_answer, "ztf-light-curves"
        )
    pairs = bulk.at_targets(form.list, form.degrees, form.point_filter)
    batches = bulk.points_of_targets(form.list, pairs, form.point_filter, reader)
    return streamed(bulk.OF_TARGETS, batches, form_of_answer, "ztf-light-curves")
