"""IBE over HTTP: /ibe/search and /ibe/data."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from archive.access.streams import QueryFailedError
from archive.files import delivery
from archive.files.folders import entries
from archive.files.storage import DamagedFileError, NotInArchiveError
from archive.forms import NO, YES, truth_of
from archive.pixels import cutouts, planes
from archive.requests.parameters import takes
from archive.requests.stream_response import stream_response
from archive.search.families import FAMILIES
from archive.services.irsa import ibe_parameters, ibe_search
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.refusals import as_ibe_xml

MISSION, DATASET = "ztf", "products"
CUTOUT_PARAMETERS = {"center", "size", "gzip", "planes"}


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The list of IBE's parts."""
    links = [("Searches", reverse("ibe-missions")), ("Files", reverse("ibe-root")), ("Columns", reverse("ibe-docs"))]
    return render(request, "irsa/links.html", {"title": "Images", "links": links})


@require_safe
def docs(request: HttpRequest, name: str = "") -> HttpResponse:
    """Links to the descriptions of each table's columns."""
    described = {one: f"{reverse('ibe-search', args=[one])}?FORMAT=METADATA&ct=html" for one in FAMILIES}
    if not name:
        return render(request, "irsa/links.html", {"title": "Tables of images", "links": described.items()})
    if name not in described:
        return as_ibe_xml(f"{name}: there is no such table; there are {', '.join(FAMILIES)}", 404)
    return HttpResponseRedirect(described[name])


@require_safe
def missions(request: HttpRequest) -> HttpResponse:
    """The list of missions to search: clients take a mission's name from the end of each link's address."""
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
@takes(*ibe_parameters.NAMES, posted=ibe_parameters.NAMES, any_case=True, merged=True)
def search(request: HttpRequest, name: str) -> HttpResponseBase:
    """Metadata of images as a table."""
    family = FAMILIES.get(name)
    if family is None:
        return as_ibe_xml(f"{name}: there is no such table; there are {', '.join(FAMILIES)}", 404)
    try:
        asked = ibe_parameters.read(request, family)
        found = ibe_search.describe(asked, family) if asked.metadata else ibe_search.find(asked, family, request.reader)
        return stream_response(found.pieces, found.close, found.content_type, {"Cache-Control": "no-store"})
    except BadRequestError as error:
        return as_ibe_xml(str(error), error.status)
    except QueryFailedError as error:
        return as_ibe_xml(str(error), 400)


@require_safe
@takes(*CUTOUT_PARAMETERS)
def data(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """A file of the product tree, a cutout of it, or a folder's list."""
    if ".." in PurePosixPath(path).parts or "\0" in path:
        return as_ibe_xml(f"{path}: a path goes down the tree and holds neither .. nor NUL", 400)
    try:
        file = delivery.visible_file(path) if path and not path.endswith("/") else None
    except NotInArchiveError as error:
        return as_ibe_xml(str(error), 400)
    if file is None:
        return _folder(request, path)
    try:
        return _cutout(request, file) if request.GET else delivery.deliver(request, file)
    except cutouts.NoOverlapError as error:
        return as_ibe_xml(str(error), 500)  # as IBE answers
    except (cutouts.BadCutoutError, BadRequestError) as error:
        return as_ibe_xml(str(error), 400)
    except DamagedFileError as error:
        return as_ibe_xml(str(error), 500)


def _cutout(request: HttpRequest, file) -> HttpResponse:
    for name in ("center", "size"):
        if name not in request.GET:
            raise BadRequestError(f"{name}: give center and size together")
    text = request.GET.get("gzip", "true")
    if (zipped := truth_of(text)) is None:
        raise BadRequestError(f"gzip={text[:40]}: use one of {' '.join(YES + NO)}")
    region = cutouts.read_region(request.GET["center"], request.GET["size"])
    text = request.GET.get("planes")
    hdus = cutouts.cut(file, region) if text is None else planes.cut(file, region, planes.names_of(text))
    body = cutouts.to_bytes(hdus, compress=zipped)
    name = file.name.removesuffix(".fz").removesuffix(".gz") + (".gz" if zipped else "")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **delivery.private()}
    return HttpResponse(body, content_type="application/gzip" if zipped else "application/fits", headers=headers)


def _folder(request: HttpRequest, path: str) -> HttpResponse:
    folder = path.rstrip("/") + "/" if path.rstrip("/") else ""
    try:
        found = entries(folder)
    except ValueError as error:
        return as_ibe_xml(str(error), 400)
    if folder and not found:
        return as_ibe_xml(f"{path}: there is no such file or folder here or it is not public", 404)
    if path and not path.endswith("/"):
        return HttpResponseRedirect(f"{quote(request.path)}/")
    context = {"address": request.path, "entries": found, "parent": bool(folder)}
    response = render(request, "irsa/folder.html", context)
    for header, value in delivery.private().items():
        response[header] = value
    return response
