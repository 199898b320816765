"""Object pages and their data: what a visitor gets, and what a wrong question gets."""

import io
import json

import numpy as np
import pytest
from astropy.table import Table as AstropyTable
from django.contrib.auth.models import User
from django.test import Client

from archive.models import Program, ScienceImage
from lightcurves.models import SavedPeriod, Source
from lightcurves.viewer import overlays, saved
from lightcurves.viewer.documents import documents, version
from tests.lightcurves.viewer.conftest import BINARY, CANDID, FLAGGED, GHOST, GREEN, NEIGHBOUR, OID, PERIOD, RED, UNSEEN

SEEN = RED + UNSEEN  # points of the stars that every r image shows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(databases=["default", "reader"]),
    pytest.mark.usefixtures("sky"),
]


def get_json(client, address, **parameters):
    response = client.get(address, parameters)
    return response.status_code, json.loads(response.content)


def test_a_search_by_position_finds_the_object_with_its_statistics(client):
    source = Source.objects.get(pk=BINARY)
    page = client.get("/objects/", {"position": f"{source.ra} {source.dec}", "radius": 2})
    assert page.status_code == 200 and f"/objects/{BINARY}/".encode() in page.content
    status, found = get_json(
        client, "/objects/", position=f"{source.ra} {source.dec}", radius=2, filtercode="zr", format="json"
    )
    assert status == 200 and found["count"] == 1
    assert found["rows"][0]["nobs"] == RED and found["rows"][0]["magrms"] > 0.05


def test_a_search_without_a_position_asks_for_one(client):
    assert client.get("/objects/").status_code == 200
    status, problem = get_json(client, "/objects/", format="json")
    assert status == 400 and "position" in problem["detail"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"position": "400 91"}, "position='400 91'"),
        ({"position": "nowhere at all"}, "not known here"),
        ({"position": "358 10", "radius": "5000"}, "radius='5000'"),
    ],
)
def test_a_wrong_search_names_the_parameter(client, parameters, words):
    status, problem = get_json(client, "/objects/", format="json", **parameters)
    assert status == 400 and words in problem["detail"]


def test_the_page_works_without_script(client):
    page = client.get(f"/objects/{BINARY}/", {"period": PERIOD}).content.decode()
    assert page.count('<svg class="curve"') == 2
    assert page.count("<circle") == (RED + GREEN) + 2 * (RED + GREEN - FLAGGED)
    assert "folded with 0.7312 days" in page
    assert "<script>" not in page and "onclick" not in page


def test_a_visitor_gets_public_points_only(client, admin_client):
    status, found = get_json(client, f"/objects/{OID}/lightcurve")
    assert status == 200 and found["count"] == SEEN
    assert {row["programid"] for row in found["rows"]} == {1}
    assert get_json(admin_client, f"/objects/{OID}/lightcurve")[1]["count"] == SEEN + 1


def test_a_light_curve_has_irsas_columns_in_every_format(client):
    header = (
        "oid,expid,hjd,mjd,mag,magerr,catflags,filtercode,ra,dec,chi,sharp,filefracday,field,ccdid,qid,limitmag,magzp,"
        "magzprms,clrcoeff,clrcounc,exptime,airmass,programid"
    )
    text = client.get(f"/objects/{OID}/lightcurve", {"format": "csv"}).content.decode()
    assert text.splitlines()[0] == header and len(text.splitlines()) == SEEN + 1
    body = client.get(f"/objects/{OID}/lightcurve", {"format": "votable"}).content
    table = AstropyTable.read(io.BytesIO(body), format="votable")
    assert table.colnames == header.split(",") and len(table) == SEEN
    assert np.all(np.isfinite(table["hjd"]))


@pytest.mark.parametrize("method", ["search", "ls", "aov", "ce", "bls"])
def test_every_method_finds_the_eclipsing_stars_period_or_a_simple_multiple(client, method):
    status, found = get_json(client, f"/objects/{BINARY}/periodogram", method=method, fmax=5)
    assert status == 200
    ratios = [peak["period"] / PERIOD for peak in found["peaks"]] + [found["period"] / PERIOD]
    assert min(abs(ratio - simple) for ratio in ratios for simple in (0.5, 1, 2)) < 2e-3
    assert len(found["frequencies"]) == len(found["power"]) <= 3000


def test_excluded_points_are_left_out_of_the_search(client):
    rows = get_json(client, f"/objects/{BINARY}/points")[1]["columns"]["pid"]
    address = f"/objects/{BINARY}/periodogram"
    found = client.post(address, {"exclude": ",".join(map(str, rows[-7:])), "fmax": 2, "together": 1})
    assert json.loads(found.content)["n_points"] == RED + GREEN - FLAGGED - 7


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"method": "magic"}, "method='magic'"),
        ({"fmax": "1000"}, "fmax='1000'"),
        ({"fmin": "3", "fmax": "2"}, "fmin=3"),
        ({"bands": "u"}, "give zg, zr or zi"),
        ({"bands": "zi"}, "no points: a period needs"),
        ({"exclude": "1;drop"}, "is no pid"),
        ({"mask": "-1"}, "mask='-1'"),
        ({"own": "[[1, 2]]"}, "JSON list of [hjd, mag, magerr, filter]"),
    ],
)
def test_a_wrong_period_search_names_the_parameter(client, parameters, words):
    status, problem = get_json(client, f"/objects/{BINARY}/periodogram", **parameters)
    assert status == 400 and words in problem["detail"]


@pytest.mark.parametrize("oid", [7, 10**30, OID + 999])
@pytest.mark.parametrize("part", ["", "lightcurve", "points", "periodogram", "limits", "neighbours", "cutouts/1"])
def test_an_unknown_object_is_not_found(client, oid, part):
    assert client.get(f"/objects/{oid}/{part}").status_code == 404


def test_the_plots_hold_no_code_and_no_data(client):
    assert client.get("/objects/document")["Cache-Control"] == "no-cache"
    answer = client.get("/objects/document", {"v": version()})
    assert "immutable" in answer["Cache-Control"]
    body = answer.content.decode()
    assert body == documents()
    assert "CustomJS" not in body
    assert set(json.loads(body)) == {"lightcurve", "periodogram", "folded"}


def test_the_search_box_leads_from_a_number_to_its_object(client):
    response = client.get("/find", {"q": str(BINARY)})
    assert response.status_code == 302 and response["Location"] == f"/objects/{BINARY}/"


def test_points_are_chosen_by_filter_flag_and_image(client):
    address = f"/objects/{BINARY}/lightcurve"
    assert get_json(client, address, together=1)[1]["count"] == RED + GREEN
    assert get_json(client, address, together=1, mask=GHOST)[1]["count"] == RED + GREEN - FLAGGED
    rows = get_json(client, address, together=1, bands="zg")[1]["rows"]
    assert {row["filtercode"] for row in rows} == {"zg"} and len(rows) == GREEN
    pids = get_json(client, f"/objects/{BINARY}/points")[1]["columns"]["pid"]
    assert get_json(client, address, together=1, exclude=f"{pids[0]},{pids[-1]}")[1]["count"] == RED + GREEN - 2


def test_limits_are_those_of_images_that_do_not_show_the_object(client, admin_client):
    found = get_json(client, f"/objects/{BINARY}/limits")[1]["columns"]
    assert len(found["pid"]) == UNSEEN and set(found["mag"]) == {20.5}
    assert not set(found["pid"]) & set(get_json(client, f"/objects/{BINARY}/points")[1]["columns"]["pid"])
    assert all(abs(hjd - mjd - 2400000.5) < 0.007 for hjd, mjd in zip(found["hjd"], found["mjd"], strict=True))
    assert get_json(admin_client, f"/objects/{BINARY}/limits")[1]["count"] == UNSEEN


def test_an_image_whose_points_are_closed_is_no_limit(client):
    """Its program's images are listed before they are public: they may well show the object."""
    closed = ScienceImage.objects.get(programid=2)
    Program.objects.update_or_create(pk=2, defaults={"listed": True})
    try:
        assert closed.pid not in get_json(client, f"/objects/{BINARY}/limits")[1]["columns"]["pid"]
    finally:
        Program.objects.filter(pk=2).update(listed=False)


def test_alerts_and_forced_photometry_stand_beside_the_points(client, monkeypatch):
    found = get_json(client, f"/objects/{BINARY}/alerts")[1]["columns"]
    assert found["candid"] == [str(CANDID)] and found["positive"] == [False] and found["filtercode"] == ["zr"]
    assert get_json(client, f"/objects/{OID}/alerts")[1]["count"] == 0
    assert get_json(client, f"/objects/{BINARY}/forced")[1]["count"] == 0
    one_point = overlays.columns_from([{"pid": 7, "mjd": 59000.0, "mag": 18.0}])
    monkeypatch.setattr("processing.forced.overlay.points", lambda source, user: one_point)
    assert get_json(client, f"/objects/{BINARY}/forced")[1]["columns"]["pid"] == [7]
    assert b'value="forced"' in client.get(f"/objects/{BINARY}/").content


def test_neighbours_come_nearest_first_with_their_points(client):
    found = get_json(client, f"/objects/{BINARY}/neighbours")[1]
    assert [one["arcsec"] for one in found["objects"]] == pytest.approx([NEIGHBOUR] * 2, abs=0.2)
    assert set(found["columns"]["oid"]) == {one["oid"] for one in found["objects"]}
    assert get_json(client, f"/objects/{BINARY}/neighbours", radius=5)[1]["objects"] == []
    assert "radius='5000'" in get_json(client, f"/objects/{BINARY}/neighbours", radius=5000)[1]["detail"]


def test_a_point_leads_to_pictures_of_its_image(client):
    first = ScienceImage.objects.filter(fid=2).order_by("obsjd").first()
    (picture,) = get_json(client, f"/objects/{BINARY}/cutouts/{first.pid}")[1]["pictures"]
    assert picture["label"] == "science" and client.get(picture["picture"])["Content-Type"] == "image/png"
    assert get_json(client, f"/objects/{BINARY}/cutouts/{first.pid + 1}")[1]["pictures"] == []


def test_an_uploaded_curve_is_read_and_searched_alone(client):
    t = np.linspace(59000, 59060, 80) + np.random.default_rng(3).uniform(-0.3, 0.3, 80)
    text = "mjd,mag,magerr\n" + "\n".join(f"{day},{17 + 0.4 * np.sin(2 * np.pi * day / 1.7)},0.01" for day in t)
    answer = client.post("/objects/own", {"file": io.BytesIO(text.encode())})
    columns = json.loads(answer.content)["columns"]
    assert len(columns["mjd"]) == 80 and set(columns["filtercode"]) == {"own"}
    rows = list(map(list, zip(*(columns[name] for name in ("mjd", "mag", "magerr", "filtercode")), strict=True)))
    found = client.post(f"/objects/{BINARY}/periodogram", {"own": json.dumps(rows), "alone": 1, "fmax": 3}).json()
    assert found["n_points"] == 80 and found["period"] == pytest.approx(1.7, rel=0.01)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, "choose a CSV file"),
        ({"file": io.BytesIO(b"a,b\n1,2\n")}, "none of the columns a, b has a usual name"),
        ({"file": io.BytesIO(b"a,mag\n1,2\n"), "time": "c"}, "time=c: the table has no such column"),
        ({"file": io.BytesIO(b"\x00\x01 nothing")}, "no CSV that can be read"),
        ({"file": io.BytesIO(b"<nothing/>")}, "that can be read"),
    ],
)
def test_a_file_that_is_no_light_curve_is_refused_with_the_reason(client, parameters, words):
    answer = client.post("/objects/own", parameters)
    assert answer.status_code == 400 and words in answer.json()["detail"]


@pytest.fixture
def people(sky):
    users = [User.objects.create_user(name, password=name) for name in ("ann", "bob")]
    clients = [Client() for _ in users]
    for one, user in zip(clients, users, strict=True):
        one.force_login(user)
    return clients


def test_a_saved_period_is_its_owners_alone(client, people):
    ann, bob = people
    address = f"/objects/{BINARY}/periods"
    assert client.post(address, {"period": PERIOD})["Location"].startswith("/sign-in/")
    assert client.get("/objects/periods/").status_code == 302
    assert ann.post(address, {"period": PERIOD, "epoch": 2459100.5, "note": "mine"}).status_code == 302
    assert ann.post(address, {"period": PERIOD, "note": "<b>again</b>"}).status_code == 302
    (row,) = ann.get("/objects/periods/", {"format": "json"}).json()["rows"]
    assert (row["oid"], row["period"], row["epoch"], row["note"]) == (BINARY, PERIOD, None, "<b>again</b>")
    assert b"&lt;b&gt;again" in ann.get(f"/objects/{BINARY}/").content
    assert b"b&gt;again" not in bob.get(f"/objects/{BINARY}/").content
    assert bob.get("/objects/periods/", {"format": "json"}).json()["rows"] == []
    kept = SavedPeriod.objects.get()
    assert bob.post(f"/objects/periods/{kept.pk}/remove").status_code == 404
    assert ann.post(f"/objects/periods/{kept.pk}/remove").status_code == 302
    assert not SavedPeriod.objects.exists()


@pytest.mark.parametrize(
    ("parameters", "words"), [({"period": "-1"}, "period='-1'"), ({"period": 1, "epoch": 5}, "epoch='5'")]
)
def test_a_wrong_period_is_not_saved(people, parameters, words):
    answer = people[0].post(f"/objects/{BINARY}/periods", parameters)
    assert answer.status_code == 400 and words in answer.json()["detail"]


def test_an_account_keeps_no_more_than_it_may(people, monkeypatch):
    monkeypatch.setattr(saved, "MOST_OF_ONE", 1)
    address = f"/objects/{BINARY}/periods"
    assert people[0].post(address, {"period": 1}).status_code == 302
    assert people[0].post(address, {"period": 2}).status_code == 409
