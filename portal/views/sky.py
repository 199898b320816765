"""The sky: our HiPS in Aladin Lite, with the footprints of a search; without script the same as a drawing."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from archive import search
from archive.forms import problems
from archive.hips import survey
from archive.hips.config import FILTERS
from portal.forms import ImageSearchForm
from portal.skymap import sky_map
from portal.views.images import outline

FOOTPRINTS = 300


def sky_page(request: HttpRequest) -> HttpResponse:
    """A map of the sky with the images that answer a search."""
    form = ImageSearchForm(request.GET)
    context = {"form": form, "surveys": {code: name for code, name in FILTERS.items() if survey.visible(code)}}
    if not form.is_valid():
        return render(request, "portal/sky.html", context | {"error": problems(form)}, status=400)
    asked = any(form.cleaned_data.get(name) for name in form.cleaned_data if name not in ("family", "order"))
    rows = search.images(form.query) if asked else search.images(form.query).none()
    page = Paginator(rows, FOOTPRINTS).get_page(request.GET.get("page"))
    place = form.cleaned_data.get("position")
    context |= {"page": page, "map": sky_map(map(outline, page), [place] if place else []), "place": place}
    return render(request, "portal/sky.html", context)
