"""The object page in a browser: plots, excluding points, periods; nothing is asked of anybody outside."""

import shutil

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
CHROMIUM = shutil.which("chromium")
BINARY = 655213300000004
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture
def server(sky, django_db_blocker):
    """The portal on the committed rows; pytest-django's own live server would empty the database afterwards."""
    with django_db_blocker.unblock():
        thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
        thread.daemon = True
        thread.start()
        thread.is_ready.wait()
        yield f"http://127.0.0.1:{thread.port}"
        thread.terminate()
        thread.join()


@pytest.fixture
def page():
    """A page that records what it asks for and what goes wrong."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1800})
        page.asked, page.errors = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda line: page.errors.append(line.text) if "Security Policy" in line.text else None)
        yield page
        browser.close()


def test_points_are_selected_and_excluded_and_the_period_follows(page, server):
    page.goto(f"{server}/objects/{BINARY}/")
    page.wait_for_selector("#viewer[data-ready=true]")
    assert page.inner_text("#used") == "60 points, 0 excluded"
    period = float(page.input_value("#period"))
    assert min(abs(period / 0.7312 - ratio) for ratio in (0.5, 1, 2)) < 2e-3
    box = page.locator("#lightcurve").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 260, steps=5)
    page.mouse.up()
    page.wait_for_selector("#exclude:enabled")
    assert "/images/" in page.get_attribute("#picked a", "href")
    page.click("#exclude")
    page.wait_for_selector("#searched:has-text('best period')")
    shown, excluded = (int(part.split()[0]) for part in page.inner_text("#used").split(", "))
    assert shown + excluded == 60 and excluded > 5
    page.click("[data-times='2']")
    assert float(page.input_value("#period")) == pytest.approx(2 * period, rel=1e-7)
    assert f"period={page.input_value('#period')}" in page.url
    assert page.errors == []
    assert all(url.startswith((server, "data:")) for url in page.asked)
