"""The sky map: what lies under a click, a region that is drawn, layers of what is in view."""

from urllib.parse import parse_qs, urlsplit

import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from playwright.sync_api import expect

from tests.portal.views.addresses import pages
from tests.portal.views.conftest import OWNER

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
    sky.page.wait_for_url("**/images/?position=*")
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
