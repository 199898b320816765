"""Pages of the portal over many images: bytes to show each without plots and images, and times of the search.

A page's weight is what a browser with an empty cache fetches for it, compressed: the page, its sheets, its scripts and
what these import. Plots (Bokeh), the sky (Aladin Lite) and the editor (CodeMirror) count by themselves, as libraries.
"""

from __future__ import annotations

import re
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import urljoin

import numpy as np

from bench.clients.timing import session
from bench.clients.world import Archive, measured
from bench.report import Figure, report

NEEDS = ("postgres", "redis")
LIGHT, FAST = 250, 300  # kB of a page, ms of a search's p95
LIBRARIES = re.compile(r"bokeh|aladin|codemirror")
LINKED = re.compile(r'(?:src|href)="([^"]+\.(?:js|css))"')
IMPORTED = re.compile(r'(?:from|import)\s*\(?\s*"(\./[^"]+|\.\./[^"]+)"')
COMPRESSED = {"Accept-Encoding": "gzip"}


def run(quick: bool) -> None:
    """Fill, serve, open, print, and remove everything again."""
    import django

    django.setup()
    rows = 50_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="bench-portal-") as name:
        place = Path(name)
        place.chmod(0o755)
        figures, notes = measured(place, rows, all_figures, quick)
    report("portal", figures, "\n".join(notes), quick)


def all_figures(archive: Archive, quick: bool) -> tuple[dict[str, Figure], list[str]]:
    """The weight and the time of each page."""
    figures: dict[str, Figure] = {}
    image = archive.images[0]
    for name, path in _pages(archive).items():
        weight, libraries = _weight(archive.address + path)
        figures[f"{name}, weight"] = Figure(weight / 1e3, "kB", LIGHT)
        if libraries:
            figures[f"{name}, libraries"] = Figure(libraries / 1e3, "kB")
    times = 15 if quick else 60
    searches = {
        "all images, newest first": cycle(["/images/"]),
        "all images, a page far down": (
            f"/images/?page={1 + one * (2 if quick else 40)}" for one in cycle(range(1, 60))
        ),
        "images of a position": (f"/images/?position={one.ra},{one.dec}" for one in cycle(archive.images)),
        "images of a field": (f"/images/?field={one.field}" for one in cycle(archive.images)),
        "images by a condition": cycle([f"/images/?where=seeing+<+1.6+AND+field+=+{image.field}"]),
        "counts of a field": (f"/images/facets?field={one.field}" for one in cycle(archive.images)),
    }
    for name, paths in searches.items():
        spent = [_seconds(archive.address + path) for path in islice(paths, times + 3)][3:]
        figures[f"{name}, p50"] = Figure(1e3 * float(np.percentile(spent, 50)), "ms", n=times, statistic="median")
        figures[f"{name}, p95"] = Figure(1e3 * float(np.percentile(spent, 95)), "ms", FAST, n=times, statistic="p95")
    return figures, ["one process of the portal, its client on the same machine"]


def _pages(archive: Archive) -> dict[str, str]:
    image = archive.images[0]
    return {
        "home": "/",
        "images": f"/images/?field={image.field}",
        "image": f"/images/{image.pid}/",
        "alerts": "/alerts/",
        "objects": f"/objects/?position={archive.stars[0][0]},{archive.stars[0][1]}&radius=60",
        "object": f"/objects/{archive.oids[0]}/",
        "moving": "/moving/?name=1",
        "query": "/query/",
        "sky": "/sky/",
        "releases": "/releases/",
    }


def _weight(address: str) -> tuple[int, int]:
    """Compressed bytes of a page with its sheets and scripts, and of the libraries that it loads."""
    page = session.get(address, headers=COMPRESSED, timeout=120, stream=True)
    page.raise_for_status()
    own, libraries = len(page.raw.read(decode_content=False)), 0
    text = session.get(address, timeout=120).text
    waiting, seen = [urljoin(address, one) for one in LINKED.findall(text)], set()
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        answer = session.get(one, headers=COMPRESSED, timeout=120, stream=True)
        answer.raise_for_status()
        size = len(answer.raw.read(decode_content=False))
        if LIBRARIES.search(one):
            libraries += size
            continue
        own += size
        if one.endswith(".js"):
            waiting += [urljoin(one, name) for name in IMPORTED.findall(session.get(one, timeout=120).text)]
    return own, libraries


def _seconds(address: str) -> float:
    began = time.perf_counter()
    session.get(address, timeout=120).raise_for_status()
    return time.perf_counter() - began
