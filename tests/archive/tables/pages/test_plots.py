"""Plots of a search's rows: what is counted and drawn, for whom, and how limits become conditions."""

import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from django.core.cache import cache
from django.urls import reverse

from archive.tables.dictionary import Column
from archive.tables.pages import plots
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
SEEING = (1.5, 1.6, 1.6, 2.1, 2.4, None)


@pytest.fixture(scope="module")
def images(committed):
    cache.clear()
    made = [
        factories.science_image(factories.exposure(jd=factories.JD + k), seeing=seeing, maglimit=20.0 + k / 10)
        for k, seeing in enumerate(SEEING)
    ]
    factories.science_image(factories.exposure(jd=factories.JD + 20, programid=2, public_date=None), seeing=9.0)
    return made


def data_of(page) -> dict:
    return json.loads(re.search(r'id="plot-data"[^>]*>(.*?)</script>', page.content.decode())[1])


def test_two_columns_are_drawn_against_each_other_with_the_rows_that_they_are_of(client, images):
    page = client.get("/images/", {"view": "plot", "order": "obsjd"})
    data, plot = data_of(page), page.context["plot"]
    assert (data["x"]["name"], data["y"]["name"], data["y"]["unit"]) == ("seeing", "maglimit", "mag")
    assert data["xs"] == [1.5, 1.6, 1.6, 2.1, 2.4] and data["ids"] == [str(one.pid) for one in images[:5]]
    assert (plot.drawn, plot.total, plot.missing) == (5, 6, 1)
    assert plot.points.count("M") == 5 and "<table" not in page.content.decode().split("<main")[1].split("<aside")[0]
    assert client.get(data["page"].replace("/0/", f"/{data['ids'][0]}/")).status_code == 200


def test_a_histogram_counts_every_row_once_and_its_bars_lead_to_their_rows(client, images):
    page = client.get("/images/", {"view": "plot", "x": "seeing", "y": "count"})
    plot, data = page.context["plot"], data_of(page)
    assert sum(data["counts"]) == 5 and max(data["counts"]) == 2 and 9.0 not in data["edges"]
    for bar in plot.bars:
        count = int(bar.text.rsplit(": ", 1)[1])
        found = client.get("/images/" + bar.url)
        assert found.context["page"].paginator.count == count, bar
        assert found.context["plot"].y is None


def test_bins_of_whole_numbers_are_no_narrower_than_one(client, images):
    edges = data_of(client.get("/images/", {"view": "plot", "x": "ccdid", "y": "count"}))["edges"]
    assert all(edge == int(edge) for edge in edges) and len(edges) >= 2


def test_what_is_plotted_is_bounded_and_said(client, images, monkeypatch):
    monkeypatch.setattr(plots, "MOST_POINTS", 3)
    monkeypatch.setattr(plots, "MOST_COUNTED", 4)
    page = client.get("/images/", {"view": "plot", "order": "obsjd"})
    assert data_of(page)["xs"] == [1.5, 1.6, 1.6] and "3 of 6 rows, the first in the order" in page.content.decode()
    assert sum(data_of(client.get("/images/", {"view": "plot", "y": "count", "order": "obsjd"}))["counts"]) == 4


def test_limits_become_conditions_that_can_be_dropped(client, images):
    asked = {"view": "plot", "x": "seeing", "y": "maglimit", "xmin": "1.55", "xmax": "2.2", "ymax": "20.3"}
    page = client.get(reverse("narrow"), asked | {"where": "airmass > 0 OR field > 0"}, follow=True)
    assert [chip.text for chip in page.context["chips"]] == [
        "(airmass > 0 OR field > 0)", "seeing >= 1.55", "seeing < 2.2", "maglimit < 20.3",
    ]  # fmt: skip
    assert data_of(page)["xs"] == [1.6, 1.6] and page.context["plot"].y.name == "maglimit"


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"x": "nothing"}, "x='nothing'"),
        ({"x": "count"}, "x='count'"),
        ({"x": "filtercode"}, "x='filtercode'"),
        ({"y": "seing"}, "y='seing'"),
    ],
)
def test_a_column_that_has_no_numbers_is_refused(client, images, asked, word):
    answer = client.get("/images/", asked | {"view": "plot"})
    assert answer.status_code == 400 and word in answer.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("asked", "word"),
    [({"x": "seeing", "xmin": "much"}, "xmin="), ({"xmin": "1"}, "x="), ({"x": "filtercode", "xmin": "1"}, "xmin=")],
)
def test_limits_that_cannot_be_are_refused(client, images, asked, word):
    answer = client.get(reverse("narrow"), asked)
    assert answer.status_code == 400 and word in answer.content.decode()


@pytest.mark.parametrize("family", ["raw", "cal", "ref", "diff", "alert", "lc", "deep"])
def test_every_family_has_a_plot(client, images, family):
    page = client.get("/images/", {"family": family, "view": "plot"})
    assert page.status_code == 200 and page.context["plot"].total == 0


@pytest.mark.parametrize(
    ("search", "narrow", "asked"),
    [("alerts", "narrow-alerts", {}), ("objects", "narrow-objects", {"where": "nobs > 0"})],
)
def test_alerts_and_objects_have_the_same_plot_and_conditions(client, images, search, narrow, asked):
    page = client.get(reverse(search), asked | {"view": "plot"})
    assert page.status_code == 200 and page.context["plot"].x.name in ("jd", "medianmag")
    limited = client.get(reverse(narrow), asked | {"view": "plot", "x": "field", "xmin": "600"}, follow=True)
    assert [chip.text for chip in limited.context["chips"]][-1] == "field >= 600"
    compared = {"column": "fid", "comparison": "=", "value": "2"}
    added = client.get(reverse(narrow), asked | compared, follow=True)
    assert [chip.text for chip in added.context["chips"]][-1] == "fid = 2"


@pytest.mark.parametrize(
    "values",
    [
        [1e-20, 3e-20, 3e-20], [-1e300, 0.0, 1e300], [1e300], [5e-324, 0.0], [1e-310], [1e-13], [0.0], [2458430.123456],
        [2458430.1, np.nextafter(2458430.1, np.inf)], [1e12, 1e12 + 0.001], [1.5, np.inf, np.nan, 1.7e308],
    ],
)  # fmt: skip
def test_values_of_any_size_are_plotted(rf, values):
    rows = [SimpleNamespace(pid=k, size=value, other=value) for k, value in enumerate(values)]
    columns = [Column(name, "double", "") for name in ("size", "other")]
    drawn = [value for value in values if abs(value) <= 1e300]
    histogram, scatter = (
        plots.plot_of(rf.get("/"), rows, len(rows), columns, None, "", ("size", y)) for y in ("count", "other")
    )
    edges = histogram.data["edges"]
    assert sum(histogram.data["counts"]) == len(drawn) and edges == sorted(set(edges)) and len(edges) <= plots.BINS + 3
    assert edges[0] <= min(drawn) and max(drawn) < edges[-1]
    assert scatter.points.count("M") >= 1 and histogram.missing == scatter.missing == len(values) - len(drawn)
    for plot in (histogram, scatter):
        labels = [tick["label"] for tick in plot.x_ticks]
        assert len(set(labels)) == len(labels) and max(map(len, labels), default=0) < 25
