"""What a test sees of a page in Chromium: faults, sentences, what stands in for what failed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import html5lib
from django.conf import settings
from django.db import connections
from django.test import Client

from tests import browsers

MODULES = Path(settings.BASE_DIR) / "node_modules"
RULES = {  # of html-validate: what the HTML standard says, not how it is written
    "extends": ["html-validate:standard"],
    "rules": {"no-inline-style": "off"},
}
AXE = """async (alone) => {
  document.getAnimations().forEach((one) => one.effect.getTiming().iterations === Infinity || one.finish());
  return (await axe.run(document, {
  exclude: [['[data-bokeh]'], ['.bk-Figure'], ['#aladin']], resultTypes: ['violations'],
  ...(alone ? { runOnly: { type: 'rule', values: alone } } : {}),
})).violations.filter((one) => ['serious', 'critical'].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`);
}"""
POINTERS = """() => {
  const names = ["aria-describedby", "aria-labelledby", "aria-controls", "aria-errormessage", "for", "form", "list"];
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  const wrong = ids.filter((id, k) => ids.indexOf(id) !== k).map((id) => `two elements are #${id}`);
  for (const name of names) {
    for (const one of document.querySelectorAll(`[${name}]`)) {
      if (one.closest(".swagger-ui, .cm-editor")) continue;
      for (const id of one.getAttribute(name).split(/\\s+/).filter(Boolean)) {
        if (!document.getElementById(id)) wrong.push(`${name}=${id}: there is no such element`);
      }
    }
  }
  return wrong;
}"""
SENTENCES = """() => [...document.querySelectorAll("[role=alert], [role=status], [aria-live], .error")]
  .filter((one) => one.checkVisibility() && one.textContent.trim()).map((one) => one.textContent.trim())"""
WITHOUT = {  # what a browser may lack
    "webgl": """const get = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
        return /webgl/.test(kind) ? null : get.call(this, kind, ...more);
      };""",
    "clipboard": "Object.defineProperty(navigator, 'clipboard', { value: undefined });",
    "storage": """for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, { get() { throw new DOMException("denied", "SecurityError"); } });
    }""",
}
SETTLED_WITHIN, QUIET = 15.0, 0.4  # s
BETWEEN = "/robots.txt"  # of the same origin and policy as pages are: Chromium goes on in the same process
ASK_NOTHING = ("/static/portal/whole.js", "/static/portal/samp.js")  # scripts that ask for nothing by themselves
BROKEN = re.compile(  # what the browser and Swagger write of an answer that does not come
    "Failed to (load resource|fetch dynamically)|Refused to execute|MIME type|YAMLException|Response Status Error"
)


@dataclass
class Visit:
    """A page and what was seen on it; `broken`: the request that the test breaks, whose errors belong to it."""

    page: object
    server: str
    faults: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)  # (address, kind) of what the page asked for
    last: float = 0.0  # when something new was asked for, or answered
    open_requests: int = 0
    allowed: int = 0  # a status of the page itself that is as it should be
    broken: bool = False
    quiet: float = QUIET  # s without anything new, after which nothing more is expected

    def open(self, address: str) -> object:
        """Go to an address and wait until it asks for nothing more; returns the answer."""
        self.page.goto(BETWEEN)  # what the page before asks again and again is not this one's
        self.faults.clear()
        self.asked.clear()
        self.open_requests = 0
        answer = self.page.goto(address)
        self.settle()
        return answer

    def settle(self) -> None:
        """Wait until nothing new was asked for a while; what is asked again and again does not count."""
        deadline = time.monotonic() + SETTLED_WITHIN
        while (
            time.monotonic() < min(deadline, self.last + self.quiet)
            and not self.asks_nothing()
            or self.open_requests
            and time.monotonic() < deadline
        ):
            self.page.wait_for_timeout(50)

    def asks_nothing(self) -> bool:
        """Whether what is loaded has asked for all that it will."""
        scripts = {urlsplit(url).path for url, kind in self.asked if kind in ("script", "fetch", "xhr")}
        return scripts <= set(ASK_NOTHING)

    def sentences(self) -> list[str]:
        return self.page.evaluate(SENTENCES)


@contextmanager
def visiting(browser, server: str, **options):
    """A visit by a new person; options as of a browser's context."""
    context = browser.new_context(
        base_url=server, viewport={"width": 1280, "height": 900}, reduced_motion="reduce", **options
    )
    visit = Visit(context.new_page(), server)
    if options.get("java_script_enabled") is False:
        visit.quiet = 0.0  # what is loaded has asked for all that it will
    visit.page.set_default_timeout(browsers.PATIENCE)
    visit.page.on("request", lambda one: _note(visit, one))
    visit.page.on("requestfinished", lambda one: _ended(visit))
    visit.page.on("requestfailed", lambda one: _ended(visit))
    visit.page.on("pageerror", lambda error: visit.faults.append(f"error: {error}"))
    visit.page.on("console", lambda line: _hear(visit, line))
    visit.page.on("response", lambda one: _answered(visit, one))
    # A rejection that nobody handles is a pageerror too, but only if it is an Error.
    visit.page.add_init_script(
        "addEventListener('unhandledrejection', (one) => console.error('unhandled', one.reason))"
    )
    yield visit
    context.close()


def _note(visit: Visit, request) -> None:
    visit.open_requests += 1
    if request.url.startswith(visit.server):
        if (request.url, request.resource_type) not in visit.asked:
            visit.last = time.monotonic()
        visit.asked.append((request.url, request.resource_type))
    elif not request.url.startswith(("data:", "blob:")):
        visit.faults.append(f"outside: {request.url}")


def _ended(visit: Visit) -> None:
    visit.open_requests = max(0, visit.open_requests - 1)


def _hear(visit: Visit, line) -> None:
    if line.type == "error" and not (BROKEN.search(line.text) and (visit.broken or visit.allowed)):
        visit.faults.append(f"console: {line.text}")


def _answered(visit: Visit, response) -> None:
    if response.status >= 400 and response.status != visit.allowed and not visit.broken:
        visit.faults.append(f"{response.status} {response.url}")


def session_of(user) -> str:
    """The key of a new session of somebody's, as the sign-in page makes it; call it where rows are committed."""
    client = Client()
    client.force_login(user)
    connections.close_all()
    return client.cookies["sessionid"].value


def axe(visit: Visit, alone: list[str] | None = None) -> list[str]:
    """The serious faults that axe finds, by its rules' names; `alone`: only those of these rules."""
    if not visit.page.evaluate("'axe' in window"):
        # Evaluated by the debugger, which the page's policy does not concern.
        visit.page.evaluate((MODULES / "axe-core" / "axe.min.js").read_text() + "; undefined")
    return visit.page.evaluate(AXE, alone)


def unparsed(html: str) -> list[str]:
    """The errors of HTML's own parser."""
    parser = html5lib.HTMLParser()
    parser.parse(html)
    return sorted({f"{position}: {code} {values}" for position, code, values in parser.errors})


def invalid(folder: Path, pages: dict[str, str]) -> list[str]:
    """What html-validate finds in pages, by their names."""
    (folder / ".htmlvalidate.json").write_text(json.dumps({"root": True, **RULES}))
    for name, html in pages.items():
        (folder / f"{name.replace(' ', '_')}.html").write_text(html)
    node = Path(settings.BASE_DIR) / ".venv" / "bin"
    program = MODULES / "html-validate" / "bin" / "html-validate.mjs"
    done = subprocess.run(
        ["node", program, "--formatter", "json", folder], capture_output=True, text=True,
        env=os.environ | {"PATH": f"{node}:{os.environ['PATH']}"},
    )  # fmt: skip
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr[-2000:])
    return [
        f"{Path(one['filePath']).stem}:{message['line']} {message['ruleId']}: {message['message']}"
        for one in json.loads(done.stdout) for message in one["messages"] if message["severity"] == 2
    ]  # fmt: skip
