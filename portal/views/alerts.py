"""Alerts: the search, one alert's page with its stamps and light curve, its packet."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from archive.access.streams import limited
from archive.forms import problems
from archive.models import Alert, ScienceImage
from archive.pixels.rendering import Rendering, png
from archive.products.alert_curves import CURVE, curve_of
from archive.products.alert_packets import STAMPS, packet_of
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.search.as_adql import adql_of
from archive.search.families import FAMILIES
from archive.services.vo.calls import calls
from archive.services.vo.table_files import FORMATS as FILE_FORMATS
from archive.services.vo.table_files import all_rows
from archive.tables import dictionary
from archive.tables.dictionary import Column
from archive.tables.pages.asked import PICTURES, PLOT, TABLE, TableForm
from archive.tables.pages.chips import chips_of
from archive.tables.pages.choosing import USUAL, Choosing, chosen
from archive.tables.pages.narrowing import PARAMETERS as NARROWING
from archive.tables.pages.narrowing import narrowed, narrowing
from archive.tables.pages.plots import plot_of
from archive.tables.pages.results import Row, cells, result_table
from archive.tables.responses import answer, format_of, problem, refuse
from portal.forms.images import AlertSearchForm
from portal.plots import alert_curve
from portal.results.alert_stamps import stamp_pixels, turning_of
from portal.results.alerts import alert_context
from portal.workbench import planes

COLUMNS = (
    *("objectid", "jd", "fid", "ra", "dec", "magpsf", "sigmapsf", "isdiffpos", "rb"),
    *("ssnamenr", "programid", "origin"),
)
SORTABLE = frozenset(column.name for column in dictionary.ALERTS.columns)
HIDDEN = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


@takes(AlertSearchForm, TableForm, "format", "page")
def alert_search(request: HttpRequest) -> HttpResponseBase:
    """Alerts by position, object, time, brightness and score."""
    form, asked = AlertSearchForm(request.GET), TableForm(request.GET)
    template = "portal/alerts.html"
    context: dict[str, Any] = {"form": form, "chips": chips_of(request, form)}
    for one in (form, asked):
        if not one.is_valid():
            return refuse(request, template, problems(one), context)
    table, rows, expressions = dictionary.ALERTS, form.rows(), FAMILIES["alert"].expressions
    columns = asked.chosen(table.columns, COLUMNS)
    if format_of(request) != "html":
        return all_rows(request, rows, asked.narrowed(table, columns), template, context)
    with limited("reader"):
        page = page_of(request, rows, asked.cleaned_data["rows"])
        found = [_row(alert, columns) for alert in page]
        if asked.shown_as == PLOT:
            own, total = reverse("alert", args=[0]), page.paginator.count
            context["plot"] = plot_of(request, rows, total, table.columns, expressions, own, asked.axes)
    context["table"] = result_table(
        request, "alerts", table.columns, columns, found, page, SORTABLE, (TABLE, PICTURES, PLOT), asked.shown_as,
        "No alerts match. Widen the search or remove a condition.", Choosing(reverse("chosen-alerts"), USUAL, "alert"),
    )  # fmt: skip
    context |= {"narrow": narrowing(reverse("narrow-alerts"), table.columns, FAMILIES["alert"].types)}
    context |= {"page": page, "formats": FILE_FORMATS, "calls": calls(request, adql_of(form.query))}
    return answer(request, table, page, template, context)


@takes(AlertSearchForm, TableForm, "format", *NARROWING)
def narrow(request: HttpRequest) -> HttpResponse:
    """The search with more conditions: a column compared with a value, or limits that a plot shows."""
    return narrowed(request.GET, FAMILIES["alert"].types, reverse("alerts"))


@takes(AlertSearchForm, TableForm, "format", "to", "row", several=("row",))
def chosen_alerts(request: HttpRequest) -> HttpResponse:
    """A redirect to alerts that were chosen in the table, as a table or a file."""
    return chosen(request, "candid", reverse("alerts"))


def _row(alert: Alert, columns: Sequence[Column]) -> Row:
    values = [attrgetter(column.attribute)(alert) for column in columns]
    picture = reverse("stamp", args=[alert.candid, "difference"])
    own = reverse("alert", args=[alert.candid])
    return Row(str(alert.candid), own, cells(columns, values), str(alert.candid), picture)


@require_safe
@takes("format")
def alert_page(request: HttpRequest, candid: int) -> HttpResponse:
    """One alert: its stamps, its object's light curve, its measurements, and what lies near it."""
    alert = alert_of(candid)
    packet = packet_of(alert)
    science = image_of(alert)
    context = {"alert": alert, **alert_context(alert, packet, science), "viewer": _viewer(alert, science)}
    return answer(request, dictionary.ALERTS, [alert], "portal/alert.html", context)


def _viewer(alert: Alert, science: ScienceImage | None) -> str:
    """The address of the viewer around an alert in its image; empty where it has none."""
    plane = science and _plane_of(science)
    if not science or not plane:
        return ""
    place = {"plane": plane, "ra": f"{alert.ra:.6f}", "dec": f"{alert.dec:.6f}", "zoom": 4, "layers": "alerts"}
    return f"{reverse('image-view', args=[science.pk])}?{urlencode(place)}"


def _plane_of(image: ScienceImage) -> str:
    """The plane that the viewer shows an alert in: the difference, or else the first that is here."""
    here = planes.files_of(image)
    return "difference" if "difference" in here else next(iter(here), "")


@require_safe
def plot(request: HttpRequest, candid: int) -> JsonResponse:
    """The light curve of an alert's object as a Bokeh document, with its points beside it."""
    points = alert_curve.rows(curve_of(alert_of(candid)))
    return JsonResponse({"candid": str(candid), "alertcurve": alert_curve.document(), "points": points})


@require_safe
@takes("format")
def light_curve(request: HttpRequest, candid: int) -> HttpResponse:
    """The light curve of an alert's object, with limits, as JSON, CSV or VOTable."""
    parameters = request.GET.copy()
    parameters.setdefault("format", "json")
    if parameters["format"].lower() == "html":
        return problem("format='html': use json, csv or votable; the page is the alert's own")
    request.GET = parameters
    return answer(request, CURVE, curve_of(alert_of(candid)).points, "portal/alert.html", {})


@require_safe
def stamp(request: HttpRequest, candid: int, kind: str) -> HttpResponse:
    """One of an alert's three stamps as PNG: north up, east left, the alert in the middle."""
    alert = alert_of(candid)
    pixels = stamp_pixels(packet_of(alert), kind, turning_of(alert, image_of(alert)))
    if pixels is None:
        raise Http404(f"alert {candid} has no stamp {kind!r}; there are {', '.join(STAMPS)}")
    return HttpResponse(png(pixels, Rendering()), content_type="image/png")


@require_safe
def packet(request: HttpRequest, candid: int) -> JsonResponse:
    """An alert's packet as JSON, without its stamps."""
    content = packet_of(alert_of(candid))
    return JsonResponse({name: value for name, value in content.items() if name not in HIDDEN})


def alert_of(candid: int) -> Alert:
    """The alert, as far as this reader may see it and its packet."""
    return get_object_or_404(Alert.objects.select_related("packet"), pk=candid)


def image_of(alert: Alert) -> ScienceImage | None:
    """The science image of an alert, if it is here and this reader may see it."""
    return ScienceImage.objects.filter(pk=alert.pid).first()
