"""Pages whose requests fail one after the other: a sentence says so, what stands without script stays."""

import json
import re
import time
from urllib.parse import urlsplit

import pytest

from tests.portal.views.addresses import pages
from tests.portal.views.conftest import OWNER

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]
SCRIPTS, QUESTIONS = ("script",), ("fetch", "xhr")  # a page without its style sheet reads as before
EVERYWHERE = ("/static/portal/whole.js",)  # which tells of the others
HELP = "help"  # pages that read the same without any script
NOT_OURS = "SwaggerUIBundle is not defined"  # its own starter misses it
TILES = "/hips/"  # a map without some of its tiles is a map
POLLED = 1400  # ms, in which a page asks again for the part that waits
SECONDS = 8.0  # until a page has said what failed
DETAIL = "it was moved away while you looked"
FALLBACKS = {  # what must stay, unless a plot stands there
    "alert": "#alertcurve svg.curve, #alertcurve canvas",
    "object": "#lightcurve svg.curve, #lightcurve canvas", "forced-job": "#forced svg.curve, #forced canvas",
    "forced-job waiting": "#job", "job": "#job", "query": ".result tbody tr, #query-form", "image": "table",
    "images plot": "#result svg, #result canvas",
    "sky": "#drawing, #aladin canvas", "api-docs": "header a", "images": "main table tbody tr",
}  # fmt: skip
OWN_SCRIPTS = "[...document.scripts].filter((one) => one.src).map((one) => new URL(one.src).pathname)"
TAIL = re.compile(r"[0-9a-f-]*/?$")  # what tells one thing of a kind from the next
WAYS = {
    "500": lambda route: route.fulfill(status=500, body="", content_type="text/html"),
    "404": lambda route: route.fulfill(
        status=404, body=json.dumps({"detail": DETAIL}), content_type="application/problem+json"
    ),
    "sign-in": lambda route: route.fulfill(status=302, headers={"Location": "/sign-in/?next=/"}),
    "offline": lambda route: route.abort("internetdisconnected"),
}


def needs(visit, tried: set) -> dict[str, str]:
    """What a page asks for beside what all do, by path, with its kind; of the modules that its own scripts import one
    that was not tried before, for where one is missing none of them runs.
    """
    asked = {
        urlsplit(url).path: kind
        for url, kind in visit.asked
        if kind in SCRIPTS + QUESTIONS and urlsplit(url).path not in EVERYWHERE and TILES not in url
    }
    own = set(visit.page.evaluate(OWN_SCRIPTS))
    imported = sorted(path for path, kind in asked.items() if kind in SCRIPTS and path not in own)
    untried = [path for path in imported if ("", path, "") not in tried]
    return {path: kind for path, kind in asked.items() if path not in imported or path in untried[:1]}


def test_whatever_does_not_come_is_said_and_the_rest_stays(visit, archive):
    """Each script of a page's own once, in one of the ways in turn, and one of those that it imports; each question to
    the server in all, of alike pages once.
    """
    seen, tried, wrong = visit(archive, OWNER), set(), []
    for name, address in pages(archive, OWNER).items():
        if name.startswith(HELP):
            continue
        seen.open(address)
        if seen.page.locator("[data-poll]").count():
            seen.page.wait_for_timeout(POLLED)
        before, asked = seen.sentences(), needs(seen, tried)
        kind_of_page = name.split()[0]
        for number, (path, kind) in enumerate(sorted(asked.items())):
            ways = [list(WAYS)[number % 4]] if kind in SCRIPTS else list(WAYS)
            place = "" if kind in SCRIPTS else kind_of_page
            for way in ways:
                if (one := (place, TAIL.sub("", path) if place else path, way if place else "")) in tried:
                    continue
                tried.add(one)
                found = broken(seen, address, path, way, before)
                if not seen.page.locator(
                    FALLBACKS.get(name) or FALLBACKS.get(kind_of_page, "main h1")
                ).first.is_visible():
                    found.append("the fallback is gone")
                wrong += [(name, path, way, what) for what in found]
    assert len(tried) > 30
    assert wrong == []


def broken(seen, address: str, path: str, way: str, before: list[str]) -> list[str]:
    """What is wrong when one request of a page is answered in one of WAYS."""
    seen.broken = True
    match = re.compile(re.escape(seen.server + path) + r"([?#].*)?$")  # looked at by the driver, not by this process

    def handle(route) -> None:
        document = route.request.resource_type == "document"
        route.continue_() if document else WAYS[way](route)

    seen.page.route(match, handle)
    seen.open(address)
    deadline = time.monotonic() + SECONDS
    while not (said := [one for one in seen.sentences() if one not in before]) and time.monotonic() < deadline:
        seen.page.wait_for_timeout(100)
    seen.page.unroute(match, handle)
    seen.broken = False
    found = [one for one in seen.faults if NOT_OURS not in one]
    return [*found, *([] if said else ["nothing is said"])]
