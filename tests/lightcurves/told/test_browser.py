"""The object page in a browser, for points of which a file told heliocentric times only."""

import csv

import numpy as np
import pytest
from playwright.sync_api import expect

from tests import browsers
from tests.archive.ingest import goods
from tests.leftovers import empty
from tests.lightcurves.told.conftest import ingest
from tests.lightcurves.told.test_taking import RELEASED

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
POINTS = 60
TIMES = 59000.123 + 3.7 * np.arange(POINTS)


@pytest.fixture(scope="module")
def page(committed, django_db_blocker, tmp_path_factory):
    empty()
    mags = 17 + 0.3 * np.sin(2 * np.pi * TIMES / 0.81)
    columns = {"hmjd": TIMES, "mag": mags, "magerr": np.full(POINTS, 0.02), "clrcoeff": np.full(POINTS, 0.1)}
    lists = {name: [list(values), list(values[:1])] for name, values in columns.items()}
    content = goods.release(nepochs=[POINTS, 1], catflags=[[0] * POINTS, [0]], **lists)
    ingest(goods.write(tmp_path_factory.mktemp("told"), "release", content), "--public")
    with (
        browsers.served_here(django_db_blocker) as server,
        browsers.chromium() as chromium,
        browsers.watched_page(chromium, server, height=1800) as page,
    ):
        page.goto(f"/objects/{RELEASED}/")
        page.wait_for_selector("#viewer[data-ready=true]")
        yield page
    empty()


def test_points_without_a_start_are_drawn_left_out_and_downloaded_as_they_were_told(page):
    expect(page.locator("#used")).to_have_text(f"{POINTS} points, 0 excluded")
    page.click("#points summary")
    page.locator("#points tbody input[type=checkbox]").first.uncheck()
    expect(page.locator("#used")).to_have_text(f"{POINTS - 1} points, 1 excluded")
    page.click("#downloads summary")
    with page.expect_download() as download:
        page.click("[data-download=csv]")
    with download.value.path().open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == POINTS - 1
    assert {row["mjd"] for row in rows} == {row["pid"] for row in rows} == {""}
    assert [float(row["hjd"]) for row in rows] == pytest.approx(TIMES[1:] + 2400000.5, abs=1e-7)
