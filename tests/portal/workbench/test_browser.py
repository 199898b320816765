"""The viewer in Chromium, by mouse and by keyboard, against astropy's and numpy's answers about the same pixels."""

from __future__ import annotations

import json
import math
import re
from contextlib import ExitStack

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from django.contrib.staticfiles import finders
from django.urls import reverse
from playwright.sync_api import expect

from archive.sky.footprints import read_wcs
from tests.portal.views.looking import POINTERS, axe, invalid, unparsed, visiting
from tests.portal.workbench.field import SATURATED

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(databases=["default", "reader"]),
    pytest.mark.skipif(finders.find("vendor/js9/js9.min.js") is None, reason="js9 is not installed: run make setup"),
]
STAGE = "#wb-stage"


@pytest.fixture
def opened(chromium, server, observed):
    """Opens the viewer of the field's first image; faults of the page fail the test."""
    with ExitStack() as stack:
        made = []

        def start(query: str = "", pid: int | None = None, **options):
            seen = stack.enter_context(visiting(chromium, server, **options))
            made.append(seen)
            seen.page.goto(f"{reverse('image-view', args=[pid or observed.pid])}{query}")
            if options.get("java_script_enabled", True):
                seen.page.wait_for_selector("body[data-workbench=ready]")
            return seen

        yield start
        assert [fault for seen in made for fault in seen.faults] == []


def at(page, x: float, y: float) -> tuple[float, float]:
    """The place in the window of a pixel (from 1) of the frame that is seen."""
    found = page.evaluate("([x, y]) => workbench.stage.place(x, y, workbench.stage.shown)", [x, y])
    box = page.locator(STAGE).bounding_box()
    return box["x"] + found["x"], box["y"] + found["y"]


def read(page) -> dict[str, str]:
    names = ("value", "pixel", "degrees", "sexagesimal", "galactic")
    return {name: page.inner_text(f"[data-read={name}]") for name in names}


def drag(page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def colour_at(page, x: float, y: float) -> list[int]:
    """Red, green and blue of JS9's canvas at a pixel of the image."""
    return page.evaluate(
        """([x, y]) => {
          const { x: px, y: py } = workbench.stage.place(x, y);
          const context = document.querySelector('.JS9Image').getContext('2d');
          return [...context.getImageData(Math.floor(px), Math.floor(py), 1, 1).data].slice(0, 3);
        }""",
        [x, y],
    )


def settled(page) -> None:
    """The address follows what is shown a little later."""
    page.wait_for_timeout(450)


# --- reading -------------------------------------------------------------------------------------------------------
def test_the_readout_is_what_astropy_says_of_the_pixel(opened, observed):
    page = opened("?zoom=3").page
    page.locator(STAGE).scroll_into_view_if_needed()
    for x, y in ((200.0, 210.0), (150.0, 180.0), (260.0, 240.0)):
        page.mouse.move(*at(page, x, y))
        said = read(page)
        column, row = (float(one) for one in said["pixel"].split(", "))
        assert (column, row) == (pytest.approx(x, abs=0.4), pytest.approx(y, abs=0.4)), "to a screen pixel of a third"
        value = observed.pixels[round(row) - 1, round(column) - 1]
        assert float(said["value"]) == pytest.approx(float(value), rel=1e-5)
        ra, dec = (float(one) for one in said["degrees"].split(", "))
        back = observed.wcs.all_world2pix(ra, dec, 1)
        assert np.hypot(back[0] - column, back[1] - row) < 0.1
        truth = SkyCoord(ra, dec, unit=units.deg)
        sexagesimal = SkyCoord(said["sexagesimal"].replace("−", "-"), unit=(units.hourangle, units.deg))
        assert truth.separation(sexagesimal).arcsec < 0.02
        l, b = (float(one) for one in said["galactic"].split(", "))
        assert truth.separation(SkyCoord(l, b, unit=units.deg, frame="galactic")).arcsec < 0.1


def test_the_corner_of_the_image_reads_as_well_as_its_middle(opened, observed):
    page = opened().page
    for x, y in ((1.0, 1.0), (400.0, 420.0), (1.0, 420.0)):
        sky = page.evaluate("([x, y]) => workbench.stage.frame.sky(x, y)", [x, y])
        ra, dec = observed.wcs.all_pix2world(x, y, 1)
        place = SkyCoord(sky["ra"], sky["dec"], unit=units.deg)
        assert place.separation(SkyCoord(ra, dec, unit=units.deg)).arcsec < 0.05
        pixel = page.evaluate("([ra, dec]) => workbench.stage.frame.pixel(ra, dec)", [float(ra), float(dec)])
        assert (pixel["x"], pixel["y"]) == (pytest.approx(x, abs=0.05), pytest.approx(y, abs=0.05))


# --- stretch -------------------------------------------------------------------------------------------------------
def test_stretch_limits_colours_and_invert_change_what_is_drawn(opened, observed):
    page = opened("?zoom=2").page
    star = [round(float(observed.x[0])), round(float(observed.y[0]))]
    page.evaluate("([x, y]) => workbench.stage.look(workbench.stage.frame.sky(x, y))", star)
    page.get_by_label("from", exact=True).fill("0")
    page.get_by_label("from", exact=True).press("Tab")
    page.get_by_label("to", exact=True).fill("100000")
    page.get_by_label("to", exact=True).press("Enter")
    page.get_by_label("Stretch").select_option("linear")
    expect(page.get_by_label("Limits")).to_have_value("typed")
    value = float(observed.pixels[star[1] - 1, star[0] - 1])
    linear = colour_at(page, *star)
    assert linear[0] == pytest.approx(255 * value / 1e5, abs=3)
    page.get_by_label("Stretch").select_option("sqrt")
    assert colour_at(page, *star)[0] == pytest.approx(255 * (value / 1e5) ** 0.5, abs=3)
    for name in ("log", "asinh", "histogram"):
        page.get_by_label("Stretch").select_option(name)
        assert colour_at(page, *star)[0] > linear[0] + 10, name
    page.get_by_label("Stretch").select_option("linear")
    page.get_by_role("button", name="Invert").click()
    assert colour_at(page, *star)[0] == pytest.approx(255 - linear[0], abs=3)
    page.get_by_role("button", name="Invert").click()
    page.get_by_label("Colours").select_option("viridis")
    assert len(set(colour_at(page, *star))) > 1
    page.get_by_label("Limits").select_option("99")
    low, high = np.percentile(observed.pixels, [0.5, 99.5])
    assert float(page.get_by_label("from", exact=True).input_value()) == pytest.approx(low, rel=0.01)
    assert float(page.get_by_label("to", exact=True).input_value()) == pytest.approx(high, rel=0.05)
    page.get_by_label("Limits").select_option("zscale")
    assert 180 < float(page.get_by_label("from", exact=True).input_value()) < 200


def test_limits_that_are_none_are_refused_in_words(opened):
    page = opened().page
    before = page.evaluate("workbench.stage.limits")
    page.get_by_label("from", exact=True).fill("a lot")
    page.get_by_label("from", exact=True).press("Enter")
    expect(page.locator("#wb-said")).to_contain_text("low=a lot")
    assert page.evaluate("workbench.stage.limits") == before


# --- planes and mask -----------------------------------------------------------------------------------------------
def test_every_plane_is_a_tab_and_shows_its_own_values(opened, observed):
    page = opened("?zoom=3").page
    for name in ("Difference", "Reference", "Uncertainty", "Mask", "Science"):
        tab = page.get_by_role("tab", name=name)
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Mask").click()
    expect(page.get_by_role("tab", name="Mask")).to_have_attribute("aria-selected", "true")
    rows, columns = SATURATED
    value = "([x, y]) => workbench.stage.frame.value(x, y)"
    assert page.evaluate(value, [columns.start + 1, rows.start + 1]) == 256
    assert page.evaluate(value, [columns.start, rows.start + 1]) == 0
    assert page.evaluate(value, [columns.stop, rows.stop]) == 256


def test_bits_of_the_mask_are_drawn_where_they_are_each_in_its_colour(opened):
    page = opened("?zoom=1").page
    page.locator("summary", has_text="Mask").click()
    page.get_by_label(re.compile("^Saturated")).check()
    rows, columns = SATURATED
    inside = "([x, y]) => { const p = workbench.stage.place(x, y); const r = devicePixelRatio;" \
        "const c = document.querySelector('#wb-overlay').getContext('2d');" \
        "return [...c.getImageData(Math.floor(p.x * r), Math.floor(p.y * r), 1, 1).data]; }"  # fmt: skip
    page.wait_for_function("() => workbench.mask.sheet !== null")
    page.wait_for_timeout(100)
    red, _, blue, alpha = page.evaluate(inside, [columns.start + 3, rows.start + 3])
    assert alpha > 100 and red > 180 and blue < 60
    assert page.evaluate(inside, [columns.start - 3, rows.start + 3])[3] == 0
    assert page.evaluate(inside, [220, 210])[3] == 0, "a ghost is not asked for"
    page.get_by_label(re.compile("^Ghost")).check()
    page.wait_for_timeout(100)
    assert page.evaluate(inside, [220, 210])[3] > 100
    expect(page.locator("#wb-mask label", has_text="Saturated")).to_contain_text("240 px")


# --- the task: open, stretch, mask, catalogs -----------------------------------------------------------------------
def test_open_stretch_mask_catalogs_by_mouse(opened, observed, server):
    seen = opened("")
    page = seen.page
    page.goto(reverse("image", args=[observed.pid]))
    page.get_by_role("link", name="Open in viewer").click()
    page.wait_for_selector("body[data-workbench=ready]")
    page.get_by_label("Stretch").select_option("log")
    page.locator("summary", has_text="Mask").click()
    page.get_by_label(re.compile("^Saturated")).check()
    page.get_by_label(re.compile("^PSF catalog")).check()
    page.get_by_label(re.compile("^Light curves")).check()
    expect(page.locator("#wb-catalogs label", has_text="PSF catalog")).to_contain_text("60")
    page.evaluate("([x, y]) => workbench.stage.look(workbench.stage.frame.sky(x, y))", [observed.x[5], observed.y[5]])
    page.mouse.move(*at(page, observed.x[5], observed.y[5]))
    card = page.locator("#wb-card")
    expect(card).to_contain_text(f"{observed.mag[5]:.3f} mag")
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()
    page.evaluate("([x, y]) => workbench.stage.look(workbench.stage.frame.sky(x, y))", [observed.x[0], observed.y[0]])
    page.get_by_label(re.compile("^PSF catalog")).uncheck()
    page.mouse.click(*at(page, observed.x[0], observed.y[0]))
    card.get_by_role("link", name="Open its page").click()
    page.wait_for_url(f"**{reverse('object', args=[observed.oid])}")


def test_open_stretch_mask_catalogs_by_keyboard(opened, observed):
    page = opened().page
    page.get_by_role("tab", name="Science").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Difference")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Science")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Stretch")).to_be_focused()
    page.keyboard.type("lo")
    expect(page.get_by_label("Stretch")).to_have_value("log")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "wb-stage":
            break
    expect(page.locator(STAGE)).to_be_focused()
    x, y = round(float(observed.x[0])), round(float(observed.y[0]))
    start = page.evaluate("""() => {
      const { width, height } = workbench.stage.size;
      const middle = workbench.stage.pixel(width / 2, height / 2);
      return [Math.round(middle.x), Math.round(middle.y)];
    }""")
    for key, steps in (("ArrowRight", x - start[0]), ("ArrowUp", y - start[1])):
        key = key if steps > 0 else {"ArrowRight": "ArrowLeft", "ArrowUp": "ArrowDown"}[key]
        for _ in range(abs(steps) // 10):
            page.keyboard.press(f"Shift+{key}")
        for _ in range(abs(steps) % 10):
            page.keyboard.press(key)
    said = page.inner_text("#wb-live")
    assert f"{x:.2f}, {y:.2f}" in said and said.startswith("Value ")
    assert float(said.split()[1].rstrip(",")) == pytest.approx(float(observed.pixels[y - 1, x - 1]), rel=1e-5)
    page.get_by_label(re.compile("^Light curves")).focus()
    page.keyboard.press("Space")
    expect(page.locator("#wb-catalogs label", has_text="Light curves")).to_contain_text("1")
    page.locator(STAGE).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#wb-card a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{reverse('object', args=[observed.oid])}")


# --- blink ---------------------------------------------------------------------------------------------------------
def brightest(page) -> list[float]:
    """Where the drawing over the image is brightest near its middle, in screen pixels."""
    return page.evaluate("""() => {
      const sheet = document.querySelector('.wb-sheet');
      const [w, h] = [sheet.width, sheet.height];
      const r = 60, x0 = Math.floor(w / 2 - r), y0 = Math.floor(h / 2 - r);
      const { data } = sheet.getContext('2d').getImageData(x0, y0, 2 * r, 2 * r);
      let [sx, sy, sum] = [0, 0, 0];
      for (let n = 0; n < 4 * r * r; n++) {
        const weight = Math.max(0, data[4 * n] - 120);
        sx += weight * (n % (2 * r)); sy += weight * Math.floor(n / (2 * r)); sum += weight;
      }
      return [x0 + sx / sum - w / 2, y0 + sy / sum - h / 2];
    }""")


def test_epochs_stay_locked_on_the_sky_while_they_blink(opened, observed):
    """Images that were moved by up to nine pixels show the same star at the same place of the screen."""
    page = opened("?low=200&high=5000&stretch=linear&zoom=8").page
    page.evaluate("([x, y]) => workbench.stage.look(workbench.stage.frame.sky(x, y))", [observed.x[0], observed.y[0]])
    page.get_by_label("Show").select_option("blink")
    expect(page.locator("[data-compare=caption]")).to_contain_text("of 4")
    page.get_by_role("button", name="Pause").click()
    places = []
    for _ in range(4):
        page.get_by_role("button", name="Next epoch").click()
        places.append(brightest(page))
    spread = np.ptp(np.array(places), axis=0) / 8
    assert (spread < 0.15).all(), f"pixels: {spread}, {places}"


def test_blink_two_epochs_by_keyboard(opened, observed):
    page = opened().page
    page.locator(STAGE).focus()
    page.keyboard.press("b")
    caption = page.locator("[data-compare=caption]")
    expect(caption).to_contain_text("of 4")
    page.get_by_label("Show").focus()
    page.locator(f"[data-compare=list] input[value='{observed.epochs[1].pid}']").focus()
    page.keyboard.press("Space")
    page.locator(f"[data-compare=list] input[value='{observed.epochs[3].pid}']").focus()
    page.keyboard.press("Space")
    expect(caption).to_contain_text("of 2")
    page.locator(STAGE).focus()
    page.keyboard.press("Space")
    expect(page.locator("[data-compare=play]")).to_have_text("Play")
    words = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
        words.append(caption.inner_text())
        assert page.inner_text("#wb-live") == words[-1]
    assert words[0] == words[2] != words[1]
    page.keyboard.press("Space")
    expect(page.locator("[data-compare=play]")).to_have_text("Pause")
    page.keyboard.press("b")
    expect(caption).to_be_hidden()


def test_blink_two_epochs_by_mouse(opened, observed):
    first, second = observed.epochs[0].pid, observed.epochs[2].pid
    page = opened(f"?mode=blink&epochs={first},{second}").page
    caption = page.locator("[data-compare=caption]")
    expect(caption).to_contain_text("1 of 2")
    expect(caption).to_contain_text("2 of 2")
    page.get_by_role("button", name="Pause").click()
    shown = page.evaluate("workbench.stage.shown.key")
    page.get_by_role("button", name="Next epoch").click()
    assert page.evaluate("workbench.stage.shown.key") != shown


def test_the_curtain_shows_each_plane_on_its_side(opened):
    page = opened("?mode=curtain&zoom=1").page
    caption = page.locator("[data-compare=caption]")
    expect(caption).to_contain_text("Reference | Difference")
    box = page.locator(STAGE).bounding_box()
    drag(page, (box["x"] + box["width"] / 3, box["y"] + 90), (box["x"] + box["width"] / 2, box["y"] + 90))
    assert page.evaluate("workbench.compare.edges[0]") == pytest.approx(0.5, abs=0.01)
    page.get_by_label("First edge").fill("20")
    assert page.evaluate("workbench.compare.edges[0]") == pytest.approx(0.2)


def test_three_filters_make_one_picture_in_colour(opened, observed):
    page = opened("?mode=rgb&zoom=4").page
    caption = page.locator("[data-compare=caption]")
    expect(caption).to_contain_text("red i")
    expect(caption).to_contain_text("blue g")
    pids = [observed.colours["zi"].pid, observed.pid, observed.colours["zg"].pid]
    assert page.evaluate("workbench.compare.pids") == [str(one) for one in pids]
    spread = page.evaluate("""() => {
      const sheet = document.querySelector('.wb-sheet');
      const { data } = sheet.getContext('2d').getImageData(0, 0, sheet.width, sheet.height);
      let most = 0;
      for (let n = 0; n < data.length; n += 4) most = Math.max(most, Math.abs(data[n] - data[n + 2]));
      return most;
    }""")
    assert spread > 60


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


# --- view and address ----------------------------------------------------------------------------------------------
def test_north_is_up_and_east_to_the_left(opened, observed):
    page = opened().page
    page.locator(STAGE).focus()
    page.keyboard.press("n")
    places = page.evaluate("""() => {
      const { stage } = workbench;
      const { ra, dec } = stage.centre;
      return [[ra, dec], [ra, dec + 0.01], [ra + 0.01, dec]].map(([a, d]) => {
        const { x, y } = stage.frame.pixel(a, d);
        return stage.place(x, y);
      });
    }""")
    middle, north, east = ((one["x"], one["y"]) for one in places)
    assert north[1] < middle[1] and abs(north[0] - middle[0]) < 0.01 * (middle[1] - north[1])
    assert east[0] < middle[0] and abs(east[1] - middle[1]) < 0.01 * (middle[0] - east[0])
    # and what is drawn lies where the map says: the brightest star
    x, y = round(float(observed.x[0])), round(float(observed.y[0]))
    assert min(colour_at(page, x, y)) > 200
    page.mouse.move(*at(page, x, y))
    assert float(read(page)["value"]) == pytest.approx(float(observed.pixels[y - 1, x - 1]), rel=0.5)


def test_a_link_shows_the_same_again(opened, observed):
    page = opened().page
    page.get_by_role("tab", name="Difference").click()
    expect(page.get_by_role("tab", name="Difference")).to_have_attribute("aria-selected", "true")
    page.get_by_label("Stretch").select_option("asinh")
    page.get_by_label("Limits").select_option("95")
    page.get_by_label("Colours").select_option("magma")
    page.get_by_role("button", name="Invert").click()
    page.get_by_role("button", name="North up").click()
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    box = page.locator(STAGE).bounding_box()
    drag(page, (box["x"] + 300, box["y"] + 300), (box["x"] + 380, box["y"] + 330))
    page.get_by_label(re.compile("^Gaia")).check()
    page.locator("summary", has_text="Mask").click()
    page.get_by_label(re.compile("^Ghost")).check()
    settled(page)
    before = page.evaluate("[workbench.stage.centre, workbench.stage.zoom, workbench.stage.limits]")
    link = page.url
    for word in ("plane=difference", "stretch=asinh", "percent=95", "map=magma", "invert=1", "north=1", "layers=gaia",
                 "mask=ghost", "zoom=", "ra="):  # fmt: skip
        assert word in link, word
    again = opened(link[link.index("?") :]).page
    centre, zoom, limits = again.evaluate("[workbench.stage.centre, workbench.stage.zoom, workbench.stage.limits]")
    assert zoom == pytest.approx(before[1], rel=1e-3) and limits == before[2]
    assert (centre["ra"], centre["dec"]) == (
        pytest.approx(before[0]["ra"], abs=2e-6),
        pytest.approx(before[0]["dec"], abs=2e-6),
    )
    expect(again.get_by_label(re.compile("^Gaia"))).to_be_checked()
    expect(again.get_by_role("tab", name="Difference")).to_have_attribute("aria-selected", "true")
    settled(again)
    assert again.url == link


def test_the_header_is_searched(opened):
    page = opened().page
    page.locator("summary", has_text="Header").click()
    page.get_by_label("Search", exact=True).fill("ctype")
    expect(page.locator("[data-header=count]")).to_contain_text("2 of ")
    expect(page.locator("[data-header=text]")).to_contain_text("RA---TPV")


# --- everybody -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_serious_by_axes_rules_in_either_scheme(opened, tmp_path, width):
    for scheme in ("light", "dark"):
        seen = opened("?layers=psf,gaia&mask=saturated&mode=blink", color_scheme=scheme)
        page = seen.page
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate("document.querySelectorAll('.wb-side details').forEach((one) => (one.open = true))")
        page.get_by_role("button", name="Statistics").first.click()
        assert [*page.evaluate(POINTERS), *axe(seen)] == []
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0, "the page does not scroll sideways"


def test_the_page_is_sound_html_and_stands_without_script(opened, tmp_path):
    page = opened(java_script_enabled=False).page
    text = page.content()
    assert page.locator("button[type=button]:visible").count() == 0
    expect(page.get_by_alt_text("Preview of the science image")).to_be_visible()
    assert unparsed(text) == []
    assert invalid(tmp_path, {"workbench": text}) == []


def test_a_viewer_whose_plane_does_not_come_says_so(opened, observed):
    seen = opened()
    page = seen.page
    seen.broken = True
    page.route("**/difference.fits", lambda route: route.abort())
    page.get_by_role("tab", name="Difference").click()
    expect(page.locator("#wb-said")).to_contain_text("Difference:")
    expect(page.get_by_role("tab", name="Science")).to_have_attribute("aria-selected", "true")


def test_a_browser_in_which_the_viewer_cannot_start_has_the_picture_and_says_why(chromium, server, observed):
    with visiting(chromium, server) as seen:
        seen.page.route("**/js9.min*.js", lambda route: route.abort())
        seen.page.goto(reverse("image-view", args=[observed.pid]))
        expect(seen.page.locator("#wb-said")).to_contain_text("The viewer cannot start")
        expect(seen.page.get_by_alt_text("Preview of the science image")).to_be_visible()


@pytest.mark.realdata
def test_the_readout_is_astropys_on_a_real_image_with_the_cameras_distortion(opened, observed, real_data):
    path = next((real_data / "images").glob("*_000655_zr_c13_o_q3_sciimg.fits"))
    page = opened().page
    page.route("**/real.fits", lambda route: route.fulfill(path=path, content_type="application/fits"))
    page.evaluate("""async () => {
      const { load } = await import('/static/workbench/engine.js');
      const { Frame } = await import('/static/workbench/frame.js');
      const image = await load(JS9, 'real', '/real.fits', () => {});
      window.real = new Frame(JS9, image, { key: 'real', label: 'real', plane: 'science' });
    }""")
    with fits.open(path) as hdus:
        wcs, data = read_wcs(hdus[0].header), hdus[0].data
    for x, y in ((1, 1), (3072, 1), (3072, 3080), (1, 3080), (1536.5, 1540.5), (700.25, 2400.75)):
        found = page.evaluate("([x, y]) => [real.sky(x, y), real.value(x, y)]", [x, y])
        back = wcs.all_world2pix(found[0]["ra"], found[0]["dec"], 1)
        assert np.hypot(back[0] - x, back[1] - y) < 0.1
        assert found[1] == pytest.approx(float(data[math.floor(y + 0.5) - 1, math.floor(x + 0.5) - 1]), rel=1e-6)
        pixel = page.evaluate("([ra, dec]) => real.pixel(ra, dec)", [float(v) for v in wcs.all_pix2world(x, y, 1)])
        assert np.hypot(pixel["x"] - x, pixel["y"] - y) < 0.1
