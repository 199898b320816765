"""The object page in a browser: whole tasks, as a person does them; nothing is asked of anybody outside."""

import csv
import re
from pathlib import Path

import pytest
from astropy.table import Table
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests import browsers
from tests.lightcurves.viewer.conftest import BINARY, FLAGGED, GREEN, PERIOD, RED, UNSEEN

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
AXE = Path(settings.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
GOOD = RED + GREEN - FLAGGED
NAME, PASSWORD = "observer", "observer-of-stars"


@pytest.fixture(scope="module")
def server(sky, django_db_blocker):
    """The portal, with an account."""
    with browsers.served_here(django_db_blocker) as address:
        User.objects.create_user(NAME, password=PASSWORD)
        yield address
        User.objects.filter(username=NAME).delete()


@pytest.fixture(scope="module")
def chromium(server):  # closed before the server, whose threads end with its connections
    with browsers.chromium() as started:
        yield started


@pytest.fixture
def page(chromium, server):
    with browsers.watched_page(chromium, server, height=1800) as page:
        yield page


def open_object(page, query=""):
    page.goto(f"/objects/{BINARY}/{query}")
    page.wait_for_selector("#viewer[data-ready=true]")


def used(page) -> tuple[int, int]:
    """Points shown, points excluded."""
    return tuple(int(part.split()[0]) for part in page.inner_text("#used").split(", "))


def shows(page, points: int, excluded: int) -> None:
    expect(page.locator("#used")).to_have_text(f"{points} points, {excluded} excluded")


def period(page) -> float:
    return float(page.input_value("#period"))


def folds(page, days: float) -> None:
    """The page comes to fold with this period, as it writes it."""
    page.wait_for_function("days => Math.abs(document.querySelector('#period').value / days - 1) < 1e-6", arg=days)


def drag(page, first, last):
    """From one place of the light curve's plot to another, as fractions of its width and height."""
    box = page.locator("#lightcurve").bounding_box()
    page.mouse.move(box["x"] + first[0] * box["width"], box["y"] + first[1] * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + last[0] * box["width"], box["y"] + last[1] * box["height"], steps=5)
    page.mouse.up()


def rows_of(download) -> list[dict]:
    with download.value.path().open() as file:
        return list(csv.DictReader(file))


def test_points_are_filtered_boxed_out_and_taken_back(page):
    open_object(page)
    shows(page, GOOD, 0)
    page.uncheck("[name=band][value=zg]")
    shows(page, RED, 0)
    page.check("[name=band][value=zg]")
    page.select_option("#flags", "0")
    shows(page, RED + GREEN, 0)
    page.select_option("#flags", "65535")
    drag(page, (0.1, 0.02), (0.4, 0.8))
    page.wait_for_selector("#exclude:enabled")
    expect(page.locator("#picked a").first).to_have_attribute("href", re.compile("/images/"))
    page.click("#exclude")
    expect(page.locator("#undo")).to_be_enabled()
    shown, excluded = used(page)
    assert shown + excluded == GOOD and excluded > 5
    page.wait_for_selector(f"#searched:has-text(' {shown} points')")
    drag(page, (0.6, 0.02), (0.8, 0.8))
    page.click("#exclude")
    expect(page.locator("#used")).not_to_contain_text(f", {excluded} excluded")
    assert used(page)[1] > excluded
    page.click("#undo")
    shows(page, shown, excluded)
    page.click("#restore")
    shows(page, GOOD, 0)


def test_a_peak_is_folded_halved_doubled_shared_and_the_link_opens_the_same_view(page, chromium, server):
    open_object(page)
    assert min(abs(period(page) / PERIOD - ratio) for ratio in (0.5, 1, 2)) < 2e-3
    page.click("#peaks button >> nth=3")
    folds(page, float(page.inner_text("#peaks button >> nth=3").split()[0]))
    peak = period(page)
    page.click("[data-times='0.5']")
    folds(page, peak / 2)
    page.fill("#period", "0.3656")
    page.keyboard.press("Enter")
    folds(page, PERIOD / 2)
    page.click("[data-times='2']")
    folds(page, PERIOD)
    drag(page, (0.1, 0.02), (0.3, 0.5))
    page.click("#exclude")
    expect(page.locator("#undo")).to_be_enabled()
    page.select_option("#cycles", "1")
    page.fill("#phasebins", "20")
    page.select_option("#measure", "flux")
    page.select_option("#time", "date")
    page.fill("#bin", "5")
    page.check("[name=overlay][value=alerts]")
    expect(page.locator("#said")).to_have_text("alerts: 1")
    page.click("[data-epoch=faintest]")
    expect(page.locator("#epoch")).not_to_have_value("")
    page.click("#share")
    expect(page.locator("#link")).to_have_value(re.compile("^http.*epoch=.*cycles=1.*show=alerts.*exclude="))
    link, mine = page.input_value("#link"), used(page)
    other = chromium.new_context().new_page()
    other.goto(link)
    other.wait_for_selector("#viewer[data-ready=true]")
    assert used(other) == mine and mine[1] > 0
    same = ["#period", "#epoch", "#cycles", "#phasebins", "#measure", "#time", "#bin"]
    assert [other.input_value(one) for one in same] == [page.input_value(one) for one in same]
    assert other.is_checked("[name=overlay][value=alerts]")
    assert other.url == link
    other.context.close()


def test_what_is_downloaded_is_what_is_shown(page):
    open_object(page, "?bands=zr&show=limits,alerts&period=0.7312")
    page.click("#downloads summary")
    with page.expect_download() as download:
        page.click("[data-download=csv]")
    rows = rows_of(download)
    kinds = [row["kind"] for row in rows]
    assert (kinds.count("point"), kinds.count("limit"), kinds.count("alert")) == (RED, UNSEEN, 1)
    assert {row["filtercode"] for row in rows} == {"zr"}
    shows(page, RED, 0)
    assert all(0 <= float(row["phase"]) < 1 for row in rows)
    with page.expect_download() as download:
        page.click("[data-download=votable]")
    table = Table.read(download.value.path(), format="votable")
    assert len(table) == len(rows) and table["mag"].sum() == pytest.approx(sum(float(row["mag"]) for row in rows))
    for plot in ("lightcurve", "folded", "periodogram"):
        for kind, start in (("png", b"\x89PNG"), ("svg", b"<svg")):
            with page.expect_download() as download:
                page.click(f"[data-download={kind}][data-plot={plot}]")
            body = download.value.path().read_bytes()
            assert start in body[:200], (plot, kind)
            assert kind == "png" or (body.count(b"<path") > 20 and b"<image" not in body), (plot, kind)
    line = page.inner_text("#call-curl").splitlines()[0]
    answer = page.request.get(line.split("'")[1])
    assert len(answer.text().splitlines()) == RED + 1


def test_a_click_on_a_point_shows_its_image_and_hover_tells_of_it(page):
    open_object(page, "?bands=zr")
    place = page.evaluate("""() => {
        const plot = Bokeh.documents[0].get_model_by_name("lightcurve");
        const view = Object.values(Bokeh.index.roots ?? Bokeh.index).flat().find((one) => one.model === plot);
        const { data } = plot.document.get_model_by_name("points");
        const box = view.el.getBoundingClientRect(), inner = view.frame.bbox;
        return [box.x + view.frame.x_scale.compute(data.x[0]), box.y + view.frame.y_scale.compute(data.y[0])];
    }""")
    page.mouse.move(*place)
    page.mouse.click(*place)
    page.wait_for_selector("#picked img")
    assert page.locator("#picked img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 20
    expect(page.locator("#picked")).to_contain_text("FITS")


def test_points_of_too_short_a_time_are_not_searched(page):  # a refusal by the server would fail the page
    open_object(page, "?fmax=0.005")
    expect(page.locator("#searched")).to_contain_text("days: too little for a cycle at up to 0.005 per day")


def test_ones_own_curve_is_folded_with_the_archives_and_alone_and_leaves_no_trace(page, tmp_path):
    path = tmp_path / "mine.csv"
    lines = [f"{2459100.5 + 0.31 * k},{17 + 0.3 * (k % 2)},0.02,V" for k in range(40)]
    path.write_text("\n".join(["jd,magnitude,e_mag,band", *lines]))
    open_object(page)
    page.click("#own-part summary")
    page.set_input_files("#own [type=file]", path)
    page.click("#own button >> nth=0")
    page.wait_for_selector("#own-said:has-text('40 points of mine.csv')")
    page.wait_for_selector(f"#searched:has-text('{GOOD + 40} points')")
    page.check("#own-alone")
    page.wait_for_selector("#searched:has-text(' 40 points')")
    assert "mine" not in page.url
    page.reload()
    page.wait_for_selector("#viewer[data-ready=true]")
    expect(page.locator("#own-said")).to_have_text("")


def test_the_page_is_used_with_keys_alone_and_the_table_stands_for_the_plot(page):
    open_object(page)
    page.focus("#lightcurve")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#said")).to_contain_text("Point 3 of")
    page.keyboard.press("Delete")
    shows(page, GOOD - 1, 1)
    page.keyboard.press("u")
    shows(page, GOOD, 0)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("#picked a")
    page.focus("#points summary")
    page.keyboard.press("Enter")
    box = page.locator("#points tbody input").last  # the first ones have flags, so the plot does not show them
    box.focus()
    page.keyboard.press("Space")
    shows(page, GOOD - 1, 1) and not box.is_checked()
    page.focus("#peaks button >> nth=1")
    page.keyboard.press("Enter")
    assert page.inner_text("#peaks button >> nth=1").split()[0][:6] in page.url


def test_a_period_is_saved_with_the_account_and_removed(page):
    page.goto(f"/sign-in/?next=/objects/{BINARY}/")
    page.get_by_label("Username").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("#viewer[data-ready=true]")
    page.fill("#period", str(PERIOD))
    page.keyboard.press("Enter")
    page.fill("[name=note]", "the true one")
    page.click("text=Save this period")
    page.wait_for_selector("#kept:has-text('the true one')")
    page.click("[data-times='2']")
    folds(page, 2 * PERIOD)
    page.click("#kept [data-period]")
    folds(page, PERIOD)
    page.goto("/objects/periods/")
    expect(page.locator("table")).to_contain_text("0.7312")
    page.click(f"table a >> text={BINARY}")
    page.wait_for_selector("#viewer[data-ready=true]")
    folds(page, PERIOD)
    page.click("#kept >> text=Remove")
    page.wait_for_selector("#said:has-text('up to date')")
    expect(page.locator("#kept li")).to_have_count(0)
    expect(page.locator("#kept")).to_be_focused()  # what had the focus is gone


def test_neighbours_are_shown_beside_the_object(page):
    open_object(page)
    page.click("#near summary")
    page.wait_for_selector("#near-rows tr")
    expect(page.locator("#near-rows tr")).to_have_count(2)  # the same star in g and r
    page.check("#near-rows input >> nth=0")
    page.click("#downloads summary")
    with page.expect_download() as download:
        page.click("[data-download=csv]")
    assert {row["kind"] for row in rows_of(download)} == {"point", "near"}


def test_nobody_is_shut_out_in_the_dark_on_a_small_screen(chromium, server):
    size = {"width": 400, "height": 900}
    context = chromium.new_context(
        base_url=server, color_scheme="dark", viewport=size, bypass_csp=True
    )  # axe is put in
    page = context.new_page()
    open_object(page, "?show=limits,alerts&phasebins=10")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    page.wait_for_selector("#near-rows tr")
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {exclude: [['[data-bokeh]']]})")["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in serious] == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
