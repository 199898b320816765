"""Alerts: the search, one alert's page with its stamps, its packet."""

from __future__ import annotations

import gzip
import io

import numpy as np
from astropy.io import fits
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from archive import tables
from archive.alerts.packets import STAMPS, packet_of
from archive.answers import answer, refuse
from archive.forms import problems
from archive.images import Rendering, png
from archive.models import Alert, ScienceImage
from portal.forms import AlertSearchForm

PAGE_ROWS = 100
HIDDEN = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def alert_search(request: HttpRequest) -> HttpResponse:
    """Alerts by position, object, time, brightness and score."""
    form = AlertSearchForm(request.GET)
    template, context = "portal/alerts.html", {"form": form}
    if not form.is_valid():
        return refuse(request, template, problems(form), context)
    rows, limit = form.rows(), settings.SEARCH_ROW_LIMIT
    if request.GET.get("format", "html") != "html":
        found = list(rows[: limit + 1])
        return answer(request, tables.ALERTS, found, template, context, overflow=len(found) > limit)
    page = Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))
    return answer(request, tables.ALERTS, page, template, context | {"page": page})


def alert_page(request: HttpRequest, candid: int) -> HttpResponse:
    """One alert: three stamps, its measurements, the object's other alerts."""
    alert = get_object_or_404(Alert.objects.select_related("packet"), pk=candid)
    context = {
        "alert": alert,
        "candidate": packet_of(alert)["candidate"],
        "stamps": STAMPS,
        "others": Alert.objects.filter(objectid=alert.objectid).order_by("jd"),
        "science": ScienceImage.objects.filter(pk=alert.pid).first(),
    }
    return answer(request, tables.ALERTS, [alert], "portal/alert.html", context)


def stamp(request: HttpRequest, candid: int, kind: str) -> HttpResponse:
    """One of an alert's three stamps as PNG."""
    alert = get_object_or_404(Alert.objects.select_related("packet"), pk=candid)
    content = packet_of(alert).get(STAMPS.get(kind, ""))
    if not content:
        raise Http404(f"alert {candid} has no stamp {kind!r}; there are {', '.join(STAMPS)}")
    with fits.open(io.BytesIO(gzip.decompress(content["stampData"])), ignore_missing_simple=True) as hdus:
        data = np.asarray(hdus[0].data, dtype=np.float32)
    return HttpResponse(png(data, Rendering()), content_type="image/png")


def packet(request: HttpRequest, candid: int) -> JsonResponse:
    """An alert's packet as JSON, without its stamps."""
    alert = get_object_or_404(Alert.objects.select_related("packet"), pk=candid)
    content = packet_of(alert)
    return JsonResponse({name: value for name, value in content.items() if name not in HIDDEN})
