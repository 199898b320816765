"""What stands around a light curve, in a browser: strip, offsets, figure, sound; both schemes; a phone; no script."""

import re

import pytest
from playwright.sync_api import expect

from tests import browsers
from tests.lightcurves.viewer.conftest import BINARY, FLAGGED, GREEN, RED, UNSEEN
from tests.lightcurves.viewer.test_beside import neighbouring_field, place  # noqa: F401 (fixtures)
from tests.portal.views.looking import POINTERS, axe, invalid, unparsed, visiting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(databases=["default", "reader"])]
OBJECT, EXPOSURES = f"/objects/{BINARY}/", f"/objects/{BINARY}/exposures"
DRAWN = "() => Bokeh.documents[0].get_model_by_name('points').data.y"


@pytest.fixture(scope="module")
def server(neighbouring_field, django_db_blocker):  # noqa: F811
    with browsers.served_here(django_db_blocker) as address:
        yield address


@pytest.fixture(scope="module")
def chromium(server):
    with browsers.chromium() as started:
        yield started


@pytest.fixture
def seen(chromium, server):
    with visiting(chromium, server, color_scheme="light") as made:
        yield made


def opened(seen, query=""):
    answer = seen.open(OBJECT + query)
    seen.page.wait_for_selector("#viewer[data-ready=true]")
    seen.page.wait_for_selector("#strip[data-ready]")
    return answer


@pytest.mark.parametrize("width", [390, 1280])
def test_the_pages_have_no_fault_in_both_schemes(seen, width, tmp_path):
    texts = {}
    seen.page.set_viewport_size({"width": width, "height": 844})
    for name, start in (("object", opened), ("exposures", lambda seen: seen.open(EXPOSURES))):
        texts[name] = start(seen).text()
        found = [*seen.faults, *seen.page.evaluate(POINTERS), *axe(seen), *unparsed(texts[name])]
        seen.page.emulate_media(color_scheme="dark")
        assert [*found, *axe(seen)] == [], name
        seen.page.emulate_media(color_scheme="light")
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert invalid(tmp_path, texts) == []


def test_why_there_is_no_point_is_one_click_away_and_on_the_page(seen):
    opened(seen)
    label = seen.page.locator("#strip .strip").get_attribute("aria-label")
    assert f"{FLAGGED} flagged, {UNSEEN} not detected, 0 not measured" in label
    seen.page.get_by_role("link", name="as a strip over time and a table").click()
    expect(seen.page.get_by_role("heading", level=1)).to_have_text("Why is there no point here?")
    rows = seen.page.get_by_role("row").filter(has_text="nothing above the image's limit")
    expect(rows).to_have_count(UNSEEN)


def test_fields_of_a_filter_are_aligned_on_one_curve(seen):
    opened(seen)
    before = seen.page.evaluate(DRAWN)
    seen.page.get_by_label("Brightness").select_option("aligned")
    after = seen.page.evaluate(DRAWN)
    moved = [round(one - other, 3) for one, other in zip(before, after, strict=True)]
    assert sorted(set(moved)) == [0, 0.1] and moved.count(0.1) == RED // 2
    expect(seen.page).to_have_url(re.compile("y=aligned"))


def test_the_figure_is_of_what_is_shown(seen):
    opened(seen, "?period=0.7312")
    page, link = seen.page, seen.page.locator("#figure")
    page.get_by_label("zg", exact=True).uncheck()
    page.get_by_label("Brightness").select_option("aligned")
    expect(link).to_have_attribute(
        "href", re.compile("bands=zr&mask=65535&together=1&period=0.7312&epoch=24590.*&aligned=1")
    )
    answer = page.request.get(link.get_attribute("href"))
    assert answer.status == 200 and answer.headers["x-points"] == str(RED + RED // 2)
    page.get_by_label("zr", exact=True).uncheck()
    expect(link).to_have_text("No figure: no filter is on")
    assert link.get_attribute("href") is None


def test_a_folded_curve_is_heard_with_the_brightest_highest(seen):
    opened(seen, "?period=0.7312")
    page, button = seen.page, seen.page.locator("#listen")
    tones = page.evaluate("""async () => {
      const { tones } = await import("/static/lightcurves/sound.js");
      const point = (phase, mag) => ({ hjd: phase, mag });
      return tones([point(0.01, 17), point(0.26, 16), point(0.51, 18), point(0.52, 18)], 1, 0);
    }""")
    heard = {round(one["at"], 2): round(one["hertz"]) for one in tones if one["hertz"] is not None}
    assert heard == {0.0: 440, 1.5: 880, 3.0: 220, 3.1: 220}
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#heard")).to_contain_text("One cycle of the r curve in 6 seconds: higher is brighter")
    expect(button).to_have_text("Stop")
    button.click()
    expect(button).to_have_text("Listen")
    expect(page.locator("#heard")).to_have_text("Stopped.")
    assert seen.faults == []


def test_without_script_all_of_it_stands(chromium, server):
    with visiting(chromium, server, java_script_enabled=False) as seen:
        seen.open(OBJECT)
        page = seen.page
        for name in ("Hints", "Alerts at this place", "Forced photometry", "Known objects"):
            assert page.get_by_role("heading", name=name).is_visible()
        assert page.locator("button[type=button]:visible").count() == 0
        assert page.request.get(page.locator("#figure").get_attribute("href")).status == 200
        seen.open(EXPOSURES)
        assert page.locator(".lane path").count() > 2 and page.get_by_role("row").count() > RED + GREEN
        assert seen.faults == []
