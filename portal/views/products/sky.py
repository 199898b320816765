"""The sky: our HiPS in Aladin Lite, with the footprints of a search; without script the same as a drawing."""

from __future__ import annotations

import json

from csp.constants import WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.core.paginator import Page
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from archive.forms import problems
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.search import query
from archive.search.families import FAMILIES, FOOTPRINT
from archive.services.hips import survey
from archive.services.hips.config import FILTERS
from archive.tables.pages.chips import chips_of
from portal.forms.images import ImageSearchForm
from portal.plots.sky_map import SkyMap, sky_map
from portal.views.products.product_rows import outline, page_url

AROUND = {"images": "Images", "objects": "Light curves", "alerts": "Alerts", "cutouts": "Cutouts",
          "forced": "Forced photometry"}  # fmt: skip
FOOTPRINTS = 300
NARROWEST = 0.5  # deg, of the view
# Aladin Lite draws with WebAssembly, which it carries as a data: address, and works in a worker, whose script it
# carries as a blob. The browser asks leave for each; none lets text from elsewhere be run, or anybody else be asked.
ALADIN = {"script-src": [WASM_UNSAFE_EVAL], "connect-src": ["data:"], "worker-src": ["blob:"]}


@csp_update(ALADIN)
@takes(ImageSearchForm, "page")
def sky_page(request: HttpRequest) -> HttpResponse:
    """A map of the sky with the images that answer a search."""
    form = ImageSearchForm(request.GET)
    first = form["filtercode"].value()
    codes = sorted(filter(survey.visible, FILTERS), key=lambda code: code != first)
    surveys = [_survey(code) for code in codes]
    context = {"form": form, "surveys": surveys, "chips": chips_of(request, form), "links": json.dumps(_links())}
    if not form.is_valid():
        return render(request, "portal/sky.html", context | {"error": problems(form)}, status=400)
    if FAMILIES[form.query.family].place != FOOTPRINT:
        error = f"family={form.query.family}: only images with a footprint are drawn on the sky"
        return render(request, "portal/sky.html", context | {"error": error}, status=400)
    asked = bool(request.GET)
    rows = query.images(form.query) if asked else query.images(form.query).none()
    page = page_of(request, rows, FOOTPRINTS)
    place = form.place
    drawing = sky_map(map(outline, page), [place] if place else [])
    context |= {"page": page, "map": drawing, "sky": _data(page, surveys, drawing), "asked": asked}
    return render(request, "portal/sky.html", context)


def _links() -> dict[str, str]:
    """The searches around a place, by their names."""
    return {label: reverse(name) for name, label in AROUND.items()}


def _survey(filtercode: str) -> dict:
    address = reverse("hips-survey", args=[filtercode])
    return {"code": filtercode, "name": FILTERS[filtercode], "url": address, **survey.start(filtercode)}


def _data(page: Page, surveys: list[dict], drawing: SkyMap | None) -> dict | None:
    """The data that the script draws; None where there is nothing to look at."""
    if not surveys:
        return None
    ra, dec, fov = surveys[0]["ra"], surveys[0]["dec"], surveys[0]["fov"]
    if drawing is not None:
        (ra, dec), fov = drawing.centre, max(drawing.width * 1.2, NARROWEST)
    footprints = [{"filter": one.filtercode, "corners": one.corners, "url": page_url(one)} for one in page]
    return {"surveys": surveys, "ra": ra, "dec": dec, "fov": fov, "footprints": footprints}
