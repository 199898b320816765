"""The frame of every page and the search, as people use them: by mouse, by keyboard, on a phone, without script."""

import pytest
from playwright.sync_api import expect

from tests.portal.views.addresses import pages
from tests.portal.views.conftest import OWNER
from tests.portal.views.screens import LAPTOP, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture
def seen(visit, archive):
    return visit(archive, OWNER)


@pytest.mark.parametrize("screen", [PHONE, LAPTOP])
@pytest.mark.parametrize("name", ["images", "alerts", "objects"])
def test_the_first_result_stands_in_the_first_screen(seen, archive, screen, name):
    seen.page.set_viewport_size(screen)
    seen.open(pages(archive, OWNER)[name])
    box = seen.page.locator("table tbody tr").first.bounding_box()
    assert box["y"] + box["height"] <= screen["height"], box


def test_the_switch_turns_pages_dark_and_light_and_is_remembered(visit, archive):
    seen = visit(archive, OWNER, color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    seen.open(pages(archive, OWNER)["object"])
    seen.page.wait_for_selector("#viewer[data-ready=true]")
    figure = "Bokeh.documents[0].get_model_by_name('lightcurve').background_fill_color"
    light, plotted = seen.page.evaluate(ground), seen.page.evaluate(figure)
    switch = seen.page.locator("#theme")
    switch.click()
    expect(switch).to_have_attribute("title", "Theme: light")
    assert seen.page.evaluate(ground) == light
    switch.click()
    expect(switch).to_have_attribute("title", "Theme: dark")
    assert seen.page.evaluate(ground) != light and seen.page.evaluate(figure) != plotted
    dark = seen.page.evaluate(ground)
    seen.open(pages(archive, OWNER)["images"])
    assert seen.page.evaluate(ground) == dark
    seen.page.locator("#theme").click()
    assert seen.page.evaluate(ground) == light
    assert seen.faults == []


def test_the_palette_leads_anywhere_by_keyboard(seen, archive):
    seen.open(pages(archive, OWNER)["alerts"])
    seen.page.wait_for_selector("html[data-frame=ready]")
    seen.page.keyboard.press("Control+k")
    box = seen.page.get_by_role("combobox", name="Go to")
    expect(box).to_be_focused()
    seen.page.keyboard.type("releas")
    option = seen.page.get_by_role("option", name="Releases")
    expect(option.first).to_be_visible()
    while seen.page.locator("[role=option][aria-selected=true]", has_text="Releases").count() == 0:
        seen.page.keyboard.press("ArrowDown")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url("**/releases/")
    seen.page.wait_for_selector("html[data-frame=ready]")
    seen.page.keyboard.press("Control+k")
    seen.page.keyboard.type(str(archive.world.units[0].pid))
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_url(f"**/images/{archive.world.units[0].pid}/")
    assert seen.faults == []


def test_the_palette_finds_sections_of_the_help(seen, archive):
    seen.open(pages(archive, OWNER)["gallery"])
    seen.page.wait_for_selector("html[data-frame=ready]")
    seen.page.keyboard.press("Control+k")
    seen.page.keyboard.type("design of the p")
    seen.page.get_by_role("option", name="Design of the pages").click()
    seen.page.wait_for_url("**/help/architecture/design.html*")
    assert seen.faults == []


def test_the_palette_closes_and_the_focus_goes_back(seen, archive):
    seen.open(pages(archive, OWNER)["images"])
    seen.page.wait_for_selector("html[data-frame=ready]")
    opener = seen.page.locator("#palette-open")
    opener.click()
    expect(seen.page.locator("#palette")).to_be_visible()
    seen.page.keyboard.press("Escape")
    expect(seen.page.locator("#palette")).to_be_hidden()
    expect(opener).to_be_focused()


def test_menus_open_one_at_a_time_and_mark_the_page(seen, archive):
    seen.page.set_viewport_size(LAPTOP)
    seen.open(pages(archive, OWNER)["alert"])
    groups = seen.page.locator(".site-nav .wide summary")
    groups.nth(0).click()
    expect(seen.page.locator(".site-nav .wide a[aria-current=page]")).to_contain_text("Alerts")
    groups.nth(1).click()
    assert seen.page.locator(".site-nav .wide details[open]").count() == 1
    seen.page.keyboard.press("Escape")
    assert seen.page.locator(".site-nav details[open]").count() == 0


def test_a_phone_reaches_every_page_of_the_menu(seen, archive):
    seen.page.set_viewport_size(PHONE)
    seen.open(pages(archive, OWNER)["images"])
    seen.page.get_by_label("Menu").click()
    for label in ("Light curves", "Query (ADQL)", "Releases", "Nights", "Documentation"):
        expect(seen.page.locator(".site-menu").get_by_role("link", name=label, exact=True)).to_be_visible()


def test_rows_are_chosen_and_shown_alone(seen, archive):
    seen.open(pages(archive, OWNER)["images"])
    rows = seen.page.locator("form.rows tbody tr")
    number = rows.count()
    only = seen.page.get_by_role("button", name="Only these")
    expect(only).to_be_disabled()
    rows.nth(0).get_by_role("checkbox").check()
    rows.nth(2).get_by_role("checkbox").check()
    expect(seen.page.locator("[data-chosen]")).to_have_text("2 rows chosen:")
    wanted = [rows.nth(k).locator("th a").inner_text() for k in (0, 2)]
    only.click()
    expect(seen.page.locator("form.rows tbody tr")).to_have_count(2)
    assert number > 2 and seen.page.locator("form.rows tbody th a").all_inner_texts() == wanted
    assert seen.faults == []


def test_columns_are_ticked_and_a_condition_is_added(seen, archive):
    seen.open(pages(archive, OWNER)["images"])
    seen.page.get_by_text("Columns", exact=True).click()
    seen.page.locator("[data-column=airmass] input").check()
    seen.page.locator("[data-column=origin] input").uncheck()
    seen.page.locator("#column-choice").get_by_role("button", name="Show").click()
    heads = seen.page.locator("form.rows thead").inner_text()
    assert "Airmass" in heads and "Made by" not in heads
    seen.page.get_by_text("Narrow", exact=True).click()
    expect(seen.page.locator("#facets")).not_to_contain_text("Counts by")  # they have come
    seen.page.get_by_label("Column").select_option("seeing")
    seen.page.get_by_label("Comparison").select_option("<")
    seen.page.get_by_label("Value").fill("1.75")
    seen.page.get_by_role("button", name="Add the condition").click()
    expect(seen.page.locator(".chips")).to_contain_text("seeing < 1.75")
    expect(seen.page.locator("form.rows thead")).to_contain_text("Airmass")
    assert seen.faults == []


def test_from_the_keyboard_a_few_tabs_lead_to_the_first_result(seen, archive):
    seen.open(pages(archive, OWNER)["images"])
    seen.page.keyboard.press("Tab")
    seen.page.keyboard.press("Tab")
    expect(seen.page.locator(":focus")).to_have_text("Skip to the results")
    seen.page.keyboard.press("Enter")
    first = seen.page.locator("form.rows tbody th a").first
    for _ in range(9):
        seen.page.keyboard.press("Tab")
        if first.evaluate("one => one === document.activeElement"):
            return
    pytest.fail("12 keys do not reach the first result")


def test_a_row_and_its_footprint_light_each_other_up(seen, archive):
    seen.page.set_viewport_size({"width": 1600, "height": 900})
    seen.open(pages(archive, OWNER)["images"])
    seen.page.locator("form.rows tbody tr").first.hover()
    expect(seen.page.locator(".skymap-svg a.lit")).to_have_count(1)


def test_a_list_that_is_chosen_on_the_front_page_is_searched(seen, archive):
    seen.open(pages(archive, OWNER)["home"])
    file = {
        "name": "places.csv",
        "mimeType": "text/csv",
        "buffer": f"ra,dec\n{archive.position.replace(' ', ',')}\n".encode(),
    }
    seen.page.locator("#drop input[type=file]").set_input_files(file)
    seen.page.get_by_role("button", name="Search the list").click()
    seen.page.wait_for_url("**/images/list")
    expect(seen.page.locator("main table tbody tr")).to_have_count(1)


def test_the_front_page_suggests_while_one_types(seen, archive):
    seen.open(pages(archive, OWNER)["home"])
    box = seen.page.locator("#find-text")
    box.fill("andro")
    expect(seen.page.locator("#find-found [role=option]", has_text="Andromeda Galaxy")).to_be_visible()
    box.press("Escape")
    expect(seen.page.locator("#find-found")).to_be_hidden()


PARTS_OF_A_DATE = 7  # year, month, day, hours, minutes, half of the day, its calendar: each takes a Tab
WITH_KEYS = ("home", "images", "image-view", "object", "alert", "sky", "query", "moving", "forced-job")
FOCUSED = """() => {
  let one = document.activeElement;
  if (one === document.body) return "";
  while (one.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
  const { x, y } = one.getBoundingClientRect();
  return `${one.outerHTML.slice(0, 120)} at ${x}, ${y + scrollY}`;
}"""


def test_no_part_of_a_page_keeps_the_focus(seen, archive):
    """Tab leads through each page that has keys of its own, and out of it."""
    stuck = {}
    for name in WITH_KEYS:
        seen.open(pages(archive, OWNER)[name])
        before, stays = None, 0
        for _ in range(400):
            seen.page.keyboard.press("Tab")
            now = seen.page.evaluate(FOCUSED)
            stays = stays + 1 if now == before else 0
            if not now or stays > PARTS_OF_A_DATE:
                break
            before = now
        if now:
            stuck[name] = now
    assert stuck == {}
