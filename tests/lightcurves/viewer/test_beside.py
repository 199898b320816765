"""What stands beside an object's light curves: hints, alerts, forced photometry, catalogs; nothing that is not open."""

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from archive.models import Alert, GaiaStar, PanstarrsStar, ScienceImage, UserJob
from archive.search.names import deep_sky_near
from archive.survey.identifiers import make_oid
from archive.survey.times import MJD_ZERO
from lightcurves.models import Image, Source
from lightcurves.storage import read, store
from lightcurves.updates import statistics
from lightcurves.viewer import beside
from lightcurves.viewer.hints import hints_of
from tests import factories
from tests.lightcurves.viewer.conftest import BINARY, CANDID

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
URL = reverse("object", args=[BINARY])
HIDDEN = {"programid": 2, "public_date": datetime(2099, 1, 1, tzinfo=UTC)}
CLOSED = CANDID + 1


@pytest.fixture(scope="module")
def place(sky):
    """Catalogs, a proprietary alert and picture, and orders of two people."""
    star = Source.objects.get(pk=BINARY)
    PanstarrsStar.objects.create(objid=77, ra=star.ra, dec=star.dec, gmag=17.1, rmag=16.4, sgscore=0.97)
    GaiaStar.objects.create(source_id=88, ra=star.ra, dec=star.dec, phot_g_mean_mag=16.5, bp_rp=2.4, pmra=60, pmdec=-80)
    image = ScienceImage.objects.filter(fid=2).order_by("obsjd")[20]
    packet = factories.product_file(
        path="alert/viewer/closed.avro", family="alert", product_id=image.pid, suffix="alerts.avro", **HIDDEN
    )
    Alert.objects.create(
        candid=CLOSED, objectid="ZTF20closed1", pid=image.pid, jd=image.obsjd, nid=image.nid, fid=2, ra=star.ra,
        dec=star.dec, magpsf=15.123, sigmapsf=0.08, isdiffpos=True, packet=packet, packet_index=0, **HIDDEN,
    )  # fmt: skip
    factories.product_file(
        path="sci/viewer/closed_sciimg.fits", family="sci", product_id=image.pid, suffix="sciimg.fits", **HIDDEN
    )
    people = [User.objects.create(username=name) for name in ("first", "second")]
    for user in people:
        UserJob.objects.create(
            kind="forced", owner=user, parameters={"ra": star.ra, "dec": star.dec, "name": f"order of {user.username}"}
        )
    UserJob.objects.create(
        kind="forced", owner=people[0], parameters={"ra": star.ra, "dec": star.dec + 0.01, "name": "elsewhere"}
    )
    yield people
    PanstarrsStar.objects.all().delete()
    GaiaStar.objects.all().delete()
    Alert.objects.filter(pk=CLOSED).delete()
    User.objects.filter(username__in=["first", "second"]).delete()


def card(client, name: str) -> str:
    soup = BeautifulSoup(client.get(URL).content, "html.parser")
    return " ".join(soup.select_one(f"section[aria-labelledby=card-{name}]").text.split())


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_hints_say_on_what_they_rest(client, place):
    text = card(client, "hints")
    assert "It varies" in text and "times the typical uncertainty" in text and "60 good points in r" in text
    assert "Dips, as eclipses make them" in text and "no classification" in text
    assert "Shape of a star, or of a quasar Pan-STARRS star–galaxy score 0.97" in text
    assert "moves on the sky Gaia proper motion 100 mas/yr" in text and "Red Gaia BP − RP = 2.40 mag" in text


@pytest.mark.parametrize(
    ("statistics", "says"),
    [
        ({"ngoodobs": 5, "magrms": 0.3, "medmagerr": 0.01}, "Too few points to say whether it varies"),
        ({"ngoodobs": 50, "magrms": float("nan"), "medmagerr": 0.01}, "Too few points to say whether it varies"),
        ({"ngoodobs": 50, "magrms": 0.012, "medmagerr": 0.01}, "No sign of variation"),
        ({"ngoodobs": 50, "magrms": 0.02, "medmagerr": 0.01}, "It may vary"),
        ({"ngoodobs": 50, "magrms": 0.2, "medmagerr": 0.01}, "It varies"),
    ],
)
def test_of_variation_no_more_is_said_than_the_points_hold(statistics, says):
    one = SimpleNamespace(filtercode="zr", skewness=None, vonneumannratio=float("nan"), **statistics)
    assert [hint.says for hint in hints_of([one], None, None, None)] == [says]


def test_alerts_are_those_that_this_reader_may_see(client, place):
    text = client.get(URL).content.decode()
    assert str(CANDID) in text and "ZTF20aaaaaab" in text
    assert str(CLOSED) not in text and "ZTF20closed1" not in text and "15.12" not in text
    assert "ZTF20aaaaaab: 1 alert" in card(client, "alerts")


def test_forced_photometry_is_one_s_own(client, place):
    assert "Sign in" in card(client, "forced") and "order of" not in client.get(URL).content.decode()
    text = card(signed_in(place[0]), "forced")
    assert "order of first" in text and "order of second" not in text and "elsewhere" not in text


def test_catalogs_are_told_with_their_distance(client, place):
    text = card(client, "catalogs")
    assert "g 17.10, r 16.40, i – mag; score 0.97" in text
    assert "G 16.50 mag, BP−RP 2.40; moves 60.0, -80.0 mas/yr" in text
    assert str(BINARY - 1) in card(client, "others")


def test_pictures_in_time_are_of_files_that_are_open(client, place):
    shown = BeautifulSoup(client.get(URL).content, "html.parser").select(".film img")
    assert len(shown) == 1 and client.get(shown[0]["src"]).status_code == 200
    assert "UTC, filter r" in shown[0]["alt"]
    assert b"closed_sciimg" not in client.get(URL).content


def test_pictures_are_spread_evenly_over_the_time():
    assert beside._evenly(range(100), 5) == [0, 25, 50, 74, 99]
    assert beside._evenly(range(3), 5) == [0, 1, 2]


def test_known_objects_of_the_deep_sky_lie_near():
    (found, away), *_ = deep_sky_near(10.6847, 41.2688, 10)
    assert found.name == "NGC0224" and away < 1
    assert deep_sky_near(180.0, 89.0, 10) == []
    with pytest.raises(ValueError, match="arcminutes up to 60"):
        deep_sky_near(10, 10, 90)


@pytest.fixture(scope="module")
def neighbouring_field(place):
    """The binary's r points once more, as of another quadrant band that is 0.1 mag fainter, on every other night."""
    star = Source.objects.get(pk=BINARY)
    other = make_oid(656, 2, star.ccdid, star.qid, 4)
    fields = {one.name: getattr(star, one.name) for one in Source._meta.concrete_fields}
    Source.objects.create(**fields | {"oid": other, "field": 656})
    curves = read.get([BINARY]).columns
    good = np.flatnonzero((curves["catflags"] == 0) & (curves["programid"] == 1))[::2]
    for k in good:
        image = factories.science_image(
            factories.exposure(jd=curves["mjd"][k] + MJD_ZERO + 0.02, field=656, ra=star.ra, dec=star.dec), 50,
            magzp=26.0, magzprms=0.02, clrcoeff=0.0,
        )  # fmt: skip
        one = np.ones(1)
        points = store.Points(
            np.array([other]), curves["mag"][k] + 0.1 * one, 0.01 * one, one, 0 * one, *[np.zeros(1, int)] * 3
        )
        store.append(image, points)
    statistics.refresh(656, 50, 2)
    yield other, len(good)
    clear_field(656)


def clear_field(field: int) -> None:
    for image in ScienceImage.objects.filter(field=field):
        Image.objects.filter(pk=image.pk).delete()
        image.delete()
    Source.objects.filter(field=field).delete()


def test_one_star_under_several_numbers_is_one_page_with_fitted_offsets(client, neighbouring_field):
    other, count = neighbouring_field
    pages = [BeautifulSoup(client.get(reverse("object", args=[oid])).content, "html.parser") for oid in (BINARY, other)]
    main = reverse("object", args=[BINARY])
    assert all(soup.select_one("link[rel=canonical]")["href"].endswith(main) for soup in pages)
    for soup in pages:
        rows = soup.select("div[aria-label='Light curves at this place'] tbody tr")
        told = {int(row.th.text): row.select("td")[6].text for row in rows}
        assert len(told) == 3 and told[BINARY] == "reference"
        assert told[other] == f"+0.100 ± 0.000 ({count} pairs)"
    answer = client.get(reverse("object-points", args=[other])).json()
    assert answer["offsets"][str(other)] == pytest.approx(0.1, abs=1e-3) and answer["offsets"][str(BINARY)] == 0
