"""Cutouts in the browser: the player in time, and epochs side by side."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from archive.models import ReferenceImage
from tests.portal.views.looking import axe, visiting

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture
def visit(chromium, server):
    with visiting(chromium, server) as seen:
        yield seen
        assert seen.faults == []


def place(observed) -> str:
    image = observed.epochs[0]
    return f"{image.ra:.6f} {image.dec:.6f}"


def test_the_player_steps_by_key_and_plays_only_when_asked_to(visit, observed):
    page = visit.page
    page.goto(f"{reverse('cutouts')}?position={place(observed)}")
    assert not [url for url, _ in visit.asked if "form=frames" in url or "form=apng" in url], "before it is opened"
    page.get_by_text("Play all images in zr").click()
    player = page.get_by_role("group", name="Player of zr")
    said = player.locator(".film-said")
    epochs = [f"{one.obsdate:%Y-%m-%d %H:%M:%S}" for one in observed.epochs]
    expect(said).to_contain_text(f"1 of {len(epochs)}: {epochs[0]}")
    player.focus()
    for key, number in (("ArrowRight", 1), ("End", len(epochs) - 1), ("ArrowRight", 0), ("ArrowLeft", len(epochs) - 1)):
        page.keyboard.press(key)
        expect(said).to_contain_text(f"{number + 1} of {len(epochs)}: {epochs[number]}")
    assert player.get_by_label("Speed").input_value() == "1", "slow for who wants little motion"
    page.keyboard.press("Home")
    player.get_by_label("Speed").select_option("16")
    player.get_by_role("button", name="Play zr").click()
    expect(said).to_contain_text(f"{len(epochs)} of {len(epochs)}")
    expect(player.get_by_role("button", name="Play zr")).to_have_text("Play")  # it ends with the last, once
    before = player.locator("img").get_attribute("src")
    player.get_by_label("Stretch").select_option("log")
    expect(player.locator("img")).not_to_have_attribute("src", before)
    page.route("**/*stretch=linear*", lambda route: None)  # an answer that is long in coming
    player.get_by_label("Stretch").select_option("linear")
    with page.expect_event("requestfailed", lambda request: "stretch=linear" in request.url, timeout=5000):
        player.get_by_label("Stretch").select_option("sqrt")  # is not drawn over what was asked for since
    expect(said).to_contain_text(f"{len(epochs)} of {len(epochs)}")
    assert axe(visit) == []


def test_epochs_side_by_side_fit_a_phone(visit, observed):
    page = visit.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{reverse('comparison')}?position={place(observed)}&epochs=3")
    assert page.get_by_role("heading", name="r science").is_visible()
    assert page.locator(".comparison-row").filter(has_text="r science").locator("figure").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe(visit) == []


def test_the_viewer_opens_in_place_on_the_pages_of_images(visit, observed):
    """Nothing of it is loaded before; in it, the frame of the page that has one already is left out."""
    page, image = visit.page, observed.epochs[0]
    pages = {
        "image": reverse("image", args=[image.pk]),
        "reference": reverse("reference", args=[ReferenceImage.objects.values_list("pk", flat=True).first()]),
    }
    for name, address in pages.items():
        page.set_viewport_size({"width": 390, "height": 844} if name == "reference" else {"width": 1280, "height": 900})
        page.goto(address)
        assert not [url for url, _ in visit.asked if "js9" in url], name
        page.get_by_text("Show the viewer here").click()
        inside = page.frame_locator("iframe[title=Viewer]")
        expect(inside.locator("body[data-workbench=ready]")).to_be_attached()
        assert not inside.get_by_role("link", name="ZTF archive").is_visible(), name
        assert inside.get_by_label("Stretch").is_visible(), name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        visit.asked.clear()
    assert axe(visit) == []


def test_the_page_of_an_object_offers_the_viewer_in_place(client, observed):
    page = client.get(reverse("object", args=[observed.oid])).content.decode()
    assert f'data-embedded-page="/images/{observed.epochs[-1].pk}/view?ra=' in page
