"""Objects by their statistics, and light curves of lists: the page and REST, with each reader's rights."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io.votable import parse_single_table
from astropy.table import Table
from django.core.files.uploadedfile import SimpleUploadedFile

from lightcurves.catalog.search import BadObjectQueryError, ObjectQuery, in_time
from lightcurves.download import bulk
from lightcurves.storage import read
from tests.lightcurves.starsky import CLOSED_NIGHTS, OPEN_NIGHTS, SIX_STARS

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
OBJECTS, CURVES = "/api/objects/", "/api/lightcurves/"
OID = 655213300000000


def body(answer, status=200):
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == status, content
    return content


def table(answer):
    return pa.ipc.open_stream(body(answer)).read_all()


def posted(client, **asked):
    return client.post(CURVES, json.dumps({"format": "arrow"} | asked), content_type="application/json")


def test_objects_are_found_by_any_column_in_any_order_page_by_page(six_stars, client):
    asked = {"where": f"field = 655 AND filtercode = 'zr' AND nobs = {OPEN_NIGHTS}", "order": "-medianmag"}
    first = client.get(OBJECTS, asked | {"page_size": 4}).json()
    assert (first["count"], first["previous"]) == (SIX_STARS, None)
    second = client.get(first["next"]).json()
    magnitudes = [row["medianmag"] for row in first["results"] + second["results"]]
    assert magnitudes == sorted(magnitudes, reverse=True) and len(magnitudes) == SIX_STARS
    bright = client.get(OBJECTS, {"where": "medianmag BETWEEN 14.9 AND 15.6 AND stetsonj IS NOT NULL"}).json()
    assert {row["oid"] % 10 for row in bright["results"]} == {0, 1}


def test_objects_near_a_position_come_nearest_first(six_stars, client):
    place = f"{six_stars.ra[2]} {six_stars.dec[2]}"
    found = client.get(OBJECTS, {"position": place, "radius": 600, "filtercode": "zr"}).json()["results"]
    assert found[0]["oid"] == OID + 2
    one = client.get(f"{OBJECTS}{OID + 2}/").json()
    assert one["nobs"] == OPEN_NIGHTS
    assert body(client.get(one["lightcurve"])).decode().count("\n") == OPEN_NIGHTS + 1
    assert client.get(f"{OBJECTS}5/").status_code == 404


def test_statistics_are_of_the_points_that_somebody_sees(six_stars, partner, client):
    assert client.get(OBJECTS, {"where": f"nobs > {OPEN_NIGHTS}"}).json()["count"] == 0
    client.force_login(partner)
    assert client.get(OBJECTS, {"where": f"nobs = {OPEN_NIGHTS + CLOSED_NIGHTS}"}).json()["count"] == SIX_STARS


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "position, where: give a position"),
        ({"where": "oid = 1; DROP TABLE x"}, "where="),
        ({"where": "pg_sleep(9) = 1"}, "functions are not part of WHERE"),
        ({"where": "programs = 1"}, "there is no such column"),
        ({"where": "nobs > 1", "order": "secret"}, "order='secret': is no column"),
    ],
)
def test_a_wrong_question_about_objects_is_refused(six_stars, client, asked, message):
    answer = client.get(OBJECTS, asked)
    assert answer.status_code == 400 and message in answer.json()["detail"]


def test_a_search_that_takes_too_long_says_how_to_narrow_it(six_stars, monkeypatch):
    with pytest.raises(BadObjectQueryError, match="took longer than 1 s: narrow it"), in_time(1):
        list(ObjectQuery(where="nobs > 0").rows().extra(where=["pg_sleep(2) IS NOT NULL"]))


def test_the_page_of_objects_takes_conditions_and_gives_the_same_rows(six_stars, client):
    asked = {"where": "medianmag < 15.2", "order": "-nobs"}
    page = client.get("/objects/", asked)
    assert page.context["page"].paginator.count == 2 and str(OID) in page.content.decode()
    assert {row["oid"] for row in client.get("/objects/", asked | {"format": "json"}).json()["rows"]} == {
        one.oid for one in page.context["page"]
    }
    wrong = client.get("/objects/", {"where": "medianmag <"})
    assert wrong.status_code == 400 and "where=" in wrong.content.decode()


def test_a_posted_list_of_ids_gives_their_points_and_no_closed_ones(six_stars, partner, client):
    oids = [OID + star for star in range(SIX_STARS)]
    found = table(posted(client, ids=[*oids, 7]))
    assert found.num_rows == SIX_STARS * OPEN_NIGHTS
    assert found.schema.field("mag").type == pa.float32() and found.schema.field("mag").metadata[b"unit"] == b"mag"
    curve = read.get([OID], [1])
    mine = found.filter(pa.compute.equal(found["oid"], OID))
    np.testing.assert_array_equal(mine["hjd"].to_numpy(), curve.columns["hjd"])
    client.force_login(partner)
    assert table(posted(client, ids=oids)).num_rows == SIX_STARS * (OPEN_NIGHTS + CLOSED_NIGHTS)


def test_a_list_of_positions_gives_each_row_s_points(six_stars, client, monkeypatch):
    monkeypatch.setattr(bulk, "OBJECTS_AT_ONCE", 2)
    targets = [
        ["last", six_stars.ra[5], six_stars.dec[5]],
        ["nothing", 10, 10],
        ["first", six_stars.ra[0], six_stars.dec[0]],
    ]
    found = table(posted(client, targets=[*targets, targets[0]], filtercode="zr"))
    assert found["in_row_id"].to_pylist() == [n for n in (1, 3, 4) for _ in range(OPEN_NIGHTS)]
    assert sorted(set(zip(found["in_name"].to_pylist(), found["oid"].to_pylist(), strict=True))) == [
        ("first", OID), ("last", OID + 5)
    ]  # fmt: skip
    for mask in (2, "sextractor", ["sextractor", "bad-image"]):
        few = table(posted(client, targets=[[six_stars.ra[0], six_stars.dec[0]]], nobs=3, mask=mask))
        assert few.num_rows == OPEN_NIGHTS // 2, mask
    assert table(posted(client, targets=[[six_stars.ra[0], six_stars.dec[0]]], nobs=99)).num_rows == 0


@pytest.mark.parametrize("form", ["csv", "tsv", "json", "votable", "ipac_table", "parquet"])
def test_an_uploaded_table_is_answered_in_every_format(six_stars, client, form):
    lines = [f'"star, {n}",{ra},{dec}' for n, (ra, dec) in enumerate(zip(six_stars.ra, six_stars.dec, strict=True))]
    upload = SimpleUploadedFile("list.csv", "\n".join(["name,ra,dec", *lines]).encode())
    asked = {"upload": upload, "radius": 1, "filtercode": "zr", "format": form, "until": "2020-09-04"}
    content = body(client.post(CURVES, asked))
    count = {
        "csv": lambda: content.count(b"\n") - 1,
        "tsv": lambda: content.count(b"\n") - 1,
        "json": lambda: json.loads(content)["count"],
        "votable": lambda: len(parse_single_table(io.BytesIO(content)).array),
        "ipac_table": lambda: content.count(b"star, "),
        "parquet": lambda: pq.read_table(io.BytesIO(content)).num_rows,
    }[form]()
    assert count == SIX_STARS * 3


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "give one of ids, targets and upload"),
        ({"ids": [1], "targets": [[1, 2]]}, "give one of"),
        ({"ids": ["x"]}, "ids='x': must be the number of an object"),
        ({"ids": [1], "nobs": 4}, "go with positions"),
        ({"targets": [[1, 2, 3, 4]]}, "item 1: [1, 2, 3, 4]: each is"),
        ({"targets": [["a", "b", "c"]]}, "targets: item 1"),
        ({"ids": [1], "format": "xlsx"}, "xlsx"),
        ({"ids": [1], "release": "dr99"}, "there is no public release 'dr99'"),
        ({"targets": [[1, 2]], "radius": 999}, "radius"),
    ],
)
def test_a_wrong_list_is_refused_with_what_would_be_right(six_stars, client, asked, message):
    answer = client.post(CURVES, json.dumps(asked), content_type="application/json")
    assert answer.status_code == 400 and message in answer.json()["detail"]


def test_the_page_of_lists_gives_the_form_and_the_file(six_stars, client):
    assert b"Light curves of a list" in client.get("/objects/list").content
    answer = client.post("/objects/list", {"ids": f"{OID} {OID + 1}", "format": "parquet"})
    assert pq.read_table(io.BytesIO(body(answer))).num_rows == 2 * OPEN_NIGHTS
    wrong = client.post("/objects/list", {"ids": "", "format": "csv"})
    assert wrong.status_code == 400 and b"give one of" in wrong.content


STRANGE = ("дек" * 20, "a,b", '"quoted"', "10 20", "12:00:00 +1:00:00", "", "M 31", "M 31", "#", "é<&>;", "7")


@pytest.mark.filterwarnings("ignore::astropy.io.votable.exceptions.VOWarning")
@pytest.mark.parametrize("form", ["csv", "tsv", "json", "votable", "ipac_table", "parquet", "arrow"])
def test_every_row_joins_to_exactly_its_target_whatever_it_is_called(six_stars, client, form):
    stars = [n % SIX_STARS for n in range(len(STRANGE))]
    targets = [
        {"name": name, "ra": six_stars.ra[star], "dec": six_stars.dec[star]}
        for name, star in zip(STRANGE, stars, strict=True)
    ]
    content = body(posted(client, targets=targets, filtercode="zr", radius=1, format=form))
    readers = {
        "csv": lambda: Table.read(content.decode(), format="ascii.csv", converters={"in_name": str}),
        "tsv": lambda: Table.read(content.decode(), format="ascii.csv", delimiter="\t", converters={"in_name": str}),
        "json": lambda: Table(rows=json.loads(content)["rows"]),
        "votable": lambda: parse_single_table(io.BytesIO(content)).to_table(),
        "ipac_table": lambda: Table.read(content.decode(), format="ascii.ipac"),
        "parquet": lambda: Table.from_pandas(pq.read_table(io.BytesIO(content)).to_pandas()),
        "arrow": lambda: Table.from_pandas(pa.ipc.open_stream(content).read_all().to_pandas()),
    }
    found = readers[form]()
    rows = {(int(row["in_row_id"]), str(row["in_name"]), int(row["oid"])) for row in found}
    assert rows == {
        (n, name or str(n), OID + star) for n, (name, star) in enumerate(zip(STRANGE, stars, strict=True), 1)
    }
