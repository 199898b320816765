"""The sky: our HiPS in Aladin Lite, with the footprints of a search; without script the same as a drawing."""

from __future__ import annotations

from csp.constants import WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from archive import search
from archive.forms import problems
from archive.hips import survey
from archive.hips.config import FILTERS
from archive.metadata import FAMILIES, FOOTPRINT
from portal.families import outline, page_url
from portal.forms import ImageSearchForm
from portal.skymap import SkyMap, sky_map

FOOTPRINTS = 300
NARROWEST = 0.5  # deg, of the view
# Aladin Lite draws with WebAssembly, which it carries as a data: address. The browser asks leave to read and compile
# it; neither allows a script to be evaluated, or anybody else to be asked.
ALADIN = {"script-src": [WASM_UNSAFE_EVAL], "connect-src": ["data:"]}


@csp_update(ALADIN)
def sky_page(request: HttpRequest) -> HttpResponse:
    """A map of the sky with the images that answer a search."""
    form = ImageSearchForm(request.GET)
    codes = sorted(filter(survey.visible, FILTERS), key=lambda code: code != request.GET.get("filtercode"))
    surveys = [_survey(code) for code in codes]
    context = {"form": form, "surveys": surveys}
    if not form.is_valid():
        return render(request, "portal/sky.html", context | {"error": problems(form)}, status=400)
    if FAMILIES[form.query.family].place != FOOTPRINT:
        error = f"family={form.query.family}: only images with a footprint are drawn on the sky"
        return render(request, "portal/sky.html", context | {"error": error}, status=400)
    asked = bool(request.GET)
    rows = search.images(form.query) if asked else search.images(form.query).none()
    page = Paginator(rows, FOOTPRINTS).get_page(request.GET.get("page"))
    place = form.cleaned_data.get("position")
    drawing = sky_map(map(outline, page), [place] if place else [])
    context |= {"page": page, "map": drawing, "sky": _data(page, surveys, drawing), "asked": asked}
    return render(request, "portal/sky.html", context)


def _survey(filtercode: str) -> dict:
    address = reverse("hips-survey", args=[filtercode])
    return {"code": filtercode, "name": FILTERS[filtercode], "url": address, **survey.start(filtercode)}


def _data(page: Page, surveys: list[dict], drawing: SkyMap | None) -> dict | None:
    """What the script draws; None where there is nothing to look at."""
    if not surveys:
        return None
    ra, dec, fov = surveys[0]["ra"], surveys[0]["dec"], surveys[0]["fov"]
    if drawing is not None:
        (ra, dec), fov = drawing.centre, max(drawing.width * 1.2, NARROWEST)
    footprints = [{"filter": one.filtercode, "corners": one.corners, "url": page_url(one)} for one in page]
    return {"surveys": surveys, "ra": ra, "dec": dec, "fov": fov, "footprints": footprints}
