"""Pages: the search for objects, and light curves of a list."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from archive.access.reading import Reader
from archive.forms import problems
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.services.vo.calls import calls
from archive.services.vo.table_files import FORMATS, all_rows
from archive.tables.dictionary import Column
from archive.tables.pages.asked import PLOT, TABLE, TableForm
from archive.tables.pages.chips import chips_of
from archive.tables.pages.choosing import USUAL, Choosing, chosen
from archive.tables.pages.narrowing import PARAMETERS as NARROWING
from archive.tables.pages.narrowing import narrowed, narrowing
from archive.tables.pages.plots import plot_of
from archive.tables.pages.results import Row, cells, result_table
from archive.tables.responses import answer, format_of, problem, refuse
from lightcurves.catalog.forms import BULK_FORMATS, MOST_IDS, MOST_TARGETS, LightCurveForm, ObjectSearchForm
from lightcurves.catalog.search import EXPRESSIONS, TYPES, UNASKED, BadObjectQueryError, in_time
from lightcurves.download import bulk, matchfile_jobs
from lightcurves.download.matchfile_jobs import MatchfileForm
from lightcurves.download.responses import streamed
from lightcurves.tables.dictionary import LIGHTCURVE, OBJECTS

LIST = "lightcurves/list.html"
TEMPLATE = "lightcurves/objects.html"
DISTANCE = Column("arcsec", "double", "Distance from the position that was asked for", "arcsec")
COLUMNS = (
    *("arcsec", "filtercode", "ra", "dec", "field", "nobs", "ngoodobs"),
    *("medianmag", "magrms", "chisq", "stetsonj", "vonneumannratio"),
)
NOTHING = "No objects match, or none of them is public. Widen the search or remove a condition."
SORTABLE = frozenset(column.name for column in OBJECTS.columns)


@require_safe
@takes(ObjectSearchForm, TableForm, "format", "page")
def object_search(request: HttpRequest) -> HttpResponseBase:
    """Objects around a position, or by a condition on their statistics; the nearest first unless told otherwise."""
    form, asked = ObjectSearchForm(request.GET), TableForm(request.GET)
    context = {"form": form, "chips": chips_of(request, form)}
    for one in (form, asked):
        if not one.is_valid():
            return refuse(request, TEMPLATE, problems(one), context)
    if not form.query.asks_something:
        if format_of(request) != "html":
            return refuse(request, TEMPLATE, UNASKED, context)
        return render(request, TEMPLATE, context)
    try:
        with in_time():
            return _found(request, form, asked, context)
    except BadObjectQueryError as error:
        return refuse(request, TEMPLATE, str(error), context)


def _found(request: HttpRequest, form: ObjectSearchForm, asked: TableForm, context: dict) -> HttpResponseBase:
    rows, around = form.query.rows(), form.query.ra is not None
    known = (*OBJECTS.columns, DISTANCE) if around else OBJECTS.columns
    columns = asked.chosen(known, COLUMNS if around else COLUMNS[1:])
    if format_of(request) != "html":
        asked_for = [one for one in columns if one is not DISTANCE]
        return all_rows(request, rows, asked.narrowed(OBJECTS, asked_for), TEMPLATE, context)
    page = page_of(request, rows, asked.cleaned_data["rows"])
    if asked.shown_as == PLOT:
        own, total = reverse("object", args=[0]), page.paginator.count
        context["plot"] = plot_of(request, rows, total, OBJECTS.columns, EXPRESSIONS, own, asked.axes)
    for one in page.object_list:
        one.arcsec = one.distance * 3600 if around else None
    table = result_table(
        request, "objects", known, columns, [_row(one, columns) for one in page], page, SORTABLE,
        (TABLE, PLOT), asked.shown_as, NOTHING, Choosing(reverse("chosen-objects"), USUAL, "object"),
    )  # fmt: skip
    context["narrow"] = narrowing(reverse("narrow-objects"), OBJECTS.columns, TYPES)
    context |= {"page": page, "table": table, "formats": FORMATS, "calls": calls(request, form.query.adql)}
    return answer(request, OBJECTS, page, TEMPLATE, context)


@require_safe
@takes(ObjectSearchForm, TableForm, "format", *NARROWING)
def narrow(request: HttpRequest) -> HttpResponse:
    """The search with more conditions: a column compared with a value, or limits that a plot shows."""
    return narrowed(request.GET, TYPES, reverse("objects"))


@require_safe
@takes(ObjectSearchForm, TableForm, "format", "to", "row", several=("row",))
def chosen_objects(request: HttpRequest) -> HttpResponse:
    """A redirect to objects that were chosen in the table, as a table or a file."""
    return chosen(request, "oid", reverse("objects"))


def _row(source, columns: Sequence[Column]) -> Row:
    values = [attrgetter(column.attribute)(source) for column in columns]
    return Row(str(source.oid), reverse("object", args=[source.oid]), cells(columns, values), str(source.oid))


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
