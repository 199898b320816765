"""Probes of the front page, the search box and the counts of a search."""

from __future__ import annotations

from django.core.cache import cache
from django.urls import reverse

from tests.rights.probes import Asker, pids, probe, refused
from tests.rights.world import World


@probe("home")
def the_front_page(world: World, ask: Asker, draw) -> None:
    cache.clear()
    if refused(ask, reverse("home"), "images", "alerts", "lightcurves"):
        return
    page = ask(reverse("home")).context["page"]
    seen, data = world.images(ask.person), world.data(ask.person)
    expected = {"exposures": len(seen), "science images": len(seen), "references": len(seen), "alerts": len(data)}
    assert dict(page.holdings) == expected
    assert {image.pid for image, _ in page.images} == set(pids(world.both(ask.person)))
    assert {alert.candid for alert, _ in page.alerts} <= {unit.candid for unit in data}
    assert (page.night.images if page.night else 0) == len(seen)
    assert (page.coverage is None) == (not seen)


@probe("sitemap")
def the_list_for_crawlers(world: World, ask: Asker, draw) -> None:
    text = ask(reverse("sitemap")).body.decode()
    releases = {release for release in ("open", "closed", "lists") if reverse("release", args=[release]) in text}
    assert releases == {"open", "lists"}  # for everybody alike: shared caches may keep it


@probe("image-facets")
def counts_of_a_search(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("image-facets"), "images"):
        return
    seen = world.images(ask.person)
    counted = [value for one in ask(reverse("image-facets")).context["facets"] for value in one.values]
    assert all(value.count <= len(seen) for value in counted)
    found = {part: {one.value: one.count for one in counted if one.part == part} for part in {v.part for v in counted}}
    for part in ("programid", "filtercode", "field"):
        values = [getattr(unit.image, part) for unit in seen]
        if part == "programid":
            values = [unit.metadata.programid for unit in seen]
        expected = {value: values.count(value) for value in set(values)}
        assert found.get(part, expected if len(expected) < 2 else {}) == expected, part


@probe("chosen-rows")
def images_that_blink(world: World, ask: Asker, draw) -> None:
    if refused(ask, reverse("chosen-rows"), "images"):
        return
    pair = [world.units[draw(0, 2)], world.units[draw(3, 5)]]
    answer = ask(reverse("chosen-rows"), {"to": "blink", "row": [unit.pid for unit in pair]}, status=None)
    seen = world.images(ask.person)
    assert (answer.status_code == 302) == all(unit in seen for unit in pair)


@probe("suggestions")
def suggestions_while_typing(world: World, ask: Asker, draw) -> None:
    unit = world.units[draw(0, 5)]
    for kind, number, seen in (
        ("Image", unit.pid, world.images(ask.person)),
        ("Reference", unit.rfid, world.images(ask.person)),
        ("Alert", unit.candid, world.data(ask.person)),
        ("Light curve", unit.oid, world.data(ask.person)),
    ):
        found = ask(reverse("suggestions"), {"q": str(number)}).json()["suggestions"]
        assert (kind in {one["kind"] for one in found}) == (unit in seen), number


@probe("find")
def the_search_box(world: World, ask: Asker, draw) -> None:
    unit = world.units[draw(0, 5)]
    for number, seen in (
        (unit.pid, world.images(ask.person)),
        (unit.rfid, world.images(ask.person)),
        (unit.candid, world.data(ask.person)),
        (unit.oid, world.data(ask.person)),
    ):
        found = ask(reverse("find"), {"q": str(number)}, status=None)
        assert (found.status_code == 302) == (unit in seen), number
