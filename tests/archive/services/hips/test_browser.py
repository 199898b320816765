"""The sky page in a browser: Aladin Lite on our own tiles, under the page's policy, asking nobody outside."""

import shutil

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import expect

from archive.services.hips import survey
from tests import browsers

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture
def server(public, archive_root, django_db_blocker):
    survey.refresh("zr")
    with browsers.served_here(django_db_blocker) as address:
        yield address
    shutil.rmtree(archive_root / "hips", ignore_errors=True)


@pytest.fixture
def browser():
    with browsers.chromium() as started:
        yield started


@pytest.mark.skipif(finders.find("vendor/aladin.js") is None, reason="aladin-lite is not installed: run make setup")
def test_the_sky_is_drawn_from_our_tiles_and_nobody_else_is_asked(browser, server):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server}/sky/?family=ref&filtercode=zr")
    page.wait_for_selector("body[data-sky=ready]")
    page.wait_for_function("() => performance.getEntriesByType('resource').some(e => e.name.includes('/Npix'))")
    assert not [url for url in asked if not url.startswith((server, "data:", "blob:"))]
    expect(page.locator("#aladin")).to_be_visible()
    expect(page.locator("#drawing")).to_be_hidden()
    expect(page.locator("[data-survey]")).to_have_count(1)


def test_without_script_the_footprints_are_a_drawing(browser, server):
    page = browser.new_context(java_script_enabled=False).new_page()
    answer = page.goto(f"{server}/sky/?family=ref&filtercode=zr")
    policy = answer.headers["content-security-policy"]
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval';" in f"{policy};"
    assert page.locator("svg.skymap-svg polygon").count() == 2
    assert page.locator("#aladin").is_hidden()
