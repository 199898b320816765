"""Moving objects: the images in which an asteroid or comet was."""

from __future__ import annotations

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from archive.answers import answer, refuse
from archive.forms import problems
from archive.moving.dynamics import DynamicsError, Orbit
from archive.moving.elements import ELEMENTS, orbit_from_elements, resolve_orbit
from archive.moving.numbered import NUMBERED
from archive.moving.search import MOVING, images_of
from portal.families import outline
from portal.skymap import sky_map

PAGE_ROWS = 100
STAMPS = 24
TEMPLATE = "portal/moving.html"
LABELS = {
    "epoch": "Epoch (JD or MJD)",
    "a": "a (au)",
    "q": "or q (au)",
    "e": "e",
    "i": "i (deg)",
    "node": "Node (deg)",
    "peri": "Arg. of perihelion (deg)",
    "M": "Mean anomaly (deg)",
    "Tp": "or perihelion (JD, MJD, YYYYMMDD.d)",
    "H": "H (mag)",
    "G": "G",
    "M1": "Comet: M1 (mag)",
    "K1": "Comet: K1",
}


class MovingForm(forms.Form):
    """A moving object by name, by a line of an element file, or by its elements; and a span of time."""

    name = forms.CharField(required=False, max_length=400, strip=False, label="Name, number, or a line of elements")
    since = forms.DateTimeField(required=False, label="From (UTC)")
    until = forms.DateTimeField(required=False, label="Before (UTC)")
    orbit: Orbit

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for element in ELEMENTS:
            self.fields[element] = forms.CharField(required=False, max_length=40, label=LABELS[element])

    def elements(self) -> list[forms.BoundField]:
        """The fields for single elements."""
        return [self[name] for name in ELEMENTS]

    def given_elements(self) -> dict[str, str]:
        """The elements that were filled in."""
        return {name: self.data[name] for name in ELEMENTS if self.data.get(name, "").strip()}

    def clean(self):
        values, given = super().clean(), self.given_elements()
        name = values.get("name", "")
        if not name.strip() and not given:
            raise forms.ValidationError("give a name or orbital elements")
        try:
            self.orbit = orbit_from_elements(given, name.strip() or "your orbit") if given else resolve_orbit(name)
        except DynamicsError as error:
            raise forms.ValidationError(str(error)) from error
        return values


def search_page(request: HttpRequest) -> HttpResponse:
    """The images of a moving object as a table, on a map, and as cutouts at its predicted places."""
    asked = any(request.GET.get(name, "").strip() for name in ("name", *ELEMENTS))
    form = MovingForm(request.GET if asked else None)
    context = {"form": form, "asked": asked, "known": NUMBERED.values()}
    if not asked and "format" not in request.GET:
        return render(request, TEMPLATE, context)
    if not form.is_valid():
        return refuse(request, TEMPLATE, problems(form) or "give a name or orbital elements", context)
    try:
        found = images_of(form.orbit, form.cleaned_data["since"], form.cleaned_data["until"])
    except DynamicsError as error:
        return refuse(request, TEMPLATE, str(error), context)
    if request.GET.get("format", "html") != "html":
        return answer(request, MOVING, found, TEMPLATE, context)
    page = Paginator(found, PAGE_ROWS).get_page(request.GET.get("page"))
    context |= {
        "page": page,
        "orbit": form.orbit,
        "stamps": [one for one in page if one.file][:STAMPS],
        "map": sky_map([outline(one.image) for one in page], [(one.ra, one.dec) for one in page]),
    }
    return answer(request, MOVING, page, TEMPLATE, context)
