"""The sky map: what lies under a click, a region that is drawn, layers of what is in view."""

from urllib.parse import parse_qs, urlsplit

import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from mocpy import MOC
from playwright.sync_api import expect

from tests.portal.views.addresses import pages
from tests.portal.views.conftest import OWNER
from tests.portal.views.looking import axe

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture
def sky(visit, archive):
    seen = visit(archive, OWNER)
    seen.page.set_viewport_size({"width": 1280, "height": 900})
    seen.open(pages(archive, OWNER)["sky"])
    seen.page.wait_for_selector("body[data-sky=ready]")
    seen.page.wait_for_timeout(1000)  # until the view stands
    return seen


def middle(sky) -> tuple[float, float]:
    box = sky.page.locator("#aladin").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_click_tells_what_lies_there(sky):
    centre = sky.page.evaluate("JSON.parse(document.getElementById('sky-data').textContent)")
    sky.page.mouse.click(*middle(sky))
    here = sky.page.locator("#sky-here")
    expect(here).to_contain_text("image")
    ra, dec = map(float, here.locator("h2").inner_text().split())
    place, asked = (SkyCoord(*one, unit=units.deg) for one in ((ra, dec), (centre["ra"], centre["dec"])))
    assert place.separation(asked).deg < 0.02 * centre["fov"]
    address = here.get_by_role("link", name="Light curves").get_attribute("href")
    assert parse_qs(urlsplit(address).query)["position"] == [here.locator("h2").inner_text()]
    assert sky.faults == []


def test_a_circle_that_is_drawn_is_a_search(sky):
    width = sky.page.evaluate("JSON.parse(document.getElementById('sky-data').textContent).fov")
    x, y = middle(sky)
    sky.page.get_by_role("button", name="Circle").click()
    sky.page.mouse.move(x, y)
    sky.page.mouse.down()
    sky.page.mouse.move(x + 60, y, steps=5)
    sky.page.mouse.up()
    sky.page.wait_for_url("**/images/?*position=*")
    asked = parse_qs(urlsplit(sky.page.url).query)
    assert 0 < float(asked["radius"][0]) < width
    assert sky.faults == []


def test_layers_say_what_they_show_or_why_not(sky):
    sky.page.get_by_label("Alerts in view").check()
    expect(sky.page.locator("#sky-said")).to_contain_text("alerts in view")
    sky.page.get_by_label("Light curves in view").check()
    expect(sky.page.locator("#sky-said")).to_contain_text("light curves")
    for one in sky.page.locator("[data-layer=moc]").all():
        one.check()
    sky.page.wait_for_timeout(500)
    assert sky.faults == []


def test_a_polygon_that_is_drawn_is_a_search_with_the_other_conditions(sky):
    x, y = middle(sky)
    sky.page.get_by_role("button", name="Polygon").click()
    for east, south in ((-60, -40), (60, -40), (0, 60)):
        sky.page.mouse.click(x + east, y + south)
        sky.page.wait_for_timeout(350)  # two clicks at once are a double click
    expect(sky.page.locator("#sky-said")).to_contain_text("3 corners")
    sky.page.get_by_role("button", name="Search this polygon").click()
    sky.page.wait_for_url("**/images/?*region=*")
    asked = parse_qs(urlsplit(sky.page.url).query)
    assert asked["filtercode"] == ["zr"] and "position" not in asked
    word, *numbers = asked["region"][0].split()
    assert word == "POLYGON" and len(numbers) == 6
    assert sky.faults == [], "the search takes what was drawn"


def test_a_night_filters_footprints_and_moves_known_objects(visit, archive):
    seen = visit(archive, OWNER)
    seen.open("/sky/?field=655")
    seen.page.wait_for_selector("body[data-sky=ready]")
    nights = seen.page.evaluate("JSON.parse(document.getElementById('sky-data').textContent).nights")
    assert len(nights) > 5
    seen.page.get_by_label("Night that is shown").fill("2")
    expect(seen.page.locator("#sky-night-said")).to_have_text(nights[1]["night"])
    assert seen.page.get_by_label("Time of known objects").input_value() == nights[1]["middle"]
    seen.page.get_by_label("Known Solar System objects at").check()
    expect(seen.page.locator("#sky-said")).to_contain_text(f"known objects at {nights[1]['night']}")
    links = seen.page.get_by_role("navigation", name="Nights of these images").get_by_role("link")
    assert links.count() == len(nights) + 1  # and that to the known objects: what the slider does, without script
    assert seen.faults == []


def test_a_region_that_is_sent_is_drawn_and_its_images_told(visit, archive):
    seen = visit(archive, OWNER)
    ra, dec = map(float, archive.position.split())
    cone = MOC.from_cone(lon=ra * units.deg, lat=dec * units.deg, radius=2 * units.deg, max_depth=8)
    seen.open("/sky/")
    seen.page.get_by_text("A region or probability map of your own").click()
    file = {"name": "mine.txt", "mimeType": "text/plain", "buffer": cone.to_string("ascii").encode()}
    seen.page.get_by_label("MOC or probability map").set_input_files(file)
    seen.page.get_by_role("button", name="Show on the sky").click()
    seen.page.wait_for_selector("body[data-sky=ready]")
    facts = seen.page.locator("dl.facts")
    expect(facts).to_contain_text(f"{cone.sky_fraction * 41252.96:.4g} deg²")
    expect(facts).to_contain_text("% of the region")
    assert seen.page.get_by_label("Your region").is_checked()
    table = seen.page.get_by_role("region", name="Images that cover most of it")
    assert table.get_by_role("row").count() > 5
    assert axe(seen) == []
    facts.get_by_role("link", name="images").click()
    expect(seen.page.locator("h1")).to_contain_text("30 found")
    assert seen.faults == []
