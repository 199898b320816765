"""Searches as people use them in a browser: a box in a plot, what is kept across searches, histories."""

import json

import pytest
from playwright.sync_api import expect

from tests.portal.views.addresses import pages
from tests.portal.views.conftest import OWNER

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture
def seen(visit, archive):
    return visit(archive, OWNER)


def test_a_box_in_a_plot_becomes_conditions_of_the_search(seen, archive):
    seen.open(pages(archive, OWNER)["images plot"])
    seen.page.wait_for_selector("#result.ready")
    points = "Bokeh.documents.at(-1).get_model_by_name('points')"
    assert seen.page.evaluate(f"{points}.data.x.length") == 30
    box = seen.page.locator("#result").bounding_box()
    seen.page.mouse.move(box["x"] + 160, box["y"] + 30)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 400, box["y"] + 220, steps=4)
    seen.page.mouse.up()
    expect(seen.page.locator("#plot-said")).to_contain_text("Limits filled in")
    limits = [float(seen.page.get_by_label(f"Seeing, {word}").input_value()) for word in ("from", "below")]
    inside = seen.page.evaluate(f"{points}.selected.indices.map((k) => {points}.data.x[k])")
    assert inside and limits[0] <= min(inside) and max(inside) < limits[1]
    seen.page.get_by_role("button", name="Keep these rows").click()
    expect(seen.page.locator(".chips li:not(.all)")).to_have_count(4)
    seen.page.wait_for_selector("#result.ready")
    assert seen.page.evaluate(f"{points}.data.x.length") == len(inside)
    assert seen.faults == []


def test_the_basket_keeps_rows_across_searches(seen, archive):
    seen.open(pages(archive, OWNER)["images"])
    rows = seen.page.locator("form.rows tbody tr")
    ids = [rows.nth(k).locator("th a").inner_text() for k in (0, 1)]
    for k in (0, 1):
        rows.nth(k).get_by_role("checkbox").check()
    seen.page.get_by_role("button", name="Into the basket").click()
    expect(seen.page.locator("[data-kept]")).to_have_text("2 added, 2 in the basket.")
    seen.open(pages(archive, OWNER)["alerts"])
    seen.page.locator("form.rows tbody tr").first.get_by_role("checkbox").check()
    seen.page.get_by_role("button", name="Into the basket").click()
    seen.page.get_by_role("link", name="the basket").click()
    seen.page.wait_for_selector("html[data-basket=ready]")
    kept = json.loads(seen.page.evaluate("localStorage.getItem('basket')"))
    assert [set(one) for one in kept] == [{"kind", "id"}] * 3  # of content nothing: it may be closed to the next person
    images, alerts = (seen.page.get_by_role("region", name=name) for name in ("Science images", "Alerts"))
    assert images.locator("li > a").all_inner_texts() == ids and alerts.locator("li").count() == 1
    table = images.get_by_role("link", name="Table", exact=True).get_attribute("href")
    blink = images.get_by_role("link", name="Blink").get_attribute("href")
    query = images.locator("[name=query]").input_value()
    assert query == f"where=pid+IN+%28{ids[0]}%2C{ids[1]}%29"
    assert seen.page.request.get(blink).url.split("?")[0].endswith("/view")
    images.get_by_role("button", name=f"Take {ids[0]} out").click()
    expect(images.locator("li")).to_have_count(1)
    alerts.get_by_role("button", name="Take all alerts out").click()
    expect(alerts).to_be_hidden()
    seen.open(table)
    assert sorted(seen.page.locator("form.rows tbody th a").all_inner_texts()) == sorted(ids)
    assert seen.faults == []


@pytest.mark.parametrize("kept", ["no JSON", '{"a": 1}', '[1, null, {"kind": "sci", "id": "<b>"}]'])
def test_what_stands_in_the_browsers_storage_stops_no_basket(seen, archive, kept):
    seen.page.add_init_script(f"localStorage.setItem('basket', {json.dumps(kept)})")
    seen.open(pages(archive, OWNER)["basket"])
    expect(seen.page.locator("#basket-empty")).to_be_visible()
    assert seen.faults == []


def test_the_browser_remembers_searches_of_every_kind_and_forgets_them(visit, archive):
    seen = visit(archive)
    for address in ("/images/?field=655&rows=25", "/alerts/?rb=0.1&page=1", "/images/?field=655&rows=25", "/images/"):
        seen.open(address)
    seen.open(pages(archive, "")["query result"])
    seen.open("/searches/")
    links = seen.page.locator("[data-history] li a")
    assert links.evaluate_all("all => all.map((one) => one.getAttribute('href').split('?')[0])") == [
        "/query/", "/images/", "/alerts/",
    ]  # fmt: skip
    assert links.nth(2).inner_text() == "Score at least 0.1" and "page=" not in links.nth(2).get_attribute("href")
    links.nth(1).click()
    expect(seen.page.locator(".chips")).to_contain_text("655")
    seen.page.go_back()
    seen.page.get_by_role("button", name="Clear the history").click()
    expect(links).to_have_count(0)
    assert seen.faults == []
