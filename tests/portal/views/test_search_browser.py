"""Searches as people use them in a browser: a box in a plot, what is kept across searches, histories."""

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
    expect(seen.page.locator("#plot-said")).to_contain_text("Limits taken over")
    limits = [float(seen.page.get_by_label(f"Seeing, {word}").input_value()) for word in ("from", "below")]
    inside = seen.page.evaluate(f"{points}.selected.indices.map((k) => {points}.data.x[k])")
    assert inside and limits[0] <= min(inside) and max(inside) < limits[1]
    seen.page.get_by_role("button", name="Keep these rows").click()
    expect(seen.page.locator(".chips li:not(.all)")).to_have_count(4)
    seen.page.wait_for_selector("#result.ready")
    assert seen.page.evaluate(f"{points}.data.x.length") == len(inside)
    assert seen.faults == []
