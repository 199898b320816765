"""Moving objects: the images in which an asteroid or comet was."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from archive.forms import problems
from archive.moving.dynamics.errors import DynamicsError
from archive.moving.elements import ELEMENTS
from archive.moving.known import KNOWN, known_at
from archive.moving.numbered import NUMBERED
from archive.moving.search import MOVING, images_of
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.tables.responses import answer, refuse
from portal.forms.moving import MovingForm
from portal.forms.sky import KnownForm
from portal.forms.targets import MovingCutoutsForm
from portal.plots.sky_map import sky_map
from portal.views.products.product_rows import outline

PAGE_ROWS = 100
STAMPS = 24
TEMPLATE = "portal/moving.html"


@takes(MovingForm, "format", "page")
def search_page(request: HttpRequest) -> HttpResponse:
    """The images of a moving object as a table, on a map, and as cutouts at its predicted places."""
    asked = any(request.GET.get(name, "").strip() for name in ("name", *ELEMENTS))
    form = MovingForm(request.GET if asked else None)
    context = {"form": form, "asked": asked, "known": NUMBERED.values()}
    if not asked and "format" not in request.GET:
        if any(request.GET.get(name, "").strip() for name in (*form.fields, "page")):
            return refuse(request, TEMPLATE, "give a name or orbital elements", context)
        return render(request, TEMPLATE, context)
    if not form.is_valid():
        return refuse(request, TEMPLATE, problems(form) or "give a name or orbital elements", context)
    try:
        found = images_of(form.orbit, form.cleaned_data["since"], form.cleaned_data["until"])
    except DynamicsError as error:
        return refuse(request, TEMPLATE, str(error), context)
    if request.GET.get("format", "html") != "html":
        return answer(request, MOVING, found, TEMPLATE, context)
    page = page_of(request, found, PAGE_ROWS)
    context |= {
        "page": page,
        "cutouts": MovingCutoutsForm(auto_id="cutouts_%s"),
        "wanted": [(name, value) for name, value in request.GET.items() if name in form.fields and value.strip()],
        "orbit": form.orbit,
        "stamps": [one for one in page if one.file][:STAMPS],
        "map": sky_map([outline(one.image) for one in page], [(one.ra, one.dec) for one in page]),
    }
    return answer(request, MOVING, page, TEMPLATE, context)


@takes(KnownForm, "format")
def known_objects(request: HttpRequest) -> HttpResponse:
    """The known objects of the Solar System at a time, brightest first: a table and where they stand."""
    form = KnownForm(request.GET if request.GET.get("time") or "format" in request.GET else None)
    context: dict = {"form": form}
    if not form.is_bound:
        return render(request, "portal/known.html", context)
    if not form.is_valid():
        return refuse(request, "portal/known.html", problems(form), context)
    try:
        found = known_at(form.cleaned_data["time"])
    except DynamicsError as error:
        return refuse(request, "portal/known.html", str(error), context)
    return answer(request, KNOWN, found, "portal/known.html", context | {"time": form.cleaned_data["time"]})
