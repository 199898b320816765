"""Requests of strangers to a portal: hostile uploads, dear questions, hostile parameters, slow sockets, hostile files.

The files and questions are those of the tests (tests/archive/sandbox/bombs.py, tests/rights,
tests/archive/ingest/hostile.py). Each kind of them is a `Kind`; its `send` gets the time (of time.monotonic()) at which
it must be through, and what it had no time for is counted as not sent.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlparse

import requests

from bench.watch import MB

AT_ONCE = 12
HEAP = "FITS: heap"  # rows that all point to the same part of it
NOT_SENT = "not sent"
LEFT = "left open"
PLACES = ("file:///etc/passwd", "file:///dev/zero", "http://127.0.0.1:1/x", "ftp://127.0.0.1:1/x")
SEED = 20261130
SIGN = "a" * 32  # what keeps other sites' pages from posting; a stranger chooses it
SIGNED = {"Cookie": f"csrftoken={SIGN}", "X-CSRFToken": SIGN}


@dataclass(frozen=True)
class Kind:
    """One kind of what is sent; it must be through after so many seconds."""

    name: str
    seconds: float
    send: Callable[[float], Counter]


@dataclass(frozen=True)
class Portal:
    """Whom it is sent to, and the token of an account there."""

    address: str
    token: str

    def ask(self, method: str, path: str, number: int, until: float, most: int = 0, **options) -> str:
        """The status of an answer that is read to its end, or for so many megabytes; each number is another client."""
        options["headers"] = options.get("headers", {}) | {
            "X-Forwarded-For": f"198.51.{number // 250 % 250}.{number % 250}"
        }
        patience = max(1.0, until - time.monotonic())
        try:
            with requests.request(method, self.address + path, timeout=patience, stream=True, **options) as answer:
                for taken, _ in enumerate(answer.iter_content(MB), 1):
                    if taken == most or time.monotonic() > until:
                        break
                return str(answer.status_code)
        except requests.RequestException as error:
            return type(error).__name__


@dataclass(frozen=True)
class Contents:
    """Contents that take long to make: tables that expand, by name, and hostile files."""

    bombs: dict[str, bytes]
    files: list

    @classmethod
    def made(cls, quick: bool) -> Contents:
        """All of them; of a quick run every third table and every twenty-fifth file."""
        from tests.archive.ingest import hostile
        from tests.archive.sandbox.bombs import BOMBS

        files, names = hostile.everything(), list(BOMBS)
        if quick:
            files, names = files[::25], [HEAP, *names[::3]]
        return cls({name: BOMBS[name]() for name in names}, files)


def kinds(portal: Portal, folder: Path, contents: Contents, quick: bool) -> list[Kind]:
    """All kinds, each as large as a full run or a quick one has it."""
    heaps = [contents.bombs[HEAP]] * AT_ONCE
    upload = partial(_upload, portal)
    return [
        Kind("nothing", 10, _nothing),
        Kind(f"{AT_ONCE} FITS heaps at once, cold", 30, partial(at_once, upload, heaps)),
        Kind(f"{AT_ONCE} FITS heaps at once, warm", 15, partial(at_once, upload, heaps)),
        Kind("tables that expand", 60, partial(at_once, upload, list(contents.bombs.values()))),
        Kind("tables that lie elsewhere", 600, _elsewhere(portal, quick)),
        Kind("deep JSON", 20, _deep(portal)),
        Kind("bodies of 250 MB", 30, _long(portal)),
        Kind("hostile parameters", 900, _parameters(portal, quick)),
        Kind("expensive queries", 300, partial(at_once, partial(_query, portal), _queries(quick))),
        Kind("six heavy searches at once", 60, _searches(portal)),
        Kind("extreme periodograms", 300, _periodograms(portal, quick)),
        Kind("slow sockets", 60, partial(_slow, portal, 50 if quick else 200, 3.0 if quick else 30.0)),
        Kind("files for manage.py ingest", 900, _files(folder, contents.files, quick)),
    ]


def at_once(ask: Callable[..., str], inputs: Sequence, until: float) -> Counter:
    """The answers to all inputs, some asked at the same time."""

    def answer_of(pair: tuple[int, object]) -> str:
        return NOT_SENT if time.monotonic() > until else ask(pair[1], pair[0], until)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(answer_of, enumerate(inputs)))


def _nothing(_: float) -> Counter:
    time.sleep(3)
    return Counter()


def _upload(portal: Portal, content: bytes, number: int, until: float) -> str:
    fields = {"LANG": "ADQL", "QUERY": "SELECT * FROM TAP_UPLOAD.mine", "UPLOAD": "mine,param:upload"}
    return portal.ask("POST", "/tap/sync", number, until, data=fields, files={"upload": ("mine", content)})


def _elsewhere(portal: Portal, quick: bool) -> Callable[[float], Counter]:
    """Tables that point to files and hosts: each serialisation, to each address that reads tables, in each way."""
    from tests.rights.hostile import SERIALISATIONS, entity, expanding_entities, votable

    contents = [votable(form, place) for form in SERIALISATIONS for place in PLACES]
    contents += [*(entity(place) for place in PLACES), expanding_entities()]
    ways = _ways()
    if quick:  # each way once, each table once
        asked = [(ways[n % len(ways)], contents[n % len(contents)]) for n in range(max(len(ways), len(contents)))]
    else:
        asked = [(way, content) for way in ways for content in contents]
    return partial(at_once, lambda pair, number, until: _sent(portal, *pair, number, until), asked)


def _ways() -> list[Callable]:
    """The ways of asking each address that reads tables; a job is ordered here and carried out by the served queue."""
    from tests.rights.test_hostile_uploads import QUERY, SEND, file_of

    def as_job(client, content: bytes):
        return client.post("/tap/async", QUERY | {"PHASE": "RUN", "upload": file_of(content)})

    named = {name: ways for name, ways in SEND.items() if name != "tap-job-parameters"} | {"tap-async": [as_job]}
    return [way for _, ways in sorted(named.items()) for way in ways]


class _Client:
    """A client as tests call it, over HTTP; pages are given the sign that a form of theirs carries."""

    def __init__(self, portal: Portal, number: int, until: float):
        self._portal, self._number, self._until = portal, number, until
        self.last = ""

    def post(self, path: str, body: dict | bytes | str, content_type: str = "") -> _Status:
        return self._send("POST", path, body, content_type)

    def put(self, path: str, body: bytes) -> _Status:
        return self._send("PUT", path, body, "text/csv")

    def _send(self, method: str, path: str, body: dict | bytes | str, content_type: str) -> _Status:
        headers = SIGNED | {"Authorization": f"Bearer {self._portal.token}"}
        options: dict = {"data": body}
        if isinstance(body, dict):
            files = {name: (value.name, value.read()) for name, value in body.items() if hasattr(value, "read")}
            options = {
                "data": {name: value for name, value in body.items() if name not in files},
                "files": files or None,
            }
        elif content_type:
            headers["Content-Type"] = content_type
        self.last = self._portal.ask(method, path, self._number, self._until, headers=headers, **options)
        return _Status(int(self.last) if self.last.isdecimal() else 0)


@dataclass(frozen=True)
class _Status:
    status_code: int


def _sent(portal: Portal, way: Callable, content: bytes, number: int, until: float) -> str:
    client = _Client(portal, number, until)
    try:
        way(client, content)
    except AssertionError:  # what comes before the hostile table was refused: what it was answered tells why
        return client.last
    return client.last


def _deep(portal: Portal) -> Callable[[float], Counter]:
    def ask(content: bytes, number: int, until: float) -> str:
        headers = {"Content-Type": "application/json"}
        return portal.ask("POST", "/api/lightcurves/", number, until, data=content, headers=headers)

    return partial(at_once, ask, [b'{"targets":' + b"[" * 100_000 + b"]" * 100_000 + b"}"] * 4)


def _long(portal: Portal) -> Callable[[float], Counter]:
    def ask(size: int, number: int, until: float) -> str:
        return portal.ask("POST", "/tap/sync", number, until, data=_stream(size))

    return partial(at_once, ask, [250 * MB] * 2)


def _stream(size: int) -> Iterable[bytes]:
    block = b"\0" * MB
    for _ in range(size // MB):
        yield block


def _parameters(portal: Portal, quick: bool) -> Callable[[float], Counter]:
    """Hostile values of parameters that forms and protocols know, to every address."""
    from tests.addresses import ADDRESSES, well_formed
    from tests.rights.test_requests_by_address import HOSTILE, QUESTIONS, parameter_names

    lots, names = random.Random(SEED), parameter_names()
    values = [text for text in HOSTILE if text.isprintable()]
    asked = [
        ("GET" if n % 2 else "POST", well_formed(route), {name: lots.choice(values) for name in lots.sample(names, 3)})
        for route in ADDRESSES.values() for n in range(1 if quick else QUESTIONS)
    ]  # fmt: skip

    def ask(question: tuple[str, str, dict], number: int, until: float) -> str:
        method, path, given = question
        options = {"params": given} if method == "GET" else {"data": given, "headers": SIGNED}
        return portal.ask(method, path, number, until, most=20, allow_redirects=False, **options)

    return partial(at_once, ask, asked)


def _query(portal: Portal, query: str, number: int, until: float) -> str:
    return portal.ask("POST", "/tap/sync", number, until, data={"LANG": "ADQL", "QUERY": query, "FORMAT": "fits"})


def _queries(quick: bool) -> list[str]:
    """Each of them is legal ADQL; the last ones need all the time that they are given."""
    objects = "ztf.ztf_objects"
    long = "'" + "x" * 20_000 + "'"
    exists = " AND ".join(f"EXISTS (SELECT 1 FROM {objects} AS t{n} WHERE t{n}.oid = s.oid + {n})" for n in range(200))
    told = [
        f"SELECT COUNT(*) AS n FROM {objects} AS s WHERE {exists}",
        f"SELECT a.oid, {long} AS s FROM {objects} AS a",
        f"SELECT IVO_STRING_AGG(a.oid || {long}, ',') AS s FROM {objects} AS a",
        f"SELECT DISTINCT a.oid, b.oid AS other, {long} AS s FROM {objects} AS a, {objects} AS b",
        f"SELECT DISTINCT a.oid, b.oid AS other FROM {objects} AS a, {objects} AS b, {objects} AS c",
        f"SELECT COUNT(*) AS n FROM {objects} AS a, {objects} AS b WHERE POWER(a.ra, b.dec) > SQRT(a.dec * b.ra)",
    ]
    return told[:3] if quick else told


def _searches(portal: Portal) -> Callable[[float], Counter]:
    def ask(path: str, number: int, until: float) -> str:
        return portal.ask("GET", path, number, until, most=20)

    return partial(at_once, ask, ["/ibe/search/ztf/products/sci?POS=180,40&SIZE=90&ct=csv"] * 6)


def _periodograms(portal: Portal, quick: bool) -> Callable[[float], Counter]:
    points = 500 if quick else 10_000
    curve = b"time,mag,err\n" + b"\n".join(b"%.5f,18.%d,0.02" % (n * 1.37, n % 90) for n in range(points))
    searches = [
        {"alg": "ls", "pmin": "1e-6", "pmax": "1e6"},
        {"alg": "ls", "pmin": "0", "pmax": "1e300"},
        {"alg": "bls", "pmin": "1e-3", "pmax": "1e4", "nbins": "2000"},
        {"alg": "plav", "pmin": "1e-3", "pmax": "1e4"},
        {"alg": "bls", "pmin": "0.1", "pmax": "100"},
    ]

    def ask(fields: dict, number: int, until: float) -> str:
        path, known = "/cgi-bin/periodogram/nph-periodogram_api", {"x": "time", "y": "mag"}
        return portal.ask("POST", path, number, until, data=known | fields, files={"upload": ("mine.csv", curve)})

    return partial(at_once, ask, searches[:2] if quick else searches)


def _slow(portal: Portal, count: int, seconds: float, until: float) -> Counter:
    """Clients whose bodies never come, for some seconds."""
    place = urlparse(portal.address)
    with ExitStack() as stack:
        for number in range(count):
            connection = stack.enter_context(socket.create_connection((place.hostname, place.port)))
            head = f"POST /tap/sync HTTP/1.1\r\nHost: {place.netloc}\r\nX-Forwarded-For: 203.0.113.{number}\r\n"
            connection.sendall((head + "Content-Length: 100000\r\n\r\nx").encode())
        time.sleep(min(seconds, max(0.0, until - time.monotonic())))
    return Counter({LEFT: count})


def _files(folder: Path, files: Sequence, quick: bool) -> Callable[[float], Counter]:
    """manage.py ingest over hostile files; how many were taken and refused.

    Before them comes a good one of each name, as some are hostile only to that; none of a quick run's is.
    """
    from tests.archive.ingest import goods

    good = [] if quick else [goods.write(folder / "good" / kind, kind) for kind in goods.IN_ORDER]
    for number, file in enumerate(files):
        file.put(folder / "hostile" / f"{number:04}")

    def send(until: float) -> Counter:
        if good:
            _ingest(good, until, "--public")
        return Counter({_ingest([folder / "hostile"], until): len(files)})

    return send


def _ingest(paths: Sequence[Path], until: float, *words: str) -> str:
    """The last lines of manage.py ingest."""
    from tests import servers

    command = [sys.executable, "manage.py", "ingest", *map(str, paths), "--origin", "ztf", "-v0", *words]
    if (left := until - time.monotonic()) <= 0:
        return NOT_SENT
    try:
        done = subprocess.run(
            command, env=servers.environment(), capture_output=True, text=True, check=False, timeout=left
        )
    except subprocess.TimeoutExpired:
        return NOT_SENT
    said = done.stdout.strip().splitlines()
    return said[-1] if said else f"Exit code {done.returncode}"


def account() -> str:
    """A token of a new account of the archive that this process's connections lead to."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from archive.access import tokens
    from archive.access.audit import Actor

    user = User.objects.create_user("stranger")
    return tokens.make(user, "bench", ["all"], timezone.now() + timedelta(days=1), Actor("bench"))[1]
