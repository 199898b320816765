"""Alerts: the search, one alert's page with its stamps, its packet."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from archive.forms import problems
from archive.models import Alert, ScienceImage
from archive.pixels.rendering import Rendering, png
from archive.products.alert_packets import STAMPS, packet_of, stamp_of
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.tables import dictionary
from archive.tables.responses import answer, refuse
from portal.forms.images import AlertSearchForm
from portal.workbench import planes

PAGE_ROWS = 100
HIDDEN = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


@takes(AlertSearchForm, "format", "page")
def alert_search(request: HttpRequest) -> HttpResponse:
    """Alerts by position, object, time, brightness and score."""
    form = AlertSearchForm(request.GET)
    template, context = "portal/alerts.html", {"form": form}
    if not form.is_valid():
        return refuse(request, template, problems(form), context)
    rows, limit = form.rows(), settings.SEARCH_ROW_LIMIT
    if request.GET.get("format", "html") != "html":
        found = list(rows[: limit + 1])
        return answer(request, dictionary.ALERTS, found, template, context, overflow=len(found) > limit)
    page = page_of(request, rows, PAGE_ROWS)
    return answer(request, dictionary.ALERTS, page, template, context | {"page": page})


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
