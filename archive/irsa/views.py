"""IBE over HTTP: /ibe/search and /ibe/data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from archive import cutouts, delivery
from archive.folders import entries
from archive.irsa import ibe_parameters, ibe_search
from archive.irsa.errors import BadRequest, refuse
from archive.metadata import FAMILIES
from archive.storage import NotInArchive

MISSION, DATASET = "ztf", "products"
CUTOUT_PARAMETERS = {"center", "size", "gzip"}
TRUE, FALSE = ("1", "y", "yes", "t", "true", "on"), ("0", "n", "no", "f", "false", "off")
PIECE = 1 << 16  # characters sent at once


@require_safe
def missions(request: HttpRequest) -> HttpResponse:
    """What there is to search: clients take the name of a mission from the end of each link's address."""
    return render(request, "irsa/links.html", {"title": "Missions", "links": [(MISSION, reverse("ibe-datasets"))]})


@require_safe
def datasets(request: HttpRequest) -> HttpResponse:
    """Clients take a dataset from the text of each link whose address has four slashes or more."""
    links = [(DATASET, reverse("ibe-tables").rstrip("/"))]
    return render(request, "irsa/links.html", {"title": f"Datasets of {MISSION}", "links": links})


@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """Clients take a table's name from the first cell of each row after the first."""
    return render(request, "irsa/tables.html", {"families": FAMILIES.values()})


@csrf_exempt  # changes nothing, and scripts send it
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest, name: str) -> HttpResponseBase:
    """Metadata of images as a table."""
    family = FAMILIES.get(name)
    if family is None:
        return refuse(f"{name}: there is no such table; there are {', '.join(FAMILIES)}", 404)
    try:
        asked = ibe_parameters.read(request, family)
        found = ibe_search.describe(asked, family) if asked.metadata else ibe_search.find(asked, family, request.reader)
    except BadRequest as error:
        return refuse(str(error), error.status)
    response = StreamingHttpResponse(_gathered(found.pieces), content_type=found.content_type)
    response["Cache-Control"] = "no-store"
    # Whatever happens to the client, the database connection goes with the response.
    response._resource_closers.append(found.close)
    return response


@require_safe
def data(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """A file of the product tree, a cutout of it, or a folder's list."""
    if ".." in PurePosixPath(path).parts or "\0" in path:
        return refuse(f"{path}: a path goes down the tree and holds neither .. nor NUL", 400)
    try:
        file = delivery.visible_file(path) if path and not path.endswith("/") else None
    except NotInArchive as error:
        return refuse(str(error), 400)
    if file is None:
        return _folder(request, path)
    if not request.GET:
        return delivery.deliver(request, file)
    try:
        return _cutout(request, file)
    except cutouts.NoOverlap as error:
        return refuse(str(error), 500)  # as IBE answers
    except (cutouts.BadCutout, BadRequest) as error:
        return refuse(str(error), 400)


def _cutout(request: HttpRequest, file) -> HttpResponse:
    unknown = set(request.GET) - CUTOUT_PARAMETERS
    if unknown:
        raise BadRequest(f"{sorted(unknown)[0]}: a file takes the parameters center, size and gzip only")
    for name in ("center", "size"):
        if len(request.GET.getlist(name)) != 1:
            raise BadRequest(f"{name}: give center and size together, each exactly once")
    text = request.GET.get("gzip", "true").strip().lower()
    if text not in TRUE + FALSE:
        raise BadRequest(f"gzip={text}: use one of {' '.join(TRUE + FALSE)}")
    zipped = text in TRUE
    region = cutouts.read_region(request.GET["center"], request.GET["size"])
    body = cutouts.to_bytes(cutouts.cut(file, region), compress=zipped)
    name = file.name.removesuffix(".fz").removesuffix(".gz") + (".gz" if zipped else "")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **delivery.private()}
    return HttpResponse(body, content_type="application/gzip" if zipped else "application/fits", headers=headers)


def _folder(request: HttpRequest, path: str) -> HttpResponse:
    folder = path.rstrip("/") + "/" if path.rstrip("/") else ""
    try:
        found = entries(folder)
    except ValueError as error:
        return refuse(str(error), 400)
    if folder and not found:
        return refuse(f"{path}: there is no such file or folder here or it is not public", 404)
    if path and not path.endswith("/"):
        return HttpResponseRedirect(reverse("ibe-data", args=[folder]))
    context = {"address": request.path, "entries": found, "parent": bool(folder)}
    response = render(request, "irsa/folder.html", context)
    for header, value in delivery.private().items():
        response[header] = value
    return response


def _gathered(pieces: Iterator[str]) -> Iterator[str]:
    """The same text in fewer pieces."""
    waiting, length = [], 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length > PIECE:
            yield "".join(waiting)
            waiting, length = [], 0
    yield "".join(waiting)
