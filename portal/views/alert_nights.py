"""Alerts by night: lists of tar.gz files with their MD5SUMS, as the University of Washington's archive has them."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive.files.delivery import private
from archive.products import alert_nights
from archive.requests.stream_response import stream_response
from archive.services.protocol.refusals import CHALLENGES
from portal.refusals import refuse

PLAIN = "text/plain; charset=utf-8"


def _refused(request: HttpRequest, kind: str) -> HttpResponse | None:
    """The refusal of what is not public to visitors, with a challenge: clients then send name and password."""
    if kind == "public" or request.user.is_authenticated:
        return None
    response = refuse(request, f"{request.path}: is for those who have signed in", 401, "Not signed in")
    response["WWW-Authenticate"] = CHALLENGES
    return response


@require_safe
def listed(request: HttpRequest, kind: str) -> HttpResponse:
    """The nights of a kind, as a list of files."""
    if (response := _refused(request, kind)) is not None:
        return response
    nights = alert_nights.nights(kind, alert_nights.reader_of(kind, request.reader))
    response = render(request, "portal/alert_nights.html", {"address": request.path, "nights": nights})
    for name, value in private().items():
        response[name] = value
    return response


@require_safe
def sums(request: HttpRequest, kind: str) -> HttpResponse:
    """MD5SUMS: of the files whose sum is known, in the form of md5sum."""
    if (response := _refused(request, kind)) is not None:
        return response
    found = alert_nights.sums(kind, alert_nights.reader_of(kind, request.reader))
    return HttpResponse("".join(f"{one.md5}  {night.name}\n" for night, one in found), PLAIN, headers=private())


@require_safe
def night(request: HttpRequest, kind: str, name: str) -> HttpResponseBase:
    """All alerts of a night as a tar.gz, made while it is sent; its length and MD5 are told where they are known."""
    if (response := _refused(request, kind)) is not None:
        return response
    reader = alert_nights.reader_of(kind, request.reader)
    try:
        wanted = alert_nights.night_named(kind, name)
        key = alert_nights.state(wanted, reader)
    except alert_nights.NoSuchNightError as error:
        raise Http404(str(error)) from error
    headers = {"ETag": f'"{key}"', "Accept-Ranges": "none", **private()}
    if (known := alert_nights.known(key)) is not None:
        headers["Content-Length"] = str(known.size)
    if request.headers.get("If-None-Match", "").strip() == headers["ETag"]:
        return HttpResponse(status=304, headers=headers)
    if request.method == "HEAD":  # nothing is made, so no length is told but one that is known
        return StreamingHttpResponse((), content_type="application/gzip", headers=headers)
    pieces = alert_nights.pieces(wanted, reader, key)
    return stream_response(pieces, lambda: None, "application/gzip", headers)
