"""The data behind an object's plots: points, overlays, neighbours, periodograms, one's own curve, cutouts."""

from __future__ import annotations

import numpy as np
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from archive.forms import problems
from archive.models import DifferenceImage, ProductFile
from archive.requests.parameters import takes
from archive.tables.responses import answer, problem
from lightcurves.models import STATISTICS, Source
from lightcurves.periods.choices import METHODS, Spectrum
from lightcurves.photometry.offsets import Offset, fitted_offsets
from lightcurves.searches import periodogram
from lightcurves.storage import read, store
from lightcurves.storage.read import LightCurves
from lightcurves.tables.dictionary import LIGHTCURVE, point_rows
from lightcurves.told.reading import times
from lightcurves.viewer import overlays, own
from lightcurves.viewer.forms import ANY_FLAG, NeighbourForm, OwnForm, PeriodogramForm, PointsForm

DEFAULT_FMAX = 10.0  # cycles per day
CUTOUT = 0.008  # deg
SERIES = ("hjd", "mag", "magerr", "filtercode", "oid")  # objects of one filter are one band with offsets


@require_safe
@takes(PointsForm, "format")
def light_curve(request: HttpRequest, oid: int) -> HttpResponse:
    """The points of an object, or those that are asked for (PointsForm), as JSON, CSV or VOTable."""
    parameters = request.GET.copy()
    parameters.setdefault("format", "json")
    if parameters["format"].lower() == "html":
        return problem("format='html': use json, csv or votable; the page is the object's own")
    request.GET = parameters
    form = PointsForm(request.GET)
    if not form.is_valid():
        return problem(problems(form))
    curves = read.get(oids_of(oid, form.cleaned_data["together"]))
    used = chosen(curves, form.cleaned_data, mask=0)
    rows = [row for row, chosen_point in zip(point_rows(curves), used, strict=True) if chosen_point]
    return answer(request, LIGHTCURVE, rows, "lightcurves/object.html", {})


@require_safe
def points(request: HttpRequest, oid: int) -> JsonResponse:
    """Columns that the plots need, of all points at an object's place; the references' magnitudes by object."""
    together = store.siblings(source_of(oid))
    curves = read.get(member.pk for member in together)
    columns = overlays.columns_of(curves)
    reference = {str(member.pk): member.refmag for member in together if member.refmag is not None}
    offsets = {str(one): round(offset.value, 5) for one, offset in offsets_of(curves).items()}
    counted = {"object": oid, "count": len(columns["pid"]), "columns": columns}
    return JsonResponse(counted | {"reference": reference, "offsets": offsets})


@require_safe
def overlay(request: HttpRequest, oid: int, name: str) -> JsonResponse:
    """Points of an overlay, by column."""
    columns = overlays.points(name, source_of(oid), request.user)
    return JsonResponse({"object": oid, "overlay": name, "count": len(columns["pid"]), "columns": columns})


@require_safe
@takes(NeighbourForm)
def neighbours(request: HttpRequest, oid: int) -> JsonResponse:
    """The nearest sources at other places, nearest first, and their points by column; `radius` in arcsec."""
    form = NeighbourForm(request.GET)
    if not form.is_valid():
        return problem(problems(form))
    found, curves = overlays.neighbours(source_of(oid), form.degrees)
    objects = [
        {"oid": near.pk, "filtercode": near.filtercode, "arcsec": round(near.arcsec, 2), "nobs": near.nobs,
         "medianmag": number(near.medianmag), "magrms": number(near.magrms), "page": reverse("object", args=[near.pk])}
        for near in found
    ]  # fmt: skip
    return JsonResponse({"object": oid, "objects": objects, "columns": overlays.columns_of(curves)})


@csrf_exempt  # changes nothing; POST is for lists of excluded points that no address could hold
@require_http_methods(["GET", "HEAD", "POST"])
@takes(PeriodogramForm, posted=[PeriodogramForm])
def period_search(request: HttpRequest, oid: int) -> JsonResponse:
    """Periodogram of an object's points, of points of one's own besides, or of these alone (PeriodogramForm)."""
    form = PeriodogramForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return problem(problems(form))
    asked = form.cleaned_data
    curves = read.get([] if asked["alone"] else oids_of(oid, asked["together"]))
    t, mag, err, band, curve = _with_own(curves, chosen(curves, asked, mask=ANY_FLAG), asked["own"])
    fmax = DEFAULT_FMAX if asked["fmax"] is None else asked["fmax"]
    try:
        found = periodogram(t, mag, err, band, asked["method"] or "ls", asked["fmin"], fmax, curve)
    except ValueError as error:
        return problem(str(error))
    return JsonResponse(_as_json(found))


@csrf_exempt  # changes nothing: what is sent is read, sent back and forgotten
@require_POST
@takes(posted=[OwnForm, "file"])
def own_curve(request: HttpRequest) -> JsonResponse:
    """The points of an uploaded file (CSV, IPAC, VOTable) by column; the browser keeps them, the archive does not."""
    form = OwnForm(request.POST)
    if not form.is_valid():
        return problem(problems(form))
    file = request.FILES.get("file")
    if file is None:
        return problem("file: choose a CSV file, an IPAC table or a VOTable")
    try:
        columns = own.read(file.read(own.MOST_BYTES + 1), form.cleaned_data)
    except own.UnreadableCurveError as error:
        return problem(str(error))
    return JsonResponse({"name": file.name, "count": len(columns["mjd"]), "columns": columns})


@require_safe
def cutouts(request: HttpRequest, oid: int, pid: int) -> JsonResponse:
    """Pictures around an object in one image, in its difference and its reference, as far as files are open."""
    source = source_of(oid)
    difference = DifferenceImage.objects.filter(science_id=pid).first()
    images = {"science": ("sci", pid, "sciimg.fits"), "difference": ("diff", pid, "scimrefdiffimg.fits.fz")}
    if difference is not None:
        images["reference"] = ("ref", difference.reference_id, "refimg.fits")
    place = f"ra={source.ra:.7f}&dec={source.dec:.7f}&size={CUTOUT}"
    pictures = []
    for label, (family, product, suffix) in images.items():
        file = ProductFile.objects.filter(family=family, product_id=product, suffix=suffix).first()
        if file is not None:
            addresses = {name: f"{reverse(name, args=[file.path])}?{place}" for name in ("picture", "cutout")}
            pictures.append({"label": label, "picture": addresses["picture"], "fits": addresses["cutout"]})
    return JsonResponse({"object": oid, "pid": pid, "pictures": pictures})


@require_safe
@takes("v")
def document(request: HttpRequest) -> HttpResponse:
    """The plots, empty, as Bokeh documents: the same for all objects, so made once and fetched once."""
    from lightcurves.viewer.documents import documents, version

    response = HttpResponse(documents(), content_type="application/json")
    lasting = "public, max-age=604800, immutable" if request.GET.get("v") == version() else "no-cache"
    response["Cache-Control"] = lasting
    return response


def offsets_of(curves: LightCurves) -> dict[int, Offset]:
    """Offsets between the light curves of one star in each filter, by object."""
    return fitted_offsets(curves.columns | {"mjd": times(curves.columns)})


def source_of(oid: int) -> Source:
    """The object, as far as this reader may see it; what is hidden is as absent as what is not there."""
    source = Source.objects.filter(pk=oid).first() if oid < 2**63 else None
    if source is None:
        raise Http404(f"object {oid}: there is none of that number, or it is not public")
    return source


def oids_of(oid: int, together: bool) -> list[int]:
    """The object's number, or those of all objects at its place."""
    source = source_of(oid)
    return [sibling.pk for sibling in store.siblings(source)] if together else [source.pk]


def chosen(curves: LightCurves, asked: dict, mask: int) -> np.ndarray:
    """Mask of the points that a PointsForm asks for; `mask` holds where it names none."""
    columns = curves.columns
    flags = mask if asked["mask"] is None else asked["mask"]
    used = np.isin(columns["filtercode"], asked["bands"]) & ((columns["catflags"] & flags) == 0)
    return used & ~np.isin(columns["key"], asked["exclude"])


def plain(source: Source) -> Source:
    """A source whose statistics hold no NaN: JSON has none, and VOTable and CSV have empty cells."""
    for name in STATISTICS:
        setattr(source, name, number(getattr(source, name)))
    return source


def number(value: float | None) -> float | None:
    """None for NaN."""
    return None if value is None or value != value else value


def _with_own(curves: LightCurves, used: np.ndarray, own_points: list[tuple]) -> list[np.ndarray]:
    series = [curves.columns[name][used] for name in SERIES]
    if not own_points:
        return series
    mine = [np.array(values) for values in zip(*own_points, strict=True)]
    mine[2] = np.where(mine[2] > 0, mine[2], own.USUAL_ERROR)
    mine[3] = np.array([f"own {band}" for band in mine[3]])
    mine.append(mine[3])
    series[4] = series[4].astype(str)
    return [np.concatenate(pair) for pair in zip(series, mine, strict=True)]


def _as_json(found: Spectrum) -> dict:
    return {
        "method": found.method,
        "label": METHODS[found.method],
        "period": found.period,
        "confidence": found.confidence,
        "peaks": [
            {"period": peak.period, "error": peak.period_error, "frequency": peak.frequency, "power": peak.power}
            for peak in found.peaks
        ],
        "n_points": found.n_points,
        "n_frequencies": found.n_frequencies,
        "frequencies": np.round(found.frequencies, 8).tolist(),
        "power": np.round(found.power, 5).tolist(),
    }
