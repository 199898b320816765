"""Objects: one object's page, and the periods that people save."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from archive.forms import problems
from archive.models import ProductFile, ScienceImage
from archive.requests.parameters import takes
from archive.requests.parts import part_alone
from archive.survey.bits import MASK_DESCRIPTIONS
from archive.tables.responses import answer, problem, refuse
from lightcurves.download import hats_jobs
from lightcurves.hats.released import NothingToExportError
from lightcurves.models import STATISTICS, Source
from lightcurves.periods.choices import METHODS
from lightcurves.periods.grid import MIN_POINTS
from lightcurves.storage import read, store
from lightcurves.tables import periods
from lightcurves.tables.dictionary import OBJECTS, point_rows
from lightcurves.viewer import beside, saved
from lightcurves.viewer.data import offsets_of, plain, source_of
from lightcurves.viewer.drawing import draw
from lightcurves.viewer.forms import FILTERS, SaveForm, ViewForm
from lightcurves.viewer.overlays import OVERLAYS

MODULES = ("points", "state", "plots", "draw", "periodogram", "download", "panels", "sound")
NEWEST = 20  # images that the one for the viewer is looked for among
PRELOADED = [f"lightcurves/{name}.js" for name in MODULES] + ["ui/ask.js"]
PICTURES = {"lightcurve": "Light curve", "folded": "Folded", "periodogram": "Periodogram"}
OWN_COLUMNS = {"time": "Time", "mag": "Magnitude", "err": "Error", "band": "Filter"}
BITS = [(int(bit), text.lower()) for bit, text in MASK_DESCRIPTIONS.items()] + [(store.BAD_IMAGE, "whole image is bad")]


@require_safe
@takes(ViewForm, "format")
def object_page(request: HttpRequest, oid: int) -> HttpResponse:
    """One object: the light curves at its place, folded if a period is given, its statistics and points."""
    from lightcurves.viewer.documents import version  # with Bokeh

    source = source_of(oid)
    form = ViewForm(request.GET)
    template = "lightcurves/object.html"
    together = store.siblings(source)
    curves = read.get(one.pk for one in together)
    sources = store.with_statistics(together)
    canonical = beside.name_offsets(sources, offsets_of(curves))
    found, rows = periods.best([source.pk]).get(source.pk), point_rows(curves)
    context = beside.around(source, sources, found, request.user) | {
        "source": source,
        "sources": sources,
        "canonical": canonical,
        "bands": [band for band in FILTERS if band in curves.columns["filtercode"]],
        "bits": BITS,
        "modules": PRELOADED,
        "document_version": version(),
        "own_columns": OWN_COLUMNS,
        "pictures": PICTURES,
        "overlays": OVERLAYS,
        "points": rows,
        "pictures_in_time": beside.pictures_of(source, rows),
        "curve": draw(curves),
        "curve_names": [f"{one.filtercode} {one.oid}" for one in sources],
        "statistics": [(name, [getattr(one, name) for one in sources]) for name in STATISTICS],
        "methods": METHODS,
        "least_points": MIN_POINTS,
        "found": found,
        "kept": saved.of(request.user, oid),
        "form": form,
        "viewer": viewer_of(source),
    }
    if not form.is_valid():
        return refuse(request, template, problems(form), context)
    if period := form.cleaned_data["period"]:
        context |= {"period": period, "folded": draw(curves, period)}
    return answer(request, OBJECTS, map(plain, store.with_statistics([source])), template, context)


def viewer_of(source: Source) -> str:
    """The address of the viewer around an object in its newest image; empty where there is none."""
    pid = newest_image(source)
    place = {"ra": f"{source.ra:.6f}", "dec": f"{source.dec:.6f}", "zoom": 4, "layers": "objects"}
    return "" if pid is None else f"{reverse('image-view', args=[pid])}?{urlencode(place)}"


def newest_image(source: Source) -> int | None:
    """The newest image of an object's quadrant and filter whose pixels the reader may see, of the last few."""
    alike = ScienceImage.objects.filter(field=source.field, rcid=source.rcid, fid=source.fid)
    newest = list(alike.order_by("-obsjd").values_list("pk", flat=True)[:NEWEST])
    files = ProductFile.objects.filter(family=ProductFile.Family.SCI, suffix="sciimg.fits", product_id__in=newest)
    here = set(files.values_list("product_id", flat=True))
    return next((pid for pid in newest if pid in here), None)


@require_POST
@takes(posted=["release", "edition"])
def order_export(request: HttpRequest) -> HttpResponse:
    """Order the light curves of a release, in an edition (lightcurves.download.editions): HATS where none is named."""
    asked = request.POST
    try:
        job = hats_jobs.order(asked.get("release", ""), request.reader, request.user, asked.get("edition", ""))
    except NothingToExportError as reason:
        return problem(str(reason))
    return redirect("job", job.pk)


@require_safe
@login_required
@never_cache
@takes("format")
def saved_periods(request: HttpRequest) -> HttpResponse:
    """All periods that one has saved."""
    rows = saved.of(request.user)
    return answer(request, saved.SAVED, rows, "lightcurves/saved.html", {"kept": rows})


@require_POST
@login_required
@takes("part", posted=[SaveForm], merged=True)
def save_period(request: HttpRequest, oid: int) -> HttpResponse:
    """Keep a period of an object with one's account."""
    form = SaveForm(request.POST)
    if not form.is_valid():
        return problem(problems(form))
    source, asked = source_of(oid), form.cleaned_data
    try:
        saved.save(request.user, source.pk, asked["period"], asked["epoch"], asked["note"])
    except saved.TooManyError as error:
        return problem(str(error), status=409, title="Conflict")
    if part_alone(request):
        return _kept(request, oid)
    messages.success(request, f"The period {asked['period']:.9g} d of object {oid} is saved with your account.")
    return redirect("object", oid)


@require_POST
@login_required
@takes("part", merged=True)
def drop_period(request: HttpRequest, number: int) -> HttpResponse:
    """Forget one of one's own periods."""
    row = get_object_or_404(saved.of(request.user), pk=number)
    oid = row.oid
    row.delete()
    if part_alone(request):
        return _kept(request, oid)
    return redirect("saved-periods")


def _kept(request: HttpRequest, oid: int) -> HttpResponse:
    """The list of saved periods that stands on an object's page."""
    return render(request, "lightcurves/parts/kept.html", {"kept": saved.of(request.user, oid)})
