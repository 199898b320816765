"""SNAD's API, as its viewer and Fink call it."""

import json
from datetime import UTC, datetime

import pytest

from archive.access.audit import Actor
from archive.access.reading import ANYONE, reading
from archive.models import Release
from archive.releases import freeze
from lightcurves.storage import read
from tests import factories
from tests.lightcurves.starsky import FIELD, OPEN_NIGHTS, RCID

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
R, G = 655213300000000, 655113300000000  # the first star in r and in g


@pytest.fixture(scope="module")
def releases(six_stars, django_db_blocker):
    """Two public releases: the nights in r that came first, then all nights."""
    with django_db_blocker.unblock():
        for name, last in (("dr7", "2020-09-10"), ("dr8", "2020-12-01")):
            made = Release.objects.create(name=name, title=name, first_night="2020-09-01", last_night=last)
            made.programs.set([1])
            freeze(made, Actor("test"))
            published = datetime(2021, 1, int(name[2:]), tzinfo=UTC)
            factories.put_release(name, state=Release.State.PUBLIC, published=published)


def got(client, path: str, **parameters):
    answer = client.get(f"/api/v3/{path}", parameters)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/json"
    if not answer.streaming:
        return answer.json()
    return json.loads(b"".join(answer.streaming_content))


def test_without_a_release_there_is_no_latest_one(six_stars, client):
    answer = client.get("/api/v3/data/latest/oid/full/json", {"oid": R})
    assert answer.status_code == 404 and "no public release" in answer.json()["detail"]
    assert got(client, "dr/list/json") == []


def test_the_viewer_asks_for_an_object_of_a_release(six_stars, releases, client):
    """Its class of light curves: `url/api/v3/data/{dr}/oid/full/json?oid=`."""
    found = got(client, "data/dr7/oid/full/json", oid=R)[str(R)]
    assert found["meta"].pop("duration") == pytest.approx(OPEN_NIGHTS - 2, abs=1e-3)
    coord = found["meta"].pop("coord")
    assert coord["ra"] == pytest.approx(six_stars.ra[0], abs=1e-4)
    assert found["meta"] == {
        "nobs": OPEN_NIGHTS, "ngoodobs": OPEN_NIGHTS // 2, "filter": "zr", "fieldid": FIELD, "rcid": RCID,
    }  # fmt: skip
    with reading(ANYONE):
        columns = read.get([R]).columns
    good = columns["catflags"] == 0
    assert [one["mjd"] for one in found["lc"]] == pytest.approx(columns["hjd"][good] - 2400000.5, abs=1e-7)
    for name in ("mag", "magerr", "clrcoeff"):
        assert [one[name] for one in found["lc"]] == pytest.approx(columns[name][good], abs=1e-5)
    assert set(found["lc"][0]) == {"mjd", "mag", "magerr", "clrcoeff"}


def test_objects_may_be_many_and_come_without_points(releases, client):
    found = got(client, "data/dr8/oid/meta/json", oid=[R, R + 1, G, 1])
    assert list(found) == [str(one) for one in (G, R, R + 1)]
    assert all(set(one) == {"meta"} for one in found.values())
    assert got(client, "data/dr7/oid/full/json", oid=G) == {}  # has no point in this release
    assert got(client, "data/latest/oid/meta/json", oid=G) == got(client, "data/dr8/oid/meta/json", oid=G) != {}


def test_fink_asks_around_a_position(six_stars, releases, client):
    """`requests.get(f"{url}/api/v3/data/latest/circle/full/json", params={"ra", "dec", "radius_arcsec"})`."""
    place = {"ra": six_stars.ra[0], "dec": six_stars.dec[0]}
    found = got(client, "data/latest/circle/full/json", **place, radius_arcsec=1)
    assert sorted(found) == [str(G), str(R)] and all(one["lc"] for one in found.values())
    assert sorted(got(client, "data/dr7/circle/meta/json", **place, radius_arcsec=1.0)) == [str(R)]
    assert got(client, "data/latest/circle/full/json", ra=10, dec=-10, radius_arcsec=60) == {}


def test_a_partner_s_points_are_in_no_release(releases, client, partner):
    client.force_login(partner)
    assert got(client, "data/latest/oid/meta/json", oid=R)[str(R)]["meta"]["nobs"] == OPEN_NIGHTS


def test_releases_are_listed(releases, client):
    assert got(client, "dr/list/json") == ["dr7", "dr8", "latest"]
    text = client.get("/api/v3/help").content.decode()
    assert "/api/v3/data/{dr}/oid/full/json?oid=" in text


@pytest.mark.parametrize(
    ("path", "words", "status"),
    [
        ("data/dr9/oid/full/json?oid=1", "dr7, dr8", 404),
        ("data/dr7/oid/full/json", "oid is missing", 400),
        ("data/dr7/oid/full/json?oid=1e3", "oid=1e3", 400),
        ("data/dr7/oid/full/json?oid=" + "&oid=".join(["1"] * 1001), "1001 objects; at most 1000", 400),
        ("data/dr7/oid/full/json?oids=1", "oids", 400),
        ("data/dr7/circle/full/json?ra=1&dec=2", "radius_arcsec is missing", 400),
        ("data/dr7/circle/full/json?ra=x&dec=2&radius_arcsec=1", "ra=x", 400),
        ("data/dr7/circle/full/json?ra=1&dec=92&radius_arcsec=1", "92", 400),
        ("data/dr7/circle/full/json?ra=1&dec=2&radius_arcsec=61", "at most 60", 400),
        ("data/dr7/circle/full/json?ra=1&dec=2&radius_arcsec=0", "more than 0", 400),
        ("data/dr7/square/full/json", "", 404),
    ],
)
def test_a_wrong_question_is_refused_in_words(releases, client, path, words, status):
    answer = client.get(f"/api/v3/{path}")
    assert answer.status_code == status and words in answer.json()["detail"]
