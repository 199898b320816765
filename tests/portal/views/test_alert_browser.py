"""An alert's page in Chromium: plot, curtain and keys; both schemes; a phone; without script."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests import browsers, leftovers
from tests.portal.views import alerts
from tests.portal.views.looking import POINTERS, axe, invalid, unparsed, visiting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(databases=["default", "reader"])]
SHOWN = "() => Bokeh.documents.at(-1).get_model_by_name('points').data"

RANGE = """() => {
  const range = Bokeh.documents.at(-1).get_model_by_name("alertcurve").y_range;
  return [range.start, range.end];
}"""


@pytest.fixture(scope="module")
def made(committed, archive_root):
    yield alerts.build()
    leftovers.empty()


@pytest.fixture(scope="module")
def server(made, django_db_blocker):
    with browsers.served_here(django_db_blocker) as address:
        yield address


@pytest.fixture(scope="module")
def chromium(server):
    with browsers.chromium() as started:
        yield started


def opened(seen, one):
    answer = seen.open(reverse("alert", args=[one.candid]))
    seen.page.wait_for_selector("#alert[data-ready]")
    return answer


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_has_no_fault_in_both_schemes(chromium, server, made, width, tmp_path):
    with visiting(chromium, server, color_scheme="light") as seen:
        seen.page.set_viewport_size({"width": width, "height": 844})
        text = opened(seen, made[3]).text()
        found = [*seen.faults, *seen.page.evaluate(POINTERS), *axe(seen), *unparsed(text)]
        seen.page.emulate_media(color_scheme="dark")
        assert [*found, *axe(seen)] == []
        assert invalid(tmp_path, {"alert": text}) == []
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_filters_differ_in_colour_and_marker_and_limits_point_down(chromium, server, made):
    with visiting(chromium, server) as seen:
        opened(seen, made[3])
        data = seen.page.evaluate(SHOWN)
        look = {(label[0], marker, colour) for label, marker, colour in
                zip(data["label"], data["marker"], data["colour"], strict=True)}  # fmt: skip
        assert {one[:2] for one in look} == {
            ("g", "circle"), ("r", "square"), ("g", "inverted_triangle"), ("r", "inverted_triangle"),
        }  # fmt: skip
        assert len({one[2] for one in look}) == 2
        ends = seen.page.evaluate(RANGE)
        assert ends[0] > ends[1]  # brighter is up
        seen.page.get_by_label("upper limits").uncheck()
        assert "inverted_triangle" not in seen.page.evaluate(SHOWN)["marker"]


def test_flux_of_the_difference_is_another_axis(chromium, server, made):
    with visiting(chromium, server) as seen:
        opened(seen, made[3])
        seen.page.get_by_label("Vertical axis").select_option("flux")
        data = seen.page.evaluate(SHOWN)
        assert min(data["y"]) == pytest.approx(-39.81, abs=0.01) and max(data["y"]) == pytest.approx(224.9, abs=0.1)


def test_keys_go_from_point_to_point_and_open_an_alert(chromium, server, made):
    with visiting(chromium, server) as seen:
        opened(seen, made[0])
        seen.page.locator("#alertcurve").focus()
        for _ in range(5):
            seen.page.keyboard.press("ArrowRight")
        said = r"Point 5 of 11: g brighter than the reference \(this alert\), 2026-10-27 0[78]:\d\d:\d\d UTC, 19.610"
        expect(seen.page.locator("#said")).to_have_text(re.compile(said))
        for _ in range(2):
            seen.page.keyboard.press("ArrowRight")
        seen.page.keyboard.press("Enter")
        expect(seen.page).to_have_url(re.compile(f"/alerts/{made[2].candid}/$"))


def test_the_curtain_is_drawn_by_keys_buttons_and_pointer(chromium, server, made):
    with visiting(chromium, server) as seen:
        opened(seen, made[3])
        slider, page = seen.page.locator("#curtain-at"), seen.page
        assert slider.get_attribute("aria-valuetext") == "50 % template over science"
        slider.focus()
        page.keyboard.press("Home")
        assert slider.get_attribute("aria-valuetext") == "science"
        page.keyboard.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == "1 % template over science"
        page.keyboard.press("End")
        assert slider.get_attribute("aria-valuetext") == "difference"
        button = page.locator("#curtain button", has_text="Template")
        button.click()
        assert slider.get_attribute("aria-valuetext") == "template" and button.get_attribute("aria-pressed") == "true"
        box = page.locator("#curtain .stamp").bounding_box()
        page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 30)
        page.mouse.down()
        page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 30)
        page.mouse.up()
        assert slider.get_attribute("aria-valuetext") == "25 % difference over template"
        sizes = page.evaluate("[...document.querySelectorAll('.triple img')].map((one) => one.naturalWidth)")
        widths = page.evaluate("[...document.querySelectorAll('.triple img')].map((one) => Math.round(one.width))")
        assert sizes == [63] * 3 and len(set(widths)) == 1


def test_without_script_stamps_drawing_table_and_facts_stand(chromium, server, made):
    with visiting(chromium, server, java_script_enabled=False) as seen:
        seen.open(reverse("alert", args=[made[3].candid]))
        page = seen.page
        assert page.locator(".triple img:visible").count() == 3 and not page.locator("#curtain").is_visible()
        assert page.locator("#alertcurve svg g.mark").count() == 11
        assert page.locator("button[type=button]:visible").count() == 0
        assert page.get_by_role("row").filter(has_text="this alert").count() == 1
        assert seen.faults == []
