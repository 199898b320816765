"""The parts of the pages in their states, in both schemes, and the same choice of scheme beside the portal."""

import io

import pytest
from django.urls import reverse
from PIL import Image
from playwright.sync_api import expect

from tests.portal.views.addresses import pages
from tests.portal.views.conftest import OWNER
from tests.portal.views.looking import axe

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
GROUND = "getComputedStyle(document.body).backgroundColor"


def test_every_part_stands_in_every_state_in_both_schemes(visit, archive):
    seen = visit(archive, color_scheme="light")
    looks = {}
    for scheme in ("light", "dark"):
        seen.page.emulate_media(color_scheme=scheme)
        seen.open(pages(archive, "")["gallery"])
        assert axe(seen) == []
        looks[scheme] = Image.open(io.BytesIO(seen.page.screenshot(full_page=True))).convert("L")
    light, dark = (sorted(look.resize((64, 64)).getdata())[2048] for look in looks.values())
    assert light > 200 and dark < 60  # the ground of most of the page
    main = seen.page.inner_text("main")
    states = ("No images match", "is coming…", "at most 90 degrees", "are not open to you", "the first 100,000 rows",
              "closed until 2030", "1–50 of 57", "12 of 40 cutouts", "No image was measured", "90")  # fmt: skip
    assert [one for one in states if one not in main] == []
    expect(seen.page.locator(".phase")).to_have_count(8)
    seen.page.set_viewport_size({"width": 390, "height": 844})
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 390
    assert seen.faults == []


def test_help_admin_operations_and_folders_keep_the_readers_choice(visit, archive):
    seen = visit(archive, OWNER, color_scheme="light")
    seen.open(pages(archive, OWNER)["gallery"])
    seen.page.locator("#theme").click()
    seen.page.locator("#theme").click()
    dark = seen.page.evaluate(GROUND)
    for address in ("/help/", reverse("api-docs"), reverse("admin:index"), reverse("ibe-products-root")):
        seen.open(address)
        assert seen.page.evaluate(GROUND) == dark, address
    seen.open("/help/")
    seen.page.get_by_role("button", name="Theme: dark").click()
    assert seen.page.evaluate(GROUND) != dark
    assert seen.faults == []
