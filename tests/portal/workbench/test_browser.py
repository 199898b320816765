"""The viewer in Chromium, by mouse and by keyboard, against astropy's and numpy's answers about the same pixels."""

from __future__ import annotations

import math
import re

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
from tests.portal.workbench.acting import STAGE, at, colour_at, drag, read, settled
from tests.portal.workbench.field import SATURATED

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(databases=["default", "reader"]),
    pytest.mark.skipif(finders.find("vendor/js9/js9.min.js") is None, reason="js9 is not installed: run make setup"),
]


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
def test_the_readout_is_astropys_on_a_real_image_with_the_cameras_distortion(opened, observed, real_data, tmp_path):
    whole = next((real_data / "images").glob("*_000655_zr_c13_o_q3_sciimg.fits"))
    path, side = tmp_path / "corner.fits", 700  # of the quadrant, where the distortion is largest
    with fits.open(whole) as hdus:
        header, data = hdus[0].header.copy(), hdus[0].data[-side:, -side:].copy()
        header["CRPIX1"] -= hdus[0].data.shape[1] - side
        header["CRPIX2"] -= hdus[0].data.shape[0] - side
    fits.PrimaryHDU(data, header).writeto(path)
    wcs = read_wcs(header)
    page = opened().page
    page.route("**/real.fits", lambda route: route.fulfill(path=path, content_type="application/fits"))
    page.evaluate("""async () => {
      const { load } = await import('/static/workbench/engine.js');
      const { Frame } = await import('/static/workbench/frame.js');
      const image = await load(JS9, 'real', '/real.fits', () => {});
      window.real = new Frame(JS9, image, { key: 'real', label: 'real', plane: 'science' });
    }""")
    for x, y in ((1, 1), (side, 1), (side, side), (1, side), (350.5, 350.5), (400.25, 200.75)):
        found = page.evaluate("([x, y]) => [real.sky(x, y), real.value(x, y)]", [x, y])
        back = wcs.all_world2pix(found[0]["ra"], found[0]["dec"], 1)
        assert np.hypot(back[0] - x, back[1] - y) < 0.1
        assert found[1] == pytest.approx(float(data[math.floor(y + 0.5) - 1, math.floor(x + 0.5) - 1]), rel=1e-6)
        pixel = page.evaluate("([ra, dec]) => real.pixel(ra, dec)", [float(v) for v in wcs.all_pix2world(x, y, 1)])
        assert np.hypot(pixel["x"] - x, pixel["y"] - y) < 0.1
