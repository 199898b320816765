"""The ten commonest tasks, from the front page: once with a mouse, once with the keyboard alone.

How many clicks or keys each took stands in the report (`--junitxml`).
"""

from __future__ import annotations

import csv
import re
import tarfile

import pytest
from playwright.sync_api import expect

from tests import browsers
from tests.tasks.conftest import PASSWORD
from tests.tasks.hands import Keyboard, Mouse

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
def hand(request, browser, portal, record_property):
    """A person at the front page; counts of acts go into the report."""
    context = browser.new_context(base_url=portal, viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(browsers.PATIENCE)
    page = context.new_page()
    page.goto("/")
    one = request.param(page)
    yield one
    record_property("acts", one.acts)
    context.close()


def search(hand) -> None:
    hand.press(hand.page.get_by_role("main").get_by_role("button", name="Search").first)


def images_of_m31(hand) -> None:
    page = hand.page
    hand.open_menu("Search", "Images")
    hand.write(page.get_by_label("Position or name"), "M 31")
    hand.choose(page.get_by_label("Filter").first, "r")
    hand.write(page.get_by_label(re.compile("^From")), "2026-10-01")
    hand.write(page.get_by_label(re.compile("^Before")), "2026-11-01")
    search(hand)


def viewer(hand, observed) -> None:
    """The viewer of the newest image at a position."""
    page = hand.page
    hand.write(page.get_by_label("Search the archive").first, f"{observed.epochs[0].pid}")
    page.keyboard.press("Enter")
    hand.press(page.get_by_role("link", name="Open in viewer"))
    page.wait_for_selector("body[data-workbench=ready]")


def test_images_by_position_name_and_time(hand, archive):
    images_of_m31(hand)
    expect(hand.page.get_by_text(f"{len(archive.october)} found")).to_be_visible()
    expect(hand.page.locator("main .results tbody tr, main table tbody tr").first).to_be_in_viewport()


def test_open_stretch_mask_and_catalogs(hand, archive):
    page = hand.page
    viewer(hand, archive.images)
    hand.choose(page.get_by_label("Stretch"), "log")
    hand.press(page.locator("summary", has_text=re.compile("^Mask$")))
    hand.press(page.locator("#wb-mask input[type=checkbox]").first)
    hand.press(page.locator("#wb-catalogs input[type=checkbox]").first)
    expect(page).to_have_url(re.compile("stretch=log"))
    expect(page).to_have_url(re.compile("mask="))
    expect(page).to_have_url(re.compile("layers="))


def test_blink_two_epochs(hand, archive):
    page = hand.page
    viewer(hand, archive.images)
    hand.choose(page.locator("[data-compare=mode]"), "Blink epochs")
    hand.press(page.get_by_role("button", name="Next epoch"))
    expect(page.locator("[data-compare=caption]")).to_contain_text("2026-")
    first = page.locator("[data-compare=caption]").inner_text()
    hand.press(page.get_by_role("button", name="Next epoch"))
    expect(page.locator("[data-compare=caption]")).not_to_have_text(first)


def test_download_a_selection(hand, archive):
    page = hand.page
    images_of_m31(hand)
    for n in range(2):
        hand.press(page.locator("main tbody input[type=checkbox]").nth(n))
    link = page.get_by_role("button", name="CSV", exact=True).or_(page.get_by_role("link", name="CSV", exact=True))
    path = hand.download(lambda: hand.press(link.locator("visible=true").first))
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert len(rows) == 2 and {int(row["pid"]) for row in rows} <= set(archive.october)


def test_cutouts_of_a_list(hand):
    page = hand.page
    hand.open_menu("Tools", "Cutouts of a list")
    hand.write(page.get_by_label("Targets"), "\n".join(f"place{n} {10.6847 + 0.001 * n} 41.2688" for n in range(10)))
    hand.choose(page.get_by_label(re.compile("Filter")), "r")
    hand.write(page.get_by_label(re.compile("ewest")), "1")
    path = hand.download(lambda: hand.press(page.get_by_role("button", name="Download now")))
    with tarfile.open(path) as files:
        assert len([name for name in files.getnames() if name.endswith(".fits")]) == 10


def test_from_an_object_to_a_period_that_is_saved_and_shared(hand, archive):
    page = hand.page
    hand.press(page.get_by_role("link", name="Sign in"))
    hand.write(page.get_by_label("Username"), "partner")
    hand.write(page.get_by_label("Password"), PASSWORD)
    hand.press(page.get_by_role("button", name="Sign in"))
    hand.write(page.get_by_label("Search the archive").first, str(archive.oid))
    page.keyboard.press("Enter")
    hand.press(page.get_by_role("button", name="Compute"))
    hand.press(page.locator("#peaks button, #peaks a").first)
    chosen = page.get_by_label("Period (d)").input_value()
    hand.press(page.get_by_role("button", name="Save this period"))
    expect(page.locator("#kept")).to_contain_text(chosen)
    hand.press(page.get_by_role("button", name="Share this view"))
    expect(page.get_by_label("Link")).to_have_value(re.compile("period="))


def test_alerts_by_score_magnitude_and_time(hand, archive):
    page = hand.page
    hand.open_menu("Search", "Alerts")
    hand.write(page.get_by_label(re.compile("score", re.I)).first, "0.8")
    hand.press(page.get_by_text(re.compile("^More conditions")))
    hand.write(page.get_by_label(re.compile("^Brighter")).first, "18.1")
    hand.write(page.get_by_label(re.compile("^From")), "2026-11-01")
    search(hand)
    found = page.locator("main tbody tr")
    (wanted,) = (one.candid for one in archive.alerts if one.magpsf < 18.1)
    expect(found).to_have_count(1)
    hand.press(found.get_by_role("link").first)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Alert {wanted}")


def test_forced_photometry(hand, archive):
    page = hand.page
    hand.open_menu("Tools", "Forced photometry")
    hand.write(page.get_by_label(re.compile("^Position")), "{:.6f} {:.6f}".format(*archive.faint))
    hand.press(page.get_by_role("button", name="Order"))
    page.locator("#job .phase", has_text="Completed").wait_for()
    expect(page.get_by_text("Measurements (2")).to_be_visible()


def test_images_of_a_moving_object(hand):
    page = hand.page
    hand.open_menu("Search", "Moving objects")
    hand.write(page.get_by_label(re.compile("^Name")), "310")
    search(hand)
    expect(page.locator("main table tbody tr")).to_have_count(6)


def test_a_query_in_adql(hand):
    page = hand.page
    hand.open_menu("Tools", "Query")
    query = "SELECT filtercode, COUNT(*) AS n FROM ztf.ztf_current_meta_sci GROUP BY filtercode"
    hand.write(page.locator(".cm-content"), query)
    page.keyboard.press("Control+Enter")
    hand.acts += 1
    expect(page.locator("main table").last).to_contain_text("r")
