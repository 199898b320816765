"""ZTF's depot over HTTP: a folder for each night with its two summaries."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from archive.files.delivery import private
from archive.requests.stream_response import stream_response
from archive.services.irsa import depot
from archive.services.irsa.listings import listed


@require_safe
def nights(request: HttpRequest) -> HttpResponse:
    """The folders of all nights with images."""
    return listed(request, [f"{day:%Y%m%d}/" for day in depot.nights()], parent=False)


@require_safe
def night(request: HttpRequest, day: str) -> HttpResponse:
    """The files of a night."""
    try:
        depot.night_of(day)
    except depot.NoSuchNightError as error:
        raise Http404(str(error)) from error
    return listed(request, list(depot.names(day)), parent=True)


@require_safe
def file(request: HttpRequest, day: str, name: str) -> HttpResponseBase:
    """A file of a night: its processed images, or its good differences."""
    processed, good = depot.names(day)
    if name not in (processed, good):
        raise Http404(f"{name[:60]}: a night has {processed[:60]} and {good[:60]}")
    try:
        nid = depot.night_of(day)
    except depot.NoSuchNightError as error:
        raise Http404(str(error)) from error
    made = (depot.processed if name == processed else depot.good)(nid, request.reader)
    return stream_response(made.pieces, made.close, made.content_type, private())
