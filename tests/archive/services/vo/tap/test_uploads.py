"""Tables that people bring: with a query, or to be kept and shared."""

import io
import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse
from astropy.table import MaskedColumn, Table
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections

from archive.access.reading import Reader, reading
from archive.models import GroupMembership, QueryJob, ReaderGroup, UserTable
from archive.services.vo import job_runner
from archive.services.vo.tap import user_tables, uws
from tests.archive.services.vo.tap.conftest import CENTRE

MARK = pytest.mark.django_db(databases=["default", "reader"])


def places(rows=5) -> Table:
    table = Table({"id": np.arange(rows), "ra": CENTRE[0] + np.arange(rows) / 10.0, "dec": np.full(rows, CENTRE[1])})
    table["ra"].unit = table["dec"].unit = "deg"
    table["ra"].meta["ucd"], table["dec"].meta["ucd"] = "pos.eq.ra;meta.main", "pos.eq.dec;meta.main"
    table["ra"].description = "where it is"
    table["note"] = MaskedColumn(["é" + "\t\\n" * n for n in range(rows)], mask=[n == 1 for n in range(rows)])
    table["count"] = MaskedColumn(np.arange(rows, dtype=np.int16), mask=[n == 2 for n in range(rows)])
    return table


def written(table: Table, form: str) -> bytes:
    if form == "parquet":
        content = io.BytesIO()
        pq.write_table(as_arrow(table), content)
        return content.getvalue()
    content = io.BytesIO()
    options = {"votable/td": {"format": "votable"}, "fits": {"format": "fits"}}.get(form, {"format": "votable"})
    if form == "votable/b2":
        options["tabledata_format"] = "binary2"
    table.write(content, **options)
    return content.getvalue()


def as_arrow(table: Table) -> pa.Table:
    columns = {name: pa.array(table[name].tolist()) for name in table.colnames}
    return pa.table(columns)


def csv(table: Table) -> bytes:
    text = io.StringIO()
    table["id", "ra", "dec"].write(text, format="ascii.csv")
    return text.getvalue().encode()


def ask(client, query, content: bytes, **more):
    part = SimpleUploadedFile("mine", content)
    asked = {"LANG": "ADQL", "QUERY": query, "UPLOAD": "mine,param:part", "part": part, "RESPONSEFORMAT": "json"}
    answer = client.post("/tap/sync", asked | more)
    return answer.status_code, answer.getvalue().decode()


@MARK
@pytest.mark.parametrize("form", ["votable/td", "votable/b2", "fits", "parquet"])
def test_an_upload_comes_back_as_it_was_sent(client, sky, form):
    table = places()
    if form == "fits":
        table["note"] = ["e", "f", "g", "h", "i"]
    status, text = ask(client, "SELECT * FROM TAP_UPLOAD.mine ORDER BY id", written(table, form))
    assert status == 200, text
    rows = json.loads(text)["data"]
    assert [row[:3] for row in rows] == [list(row) for row in table["id", "ra", "dec"].iterrows()]
    if form != "fits":
        assert [row[3] for row in rows] == ["é", None if form == "parquet" else rows[1][3]] + [
            "é" + "\t\\n" * n for n in (2, 3, 4)
        ]
    assert rows[2][4] is None


@MARK
def test_csv_is_taken_and_what_describes_a_votable_s_columns_is_kept(client, sky):
    status, text = ask(client, "SELECT COUNT(*) AS n FROM TAP_UPLOAD.MINE", csv(places()))
    assert (status, json.loads(text)["data"]) == (200, [[5]])
    status, text = ask(
        client, "SELECT ra FROM TAP_UPLOAD.mine", written(places(), "votable/td"), RESPONSEFORMAT="votable"
    )
    (field,) = parse(io.BytesIO(text.encode())).get_first_table().fields
    assert (str(field.unit), field.ucd, field.description) == ("deg", "pos.eq.ra;meta.main", "where it is")


@MARK
def test_a_crossmatch_with_an_upload_finds_what_lies_near(client, sky):
    query = (
        "SELECT u.id, COUNT(*) AS n FROM TAP_UPLOAD.mine AS u JOIN ztf.ztf_alerts AS a "
        "ON 1 = CONTAINS(POINT('ICRS', a.ra, a.dec), CIRCLE('ICRS', u.ra, u.dec, 0.5)) GROUP BY u.id ORDER BY u.id"
    )
    table = places(1500)
    table["ra"] = CENTRE[0] + np.arange(1500) / 1e4
    table["ra"][7] = np.nan  # a position that is none matches nothing
    status, text = ask(client, query, written(table, "votable/b2"))
    assert status == 200, text
    found = dict(json.loads(text)["data"])
    public = np.arange(len(sky["ra"])) % 3 > 0
    near = np.hypot((sky["ra"] - CENTRE[0]) * np.cos(np.radians(sky["dec"])), sky["dec"] - CENTRE[1]) < 0.49
    assert (near & public).sum() <= found[0] <= (near & public).sum() * 1.1
    assert 7 not in found and len(found) == 1499


@MARK
@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"UPLOAD": "mine"}, "give name,uri"),
        ({"UPLOAD": "my table,param:part"}, "is no table name"),
        ({"UPLOAD": "mine,param:part;MINE,param:part"}, "there twice"),
        ({"UPLOAD": "mine,param:other"}, "has no such part; it has part"),
        ({"UPLOAD": "mine,http://example.org/x"}, "the host example.org is not allowed here; allowed are: none"),
        ({"UPLOAD": "mine,file:///etc/passwd"}, "give an http or https address"),
        ({"part": SimpleUploadedFile("x", b"<VOTABLE>")}, "can be read"),
        (
            {"part": SimpleUploadedFile("x", written(Table({"x": [1.5]}), "votable/td").replace(b"1.5", b"5_1"))},
            "column x, row 1: '5_1': is no number",
        ),
        ({"part": SimpleUploadedFile("x", b"x,y\n1.5,2\n1e999,3\n")}, "column x, row 2: '1e999': is too large"),
        ({"QUERY": "SELECT * FROM pg_temp.mine"}, "unknown table"),
        ({"QUERY": "SELECT * FROM TAP_UPLOAD.other"}, "unknown table"),
    ],
)
def test_uploads_that_are_none_are_refused(client, sky, more, says):
    status, text = ask(client, "SELECT * FROM TAP_UPLOAD.mine", csv(places()), **more)
    assert status == 400
    assert says in text


@MARK
def test_too_much_is_refused(client, sky, settings):
    settings.TAP_UPLOAD_ROWS = 4
    assert "at most 4" in ask(client, "SELECT 1 AS a", csv(places()))[1]
    settings.TAP_UPLOAD_BYTES = 10
    assert "larger than the 10 bytes" in ask(client, "SELECT 1 AS a", csv(places()))[1]


class Shelf(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/odd":
            self.wfile.write(b"what is that?\r\n\r\n")
            return
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "http://example.org/")
        self.end_headers()
        self.wfile.write(csv(places()))

    def log_message(self, *arguments):
        pass


@MARK
def test_uploads_come_from_allowed_hosts_without_detours(client, sky, settings):
    shelf = HTTPServer(("127.0.0.1", 0), Shelf)
    threading.Thread(target=shelf.serve_forever, daemon=True).start()
    settings.TAP_UPLOAD_HOSTS, place = ["localhost"], f"http://localhost:{shelf.server_port}"

    def fetch(path):
        asked = {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) AS n FROM TAP_UPLOAD.t", "UPLOAD": f"t,{place}{path}"}
        answer = client.get("/tap/sync", asked | {"RESPONSEFORMAT": "csv"})
        return answer.getvalue().decode()

    assert "no public address" in fetch("/table")
    settings.TAP_UPLOAD_PRIVATE = True
    assert fetch("/table") == "n\n5\n"
    assert "redirections are not followed" in fetch("/moved")
    assert "does not answer as HTTP has it (BadStatusLine)" in fetch("/odd")
    for path in ("/a b", "/é", "/a\x7f"):
        assert "is no address" in fetch(path)
    shelf.shutdown()


# --- tables that are kept ---------------------------------------------------------------------------------------
@pytest.fixture
def people(sky):
    made = {name: User.objects.create_user(f"tap-{name}") for name in ("owner", "friend", "stranger")}
    yield made
    for table in UserTable.objects.all():
        user_tables.drop(table)
    for user in made.values():
        user.delete()


def as_(client, user):
    client.logout()
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def rows(client, query):
    answer = client.get("/tap/sync", {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "json"})
    return json.loads(answer.getvalue())["data"] if answer.status_code == 200 else answer.getvalue().decode()


def keep(client, name="stars", content=None):
    return client.put(f"/tap/tables/{name}", content or written(places(), "votable/td"))


def reads(client, user) -> bool:
    """Whether somebody sees a table on every way there is; no two ways may disagree."""
    as_(client, user)
    name = "user_tap_owner"
    seen = [
        rows(client, f"SELECT id FROM {name}_{OWNER[0]}.stars") == [[n] for n in range(5)],
        b"stars" in client.get("/tap/tables").content,
        client.get(f"/tap/tables/{name}_{OWNER[0]}.stars").status_code == 200,
        rows(client, "SELECT COUNT(*) AS n FROM tap_schema.tables WHERE table_name LIKE '%.stars'") == [[1]],
        rows(client, "SELECT COUNT(*) AS n FROM tap_schema.columns WHERE table_name LIKE '%.stars'") == [[5]],
        rows(client, f"SELECT COUNT(*) AS n FROM tap_schema.schemas WHERE schema_name LIKE '{name}%'") == [[1]],
        len(client.get("/tap/kept").json()["tables"]) == 1,
    ]
    assert len(set(seen)) == 1, (user, seen)
    return seen[0]


OWNER: list[int] = []


def test_a_kept_table_is_its_owner_s_and_of_those_it_is_shared_with(client, people):
    owner, friend, stranger = people.values()
    OWNER[:] = [owner.pk]
    url = f"/tap/tables/user_tap_owner_{owner.pk}.stars"
    assert keep(client).status_code == 401
    assert keep(as_(client, owner)).status_code == 201
    assert b"you have a table of that name" in keep(client).content
    assert [reads(client, one) for one in (owner, friend, stranger, None)] == [True, False, False, False]
    as_(client, owner).post(url, {"PEOPLE": "tap-friend"})
    assert [reads(client, one) for one in (owner, friend, stranger, None)] == [True, True, False, False]
    assert as_(client, friend).delete(url).status_code == 403
    assert client.post(url, {"EVERYBODY": "true"}).status_code == 403
    assert as_(client, stranger).delete(url).status_code == 404
    as_(client, owner).post(url, {"EVERYBODY": "true"})
    assert [reads(client, one) for one in (owner, friend, stranger, None)] == [True, True, True, False]
    group = ReaderGroup.objects.create(name="tap-group")
    assert b"no group of yours" in as_(client, owner).post(url, {"GROUPS": "tap-group"}).content
    GroupMembership.objects.create(group=group, user=owner)
    place = GroupMembership.objects.create(group=group, user=stranger)
    as_(client, owner).post(url, {"GROUPS": "tap-group"})
    assert [reads(client, one) for one in (owner, friend, stranger, None)] == [True, False, True, False]
    place.delete()
    assert not reads(client, stranger)
    assert as_(client, owner).delete(url).status_code == 200
    assert not reads(client, owner)
    group.delete()


def test_postgresql_itself_shows_nothing_of_a_table_to_others(client, people):
    owner, _, stranger = people.values()
    keep(as_(client, owner))
    table = UserTable.objects.get()
    name = '"{}"."{}"'.format(*table.physical)

    def seen(person: int) -> tuple:
        with reading(Reader(frozenset({0, 1, 2, 3}), person)), connections["reader"].cursor() as cursor:
            counts = []
            for source in (
                name,
                "archive_usertable",
                "(SELECT usertable FROM tap_schema.columns) AS c WHERE usertable > 0",
            ):
                cursor.execute(f"SELECT count(*) FROM {source}")
                counts.append(cursor.fetchone()[0])
        return tuple(counts)

    assert seen(owner.pk) == (5, 1, 5)
    assert seen(stranger.pk) == seen(0) == (0, 0, 0)


def test_tables_grow_by_load_and_stay_within_a_share(client, people, settings):
    owner = people["owner"]
    keep(as_(client, owner))
    assert client.post("/tap/load/stars", b"id,ra,dec\n9,1.0,2.0\n", content_type="text/csv").status_code == 200
    assert UserTable.objects.get().rows == 6
    refused = client.post("/tap/load/stars", b"id,nothing\n9,1\n", content_type="text/csv")
    assert refused.status_code == 400 and b"has no column nothing" in refused.content
    settings.TAP_USER_BYTES = 20_000
    assert b"your tables would take" in keep(client, "more").content
    assert UserTable.objects.count() == 1


def test_a_result_is_kept_and_used_again(client, people):
    as_(client, people["owner"])
    asked = {"LANG": "ADQL", "QUERY": "SELECT TOP 4 candid, ra, dec FROM ztf.ztf_alerts", "PHASE": "RUN"}
    job = client.post("/tap/async", asked)["Location"].rpartition("/")[2]
    job_runner.run_next()
    made = client.post("/tap/tables", {"JOB": job, "NAME": "found"})
    assert made.status_code == 201, made.content
    name = made.json()["tables"][0]
    assert rows(client, f"SELECT COUNT(*) AS n FROM {name} AS f JOIN ztf.ztf_alerts AS a ON a.candid = f.candid") == [
        [4]
    ]
    assert client.post("/tap/tables", {"JOB": "x", "NAME": "found"}).status_code == 400
    assert client.post("/tap/tables", {"JOB": str(uuid.uuid4()), "NAME": "found"}).status_code == 404
    assert client.post("/tap/tables", {}).status_code == 400
    uws.remove(QueryJob.objects.get(pk=job))
