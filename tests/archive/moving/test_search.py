"""Images of moving objects, from the rows of the archive and with the reader's rights."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from django.contrib.auth.models import User

from archive.access.reading import ANYONE, Reader, reading
from archive.files import storage
from archive.models import Exposure, Membership, ProductFile
from archive.moving.dynamics.ephemeris import ephemeris
from archive.moving.numbered import NUMBERED
from archive.moving.search import images_of
from archive.survey.times import date_of_jd
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
MARGARITA = NUMBERED[310]
JD = 2461339.8
NIGHTS = 4
CLOSED_NIGHT = 2
RCID = 50


def _place(jd: float) -> tuple[float, float]:
    at = ephemeris(MARGARITA, jd + 15 / 86400)
    return float(at.ra[0]), float(at.dec[0])


def _boresight(place: tuple[float, float]) -> dict:
    """A pointing for which the quadrant's centre lies near a place."""
    centre = factories.footprint(place[0], place[1], RCID)
    east = (centre["ra"] - place[0]) * np.cos(np.radians(centre["dec"])) / np.cos(np.radians(place[1]))
    return {"ra": (place[0] - east) % 360, "dec": place[1] - (centre["dec"] - place[1])}


@pytest.fixture(scope="module")
def nights(committed, archive_root):
    """Four nights on the asteroid, the third closed; the first with pixels; and a field far away."""
    made = []
    for night in range(NIGHTS):
        rights = {"programid": 2, "public_date": None} if night == CLOSED_NIGHT else factories.PUBLIC
        exposure = factories.exposure(jd=JD + night, **_boresight(_place(JD + night)), **rights)
        made.append({rcid: factories.science_image(exposure, rcid) for rcid in range(64)})
    factories.science_image(factories.exposure(jd=JD + 0.1, ra=250.0, dec=60.0), RCID)
    file = factories.pixels(made[0][RCID])
    partner = User.objects.create_user("moving-partner", password="a long password")
    Membership.objects.create(user=partner, program_id=2)
    yield made
    ProductFile.objects.filter(pk=file.pk).delete()
    Exposure.objects.all().delete()
    partner.delete()


def found(reader=ANYONE, *span):
    with reading(reader):
        return images_of(MARGARITA, *span)


def test_an_asteroid_is_found_in_the_one_quadrant_of_each_exposure_that_it_was_in(nights):
    seen = found()
    assert [(one.pid, one.image.rcid) for one in seen] == [
        (nights[n][RCID].pid, RCID) for n in range(NIGHTS) if n != CLOSED_NIGHT
    ]
    for one in seen:
        ra, dec = _place(one.obsjd)
        assert one.ra == pytest.approx(ra, abs=1e-6)
        assert one.dec == pytest.approx(dec, abs=1e-6)
        assert one.distance < 0.3
        assert 14 < one.vmag < 15.2
        assert 25 < np.hypot(one.dra, one.ddec) < 35


def test_who_is_in_the_program_finds_its_images_too(nights):
    assert len(found(Reader(frozenset({2})))) == NIGHTS
    assert len(found()) == NIGHTS - 1


def test_nothing_is_found_at_another_time(nights):
    start = date_of_jd(JD)
    assert len(found(ANYONE, start, start + timedelta(days=0.5))) == 1
    assert found(ANYONE, start + timedelta(days=30), None) == []
    assert found(ANYONE, None, start - timedelta(days=1)) == []


def test_nothing_is_found_of_a_body_that_was_elsewhere(nights):
    with reading(ANYONE):
        assert images_of(NUMBERED[16]) == []


def test_the_predicted_pixel_is_where_the_images_own_wcs_puts_the_place(nights):
    first, second, *_ = found()
    header = fits.getheader(storage.absolute(first.path))
    x, y = WCS(header).all_world2pix(first.ra, first.dec, 1)
    assert (first.x, first.y) == pytest.approx((float(x), float(y)), abs=1e-3)
    assert (second.x, second.file, second.path) == (None, None, None)


# --- the page ---------------------------------------------------------------------------------------------------
def test_the_page_lists_images_maps_them_and_links_cutouts(client, nights):
    text = client.get("/moving/", {"name": "310 Margarita"}).content.decode()
    image = nights[0][RCID]
    assert f"/images/{image.pid}/" in text
    assert f"/cutout/sci/test/{image.pid}_sciimg.fits?ra=51." in text
    assert "<svg" in text
    assert f"/images/{nights[CLOSED_NIGHT][RCID].pid}/" not in text
    client.force_login(User.objects.get(username="moving-partner"), "django.contrib.auth.backends.ModelBackend")
    text = client.get("/moving/", {"name": "310 Margarita"}).content.decode()
    assert f"/images/{nights[CLOSED_NIGHT][RCID].pid}/" in text


def test_the_same_rows_come_as_csv_json_and_votable(client, nights):
    data = client.get("/moving/", {"name": "Margarita", "format": "json"}).json()
    assert [row["pid"] for row in data["rows"]] == [one.pid for one in found()]
    text = client.get("/moving/", {"name": "Margarita", "format": "csv"}).content.decode()
    assert len(text.splitlines()) == NIGHTS
    assert b"QUERY_STATUS" in client.get("/moving/", {"name": "Margarita", "format": "votable"}).content


def test_the_table_sorts_chooses_columns_and_plots(client, nights):
    asked = {"name": "Margarita", "order": "-ra", "columns": "ra,obsjd,vmag"}
    page = client.get("/moving/", asked)
    table = page.context["table"]
    assert [one.column.name for one in table.headings] == ["ra", "obsjd", "vmag"]
    ra = [float(row.cells[0].text) for row in table.rows]
    assert ra == sorted(ra, reverse=True) and len(ra) == len(found())
    assert [(chip.label, chip.text) for chip in page.context["chips"]] == [
        ("Name, number, or a line of elements", "Margarita")
    ]
    api = client.get("/api/moving/", {"name": "Margarita", "order": "-ra"}).json()["results"]
    assert [row["pid"] for row in api] == [int(row.key) for row in table.rows]
    plot = client.get("/moving/", {"name": "Margarita", "view": "plot"}).context["plot"]
    assert (plot.x.name, plot.y.name, plot.drawn, plot.narrows) == ("obsjd", "vmag", len(found()), False)
    fits_ = client.get("/moving/", {"name": "Margarita", "format": "fits"}).getvalue()
    assert fits_.startswith(b"SIMPLE")


@pytest.mark.parametrize("asked", [{"order": "nothing"}, {"columns": "nothing"}, {"view": "cube"}, {"rows": "3"}])
def test_what_the_table_does_not_know_is_refused(client, nights, asked):
    assert client.get("/moving/", {"name": "Margarita"} | asked).status_code == 400


def test_single_elements_find_the_same_images(client, nights):
    parts = vars(MARGARITA.elements)
    query = {
        "epoch": "59800",
        "M": parts["mean_anomaly"],
        **{key: parts[key] for key in ("a", "e", "i", "node", "peri")},
    }
    data = client.get("/moving/", {**query, "H": MARGARITA.H, "format": "json"}).json()
    assert data["count"] == NIGHTS - 1


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"name": "Planet Nine"}, "Planet Nine"),
        ({"e": "2", "a": "1"}, "i, node, peri, M or Tp"),
        ({"e": "x"}, "e=x: must be a number"),
        ({"name": "Ceres", "since": "yesterday"}, "since=&#x27;yesterday&#x27;"),
    ],
)
def test_a_bad_question_gets_400_and_the_name_of_its_part(client, nights, query, says):
    response = client.get("/moving/", query)
    assert response.status_code == 400
    assert says in response.content.decode()
    assert client.get("/moving/", {**query, "format": "json"})["Content-Type"] == "application/problem+json"


def test_the_empty_page_offers_the_asteroids_that_are_known_by_name(client, nights):
    text = client.get("/moving/").content.decode()
    assert "?name=Psyche" in text
    assert client.get("/moving/", {"format": "json"}).status_code == 400


def test_a_span_before_the_first_exposure_is_empty_not_wrong(client, nights):
    query = {"name": "Ceres", "until": datetime(2000, 1, 1, tzinfo=UTC).isoformat(), "format": "json"}
    assert client.get("/moving/", query).json()["count"] == 0
