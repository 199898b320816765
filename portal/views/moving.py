"""Moving objects: the images in which an asteroid or comet was."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from archive.forms import problems
from archive.moving.dynamics.errors import DynamicsError
from archive.moving.elements import ELEMENTS
from archive.moving.known import KNOWN, known_at
from archive.moving.numbered import NUMBERED
from archive.moving.search import MOVING, Sighting, images_of, ordered
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.services.vo.calls import calls
from archive.services.vo.table_files import FORMATS, all_rows
from archive.tables.dictionary import Column
from archive.tables.pages.asked import PICTURES, PLOT, TABLE, TableForm
from archive.tables.pages.chips import chips_of
from archive.tables.pages.choosing import USUAL, Choosing
from archive.tables.pages.plots import plot_of
from archive.tables.pages.results import Row, cells, result_table
from archive.tables.responses import answer, format_of, refuse
from portal.forms.moving import SORTABLE, MovingForm
from portal.forms.sky import KnownForm
from portal.forms.targets import MovingCutoutsForm
from portal.plots.sky_map import sky_map
from portal.views.products.product_rows import outline

STAMPS = 24
STAMP = {"size": 0.02, "width": 224}  # deg, pixels
TEMPLATE = "portal/moving.html"
COLUMNS = ("obsdate", "filtercode", "ra", "dec", "vmag", "maglimit", "dra", "ddec", "delta", "r", "phase", "programid")
NOTHING = "No image that you may see was taken where this object was."


@takes(MovingForm, TableForm, "format", "page")
def search_page(request: HttpRequest) -> HttpResponseBase:
    """The images of a moving object as a table, on a map, and as cutouts at its predicted places."""
    asked = any(request.GET.get(name, "").strip() for name in ("name", *ELEMENTS))
    form, table = MovingForm(request.GET if asked else None), TableForm(request.GET)
    context = {"form": form, "asked": asked, "known": NUMBERED.values()}
    if not asked and "format" not in request.GET:
        if any(request.GET.get(name, "").strip() for name in (*form.fields, *table.fields, "page")):
            return refuse(request, TEMPLATE, "give a name or orbital elements", context)
        return render(request, TEMPLATE, context)
    context["chips"] = chips_of(request, form)
    for one in (form, table):
        if not one.is_valid():
            return refuse(request, TEMPLATE, problems(one) or "give a name or orbital elements", context)
    try:
        found = images_of(form.orbit, form.cleaned_data["since"], form.cleaned_data["until"])
    except DynamicsError as error:
        return refuse(request, TEMPLATE, str(error), context)
    return _found(request, ordered(found, form.cleaned_data["order"]), form, table, context)


def _found(request: HttpRequest, found: list, form: MovingForm, asked: TableForm, context: dict) -> HttpResponseBase:
    columns = asked.chosen(MOVING.columns, COLUMNS)
    if format_of(request) != "html":
        return all_rows(request, found, asked.narrowed(MOVING, columns), TEMPLATE, context)
    page = page_of(request, found, asked.cleaned_data["rows"])
    if asked.shown_as == PLOT:
        context["plot"] = plot_of(
            request, found, len(found), MOVING.columns, None, reverse("image", args=[0]), asked.axes
        )
    choosing = Choosing(reverse("chosen-rows"), USUAL | {"curl": "Download script"}, "sci", with_search=False)
    context["table"] = result_table(
        request, "images", MOVING.columns, columns, [_row(one, columns) for one in page], page, SORTABLE,
        (TABLE, PICTURES, PLOT), asked.shown_as, NOTHING, choosing,
    )  # fmt: skip
    cutouts = MovingCutoutsForm(auto_id="cutouts_%s")
    taken = form.fields.keys() & cutouts.fields.keys()
    context |= {
        "page": page,
        "cutouts": cutouts,
        "wanted": [(name, value) for name, value in request.GET.items() if name in taken and value.strip()],
        "orbit": form.orbit,
        "formats": FORMATS,
        "calls": calls(request),
        "stamps": [one for one in page if one.file][:STAMPS] if asked.shown_as == TABLE else [],
        "map": sky_map([outline(one.image) for one in page], [(one.ra, one.dec) for one in page]),
    }
    return answer(request, MOVING, page, TEMPLATE, context)


def _row(one: Sighting, columns: Sequence[Column]) -> Row:
    picture, links = "", []
    if one.file:
        place = {"ra": f"{one.ra:.7f}", "dec": f"{one.dec:.7f}"}
        picture = f"{reverse('picture', args=[one.file.path])}?{urlencode(place | STAMP)}"
        cutout = f"{reverse('cutout', args=[one.file.path])}?{urlencode(place | {'size': STAMP['size']})}"
        links = [("cutout", cutout, "FITS, around the predicted place")]
    values = [getattr(one, column.name) for column in columns]
    return Row(str(one.pid), reverse("image", args=[one.pid]), cells(columns, values), str(one.pid), picture, links)


@takes(KnownForm, "format")
def known_objects(request: HttpRequest) -> HttpResponseBase:
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
