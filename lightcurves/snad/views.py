"""SNAD's API over HTTP: /api/v3."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import path
from django.views.decorators.http import require_safe

from archive.requests.parameters import takes
from archive.requests.stream_response import stream_response
from lightcurves.download.bulk import NoSuchReleaseError, PointFilter
from lightcurves.snad import curves

KEEP = {"Cache-Control": "no-store"}
CIRCLE = ("ra", "dec", "radius_arcsec")
HELP = f"""Light curves, in the API of SNAD's ZTF database.

/api/v3/dr/list/json
    names of the releases; {curves.LATEST} is the one that came last
/api/v3/data/{{dr}}/oid/full/json?oid=
    objects by their numbers (at most {curves.MOST_OBJECTS}, as oid=1&oid=2), with their good points
/api/v3/data/{{dr}}/oid/meta/json?oid=
    the same without points
/api/v3/data/{{dr}}/circle/full/json?ra=&dec=&radius_arcsec=
    objects around a position in degrees, at most {curves.LARGEST_RADIUS:g} arcsec
/api/v3/data/{{dr}}/circle/meta/json?ra=&dec=&radius_arcsec=
    the same without points
"""


@require_safe
def describe(request: HttpRequest) -> HttpResponse:
    """The addresses there are."""
    return HttpResponse(HELP, "text/plain; charset=utf-8")


@require_safe
def releases(request: HttpRequest) -> HttpResponse:
    """The names of all releases."""
    return JsonResponse(curves.release_names(), safe=False, headers=KEEP)


@require_safe
@takes("oid", several=["oid"])
def by_number(request: HttpRequest, release: str, with_points: bool) -> HttpResponseBase:
    """Objects by their numbers; those without good points in the release are left out."""
    return _answer(request, curves.numbers(request.GET.getlist("oid")), _of(release), with_points)


@require_safe
@takes(*CIRCLE)
def by_place(request: HttpRequest, release: str, with_points: bool) -> HttpResponseBase:
    """Objects around a position."""
    point_filter = _of(release)
    return _answer(request, curves.in_circle(request.GET, point_filter), point_filter, with_points)


def _of(release: str) -> PointFilter:
    try:
        return PointFilter(release=curves.release_named(release))
    except NoSuchReleaseError as error:
        raise Http404(str(error)) from error


def _answer(request: HttpRequest, oids: list[int], point_filter: PointFilter, with_points: bool) -> HttpResponseBase:
    pieces = curves.written(oids, point_filter, request.reader, with_points)
    return stream_response(pieces, lambda: None, "application/json", KEEP)


DATA = "api/v3/data/<str:release>"
urlpatterns = [
    path("api/v3/help", describe, name="api-snad-help"),
    path("api/v3/dr/list/json", releases, name="api-snad-releases"),
    path(f"{DATA}/oid/full/json", by_number, {"with_points": True}, name="api-snad-objects"),
    path(f"{DATA}/oid/meta/json", by_number, {"with_points": False}, name="api-snad-objects-meta"),
    path(f"{DATA}/circle/full/json", by_place, {"with_points": True}, name="api-snad-circle"),
    path(f"{DATA}/circle/meta/json", by_place, {"with_points": False}, name="api-snad-circle-meta"),
]
