"""Why there is no point: what came of each exposure at a place, and nothing of exposures that are not open."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse

from archive.models import Exposure, Membership, RawImage, ScienceImage
from lightcurves.models import Image, Source
from lightcurves.viewer import exposures
from tests import factories
from tests.lightcurves.viewer.conftest import BINARY, FLAGGED, GREEN, RED, UNSEEN

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
URL = reverse("object-exposures", args=[BINARY])
HIDDEN = {"programid": 2, "public_date": datetime(2099, 1, 1, tzinfo=UTC)}


@pytest.fixture(scope="module")
def place(sky):
    """The sky, with an image that was not measured, a raw file that was not calibrated, and both of the partnership."""
    first = ScienceImage.objects.filter(fid=2).order_by("obsjd").first()
    star, made = Source.objects.get(pk=BINARY), []
    centre = factories.footprint(star.ra, star.dec, first.rcid)  # of the quadrant, where the telescope points there
    axis = {"ra": (2 * star.ra - centre["ra"]) % 360, "dec": 2 * star.dec - centre["dec"]}
    for number, rights in enumerate((factories.PUBLIC, HIDDEN)):
        exposure = factories.exposure(jd=first.obsjd + 150 + number, **axis, **rights)
        image = factories.science_image(exposure, first.rcid, **rights)
        bare = factories.exposure(jd=first.obsjd + 160 + number, **axis, **rights)
        made += [image, RawImage.objects.create(exposure=bare, ccdid=first.ccdid, **rights)]
    yield made
    RawImage.objects.filter(pk__in=[made[1].pk, made[3].pk]).delete()
    ScienceImage.objects.filter(pk__in=[made[0].pk, made[2].pk]).delete()
    Exposure.objects.filter(pk__in=[one.exposure_id for one in made]).delete()


@pytest.fixture
def member(place):
    user, _ = User.objects.get_or_create(username="of the partnership")
    Membership.objects.get_or_create(user=user, program_id=2, since=factories.PUBLIC["public_date"])
    client = Client()
    client.force_login(user)
    return client


def rows(client, **query) -> list[dict]:
    return client.get(URL, {"format": "json", **query}).json()["rows"]


def counted(client) -> dict[str, int]:
    states = [row["state"] for row in rows(client)]
    return {state: states.count(state) for state in exposures.STATES}


def test_each_exposure_has_the_state_that_it_has(client, place):
    found = counted(client)
    assert found == {"detected": RED + GREEN - FLAGGED, "flagged": FLAGGED, "not detected": UNSEEN, "not measured": 2}
    reasons = {row["reason"] for row in rows(client)}
    assert reasons == {"", "ghost from bright source", exposures.FAINT, exposures.NOT_ADDED, exposures.ONLY_RAW}


def test_nothing_of_an_exposure_that_is_not_open_is_told(client, member, place):
    """Neither its number, its time, nor that it is counted; a member of its program sees both, and their point."""
    told = client.get(URL, {"format": "csv"}).content.decode() + client.get(URL).content.decode()
    for hidden in place[2:]:
        assert str(hidden.exposure_id) not in told
    assert len(rows(member)) == len(rows(client)) + 3  # with the partnership's own point
    assert counted(member)["not measured"] == 4 and counted(member)["detected"] == counted(client)["detected"] + 1
    strip = client.get(URL, {"part": 1}).content.decode()
    assert f"{len(rows(client))} exposures" in strip


@pytest.fixture
def listed(place):
    """The partnership's image that has a point, while its metadata alone are public."""
    pid = Image.objects.get(programid=2).pk
    before = ScienceImage.objects.get(pk=pid).public_date

    def open_from(date) -> None:
        ScienceImage.objects.filter(pk=pid).update(public_date=date)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:  # a thread has connections of its own: what it writes is committed
        pool.submit(open_from, factories.PUBLIC["public_date"]).result()
        yield pid
        pool.submit(open_from, before).result()


def test_an_image_that_is_listed_but_not_open_shows_no_sign_of_its_point(client, listed):
    """It is not measured, as one is that has no points."""
    (row,) = [row for row in rows(client) if row["pid"] == listed]
    assert row["state"] == "not measured" and row["mag"] is None and row["reason"] == exposures.NOT_ADDED


def test_the_table_says_the_same_as_the_strip(client, place):
    soup = BeautifulSoup(client.get(URL).content, "html.parser")
    assert len(soup.select("tbody tr")) == len(rows(client))
    lanes = {lane.select_one(".lane-name").contents[0].strip().lower(): int(lane.select_one("b").text)
             for lane in soup.select(".lane:not(.dates)")}  # fmt: skip
    assert lanes == counted(client)
    assert all(f"{count} {state}" in soup.select_one(".strip")["aria-label"] for state, count in lanes.items())


def test_unknown_and_contradicting_questions_are_refused(client, place):
    for asked, said in (({"part": "x"}, "use 1"), ({"part": 1, "page": 2}, "page"), ({"page": 99}, "pages 1 to"),
                        ({"band": "g"}, "band"), ({"format": "xls"}, "csv")):  # fmt: skip
        answer = client.get(URL, asked)
        assert answer.status_code == 400 and said in answer.content.decode(), asked
    assert client.get(reverse("object-exposures", args=[BINARY + 999])).status_code == 404
