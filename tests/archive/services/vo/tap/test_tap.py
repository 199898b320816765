"""TAP as clients use it, as the standard wants it, and as access rights demand it."""

import csv
import io
import json
import time

import numpy as np
import pytest
import pyvo
import requests
from astropy.io.votable import parse
from astroquery.utils.tap.core import TapPlus
from django.contrib.auth.models import User
from django.db import connection, connections

from archive.access.reading import ANYONE, Reader, reading, streaming
from archive.services.vo.adql import translate
from archive.services.vo.schema.published import adql_catalog, published
from archive.services.vo.tap import query as tap
from tests.archive.services.vo.tap.conftest import ALERTS, CENTRE, PASSWORD, SECRET

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
CONE = f"1 = CONTAINS(POINT(ra, dec), CIRCLE({CENTRE[0]}, {CENTRE[1]}, {{}}))"
PUBLIC = ALERTS - ALERTS // 3


def ask(client, query, form="json", **more):
    parameters = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": form, **more}
    response = client.get("/tap/sync", parameters)
    return response.status_code, response.getvalue().decode()


def rows(client, query, **more):
    status, text = ask(client, query, **more)
    assert status == 200, text
    return json.loads(text)["data"]


# --- clients ----------------------------------------------------------------------------------------------------
@pytest.mark.client("pyvo", "TAPService.search", "TAPService.tables")
def test_pyvo_searches_and_reads_the_tables(server):
    service = pyvo.dal.TAPService(f"{server}/tap")
    table = service.search("SELECT TOP 5 * FROM ztf.ztf_alerts ORDER BY candid").to_table()
    assert len(table) == 5
    assert table["ra"].unit == "deg"
    assert table["candid"].dtype == np.int64
    assert set(service.tables.keys()) == {one.table.name for one in published()}
    assert service.tables["ztf.ztf_alerts"].columns[0].name == "candid"
    assert service.available
    assert service.maxrec == 1_000_000
    with pytest.raises(pyvo.dal.DALQueryError, match="unknown table ztf.nothing"):
        service.search("SELECT a FROM ztf.nothing")


@pytest.mark.client("pyvo", "TAPService.search, signed in")
def test_pyvo_with_name_and_password_sees_what_its_user_may(server):
    session = requests.Session()
    session.auth = ("tap-partner", PASSWORD)
    count = "SELECT COUNT(*) AS n FROM ztf.ztf_alerts"
    assert pyvo.dal.TAPService(f"{server}/tap", session=session).search(count)["n"][0] == ALERTS
    assert pyvo.dal.TAPService(f"{server}/tap").search(count)["n"][0] == PUBLIC
    refused = requests.get(f"{server}/tap/sync", auth=("tap-partner", "wrong"), timeout=60)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.client("astroquery", "TapPlus.load_tables", "TapPlus.load_table", "TapPlus.launch_job")
def test_astroquery_lists_tables_and_runs_a_job(server):
    client = TapPlus(url=f"{server}/tap")
    names = {table.name for table in client.load_tables()}
    assert {one.table.name for one in published()} <= names
    assert len(client.load_table("ztf.ztf_alerts").columns) == 21
    table = client.launch_job("SELECT TOP 7 candid, ra FROM ztf.ztf_alerts").get_results()
    assert len(table) == 7


@pytest.mark.parametrize("spelling", ["TAP_SCHEMA.tables", "tap_schema.TABLES", "Tap_Schema.Tables"])
def test_tap_schema_answers_in_any_case(client, sky, spelling):
    assert ["ztf.ztf_alerts"] in rows(client, f"SELECT table_name FROM {spelling}")


def test_tap_schema_and_vosi_tables_describe_what_queries_return(client, sky):
    known = rows(client, "SELECT table_name, column_name, datatype FROM tap_schema.columns ORDER BY column_index")
    known = [[table, name.strip('"'), datatype] for table, name, datatype in known]
    for one in published():
        status, text = ask(client, f"SELECT TOP 1 * FROM {one.table.name}", "votable/td")
        assert status == 200
        fields = parse(io.BytesIO(text.encode())).get_first_table().fields
        assert [[one.table.name, field.name, str(field.datatype)] for field in fields] == [
            row for row in known if row[0] == one.table.name
        ]
    text = client.get("/tap/tables/ztf.ztf_alerts").content.decode()
    assert text.count("<column ") == len([row for row in known if row[0] == "ztf.ztf_alerts"])
    assert client.get("/tap/tables/ztf.nothing").status_code == 404


# --- protocol ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", ["votable", "votable/td", "application/x-votable+xml;serialization=binary2"])
def test_both_serialisations_say_the_same_and_more_rows_than_one_batch_come_whole(client, sky, form):
    _, text = ask(client, "SELECT candid, ra, isdiffpos, rb, objectid FROM ztf.ztf_alerts ORDER BY candid", form)
    array = parse(io.BytesIO(text.encode())).get_first_table().array
    public = np.flatnonzero(np.arange(ALERTS) % 3)
    assert len(array) == PUBLIC
    np.testing.assert_array_equal(array["candid"], 10**15 + public)
    np.testing.assert_array_equal(array["ra"], sky["ra"][public])
    np.testing.assert_array_equal(array["isdiffpos"], public % 2 == 0)
    np.testing.assert_array_equal(np.isnan(np.ma.filled(array["rb"], np.nan)), public % 5 == 0)
    assert array["objectid"][0] == "ZTF200000001"


def test_csv_tsv_and_json_hold_the_same_rows(client, sky):
    query = "SELECT TOP 3 candid, magpsf, rb FROM ztf.ztf_alerts WHERE candid > 1000000000000003 ORDER BY candid"
    data = rows(client, query)
    assert data[0][2] == 0.5
    assert [row[2] for row in data] == [0.5, None, 0.5]
    for form, delimiter in (("csv", ","), ("tsv", "\t")):
        text = ask(client, query, form)[1]
        table = list(csv.reader(io.StringIO(text), delimiter=delimiter))
        assert table[0] == ["candid", "magpsf", "rb"]
        assert [[int(a), float(b), float(c) if c else None] for a, b, c in table[1:]] == data


def test_maxrec_is_honest_about_what_is_missing(client, sky):
    query = "SELECT candid FROM ztf.ztf_alerts"
    for form in ("votable", "votable/td"):
        text = ask(client, query, form, MAXREC=6000)[1]
        table = parse(io.BytesIO(text.encode())).get_first_table()
        assert len(table.array) == 6000
        assert 'value="OVERFLOW"' in text[text.index("</TABLE>") :]
    for form in ("csv", "tsv"):
        assert len(ask(client, query, form, MAXREC=10)[1].splitlines()) == 11  # every line is a row
        assert ask(client, query, f"{form}/told", MAXREC=10)[1].splitlines()[-1].startswith("# OVERFLOW")
    assert json.loads(ask(client, query, "json", MAXREC=10)[1])["overflow"] is True
    whole = json.loads(ask(client, f"SELECT TOP 10 candid FROM ({query}) AS q", "json", MAXREC=10)[1])
    assert whole["overflow"] is False
    assert "OVERFLOW" not in ask(client, "SELECT TOP 5 candid FROM ztf.ztf_alerts", "votable", MAXREC=5)[1]
    empty = ask(client, query, "votable", MAXREC=0)[1]
    assert "candid" in empty
    assert 'value="OVERFLOW"' in empty


def test_times_are_iso_8601_and_compare_with_text(client, sky):
    query = (
        "SELECT obs_release_date FROM ivoa.obscore WHERE obs_release_date > '{}' AND obs_publisher_did LIKE '%sci%{}'"
    )
    assert rows(client, query.format("2019-12-31", sky["image"].pid)) == [["2020-01-01T00:00:00.000"]]
    assert rows(client, query.format("2020-01-01", sky["image"].pid)) == []


def test_parameter_names_come_in_any_case_and_by_post(client, sky):
    response = client.post(
        "/tap/sync", {"request": "doQuery", "lang": "ADQL-2.1", "query": "SELECT 1 AS a", "Format": "csv"}
    )
    assert (response.status_code, response.getvalue()) == (200, b"a\n1\n")


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"QUERY": "SELECT foo\nFROM ztf.ztf_alerts"}, "unknown column foo in ztf_alerts"),
        ({"QUERY": "SELECT * FORM ztf.ztf_alerts"}, "did you mean FROM"),
        ({"QUERY": "SELECT * FROM archive_alert"}, "unknown table archive_alert"),
        ({"QUERY": "SELECT set_config('ztf.programs','{3}',true) AS x FROM ztf.ztf_alerts"}, "unknown function"),
        ({"QUERY": "SELECT candid / (fid - fid) AS x FROM ztf.ztf_alerts"}, "division by zero"),
        ({"QUERY": "SELECT CAST(objectid AS INTEGER) AS x FROM ztf.ztf_alerts"}, "invalid input syntax"),
        ({"QUERY": "SELECT candid FROM ztf.ztf_alerts WHERE objectid > 5"}, "operator does not exist"),
        ({"QUERY": ""}, "QUERY is missing"),
        ({"LANG": "PQL"}, "LANG=PQL: use one of ADQL"),
        ({"REQUEST": "doMagic"}, "REQUEST=doMagic"),
        ({"RESPONSEFORMAT": "excel"}, "RESPONSEFORMAT=excel: use one of votable"),
        ({"MAXREC": "-1"}, "MAXREC=-1: give a number of rows"),
        ({"UPLOAD": "mine,param:x"}, "the request has no such part"),
    ],
)
def test_what_is_wrong_is_said_in_a_votable_with_status_400(client, sky, parameters, says):
    asked = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": "SELECT fid FROM ztf.ztf_alerts", **parameters}
    response = client.get("/tap/sync", asked)
    assert response.status_code == 400
    info = parse(io.BytesIO(response.getvalue())).resources[0].infos[0]
    assert (info.name, info.value) == ("QUERY_STATUS", "ERROR")
    assert says in info.content


def test_a_query_that_takes_too_long_is_stopped_with_an_explanation(client, sky, monkeypatch):
    monkeypatch.setattr(tap, "LONGEST", 1)
    slow = "SELECT COUNT(*) AS n FROM ztf.ztf_alerts a, ztf.ztf_alerts b, ztf.ztf_alerts c WHERE a.ra + b.ra > c.dec"
    status, text = ask(client, slow)
    assert status == 408
    assert "took longer than 1 s" in text


def test_capabilities_tell_what_there_is(client):
    answer = client.get("/tap/capabilities")
    text = answer.content.decode()
    assert "TAPRegExt#upload-inline" in text
    assert "ivo://ivoa.net/std/TAP" in text
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "<vosi:available>true" in client.get("/tap/availability").content.decode()


def test_a_client_that_hangs_up_leaves_no_query_and_no_transaction_behind(server):
    def busy():
        with connections["reader"].cursor() as cursor:  # only their own role is told what they do
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND datname = current_database() "
                "AND state <> 'idle' AND pid <> pg_backend_pid()"
            )
            return cursor.fetchone()[0]

    query = "SELECT a.* FROM ztf.ztf_alerts a, ztf.ztf_current_meta_sci s"
    answer = requests.get(f"{server}/tap/sync", {"QUERY": query, "FORMAT": "csv"}, stream=True, timeout=60)
    assert answer.raw.read(100)
    assert busy() == 1
    answer.close()
    deadline = time.monotonic() + 60
    while busy() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert busy() == 0


# --- rights -----------------------------------------------------------------------------------------------------
HIDDEN = f"objectid = '{SECRET}'"
ATTACKS = {
    "by value": (f"SELECT objectid FROM ztf.ztf_alerts WHERE {HIDDEN}", []),
    "by place": ("SELECT objectid FROM ztf.ztf_alerts WHERE 1=CONTAINS(POINT(ra,dec),CIRCLE(200,-10,0.5))", []),
    "by count": (f"SELECT COUNT(*) AS n FROM ztf.ztf_alerts WHERE {HIDDEN}", [[0]]),
    "by existence": (
        f"SELECT COUNT(*) AS n FROM tap_schema.schemas WHERE EXISTS (SELECT 1 FROM ztf.ztf_alerts WHERE {HIDDEN})",
        [[0]],
    ),
    "by extremes": ("SELECT COUNT(*) AS n FROM ztf.ztf_alerts WHERE magpsf < 12 OR programid = 3", [[0]]),
    "by a cast that fails on it": (
        "SELECT CAST(objectid AS INTEGER) AS x FROM ztf.ztf_alerts WHERE dec < -5 AND ra > 199",
        [],
    ),
    "by a division that fails on it": ("SELECT 1 / (magpsf - 11.0) AS x FROM ztf.ztf_alerts WHERE ra > 199", []),
    "by a condition that fails on it": (
        f"SELECT fid FROM ztf.ztf_alerts WHERE 1 / (magpsf - 11.0) > 0 AND {HIDDEN}",
        [],
    ),
    "by a join": (
        f"SELECT a.fid FROM ztf.ztf_alerts a JOIN ztf.ztf_alerts b ON a.objectid = b.objectid WHERE a.{HIDDEN}",
        [],
    ),
    "by a crossmatch": (
        "SELECT a.fid FROM ztf.ztf_alerts a, ztf.ztf_alerts b WHERE b.ra > 199 AND DISTANCE(a.ra,a.dec,b.ra,b.dec) < 1",
        [],
    ),
    "by a union": (
        f"SELECT fid FROM ztf.ztf_alerts WHERE {HIDDEN} UNION ALL SELECT fid FROM ztf.ztf_alerts WHERE ra>199",
        [],
    ),
}


@pytest.mark.parametrize("who", ["anonymous", "partner"])
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hidden_row_shows_neither_its_values_nor_its_number_nor_that_it_is_there(client, sky, who, attack):
    if who == "partner":
        client.force_login(
            User.objects.get(username="tap-partner"), backend="django.contrib.auth.backends.ModelBackend"
        )
    query, expected = ATTACKS[attack]
    assert rows(client, query) == expected


def test_every_programs_rows_are_seen_by_those_who_may(client, sky):
    count = "SELECT programid, COUNT(*) AS n FROM ztf.ztf_alerts GROUP BY programid ORDER BY programid"

    def seen(*programs):
        with reading(Reader(frozenset(programs))):
            return tap.preview(count, 10).rows

    assert seen() == [(1, PUBLIC)]
    assert seen(2) == [(1, PUBLIC), (2, ALERTS // 3)]
    assert seen(2, 3) == [(1, PUBLIC), (2, ALERTS // 3), (3, 10)]


# --- plans ------------------------------------------------------------------------------------------------------
def plan(query, *settings):
    sql = translate(query, adql_catalog(), 1000).sql
    with streaming(ANYONE) as reader, reader.cursor() as cursor:
        for setting in settings:
            cursor.execute(setting)
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("radius", [0.003, 0.1, 0.5])
def test_a_cone_uses_the_sky_index_under_the_readers_rights(sky, radius):
    text = plan(f"SELECT candid FROM ztf.ztf_alerts WHERE {CONE.format(radius)}")
    assert "archive_alert_q3c" in text
    assert "Seq Scan" not in text


def test_a_crossmatch_uses_the_sky_index_of_the_larger_table(sky):
    text = plan(
        "SELECT a.candid FROM ztf.ztf_current_meta_ref r "
        "JOIN ztf.ztf_alerts a ON 1 = CONTAINS(POINT(a.ra, a.dec), CIRCLE(r.ra, r.dec, 0.01))",
        "SET LOCAL enable_seqscan = off",
    )
    assert "archive_alert_q3c" in text


def test_a_cone_gives_the_rows_that_lie_in_it(client, sky):
    found = rows(client, f"SELECT candid FROM ztf.ztf_alerts WHERE {CONE.format(0.7)}")
    ra, dec = np.radians(sky["ra"]), np.radians(sky["dec"])
    ra0, dec0 = np.radians(CENTRE)
    cosine = np.sin(dec) * np.sin(dec0) + np.cos(dec) * np.cos(dec0) * np.cos(ra - ra0)
    inside = np.flatnonzero((cosine > np.cos(np.radians(0.7))) & (np.arange(ALERTS) % 3 > 0))
    assert {candid - 10**15 for (candid,) in found} == set(inside)
    assert len(inside) > 50


def test_only_published_views_are_within_the_readers_reach(sky):
    with reading(ANYONE), connections["reader"].cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.views WHERE table_schema = 'tap_data'")
        assert {name for (name,) in cursor.fetchall()} == {
            one.name for one in published() if one.schema != "tap_schema"
        }


def test_no_schema_bears_the_name_of_a_role():
    """Such a schema would come before `public` for that role: its tables would be made and looked for there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace JOIN pg_roles ON nspname = rolname")
        assert cursor.fetchall() == []
