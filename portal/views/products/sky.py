"""The sky: our HiPS in Aladin Lite, with the footprints of a search; without script the same as a drawing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from csp.constants import WASM_UNSAFE_EVAL
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from archive.forms import problems
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.search import query
from archive.search.families import FAMILIES, FOOTPRINT
from archive.services.hips import survey
from archive.services.hips.config import FILTERS
from archive.tables.pages.chips import chips_of
from portal.forms.images import ImageSearchForm
from portal.forms.sky import RegionForm
from portal.plots.sky_map import sky_map
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
    context: dict[str, Any] = {
        "form": form,
        "chips": chips_of(request, form),
        "upload": RegionForm(auto_id="region_%s"),
    }
    context |= map_context([], None, first)
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
    view = None if drawing is None else (*drawing.centre, max(drawing.width * 1.2, NARROWEST))
    context |= map_context(page, view, first)
    context |= {"page": page, "map": drawing, "asked": asked}
    return render(request, "portal/sky.html", context)


def map_context(shown: Iterable, view: tuple[float, float, float] | None, first: str = "") -> dict:
    """The context of a page with the map: surveys, the data that the script draws, nights of the images, links.

    view : ra, dec and width of what is looked at; where the first survey begins if not given
    first : the filter whose survey is shown
    """
    shown = list(shown)
    codes = sorted(filter(survey.visible, FILTERS), key=lambda code: code != first)
    surveys = [_survey(code) for code in codes]
    times = sorted(one.obsdate for one in shown if getattr(one, "obsdate", None))
    nights = [_night(list(of_night)) for _, of_night in groupby(times, key=lambda one: one.date())]
    links = json.dumps({label: reverse(name) for name, label in AROUND.items()})
    known_time = nights[-1]["middle"] if nights else timezone.now()
    return {
        "surveys": surveys, "sky": _data(shown, surveys, view, nights), "nights": nights, "links": links,
        "known_time": f"{known_time:%Y-%m-%dT%H:%M}",
    }  # fmt: skip


def _night(times: list[datetime]) -> dict:
    """A night with the number of its images and the time in their middle."""
    day = times[0].date()
    return {"date": day, "next": day + timedelta(days=1), "images": len(times), "middle": times[len(times) // 2]}


def _survey(filtercode: str) -> dict:
    address = reverse("hips-survey", args=[filtercode])
    return {"code": filtercode, "name": FILTERS[filtercode], "url": address, **survey.start(filtercode)}


def _data(shown: list, surveys: list[dict], view: tuple[float, float, float] | None, nights: list[dict]) -> dict | None:
    """The data that the script draws; None where there is nothing to look at."""
    if not surveys:
        return None
    ra, dec, fov = view or (surveys[0]["ra"], surveys[0]["dec"], surveys[0]["fov"])
    footprints = [
        {
            "filter": one.filtercode, "corners": one.corners, "url": page_url(one),
            "night": f"{one.obsdate:%Y-%m-%d}" if getattr(one, "obsdate", None) else None,
        }
        for one in shown
    ]  # fmt: skip
    drawn_nights = [{"night": f"{one['date']}", "middle": f"{one['middle']:%Y-%m-%dT%H:%M}"} for one in nights]
    return {"surveys": surveys, "ra": ra, "dec": dec, "fov": fov, "footprints": footprints, "nights": drawn_nights}
