"""The search for products: its page, what it can be narrowed to, what is done with chosen rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.paginator import Page
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from archive.access.streams import limited
from archive.forms import problems
from archive.models import ScienceImage
from archive.products.files import MAIN_FILE, files_by_row
from archive.requests.paging import page_of
from archive.requests.parameters import BadParameterError, takes
from archive.search import query
from archive.search.as_adql import adql_of
from archive.search.facets import facets
from archive.search.families import FAMILIES, FOOTPRINT, POINT, Family
from archive.services.vo.calls import calls
from archive.services.vo.table_files import FORMATS as FILE_FORMATS
from archive.services.vo.table_files import all_rows
from archive.tables.dictionary import Column
from archive.tables.pages.asked import PARAMETERS, PICTURES, PLOT, TABLE, TableForm
from archive.tables.pages.chips import chips_of
from archive.tables.pages.choosing import USUAL, Choosing, chosen, of_rows
from archive.tables.pages.narrowing import PARAMETERS as NARROWING
from archive.tables.pages.narrowing import narrowed, narrowing, redirect
from archive.tables.pages.plots import Plot, plot_of
from archive.tables.pages.results import ResultTable, result_table, search_of
from archive.tables.responses import answer, format_of, refuse
from portal.forms.images import ImageSearchForm
from portal.forms.workbench import MOST_EPOCHS
from portal.plots import query as query_plot
from portal.plots.sky_map import SkyMap, sky_map
from portal.views.products.product_rows import KEYS, PAGES, columns_of, open_of, outline, rows_of

TEMPLATE = "portal/images.html"
NOTHING = "No {} match. Widen the search or remove a condition."
NO_DEEP = "There are no deep co-adds: none are made here, and none were fetched."
SCRIPTS = {"curl": "Download script"}
ELSEWHERE = {"sky": "On the sky", "cutouts": "Cutouts"}
BLINK = {"blink": "Blink"}


@takes(ImageSearchForm, TableForm, "format", "page")
def image_search(request: HttpRequest) -> HttpResponseBase:
    """Products of a family as a table and on a map of the sky; all rows in any of the formats."""
    form, asked = ImageSearchForm(request.GET), TableForm(request.GET)
    context: dict[str, Any] = {"form": form, "chips": chips_of(request, form)}
    for one in (form, asked):
        if not one.is_valid():
            return refuse(request, TEMPLATE, problems(one), context)
    rows, family = query.images(form.query), FAMILIES[form.query.family]
    columns = asked.chosen(family.page.columns, columns_of(family.name))
    if format_of(request) != "html":
        return all_rows(request, rows, asked.narrowed(family.page, columns), TEMPLATE, context)
    with limited("reader"):
        page = page_of(request, rows, asked.cleaned_data["rows"])
        files = files_by_row(family.name, page.object_list, MAIN_FILE.get(family.name))
        plot = _plot(request, rows, page, family, asked)
    context |= {"plot": plot, "table": _table(request, family, asked, columns, page, files)}
    context |= {
        "family": family,
        "open": open_of(page.object_list, files),
        "narrow": narrowing(reverse("narrow"), family.page.columns, family.types),
        "search": search_of(request),
        "has_region": query.has(family.name, "region"),
        "has_cutouts": family.name in MAIN_FILE,
        "formats": FILE_FORMATS,
        "calls": calls(request, adql_of(form.query), form.query),
        "map": _map(family, page.object_list, [form.place] if form.place else []),
    }
    return answer(request, family.page, page, TEMPLATE, context)


def _table(
    request: HttpRequest, family: Family, asked: TableForm, columns: Sequence[Column], page: Page, files: Mapping
) -> ResultTable:
    sortable = {one.name for one in columns if family.path(one.name) is not None}
    views = (TABLE, PICTURES, PLOT) if family.name in MAIN_FILE else (TABLE, PLOT)
    empty = NO_DEEP if family.name == "deep" else NOTHING.format(family.title)
    rows = rows_of(family.name, page.object_list, columns, files)
    return result_table(
        request, family.title, family.page.columns, columns, rows, page, sortable, views, asked.shown_as, empty,
        _choosing(request, family.name),
    )  # fmt: skip


def _plot(request: HttpRequest, rows: QuerySet, page: Page, family: Family, asked: TableForm) -> Plot | None:
    if asked.shown_as != PLOT:
        return None
    own = reverse(PAGES[family.name], args=[0]) if family.name in PAGES else ""
    return plot_of(request, rows, page.paginator.count, family.page.columns, family.expressions, own, asked.axes)


def _map(family: Family, products, marks: list) -> SkyMap | None:
    if family.place == POINT:
        return sky_map([], marks + [(one.ra, one.dec) for one in products])
    return sky_map(map(outline, products) if family.place == FOOTPRINT else [], marks)


@takes(ImageSearchForm)
def image_facets(request: HttpRequest) -> HttpResponse:
    """Numbers of results by filter, field, night and so on, as a part of the page."""
    form = ImageSearchForm(request.GET)
    if not form.is_valid():
        return HttpResponse(problems(form), content_type="text/plain", status=400)
    with limited("reader"):
        found = facets(form.query, request.user.is_staff)
        return render(request, "ui/facets.html", {"facets": found, "search": request.GET})


@takes(ImageSearchForm, TableForm, "format", *NARROWING)
def narrow(request: HttpRequest) -> HttpResponse:
    """The search with more conditions: a column compared with a value, or limits that a plot shows."""
    name = request.GET.get("family") or "sci"
    types = FAMILIES[name].types if name in FAMILIES else {}
    return narrowed(request.GET, types, reverse("images"))


@require_safe
@cache_control(max_age=3600)
def search_plot(request: HttpRequest) -> JsonResponse:
    """The plot of a search's rows as a Bokeh document without points, in which one may draw a box."""
    return JsonResponse({"result": query_plot.document(query_plot.BOXED)})


@takes(ImageSearchForm, TableForm, "format", "to", "row", several=("row",))
def chosen_rows(request: HttpRequest) -> HttpResponse:
    """A redirect to what is done with rows that were chosen in the table: `to`."""
    family, to = request.GET.get("family") or "sci", request.GET.get("to", "")
    if family not in KEYS:
        raise BadParameterError(f"family={family[:20]!r}: rows can be chosen of {', '.join(KEYS)}")
    others = SCRIPTS | ELSEWHERE | BLINK
    if to in USUAL:
        return chosen(request, KEYS[family], reverse("images"))
    if to not in others:
        raise BadParameterError(f"to={to[:20]!r}: give one of {', '.join((*USUAL, *others))}")
    if to in BLINK:
        return HttpResponseRedirect(blinking(family, request.GET.getlist("row")))
    where = of_rows(KEYS[family], request.GET.getlist("row"), request.GET.get("where", ""))
    changes = dict.fromkeys((*PARAMETERS, "to", "row"), "") | {"where": where}
    return redirect(reverse("script", args=[to]) if to in SCRIPTS else reverse(to), request.GET, changes)


def blinking(family: str, rows: list[str]) -> str:
    """The address of the viewer in which chosen science images blink, those of one quadrant in time.

    Raises
    ------
    BadParameterError
    """
    if family != "sci":
        raise BadParameterError(f"family={family}: science images blink (family=sci)")
    if not 2 <= len(set(rows)) <= MOST_EPOCHS:
        raise BadParameterError(f"row: {len(set(rows))} images are chosen; 2 to {MOST_EPOCHS} blink at a time")
    of_rows(KEYS[family], rows, "")
    found = list(ScienceImage.objects.filter(pk__in=rows).order_by("obsjd", "pk"))
    if missing := set(map(int, rows)) - {one.pk for one in found}:
        raise BadParameterError(f"row={min(missing)}: no such image, or it is not public")
    if len({(one.field, one.rcid) for one in found}) > 1:
        raise BadParameterError("row: the images are of several quadrants; choose images of one field and channel")
    epochs = ",".join(str(one.pk) for one in found)
    return f"{reverse('image-view', args=[found[len(found) // 2].pk])}?mode=blink&epochs={epochs}"


def _choosing(request: HttpRequest, family: str) -> Choosing | None:
    if family not in KEYS:
        return None
    actions = USUAL | SCRIPTS
    if family in ("sci", "ref"):
        actions |= {name: label for name, label in ELSEWHERE.items() if name == "sky" or request.GET.get("position")}
    return Choosing(reverse("chosen-rows"), actions | (BLINK if family == "sci" else {}), family)
