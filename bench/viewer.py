"""Viewer: from a click to the first plot of a light curve in a browser that has nothing of it; folding while one drags.

The portal runs as it is deployed, on the database of this checkout, which must hold an object with public points. Each
measurement has a browser of its own, so nothing is cached. The object's own points come from the server; curves of 1000
and 3000 points are the same repeated, which the browser is given in the server's place. Wall time, medians.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from urllib.error import URLError
from urllib.request import urlopen

from bench.report import Figure, report
from bench.servers import NotReadyError

NEEDS = ("postgres", "redis")

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
TARGET_FIRST_PLOT = 2.0  # s
SIZES = (1000, 3000)
STARTS_WITHIN = 60  # s
DRAW_FOLDED = """() => {
    const slider = document.getElementById("fine"), times = [];
    for (let step = -20; step <= 20; step += 2) {
        const start = performance.now();
        slider.value = step;
        slider.dispatchEvent(new Event("input"));
        times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b)[times.length >> 1];
}"""


def run(quick: bool) -> None:
    """Measure and report."""
    import django

    django.setup()
    from lightcurves.models import SourceStatistics

    most = SourceStatistics.objects.filter(programs=[]).order_by("-nobs").first()
    if most is None:
        raise NotReadyError("no object has public points: run `make demo` first")
    if not Path(CHROMIUM).exists():
        raise NotReadyError(f"{CHROMIUM} is not there: `make setup-dev` installs it")
    repeats = 3 if quick else 9
    figures = {}
    with _portal() as address:
        page = f"{address}/objects/{most.oid}/"
        points = json.loads(_get(f"{page}points"))
        _get(f"{address}/objects/document")  # made once for all objects, by the first who asks
        for size in (points["count"], *SIZES):
            given = None if size == points["count"] else _repeated(points, size)
            found = [_opened(page, given) for _ in range(repeats)]
            first, fold = (median(values) for values in zip(*found, strict=True))
            more = {"n": repeats, "statistic": "median"}
            figures[f"first_plot_{size}_points"] = Figure(first, "s", TARGET_FIRST_PLOT, **more)
            figures[f"fold_{size}_points"] = Figure(fold, "ms", **more)
    notes = (
        f"Headless Chromium without GPU; the portal on the same machine. The {points['count']} points come from the "
        "server; the others are given to the browser in its place."
    )
    report("viewer", figures, notes, quick)


@contextmanager
def _portal() -> Iterator[str]:
    """The portal on a free port, with its static files compressed and named by their contents."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = os.environ | {"STATIC_ROOT": folder, "LOG_LEVEL": "ERROR"}
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
        subprocess.run(collect, env=environment, check=True)
        granian = [str(Path(sys.executable).with_name("granian")), "--interface", "asgi", "portal.asgi:application"]
        options = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error"]
        server = subprocess.Popen([*granian, *options], env=environment)
        try:
            _wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def _wait_for(address: str) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            _get(f"{address}/health")
            return
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _get(address: str) -> bytes:
    with urlopen(address) as answer:  # noqa: S310 (our own portal)
        return answer.read()


def _repeated(points: dict, size: int) -> str:
    """The answer about points, with `size` of them: the same again, a little later each time."""
    columns = {name: [values[k % len(values)] for k in range(size)] for name, values in points["columns"].items()}
    for name in ("mjd", "hjd"):
        columns[name] = [value + 0.37 * (k // points["count"]) for k, value in enumerate(columns[name])]
    return json.dumps(points | {"count": size, "columns": columns})


def _opened(address: str, points: str | None) -> tuple[float, float]:
    """Seconds to the first plot, milliseconds to fold anew, in a fresh browser.

    points : the answer about points that the browser gets in the server's place; None: the server's own
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1600})
        if points is not None:
            page.route("**/points", lambda route: route.fulfill(body=points, content_type="application/json"))
        page.goto(address)
        page.wait_for_selector("#viewer[data-ready=true]")
        first = page.evaluate("performance.getEntriesByName('first-plot')[0].startTime") / 1000
        fold = page.evaluate(DRAW_FOLDED)
        browser.close()
    return first, fold
