"""The sky page in a browser: Aladin Lite on our own tiles, under the page's policy, asking nobody outside."""

import shutil

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread

from archive.hips import survey

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]


@pytest.fixture
def server(public, archive_root, django_db_blocker):
    survey.refresh("zr")
    with django_db_blocker.unblock():
        thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
        thread.daemon = True
        thread.start()
        thread.is_ready.wait()
        yield f"http://127.0.0.1:{thread.port}"
        thread.terminate()
        thread.join()
    shutil.rmtree(archive_root / "hips", ignore_errors=True)


@pytest.fixture
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.skipif(finders.find("vendor/aladin.js") is None, reason="aladin-lite is not installed: run make setup")
def test_the_sky_is_drawn_from_our_tiles_and_nobody_else_is_asked(browser, server):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server}/sky/?family=ref&filtercode=zr")
    page.wait_for_selector("body[data-sky=ready]")
    page.wait_for_function("() => performance.getEntriesByType('resource').some(e => e.name.includes('/Npix'))")
    assert not [url for url in asked if not url.startswith((server, "data:", "blob:"))]
    assert page.locator("#aladin").is_visible() and page.locator("#drawing").is_hidden()
    assert page.locator("[data-survey]").count() == 1


def test_without_script_the_footprints_are_a_drawing(browser, server):
    page = browser.new_context(java_script_enabled=False).new_page()
    answer = page.goto(f"{server}/sky/?family=ref&filtercode=zr")
    policy = answer.headers["content-security-policy"]
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval';" in f"{policy};"
    assert page.locator("svg.skymap-svg polygon").count() == 2
    assert page.locator("#aladin").is_hidden()
