"""Measurements and regions in the viewer, against numpy's, astropy's and the formula's answers."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from django.contrib.staticfiles import finders
from playwright.sync_api import expect

from tests.portal.workbench.acting import STAGE, at, colour_at, drag

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(databases=["default", "reader"]),
    pytest.mark.skipif(finders.find("vendor/js9/js9.min.js") is None, reason="js9 is not installed: run make setup"),
]


# --- measuring -----------------------------------------------------------------------------------------------------
def statistics(page) -> dict:
    return json.loads(page.locator("[data-measure=result]").get_attribute("data-statistics"))


def equals_numpy(found: dict, values: np.ndarray) -> None:
    values = values.astype(np.float64)
    assert found["n"] == values.size
    for name, truth in (("sum", values.sum()), ("mean", values.mean()), ("median", np.median(values)),
                        ("deviation", values.std()), ("least", values.min()), ("greatest", values.max())):  # fmt: skip
        assert found[name] == pytest.approx(float(truth), rel=1e-9), name


def test_the_statistics_of_a_circle_a_box_and_a_polygon_are_numpys(opened, observed):
    page = opened("?zoom=2&ra={:.6f}&dec={:.6f}".format(*observed.wcs.all_pix2world(200, 210, 1))).page
    yy, xx = np.mgrid[1 : observed.pixels.shape[0] + 1, 1 : observed.pixels.shape[1] + 1]
    page.get_by_role("button", name="Circle").click()
    drag(page, at(page, 200, 210), at(page, 212, 210))
    region = page.evaluate("(({x, y, radius}) => ({x, y, radius}))(workbench.regions.all.at(-1))")
    assert region["radius"] == pytest.approx(12, abs=0.6)
    inside = (xx - region["x"]) ** 2 + (yy - region["y"]) ** 2 <= region["radius"] ** 2
    equals_numpy(statistics(page), observed.pixels[inside])
    page.get_by_role("button", name="Box").click()
    drag(page, at(page, 160, 160), at(page, 190, 180))
    region = page.evaluate("(({x, y, width, height}) => ({x, y, width, height}))(workbench.regions.all.at(-1))")
    inside = (abs(xx - region["x"]) <= region["width"] / 2) & (abs(yy - region["y"]) <= region["height"] / 2)
    equals_numpy(statistics(page), observed.pixels[inside])
    page.get_by_role("button", name="Polygon").click()
    for corner in ((230, 180), (260, 190), (240, 220)):
        page.mouse.click(*at(page, *corner))
    page.locator(STAGE).focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-region=list] li")).to_have_count(3)
    # Corners that no line between pixels meets, so that it is clear of each whether it is inside.
    points = [[230.137, 180.291], [260.413, 190.377], [240.683, 220.519]]
    words = ", ".join(f"{x}, {y}" for x, y in points)
    page.evaluate("(words) => workbench.regions.measure(workbench.regions.add(`image; polygon(${words})`).id)", words)
    points = page.evaluate("workbench.regions.all.at(-1).pts.map(({x, y}) => [x, y])")
    equals_numpy(statistics(page), observed.pixels[_within(points, xx, yy)])


def _within(points: list[list[float]], xx: np.ndarray, yy: np.ndarray) -> np.ndarray:
    """The pixels in a convex polygon: on the same side of all its edges."""
    sides = [
        (b[0] - a[0]) * (yy - a[1]) - (b[1] - a[1]) * (xx - a[0])
        for a, b in zip(points, [*points[1:], points[0]], strict=True)
    ]
    return np.all([side > 0 for side in sides], axis=0) | np.all([side < 0 for side in sides], axis=0)


def test_the_ruler_measures_as_astropy_does_and_cuts_the_pixels_between(opened, observed):
    page = opened("?zoom=2&ra={:.6f}&dec={:.6f}".format(*observed.wcs.all_pix2world(200, 210, 1))).page
    page.get_by_role("button", name="Ruler").click()
    drag(page, at(page, 150, 190), at(page, 250, 230))
    result = page.locator("[data-measure=result]")
    line = page.evaluate("workbench.measures.line")
    a, b = (SkyCoord(line[end]["ra"], line[end]["dec"], unit=units.deg) for end in ("from", "to"))
    assert float(result.get_attribute("data-arcsec")) == pytest.approx(a.separation(b).arcsec, rel=1e-6)
    angle = float(re.search(r"Position angle\s+([0-9.]+)°", result.inner_text())[1])
    assert angle == pytest.approx(a.position_angle(b).deg, abs=0.01)
    expect(result.get_by_role("img", name=re.compile("^Line cut"))).to_be_visible()
    cut = page.evaluate("import('/static/workbench/measures.js').then((m) => m.lineCut(workbench.stage.frame,"
                        "{x: 100, y: 50}, {x: 110, y: 50}).map((one) => one.value))")  # fmt: skip
    np.testing.assert_allclose(cut, observed.pixels[49, 99:110], rtol=1e-6)


def test_the_curve_of_growth_finds_the_flux_and_half_light_radius_of_a_star(opened, observed):
    """A Gaussian of sigma s holds half its light within 1.1774 s."""
    page = opened().page
    alone = max(range(30), key=lambda n: min(
        np.hypot(observed.x[n] - observed.x[m], observed.y[n] - observed.y[m]) for m in range(60) if m != n
    ))  # fmt: skip
    place = observed.wcs.all_pix2world(observed.x[alone], observed.y[alone], 1)
    page.evaluate("([ra, dec]) => workbench.readout.point({ ra, dec })", [float(one) for one in place])
    page.locator("summary", has_text="Measure").click()
    page.get_by_role("button", name="Growth").click()
    found = json.loads(page.locator("[data-measure=result]").get_attribute("data-growth"))
    flux = 10 ** (0.4 * (26.0 - observed.mag[alone]))
    assert found["total"] == pytest.approx(flux, rel=0.03, abs=250)
    assert found["sky"] == pytest.approx(200, abs=1.5)
    assert found["half"] == pytest.approx(1.1774 * 1.1, abs=0.25)


def test_all_is_measured_at_the_crosshair_by_keyboard(opened, observed):
    page = opened().page
    page.evaluate("([ra, dec]) => workbench.readout.point({ ra, dec })",
                  [float(one) for one in observed.wcs.all_pix2world(200, 210, 1)])  # fmt: skip
    page.locator("summary", has_text="Measure").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Radius").fill("5.2")
    page.get_by_role("button", name="Statistics").focus()
    page.keyboard.press("Enter")
    assert statistics(page)["n"] == sum(x * x + y * y <= 27 for x in range(-5, 6) for y in range(-5, 6))
    page.get_by_label("Radius").fill("no")
    page.get_by_role("button", name="Statistics").click()
    expect(page.locator("#wb-said")).to_contain_text("Radius=no")


def test_dragging_moves_and_draws_and_changes_no_colour(opened, observed):
    page = opened("?zoom=2").page
    x, y = round(float(observed.x[20])), round(float(observed.y[20]))
    page.evaluate("([x, y]) => workbench.stage.look(workbench.stage.frame.sky(x, y))", [x, y])
    page.evaluate("workbench.stage.redraw('all')")
    before = colour_at(page, x, y)
    start = at(page, x + 30, y)
    for tool in ("Pan", "Circle", "Box", "Ruler"):
        page.get_by_role("button", name=tool, exact=True).click()
        drag(page, start, (start[0] + 35, start[1] + 25))
        page.evaluate("workbench.stage.redraw('all')")
        assert colour_at(page, x, y) == before, tool


# --- regions -------------------------------------------------------------------------------------------------------
def test_regions_are_read_drawn_and_saved_as_ds9_writes_them(opened, observed, tmp_path):
    page = opened("?zoom=1").page
    ra, dec = (float(one) for one in observed.wcs.all_pix2world(200, 210, 1))
    file = tmp_path / "mine.reg"
    file.write_text(
        "# Region file format: DS9 version 4.1\nglobal color=green\nfk5\n"
        f'circle({ra:.6f},{dec:.6f},10.0")\nimage\nbox(100,120,20,10,0)\npolygon(50,50,80,50,80,90)\n'
    )
    page.locator("summary", has_text="Regions").click()
    page.get_by_label("Load a DS9 file").set_input_files(file)
    expect(page.locator("[data-region=list] li")).to_have_count(3)
    found = page.evaluate("workbench.regions.all.map(({shape, x, y, radius}) => ({shape, x, y, radius}))")
    assert [one["shape"] for one in found] == ["circle", "box", "polygon"]
    assert (found[0]["x"], found[0]["y"]) == (pytest.approx(200, abs=0.1), pytest.approx(210, abs=0.1))
    assert found[0]["radius"] == pytest.approx(10 / (2.813e-4 * 3600), rel=0.01)
    page.get_by_role("tab", name="Difference").click()
    expect(page.get_by_role("tab", name="Difference")).to_have_attribute("aria-selected", "true")
    expect(page.locator("[data-region=list] li")).to_have_count(3)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as .reg").click()
    saved = download.value.path().read_text()
    assert saved.startswith("# Region file format: DS9") and "icrs" in saved
    circle = re.search(r"circle\(([0-9.]+),\s*([0-9.]+),", saved)
    assert (float(circle[1]), float(circle[2])) == (pytest.approx(ra, abs=2e-5), pytest.approx(dec, abs=2e-5))
    page.get_by_role("button", name="Remove all").click()
    expect(page.locator("[data-region=list] li")).to_have_count(0)
    page.get_by_label("Load a DS9 file").set_input_files(download.value.path())
    expect(page.locator("[data-region=list] li")).to_have_count(3)


def test_a_file_with_what_is_no_region_is_refused_by_its_line(opened, tmp_path):
    page = opened().page
    file = tmp_path / "bad.reg"
    file.write_text("image\ncircle(10,10,3)\nhexagon(4,4,2)\n")
    page.locator("summary", has_text="Regions").click()
    page.get_by_label("Load a DS9 file").set_input_files(file)
    expect(page.locator("#wb-said")).to_contain_text("line 3")
    expect(page.locator("#wb-said")).to_contain_text("hexagon")
    assert page.evaluate("workbench.regions.all.length") == 0
