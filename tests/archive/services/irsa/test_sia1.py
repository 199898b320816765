"""Simple Image Access 1.0 at IBE's address, as pyvo and astroquery ask it."""

import io

import pytest
import pyvo
import requests
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.votable import parse
from django.db import connections
from pytest_django.live_server_helper import LiveServer

from tests.archive.services.irsa.conftest import PARTNER, PASSWORD

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PATH = "/ibe/sia/ztf/products/"


@pytest.fixture(scope="module")
def address(archive):
    """The address of a running portal."""
    connections.close_all()
    live = LiveServer("127.0.0.1")
    yield live.url
    live.stop()


def table_of(content: bytes):
    return parse(io.BytesIO(content)).get_first_table()


@pytest.mark.client("pyvo", "SIAService.search", "SIARecord.getdataurl")
def test_pyvo_finds_an_image_and_fetches_it(address, archive):
    service = pyvo.dal.SIAService(f"{address}{PATH}sci")
    (found,) = service.search(pos=(archive.open.ra, archive.open.dec), size=0.01)
    assert found.title == "ZTF science image field 655 zr CCD 13 quadrant 3"
    assert (found.pos.ra.deg, found.pos.dec.deg) == (archive.open.ra, archive.open.dec)
    assert found.format == "image/fits" and found.instr == "ZTF"
    assert list(found.naxis.value) == [3072, 3080] and found.bandpass_id == "zr"
    assert found["pid"] == archive.open.pid
    content = requests.get(found.getdataurl(), timeout=60).content
    assert len(content) == archive.files["sciimg"].size and fits.getdata(io.BytesIO(content)).ndim == 2


def test_a_partner_is_given_what_is_theirs(address, archive):
    asked = {"POS": f"{archive.closed.ra},{archive.closed.dec}", "SIZE": "0.1"}
    answers = [requests.get(f"{address}{PATH}sci", asked, auth=who, timeout=60) for who in (None, (PARTNER, PASSWORD))]
    found = [set(table_of(answer.content).array["pid"]) for answer in answers]
    assert archive.closed.pid not in found[0] and archive.closed.pid in found[1]


@pytest.mark.client("astroquery", "Ibe.query_region_async, sia")
def test_astroquery_s_question_is_answered(address, archive):
    from astroquery.ipac.irsa.ibe import IbeClass

    client = IbeClass()
    client.URL = f"{address}/ibe/"
    place = SkyCoord(archive.open.ra * u.deg, archive.open.dec * u.deg)
    where = {"coordinate": place, "mission": "ztf", "dataset": "products", "table": "sci", "width": "0.1d"}
    table = table_of(client.query_region_async(**where, action="sia", columns="pid").content)
    assert "pid" in table.array.dtype.names and len(table.array) >= 1


@pytest.mark.parametrize("name", ["sci", "ref", "diff", "deep"])
def test_the_columns_are_described_without_a_position(client, archive, name):
    content = b"".join(client.get(f"{PATH}{name}?FORMAT=METADATA").streaming_content)
    table = table_of(content)
    ucds = {field.ucd for field in table.fields}
    assert {"VOX:Image_Title", "VOX:Image_AccessReference", "POS_EQ_RA_MAIN", "VOX:Image_Naxis"} <= ucds
    assert len(table.array) == 0 and b'name="QUERY_STATUS" value="OK"' in content


@pytest.mark.parametrize(("form", "is_fits"), [("ALL", True), ("image/fits", True), ("GRAPHIC-JPG", False), ("", True)])
def test_only_fits_is_to_be_had(client, archive, form, is_fits):
    asked = {"POS": f"{archive.open.ra},{archive.open.dec}", "FORMAT": form}
    content = b"".join(client.get(f"{PATH}sci", asked).streaming_content)
    assert (len(table_of(content).array) > 0) == is_fits


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "POS is missing"), ({"POS": "x"}, "POS=x"), ({"POS": "1,2", "SIZE": "-1"}, "SIZE=-1"),
        ({"POS": "1,2", "FORMAT": "jpg"}, "FORMAT=jpg"), ({"POS": "1,2", "VERB": "9"}, "VERB=9"),
        ({"POS": "1,2", "INTERSECT": "NEAR"}, "INTERSECT=NEAR"), ({"POS": "1,2", "SIZ": "1"}, "SIZ: is no parameter"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(client, archive, asked, says):
    answer = client.get(f"{PATH}sci", asked)
    assert answer.status_code == 400 and says in answer.content.decode()
    assert b'name="QUERY_STATUS" value="ERROR"' in answer.content


def test_a_position_that_is_given_twice_is_refused(client, archive):
    answer = client.get(f"{PATH}sci?POS=1,2&pos=3,4")
    assert answer.status_code == 400 and "POS: is given more than once" in answer.content.decode()


def test_there_are_no_images_of_other_names(client, archive):
    assert client.get(f"{PATH}raw?POS=1,2").status_code == 404
