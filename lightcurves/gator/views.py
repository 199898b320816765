"""Gator over HTTP: nph-query, nph-scan and nph-dd."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from archive.access.streams import QueryFailedError
from archive.files.delivery import private
from archive.requests.parameters import takes
from archive.requests.stream_response import stream_response
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import last_values
from archive.services.protocol.refusals import as_struct
from lightcurves.gator import asked, described
from lightcurves.gator.catalogs import catalog_named, catalogs
from lightcurves.gator.written import answer

QUERY = (*asked.PARAMETERS, asked.FILE)
SCAN = ("MODE", "PROJSHORT", "MISSION", "ONLIST", "SUBMIT")
DICTIONARY = ("MODE", "CATALOG", "SHORT", "ONLIST", "MISSION")
View = Callable[[HttpRequest], HttpResponseBase]


def _service(*names: str) -> Callable[[View], View]:
    """A decorator of views that scripts send to, whose refusals are Gator's."""

    def decorate(view: View) -> View:
        @csrf_exempt  # changes nothing, and scripts send it
        @require_http_methods(["GET", "HEAD", "POST"])
        @takes(*names, posted=names, any_case=True, merged=True)
        @wraps(view)
        def answered(request: HttpRequest) -> HttpResponseBase:
            try:
                return view(request)
            except BadRequestError as reason:
                return as_struct(str(reason), reason.status)
            except QueryFailedError as reason:
                return as_struct(str(reason))

        return answered

    return decorate


@_service(*QUERY)
def query(request: HttpRequest) -> HttpResponseBase:
    """Objects of a catalog by place, by a list of places and by condition."""
    wanted = asked.read_request(request)
    given = {name: value for name, value in last_values(request).items() if name != "OUTFMT" and value.strip()}
    made = request.GET.copy()
    made.clear()
    made.update({name.lower(): value for name, value in given.items()})
    address = f"{request.build_absolute_uri(request.path)}?{made.urlencode()}&outfmt="
    found = answer(wanted, request.reader, address)
    return stream_response(found.pieces, found.close, found.content_type, {"Cache-Control": "private, no-store"})


@_service(*SCAN)
def scan(request: HttpRequest) -> HttpResponse:
    """The list of catalogs."""
    given = last_values(request)
    asked.check_fixed(given)
    project = given.get("PROJSHORT", "").strip()
    if project and project.upper() != described.PROJECT:
        raise BadRequestError(f"projshort={project[:40]}: the only project is {described.PROJECT}")
    mode = _mode(given)
    return HttpResponse(described.listed(catalogs(), mode), described.CONTENT_TYPES[mode], headers=private())


@_service(*DICTIONARY)
def dictionary(request: HttpRequest) -> HttpResponse:
    """The columns of a catalog."""
    given = last_values(request)
    asked.check_fixed(given)
    short = given.get("SHORT", "").strip() or "1"
    if short.lower() not in ("0", "1", "true", "false"):
        raise BadRequestError(f"short={short[:40]}: use 1 for the short list of columns, 0 for all")
    mode, catalog = _mode(given), catalog_named(given.get("CATALOG", ""))
    text = described.columns(catalog, mode, short.lower() in ("1", "true"))
    return HttpResponse(text, described.CONTENT_TYPES[mode], headers=private())


def _mode(given: dict[str, str]) -> str:
    mode = given.get("MODE", "").strip().lower() or "html"
    if mode not in described.MODES:
        raise BadRequestError(f"mode={mode[:40]}: use one of {', '.join(described.MODES)}")
    return mode


urlpatterns = [
    path("cgi-bin/Gator/nph-query", query, name="gator-query"),
    path("cgi-bin/Gator/nph-scan", scan, name="gator-scan"),
    path("cgi-bin/Gator/nph-dd", dictionary, name="gator-dd"),
]
