"""The viewer of images: from a click to its preview and to the image itself, and drawing of 5,000 sources over it.

The portal runs on an archive of its own with whole quadrants of noise; each opening has a browser of its own, so
nothing is cached. The sources are given to the browser in the server's place. Wall time, medians.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from bench.clients.world import Archive, measured
from bench.report import Figure, report
from bench.servers import NotReadyError
from bench.viewer import CHROMIUM, FLAGS

NEEDS = ("postgres", "redis")
SOURCES = 5000
TARGET_PREVIEW, TARGET_SOURCES = 1.0, 300.0  # s, ms
PREVIEW = (
    """() => performance.getEntriesByType("resource").find((one) => one.name.includes("/pictures/"))?.responseEnd"""
)
SHOW = """async () => {
    const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const start = performance.now();
    await workbench.catalogs.choose(["gaia"]);
    await painted();
    const first = performance.now() - start;
    const again = performance.now();
    workbench.overlay.ask();
    await painted();
    return [first, performance.now() - again, workbench.catalogs.drawn];
}"""


def run(quick: bool) -> None:
    """Fill, serve, open, print, and remove everything again."""
    import django

    django.setup()
    if not Path(CHROMIUM).exists():
        raise NotReadyError(f"{CHROMIUM} is not there: `make setup-dev` installs it")
    with tempfile.TemporaryDirectory(prefix="bench-workbench-") as name:
        place = Path(name)
        place.chmod(0o755)
        figures, notes = measured(place, 20_000, all_figures, quick)
    report("workbench", figures, "\n".join(notes), quick)


def all_figures(archive: Archive, quick: bool) -> tuple[dict[str, Figure], list[str]]:
    """Times of the preview, of the image, and of the sources."""
    repeats = 3 if quick else 9
    pid = archive.images[0].pid
    found = [_opened(f"{archive.address}/images/{pid}/view") for _ in range(repeats)]
    preview, ready, first, again = (median(values) for values in zip(*found, strict=True))
    more = {"n": repeats, "statistic": "median"}
    figures = {
        "preview": Figure(preview, "s", TARGET_PREVIEW, **more),
        "image_to_work_with": Figure(ready, "s", **more),
        f"sources_{SOURCES}": Figure(first, "ms", TARGET_SOURCES, **more),
        f"sources_{SOURCES}_again": Figure(again, "ms", **more),
    }
    return figures, ["headless Chromium without GPU, the portal on the same machine; a quadrant of 3072 x 3080 pixels"]


def _sources() -> str:
    """The server's answer about so many sources, all in the image."""
    rng = np.random.default_rng(5)
    columns = {
        "x": rng.uniform(1, 3072, SOURCES).round(2).tolist(), "y": rng.uniform(1, 3080, SOURCES).round(2).tolist(),
        "mag": rng.uniform(14, 21, SOURCES).round(3).tolist(), "name": [str(n) for n in range(SOURCES)],
        "colour": rng.uniform(0, 2, SOURCES).round(3).tolist(),
    }  # fmt: skip
    units = {"name": "", "mag": "mag", "colour": "mag"}
    told = {"kind": "gaia", "label": "Gaia", "units": units, "count": SOURCES, "complete": True, "columns": columns}
    return json.dumps(told)


def _opened(address: str) -> tuple[float, float, float, float]:
    """Seconds to the preview and to the image, milliseconds to draw the sources and to draw them again."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        given = _sources()
        page.route("**/sources/gaia", lambda route: route.fulfill(body=given, content_type="application/json"))
        page.goto(address)
        page.wait_for_selector("body[data-workbench=ready]")
        ready = page.evaluate("performance.now()") / 1000
        preview = page.evaluate(PREVIEW) / 1000
        first, again, drawn = page.evaluate(SHOW)
        browser.close()
    if drawn != SOURCES:
        raise RuntimeError(f"{drawn} of {SOURCES} sources were drawn")
    return preview, ready, first, again
