"""The trees that scripts written for IRSA walk: images under other names, nights' summaries, pages of links."""

import io
import json
import re

import pandas
import pytest
from astropy.io.votable import parse_single_table
from astropy.table import Table
from django.contrib.auth.models import User

from archive.access.streams import QueryFailedError, Rows
from archive.files import storage
from archive.models import DifferenceImage
from archive.services.irsa import depot
from archive.survey.identifiers import date_of_nid
from tests import factories
from tests.archive.services.irsa.conftest import PARTNER

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def content(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.fixture(scope="module")
def difference(archive, django_db_blocker):
    """A good difference of the open image."""
    with django_db_blocker.unblock():
        made = DifferenceImage.objects.create(
            science=archive.open, reference=archive.reference, diffmaglim=20.25, quality={"psf_fwhm": 2.5},
            **factories.PUBLIC,
        )  # fmt: skip
        yield made
        made.delete()


@pytest.fixture
def day(archive):
    return f"{date_of_nid(archive.open.nid):%Y%m%d}"


@pytest.mark.parametrize("tree", ["/ztf/archive/", "/products/"])
def test_images_lie_under_irsa_s_and_snad_s_names(client, archive, tree):
    file = archive.files["sciimg"]
    address = tree
    while not address.endswith(".fits"):  # from the top down, by the links of each list
        names = re.findall(r'href="([^"]+)"', client.get(address).content.decode())
        address += next(name for name in names if f"{tree}{file.path}".startswith(address + name))
    whole = storage.absolute(file.path).read_bytes()
    assert content(client.get(address)) == whole
    head = client.head(address)
    assert head["Content-Length"] == str(file.size) and head["ETag"] and head["Last-Modified"]
    part = client.get(address, headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and content(part) == whole[100:200]
    folder = address.rpartition("/")[0]
    assert client.get(folder).headers["Location"] == f"{folder}/"
    cut = client.get(address, {"center": f"{archive.open.ra},{archive.open.dec}", "size": "10pix", "gzip": "false"})
    assert cut.status_code == 200 and content(cut).startswith(b"SIMPLE")


@pytest.mark.parametrize("tree", ["/ztf/archive/", "/products/"])
def test_what_is_closed_is_in_none_of_them(client, archive, tree):
    address = tree + archive.files["closed sciimg"].path
    assert client.get(address).status_code == 404
    client.force_login(User.objects.get(username=PARTNER))
    assert client.get(address).status_code == 200


def test_pandas_reads_what_was_processed(client, archive, day):
    url = f"/ztf/depot/{day}/ztf_recentproc_{day}.json"
    assert client.head(url).status_code == 200
    text = content(client.get(url)).decode()
    frame = pandas.DataFrame(json.loads(text))
    assert list(frame.columns) == list(depot.PROCESSED) and list(frame["qid"]) == [49, 50]
    row = frame.iloc[1]
    assert (row["field_id"], row["status"], row["nalertpackets"]) == (archive.open.field, 0, 0)
    assert row["exposure_id"] == archive.open.exposure_id and row["obsjd"] == archive.open.obsjd
    assert list(pandas.read_json(io.StringIO(text))["exposure_id"]) == [archive.open.exposure_id] * 2


def test_a_night_is_there_for_those_who_see_an_image_of_it(client, archive):
    day = f"{date_of_nid(archive.closed.nid):%Y%m%d}"
    url = f"/ztf/depot/{day}/ztf_recentproc_{day}.json"
    assert client.get(url).status_code == 404 and day not in client.get("/ztf/depot/").content.decode()
    client.force_login(User.objects.get(username=PARTNER))
    (row,) = json.loads(content(client.get(url)))
    assert (row["exposure_id"], row["programid"]) == (archive.closed.exposure_id, 2)


def test_astropy_reads_good_differences(client, archive, difference, day):
    text = content(client.get(f"/ztf/depot/{day}/goodsubs_{day}.txt")).decode()
    table = Table.read(text, format="ascii.fixed_width", data_start=2, data_end=-1)
    assert tuple(table.colnames) == depot.GOOD and text.endswith("\n(1 rows)\n")
    (row,) = table
    assert (row["field"], row["rcid"], row["expid"]) == (655, 50, archive.open.exposure_id)
    assert row["jd"] == pytest.approx(archive.open.obsjd, abs=1e-7) and row["ra0"] == pytest.approx(archive.open.ra)
    assert row["diffmaglim"] == 20.25 and row["difffwhm"] == 2.5
    parts = text.splitlines()[2].split("|")
    assert len(parts) == 16 and int(parts[14]) == 1  # as planning scripts take a line apart


@pytest.mark.parametrize(
    "address", ["20200230/", "20190101/", "x/", "2020092/", "20200924/other.json", "２０２００９２４/"]
)
def test_other_nights_and_files_are_not_there(client, archive, address):
    assert client.get(f"/ztf/depot/{address}").status_code == 404


def test_folders_of_the_depot_lead_to_their_files(client, archive, day):
    assert f'href="{day}/"' in client.get("/ztf/depot/").content.decode()
    names = re.findall(r'href="(\w+\.[a-z]+)"', client.get(f"/ztf/depot/{day}/").content.decode())
    assert names == list(depot.names(day))
    assert all(client.get(f"/ztf/depot/{day}/{name}").status_code == 200 for name in names)


def test_ibe_s_pages_lead_to_its_parts(client, archive):
    found = re.findall(r'href="(/ibe[^"]+)"', client.get("/ibe/").content.decode())
    assert len(found) == 3 and all(client.get(address).status_code == 200 for address in found)
    assert ">sci<" in client.get("/ibe/docs/").content.decode()
    described = client.get("/ibe/docs/ztf/products/sci").headers["Location"]
    assert "<td>pid</td>" in content(client.get(described)).decode().replace(" ", "")
    assert client.get("/ibe/docs/ztf/products/none").status_code == 404


def test_irsa_s_cone_address_names_its_table(client, archive):
    asked = {"table": "ztf_current_meta_sci", "RA": archive.open.ra, "DEC": archive.open.dec, "SR": 0.001}
    rows = parse_single_table(io.BytesIO(content(client.get("/SCS", asked)))).to_table()
    assert list(rows["pid"]) == [archive.open.pid]
    for name in ("none", ""):
        text = content(client.get("/SCS", asked | {"table": name})).decode()
        assert 'name="Error"' in text and "use one of" in text


def test_a_night_s_file_that_fails_behind_its_first_rows_is_refused(client, archive, day, monkeypatch):
    def broken(rows):
        raise QueryFailedError("the search took longer than 100 s: narrow it")

    monkeypatch.setattr(Rows, "__iter__", broken)
    answer = client.get(f"/ztf/depot/{day}/ztf_recentproc_{day}.json")
    assert answer.status_code == 400 and b"longer than 100 s" in answer.content
