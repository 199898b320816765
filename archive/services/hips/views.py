"""HiPS and MOC over HTTP: tiles for viewers, the list of surveys, coverage of images as the reader may see them."""

from __future__ import annotations

import io
from functools import cache as cache_in_process
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from PIL import Image

from archive.access import audit
from archive.files import storage
from archive.services.hips import coverage, describe, survey
from archive.services.hips.config import FILTERS, HipsConfig
from archive.services.hips.images import of_images
from archive.services.hips.tiles import SIDE
from archive.tables.responses import format_of, problem

TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "fits": "application/fits",
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
}
MAX_AGE = 3600  # s; a withdrawn reference may live this long in caches that saw it when it was public
KEPT = 3600  # s, of a coverage
KINDS = {"references": "ref", "science": "sci"}


def surveys(request: HttpRequest) -> HttpResponse:
    """All HiPS: a page, JSON, or the list that HiPS clients read (`format=hipslist`, or the address hips/hipslist)."""
    found = [_record(request, filtercode) for filtercode in FILTERS if survey.visible(filtercode)]
    chosen_format = "hipslist" if request.path.endswith("hipslist") else format_of(request)
    if chosen_format == "hipslist":
        return _cached(request, HttpResponse(describe.hipslist(found), content_type=TYPES["txt"]))
    if chosen_format == "json":
        return _cached(request, JsonResponse({"count": len(found), "surveys": found}))
    if chosen_format != "html":
        return problem(f"format={chosen_format!r}: use one of html, json, hipslist")
    return render(request, "hips/list.html", {"surveys": found, "filters": FILTERS, "kinds": KINDS})


def properties(request: HttpRequest, filtercode: str) -> HttpResponseBase:
    """The properties of a HiPS, with its own address."""
    if not survey.visible(filtercode):
        raise _absent(f"hips/{filtercode}")
    text = describe.written(_record(request, filtercode))
    return _cached(request, HttpResponse(text, content_type=TYPES["txt"]))


def whole(request: HttpRequest, filtercode: str, name: str) -> HttpResponseBase:
    """The files of a HiPS as a whole: Moc.fits and the overview Norder3/Allsky."""
    if not survey.visible(filtercode):
        raise _absent(f"hips/{filtercode}/{name}")
    return _file(request, f"{survey.folder(filtercode)}/{name}")


def tile(request: HttpRequest, filtercode: str, order: int, directory: int, cell: int, extension: str):
    """One tile."""
    path = f"Norder{order}/Dir{directory}/Npix{cell}.{extension}"
    exists = order <= HipsConfig.order and cell < 12 * 4**order
    file = f"{survey.folder(filtercode)}/{path}"
    if exists and survey.visible(filtercode, order, cell) and storage.absolute(file).is_file():
        return _file(request, file)
    if exists and extension != "fits" and request.headers.get("Sec-Fetch-Site") == "same-origin":
        return HttpResponse(_empty(), content_type="image/png", headers={"Cache-Control": "no-store"})
    raise _absent(file)


@cache_in_process
def _empty() -> bytes:
    """An empty answer for a tile that there is not, for our own map: the browser would report each as an error."""
    picture = io.BytesIO()
    Image.new("RGBA", (SIDE, SIDE)).save(picture, "PNG")
    return picture.getvalue()


def moc(request: HttpRequest, kind: str, filtercode: str, extension: str) -> HttpResponse:
    """The sky covered by the images of a filter that the reader may see, as MOC: fits, txt or json."""
    key = f"moc:{kind}:{filtercode}:{extension}:{request.reader.setting}:{audit.epoch()}"
    body = cache.get_or_set(key, lambda: coverage.written(of_images(KINDS[kind], filtercode), extension), KEPT)
    headers = {"Content-Disposition": f'inline; filename="{kind}-{filtercode}-moc.{extension}"'}
    return _cached(request, HttpResponse(body, content_type=TYPES[extension], headers=headers))


def _record(request: HttpRequest, filtercode: str) -> dict[str, str]:
    path = storage.absolute(f"{survey.folder(filtercode)}/properties")
    if not path.is_file():
        raise _absent(f"hips/{filtercode}/properties")
    address = request.build_absolute_uri(reverse("hips-survey", args=[filtercode])).rstrip("/")
    # Files outlive a change of who publishes them.
    named = f"ivo://{settings.VO_AUTHORITY}/P/references/{filtercode}"
    own = {"hips_service_url": address, "creator_did": named, "publisher_did": named}
    return describe.read(path.read_text()) | own


def _file(request: HttpRequest, relative: str) -> HttpResponseBase:
    """A file of a HiPS, or 304 where the client has it."""
    path = storage.absolute(relative)
    if not path.is_file():
        raise _absent(relative)
    state = path.stat()
    tag, changed = f'"{state.st_mtime_ns:x}-{state.st_size:x}"', int(state.st_mtime)
    response = get_conditional_response(request, tag, changed)
    if response is None:
        response = FileResponse(path.open("rb"), content_type=TYPES[_extension(path)])
        response["Last-Modified"] = http_date(changed)
    response["ETag"] = tag
    return _cached(request, response)


def _extension(path: Path) -> str:
    return path.suffix.lstrip(".")


def _cached(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Anybody's answer may be kept by shared caches and shown by other sites' viewers; a member's may not."""
    public = not request.reader.programs
    response["Cache-Control"] = f"{'public' if public else 'private'}, max-age={MAX_AGE}"
    response["Vary"] = "Cookie, Authorization"
    if public:
        response["Access-Control-Allow-Origin"] = "*"
    return response


def _absent(path: str) -> Http404:
    return Http404(f"{path}: there is no such tile, or it is being renewed")
