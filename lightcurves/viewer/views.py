"""Objects: the search, one object's page, and the data behind its plots."""

from __future__ import annotations

import numpy as np
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.answers import answer, problem, refuse
from archive.forms import problems
from lightcurves import catalog_periods, exportjobs, store
from lightcurves.export import NothingToExport
from lightcurves.models import STATISTICS, Source
from lightcurves.periodograms import METHODS, Spectrum, periodogram
from lightcurves.periods.grid import MIN_POINTS
from lightcurves.tables import LIGHTCURVE, OBJECTS, point_rows
from lightcurves.viewer.documents import documents
from lightcurves.viewer.drawing import draw
from lightcurves.viewer.forms import FILTERS, FoldForm, ObjectSearchForm, PeriodogramForm

PAGE_ROWS = 100
DEFAULT_FMAX = 10.0  # cycles per day
SHOWN = ("medianmag", "magrms", "chisq", "stetsonj", "vonneumannratio")


@require_safe
def object_search(request: HttpRequest) -> HttpResponse:
    """Objects around a position with their statistics, nearest first."""
    form = ObjectSearchForm(request.GET)
    template, context = "lightcurves/objects.html", {"form": form}
    if not form.is_valid():
        return refuse(request, template, problems(form), context)
    if not form.cleaned_data["position"]:
        if request.GET.get("format", "html") != "html":
            return refuse(request, template, "position: give a position or a name, for example 358.1 10.2", context)
        return render(request, template, context)
    rows = store.cone(*form.cleaned_data["position"], form.degrees)
    if form.cleaned_data["filtercode"]:
        rows = rows.filter(filtercode=form.cleaned_data["filtercode"])
    limit = settings.SEARCH_ROW_LIMIT
    found = store.with_statistics(rows[: limit + 1])
    overflow = len(found) > limit
    if least := form.cleaned_data["nobs"]:
        found = [one for one in found if (one.nobs or 0) >= least]
    if request.GET.get("format", "html") != "html":
        return answer(request, OBJECTS, map(_plain, found), template, context, overflow=overflow)
    page = Paginator(found, PAGE_ROWS).get_page(request.GET.get("page"))
    return answer(request, OBJECTS, page, template, context | {"page": page, "shown": SHOWN, "overflow": overflow})


@require_safe
def object_page(request: HttpRequest, oid: int) -> HttpResponse:
    """One object: the light curves at its place, folded if a period is given, its statistics and points."""
    source = _source(oid)
    form = FoldForm(request.GET)
    template = "lightcurves/object.html"
    together = store.siblings(source)
    curves = store.get(one.pk for one in together)
    sources = store.with_statistics(together)
    context = {
        "source": source,
        "sources": sources,
        "bands": [band for band in FILTERS if band in curves.columns["filtercode"]],
        "points": point_rows(curves),
        "curve": draw(curves),
        "statistics": [(name, [getattr(one, name) for one in sources]) for name in STATISTICS],
        "methods": METHODS,
        "least_points": MIN_POINTS,
        "found": catalog_periods.best([source.pk]).get(source.pk),
        "form": form,
    }
    if not form.is_valid():
        return refuse(request, template, problems(form), context)
    if period := form.cleaned_data["period"]:
        context |= {"period": period, "folded": draw(curves, period)}
    rows = map(_plain, store.with_statistics([source]))
    return answer(request, OBJECTS, rows, template, context)


@require_POST
def order_export(request: HttpRequest) -> HttpResponse:
    """Order the light curves of a release as a HATS catalog."""
    try:
        job = exportjobs.order(request.POST.get("release", ""), request.reader, request.user)
    except NothingToExport as reason:
        return problem(str(reason))
    return redirect("job", job.pk)


@require_safe
def light_curve(request: HttpRequest, oid: int) -> HttpResponse:
    """The points of an object (`together`: of all objects at its place) as JSON, CSV or VOTable."""
    parameters = request.GET.copy()
    parameters.setdefault("format", "json")
    if parameters["format"].lower() == "html":
        return problem("format='html': use json, csv or votable; the page is the object's own")
    request.GET = parameters
    curves = store.get(_oids(oid, _wanted(request.GET, "together")))
    return answer(request, LIGHTCURVE, point_rows(curves), "lightcurves/object.html", {})


@require_safe
def points(request: HttpRequest, oid: int) -> JsonResponse:
    """What the plots need of all points at an object's place, by column."""
    rows = point_rows(store.get(_oids(oid, together=True)))
    names = ("oid", "pid", "mjd", "hjd", "mag", "magerr", "catflags", "filtercode", "limitmag")
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    return JsonResponse({"object": oid, "count": len(rows), "columns": columns})


@csrf_exempt  # changes nothing; POST is for lists of excluded points that no address could hold
@require_http_methods(["GET", "HEAD", "POST"])
def period_search(request: HttpRequest, oid: int) -> JsonResponse:
    """Periodogram of an object's points: method, fmin, fmax, bands, exclude (pids), together, flagged."""
    form = PeriodogramForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return problem(problems(form))
    asked = form.cleaned_data
    columns = store.get(_oids(oid, asked["together"])).columns
    used = np.isin(columns["filtercode"], asked["bands"]) & ~np.isin(columns["pid"], asked["exclude"])
    if not asked["flagged"]:
        used &= columns["catflags"] == 0
    series = [columns[name][used] for name in ("hjd", "mag", "magerr", "filtercode")]
    fmax = DEFAULT_FMAX if asked["fmax"] is None else asked["fmax"]
    try:
        found = periodogram(*series, asked["method"] or "ls", asked["fmin"], fmax)
    except ValueError as error:
        return problem(str(error))
    return JsonResponse(_as_json(found))


@require_safe
def document(request: HttpRequest, oid: int) -> HttpResponse:
    """The plots, empty, as Bokeh documents: the same for all objects, so made once."""
    response = HttpResponse(documents(), content_type="application/json")
    response["Cache-Control"] = "public, max-age=3600"
    return response


def _source(oid: int) -> Source:
    """The object, as far as this reader may see it; what is hidden is as absent as what is not there."""
    source = Source.objects.filter(pk=oid).first() if oid < 2**63 else None
    if source is None:
        raise Http404(f"object {oid}: there is none of that number, or it is not public")
    return source


def _oids(oid: int, together: bool) -> list[int]:
    source = _source(oid)
    return [one.pk for one in store.siblings(source)] if together else [source.pk]


def _wanted(parameters: QueryDict, name: str) -> bool:
    return parameters.get(name, "").lower() in ("1", "true", "yes", "on")


def _plain(source: Source) -> Source:
    """A source whose statistics hold no NaN: JSON has none, and VOTable and CSV have empty cells."""
    for name in STATISTICS:
        value = getattr(source, name)
        if value is not None:
            setattr(source, name, None if value != value else value)
    return source


def _as_json(found: Spectrum) -> dict:
    return {
        "method": found.method,
        "label": METHODS[found.method],
        "period": found.period,
        "confidence": found.confidence,
        "peaks": [
            {"period": one.period, "error": one.period_error, "frequency": one.frequency, "power": one.power}
            for one in found.peaks
        ],
        "n_points": found.n_points,
        "n_frequencies": found.n_frequencies,
        "frequencies": np.round(found.frequencies, 8).tolist(),
        "power": np.round(found.power, 5).tolist(),
    }
