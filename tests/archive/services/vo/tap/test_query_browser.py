"""The query page in Chromium: written with completion, run from the keyboard, drawn, remembered, corrected."""

import re

import pytest
from playwright.sync_api import expect

from tests import browsers

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
QUERY = "SELECT TOP 40 jd, magpsf, ra, dec FROM ztf.ztf_alerts WHERE "


@pytest.fixture(scope="module")
def server(sky, django_db_blocker):
    with browsers.served_here(django_db_blocker) as address:
        yield address


@pytest.fixture(scope="module")
def chromium(server):
    with browsers.chromium() as started:
        yield started


@pytest.fixture
def page(chromium, server):
    with browsers.watched_page(chromium, server) as page:
        yield page


def write(page, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_query_is_completed_run_from_the_keyboard_and_drawn(page):
    page.goto("/query/")
    write(page, QUERY)
    page.keyboard.type("magp")
    page.wait_for_selector(".cm-tooltip-autocomplete li[aria-selected]:has-text('magpsf')")
    page.wait_for_timeout(300)  # what comes right after the list opens is taken for typing
    page.keyboard.press("Enter")
    page.keyboard.type(" < 18")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#result.ready")
    expect(page.locator(".result tbody tr")).to_have_count(40)
    page.wait_for_function("Bokeh.documents.at(-1)?.get_model_by_name('points')?.data.x.length === 40")
    start, end = page.evaluate(
        "(({start, end}) => [start, end])(Bokeh.documents.at(-1).get_model_by_name('result').y_range)"
    )
    assert start > end  # bright is up
    page.select_option("#plot-x", "ra")
    page.select_option("#plot-y", "dec")
    page.wait_for_function("Bokeh.documents.at(-1).get_model_by_name('result').left[0].axis_label === 'dec (deg)'")
    page.reload()
    page.wait_for_selector("#history li")
    expect(page.locator("#history li").first).to_contain_text("magpsf < 18")


def test_the_faulty_word_is_underlined_and_selected(chromium, server):
    with browsers.watched_page(chromium, server, expected="400") as page:
        page.goto("/query/?query=SELECT candid,%0A  magg FROM ztf.ztf_alerts")
        page.wait_for_selector(".cm-lintRange-error")
        expect(page.locator(".cm-lintRange-error")).to_have_text("magg")
        page.wait_for_function("getSelection().toString() === 'magg'")


def test_a_click_on_a_column_writes_it_where_the_cursor_is(page):
    page.goto("/query/?query=SELECT candid FROM ztf.ztf_alerts WHERE rb > 0.9")
    page.wait_for_selector(".cm-content")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" AND ")
    page.locator("details.columns[open] [data-insert]", has_text="drb").first.click()
    expect(page.locator("#query")).to_have_value(re.compile("AND drb$"))
