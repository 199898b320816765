"""No table that anybody sends, to any address, makes the server open a file or call a host.

Which addresses read tables is not written down first: every address of the portal is sent one in every way that forms
and views name, and those where a parser was reached must be the ones of `SEND`, which knows how each is asked in full.
"""

from __future__ import annotations

import ast
import io
import itertools
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from astropy.io.votable import parse
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django_q.models import OrmQ

from archive import sandbox
from archive.models import QueryJob, UserTable
from archive.sandbox import client as fork_server
from archive.services.vo import job_runner
from archive.services.vo.tap import user_tables, uws
from tests.rights.hostile import CANARY, SCHEMES, SERIALISATIONS, Watch, entity, expanding_entities, votable

PROJECT = Path(__file__).resolve().parents[2]
GOOD = b"ra,dec,text\n120.0,30.0,a\n120.5,30.0,b\n121.0,31.0,c\n"
QUERY = {"LANG": "ADQL", "QUERY": "SELECT * FROM TAP_UPLOAD.mine", "UPLOAD": "mine,param:upload", "FORMAT": "csv"}
ARGUMENTS = {"IntConverter": 1, "UUIDConverter": uuid4(), "SlugConverter": "x", "StringConverter": "mine",
             "PathConverter": "x", "ProductPath": "x", "ScriptKind": "wget", "Kind": "images",
             "Filter": "zg", "Extension": "png"}  # fmt: skip
WRITTEN_AS_EXPRESSIONS = {
    "hips-whole": "hips/zg/Moc.fits", "moc": "moc/science/zg.fits", "ibe-search": "ibe/search/ztf/products/sci",
}  # fmt: skip


def file_of(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("mine.xml", content)


def posted(path: str, name: str = "upload", **fields):
    return lambda client, content: client.post(path, fields | {name: file_of(content)})


def pasted(path: str, **fields):
    return lambda client, content: client.post(path, fields | {"targets": content.decode()})


def as_job(client, content: bytes):
    """A query job, carried out as the queue does; its error document."""
    made = client.post("/tap/async", QUERY | {"PHASE": "RUN", "upload": file_of(content)})
    return ended(client, made)


def as_job_s_parameter(client, content: bytes):
    made = client.post("/tap/async", {name: QUERY[name] for name in ("LANG", "QUERY", "FORMAT")})
    client.post(f"{made['Location']}/parameters", {"UPLOAD": QUERY["UPLOAD"], "upload": file_of(content)})
    client.post(f"{made['Location']}/phase", {"PHASE": "RUN"})
    return ended(client, made)


def ended(client, made):
    job_runner.run_next()
    job = QueryJob.objects.get(pk=made["Location"].rpartition("/")[2])
    assert job.phase in (QueryJob.Phase.ERROR, QueryJob.Phase.COMPLETED)
    place = "/results/result" if job.phase == QueryJob.Phase.COMPLETED else "/error"
    return client.get(made["Location"] + place)


def loaded(client, content: bytes):
    name = f"t{uuid4().hex[:12]}"
    assert client.put(f"/tap/tables/{name}", GOOD).status_code == 201
    return client.post(f"/tap/load/{name}", content, content_type="text/xml")


class Elsewhere(BaseHTTPRequestHandler):
    """A host from which tables may be fetched."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_):
        pass


def by_address(client, content: bytes):
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        server.content = content
        threading.Thread(target=server.serve_forever, daemon=True).start()
        answer = client.post("/tap/sync", QUERY | {"UPLOAD": f"mine,http://127.0.0.1:{server.server_port}/table"})
        server.shutdown()
    return answer


SEND = {
    "tap-sync": [posted("/tap/sync", **QUERY), by_address],
    "tap-async": [as_job],
    "tap-job-parameters": [as_job_s_parameter],
    "tap-tables": [lambda client, content: client.post(
        "/tap/tables", {"UPLOAD": f"t{uuid4().hex[:12]},param:upload", "upload": file_of(content)})],
    "tap-table": [lambda client, content: client.put(f"/tap/tables/t{uuid4().hex[:12]}", content)],
    "tap-load": [loaded],
    "image-list": [posted("/images/list", family="sci"), pasted("/images/list", family="sci")],
    "api-images": [posted("/api/images/", family="sci"), pasted("/api/images/", family="sci")],
    "region": [posted("/region", to="objects", query="")],
    "target-list": [posted("/cutouts/list", deliver="stream"), pasted("/cutouts/list", deliver="stream")],
    "api-cutouts": [posted("/api/cutouts/", deliver="stream"), pasted("/api/cutouts/", deliver="stream")],
    "light-curve-list": [posted("/objects/list"), pasted("/objects/list")],
    "api-lightcurves": [
        posted("/api/lightcurves/"), pasted("/api/lightcurves/"),
        lambda client, content: client.post(
            "/api/lightcurves/", json.dumps({"targets": content.decode()}), content_type="application/json"),
    ],
    "ibe-search": [posted("/ibe/search/ztf/products/sci", "POS")],
    "irsa-periodogram": [posted("/cgi-bin/periodogram/nph-periodogram_api", x="ra", y="dec")],
    "object-own": [posted("/objects/own", "file", time="ra", mag="dec")],
    "forced": [pasted("/forced/")],
    "api-forced": [pasted("/api/forced/")],
}  # fmt: skip
REGIONS = {"sky-region"}  # whose parsers take regions of the sky, which point nowhere


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    made = Watch(tmp_path_factory.mktemp("closed"))
    yield made
    made.close()


@pytest.fixture
def somebody(committed, settings):
    """Signed in; what they make is committed, as the read-only role must see it."""
    settings.TAP_UPLOAD_HOSTS, settings.TAP_UPLOAD_PRIVATE = ["127.0.0.1"], True
    user = User.objects.create_user("bringer")
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    yield client
    for table in UserTable.objects.using("default").filter(owner=user):
        user_tables.drop(table)
    for job in QueryJob.objects.all():
        uws.remove(job)
    OrmQ.objects.all().delete()
    user.delete()


def body(answer) -> str:
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode("utf-8", "replace")


@pytest.mark.parametrize("name", sorted(SEND))
def test_a_table_that_points_elsewhere_is_refused_by_name_and_nothing_is_opened(name, somebody, watch):
    for send in SEND[name]:
        for scheme, href in watch.hrefs().items():
            for content in (*(votable(one, href) for one in SERIALISATIONS), entity(href)):
                text = body(send(somebody, content))
                assert "STREAM" in text or "its data are" in text or "DOCTYPE" in text, (scheme, content, text[:500])
                assert CANARY not in text
        assert "DOCTYPE" in body(send(somebody, expanding_entities()))
        assert watch.seen() == []


@pytest.mark.parametrize("name", sorted(SEND))
def test_an_ordinary_table_is_still_read_there(name, somebody):
    for send in SEND[name]:
        text = body(send(somebody, GOOD))
        assert "STREAM" not in text and "can be read" not in text and "Traceback" not in text, text[:500]


def names_of_file_fields() -> set[str]:
    """Names of files in forms, and of those that views take out of a request."""
    found, left = set(), [forms.Form]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        fields = getattr(kind, "base_fields", {})
        found |= {name for name, one in fields.items() if isinstance(one, forms.FileField)}
    for folder in ("archive", "lightcurves", "processing", "portal"):
        for path in (PROJECT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("FILES.get"):
                    found |= {node.args[0].value} if isinstance(node.args[0], ast.Constant) else set()
    return found


def addresses() -> dict[str, str]:
    """A path for every address of the portal, by name."""
    found = {}

    def walk(patterns, before: str) -> None:
        for one in patterns:
            if isinstance(one, URLResolver):
                walk(one.url_patterns, before + str(one.pattern))
            elif isinstance(one, URLPattern):
                found[one.name or str(one.pattern)] = "/" + WRITTEN_AS_EXPRESSIONS.get(one.name, _path(one, before))

    walk(
        [one for one in get_resolver(settings.ROOT_URLCONF).url_patterns if getattr(one, "namespace", 0) != "admin"], ""
    )
    return found


def _path(pattern: URLPattern, before: str) -> str:
    text = before + str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        start = text.index("<", 0)
        end = text.index(">", start)
        assert text[start:end].endswith(name)
        value = ARGUMENTS.get(type(converter).__name__, "x")
        text = text[:start] + str(value) + text[end + 1 :]
    return text


def ways(content: bytes, fields: set[str]) -> list:
    """Every way in which a body may carry a table."""
    text, more = content.decode(), QUERY | {"x": "ra", "y": "dec", "family": "sci", "radius": "0.1", "JOB": ""}
    made = [lambda client, path, name=name: client.post(path, {name: file_of(content)}) for name in sorted(fields)]
    made += [
        lambda client, path: client.post(path, more | {name: file_of(content) for name in fields}),
        lambda client, path: client.post(
            path, {"UPLOAD": f"t{uuid4().hex[:12]},param:upload", "upload": file_of(content)}
        ),
        lambda client, path: client.post(path, {"upload": file_of(content), "x": "ra", "y": "dec"}),
        lambda client, path: client.post(path, QUERY | {"PHASE": "RUN", "upload": file_of(content)}),
        lambda client, path: client.post(path, {"targets": text}),
        lambda client, path: client.post(path, json.dumps({"targets": text}), content_type="application/json"),
        lambda client, path: client.get(path, {"targets": text}),
        lambda client, path: client.post(path, content, content_type="application/x-votable+xml"),
        lambda client, path: client.put(path, content, content_type="application/x-votable+xml"),
    ]
    return made


@pytest.mark.slow
def test_every_address_that_reads_tables_is_known_here_and_none_opens_anything(somebody, watch, monkeypatch):
    fields = names_of_file_fields() | {"POS"}
    assert {"upload", "file", "POS"} <= fields
    user = User.objects.get(username="bringer")
    reached, real = set(), sandbox.run
    here = {}
    monkeypatch.setattr(sandbox, "run", lambda *a, **k: (reached.add(here["name"]), real(*a, **k))[1])
    schemes = itertools.cycle(SCHEMES)
    for name, path in addresses().items():
        here["name"] = name
        somebody.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        for way in ways(votable("BINARY", watch.hrefs()[next(schemes)]), fields):
            assert CANARY not in body(way(somebody, path)), (name, path)
        here["name"] = "tap-async"
        job_runner.run_next()
        assert watch.seen() == [], name
    assert reached - {None} - REGIONS <= set(SEND), "addresses that read tables; tell in SEND how each is asked"
    by_themselves = {"tap-load", "tap-job-parameters"}  # need a table or a job of one's own
    assert set(SEND) - by_themselves <= reached, "addresses of SEND where no table was read"


def test_the_watch_sees_a_parser_that_is_let_loose(watch):
    """The watch of the tests above, with a table that is parsed in the open."""
    assert watch.seen() == []
    _quietly(votable("BINARY", watch.hrefs()["file"]))
    assert watch.seen() == ["file"]
    for scheme in ("http", "ftp"):
        caller = threading.Thread(target=_quietly, args=(votable("BINARY", watch.hrefs()[scheme]),), daemon=True)
        caller.start()
        deadline = 100
        while not (seen := watch.seen()) and (deadline := deadline - 1):
            caller.join(0.1)
        assert seen == [scheme]


def _quietly(content: bytes) -> None:
    with suppress(Exception):  # the server hangs up, a canary is no table
        parse(io.BytesIO(content))


def test_a_parser_that_believes_everything_opens_nothing_in_the_child(watch):
    """The confinement holds where a check before it would fail."""
    fork_server.stop()
    fork_server.also_loaded = ("tests.archive.sandbox.hostile",)
    try:
        for href in watch.hrefs().values():
            for one in SERIALISATIONS:
                with pytest.raises(sandbox.SandboxError):
                    sandbox.run("tests.archive.sandbox.hostile:parses_what_it_is_told", votable(one, href))
        assert watch.seen() == []
    finally:
        fork_server.also_loaded = ()
        fork_server.stop()


@pytest.mark.django_db(databases=["default", "reader"])
def test_json_that_is_too_deep_is_refused_everywhere(client):
    client.raise_request_exception = False
    deep = "[" * 100_000 + "]" * 100_000
    for name, path in addresses().items():
        answer = client.post(path, deep, content_type="application/json")
        assert answer.status_code < 500, (name, path, answer.status_code)
        body(answer)
    answer = client.get("/objects/1/periodogram", {"own": deep[:5000]})
    assert answer.status_code in (400, 404)
    answer = client.post("/cgi-bin/batchfp.py/submit", {"email": "a", "userpass": "b", "ra": deep, "dec": deep})
    assert answer.status_code < 500
