"""A browser for tests, and the portal served from the tests' own process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread

PATIENCE = 30_000  # ms that a person on a busy machine waits
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += [
    "--no-first-run",
    "--disable-sync",
    "--disable-quic",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]


@contextmanager
def chromium() -> Iterator:
    """Chromium without a screen, which finds no host but this machine."""
    playwright = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine")
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def served_here(django_db_blocker) -> Iterator[str]:
    """The address of the portal on committed rows; pytest-django's own live server would empty the database."""
    with django_db_blocker.unblock():
        thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
        thread.daemon = True
        thread.start()
        thread.is_ready.wait()
        yield f"http://127.0.0.1:{thread.port}"
        thread.terminate()
        thread.join()


@contextmanager
def watched_page(browser, server: str, height: int = 1000, expected: str = "none") -> Iterator:
    """A page that fails the test when it asks anybody outside or logs an error, as a breach of its policy does.

    expected : what is in an error that belongs to the test
    """
    context = browser.new_context(base_url=server, viewport={"width": 1200, "height": height})
    page, faults = context.new_page(), []
    page.on("request", lambda one: None if one.url.startswith((server, "data:", "blob:")) else faults.append(one.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.on("response", lambda one: faults.append(f"{one.status} {one.url}") if one.status >= 400 else None)
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()
    unexpected = [one for one in faults if expected not in one]
    assert not unexpected, f"faults of the page: {unexpected}"
