"""The image workbench against the oracle: what a viewer offers, its planes, catalogs and finding charts."""

from __future__ import annotations

import io

from astropy.io import fits
from django.urls import reverse

from tests.rights.probes import probe, refused
from tests.rights.world import World

SCOPES = {"psf": "catalogs", "aperture": "catalogs", "objects": "lightcurves", "alerts": "alerts"}


@probe("image-view")
def what_a_viewer_offers(world: World, ask, draw) -> None:
    unit = world.units[draw(0, 5)]
    address = reverse("image-view", args=[unit.pid])
    if refused(ask, address, "images"):
        return
    seen, data = world.images(ask.person), world.data(ask.person)
    page = ask(address, status=200 if unit in seen else 404)
    if unit not in seen:
        return
    # Each unit's reference is of a field of its own; it is the difference's, whose row may be hidden
    planes = ["science", "reference"] if unit in data else []
    assert list(page.context["files"]) == planes
    offered = page.context["workbench"]
    assert (offered is not None) == (unit in data)
    if offered is not None:
        assert {one["pid"] for one in offered["epochs"]} == {str(one.pid) for one in world.both(ask.person)}
        assert ("psf" in {one["name"] for one in offered["kinds"]}) == (unit in data)


@probe("image-plane", "image-chart")
def planes_and_charts(world: World, ask, draw) -> None:
    unit = world.units[draw(0, 5)]
    address = reverse("image-plane", args=[unit.pid, "science"])
    if refused(ask, address, "images"):
        return
    both = unit in world.both(ask.person)
    answer = ask(address, status=200 if both else 404)
    if both:
        with fits.open(io.BytesIO(answer.body)) as hdus:
            assert hdus[0].data[0, 0] == 1000 + unit.number
    ask(reverse("image-plane", args=[unit.pid, "reference"]), status=200 if both else 404)
    for form in ("png", "pdf"):
        ask(reverse("image-chart", args=[unit.pid, form]), {"size": 0.01}, status=200 if both else 404)


@probe("image-sources")
def sources_in_an_image(world: World, ask, draw) -> None:
    unit = world.units[draw(0, 5)]
    both = unit in world.both(ask.person)
    for kind in ("psf", "aperture", "objects", "alerts", "moving", "gaia", "ps1"):
        address = reverse("image-sources", args=[unit.pid, kind])
        if refused(ask, address, "images", *([SCOPES[kind]] if kind in SCOPES else [])):
            continue
        answer = ask(address, status=200 if both else 404)
        if not both:
            continue
        found = answer.json()["columns"]
        if kind == "psf":
            assert len(found["mag"]) == 1
        if kind == "alerts":
            here = [one for one in world.data(ask.person) if reverse("alert", args=[one.candid]) in found["link"]]
            assert len(found["link"]) == len(here)
            assert unit in here
        if kind == "objects":
            expected = {reverse("object", args=[one.oid]) for one in world.data(ask.person)}
            assert set(found["link"]) <= expected
