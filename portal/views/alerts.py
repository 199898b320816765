"""Alerts: the search, one alert's page with its stamps, its packet."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from archive.forms import problems
from archive.models import Alert, ScienceImage
from archive.pixels.rendering import Rendering, png
from archive.products.alert_packets import STAMPS, packet_of, stamp_of
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.services.vo.table_files import FORMATS as FILE_FORMATS
from archive.services.vo.table_files import all_rows
from archive.tables import dictionary
from archive.tables.dictionary import Column
from archive.tables.pages.asked import PICTURES, TABLE, TableForm
from archive.tables.pages.chips import chips_of
from archive.tables.pages.results import Row, cells, result_table
from archive.tables.responses import answer, format_of, refuse
from portal.forms.images import AlertSearchForm
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
    template, context = "portal/alerts.html", {"form": form, "chips": chips_of(request, form)}
    for one in (form, asked):
        if not one.is_valid():
            return refuse(request, template, problems(one), context)
    table = dictionary.ALERTS
    columns = asked.chosen(table.columns, COLUMNS)
    if format_of(request) != "html":
        return all_rows(request, form.rows(), asked.narrowed(table, columns), template, context)
    page = page_of(request, form.rows(), asked.cleaned_data["rows"])
    rows = [_row(alert, columns) for alert in page]
    context["table"] = result_table(
        request, "alerts", table.columns, columns, rows, page, SORTABLE, (TABLE, PICTURES),
        asked.cleaned_data["view"] or TABLE, "No alerts match. Widen the search or remove a condition.",
    )  # fmt: skip
    return answer(request, table, page, template, context | {"page": page, "formats": FILE_FORMATS})


def _row(alert: Alert, columns: Sequence[Column]) -> Row:
    values = [attrgetter(column.attribute)(alert) for column in columns]
    picture = reverse("stamp", args=[alert.candid, "difference"])
    return Row(str(alert.candid), reverse("alert", args=[alert.candid]), cells(columns, values), picture=picture)


@takes("format")
def alert_page(request: HttpRequest, candid: int) -> HttpResponse:
    """One alert: three stamps, its measurements, the object's other alerts."""
    alert = get_object_or_404(Alert.objects.select_related("packet"), pk=candid)
    content = packet_of(alert)
    science = ScienceImage.objects.filter(pk=alert.pid).first()
    context = {
        "alert": alert,
        "candidate": content["candidate"],
        "stamps": [kind for kind, name in STAMPS.items() if content.get(name)],
        "others": Alert.objects.filter(objectid=alert.objectid).order_by("jd"),
        "science": science,
        "plane": _plane_of(science) if science is not None else "",
    }
    return answer(request, dictionary.ALERTS, [alert], "portal/alert.html", context)


def _plane_of(image: ScienceImage) -> str:
    """The plane that the viewer shows an alert in: the difference, or else the first that is here."""
    here = planes.files_of(image)
    return "difference" if "difference" in here else next(iter(here), "")


def stamp(request: HttpRequest, candid: int, kind: str) -> HttpResponse:
    """One of an alert's three stamps as PNG."""
    alert = get_object_or_404(Alert.objects.select_related("packet"), pk=candid)
    pixels = stamp_of(packet_of(alert), kind)
    if pixels is None:
        raise Http404(f"alert {candid} has no stamp {kind!r}; there are {', '.join(STAMPS)}")
    return HttpResponse(png(pixels, Rendering()), content_type="image/png")


def packet(request: HttpRequest, candid: int) -> JsonResponse:
    """An alert's packet as JSON, without its stamps."""
    alert = get_object_or_404(Alert.objects.select_related("packet"), pk=candid)
    content = packet_of(alert)
    return JsonResponse({name: value for name, value in content.items() if name not in HIDDEN})
