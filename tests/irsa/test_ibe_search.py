"""/ibe/search: IRSA's columns, formats and errors."""

import csv
import io

import pytest
from astropy.table import Table

from archive.metadata import FAMILIES
from tests.irsa.conftest import CLOSED

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
PRODUCTS = "/ibe/search/ztf/products/"


def text_of(response) -> str:
    return b"".join(response.streaming_content).decode() if response.streaming else response.content.decode()


def rows(client, name="sci", **parameters) -> list[dict]:
    response = client.get(f"{PRODUCTS}{name}", {"ct": "csv", **parameters})
    text = text_of(response)
    assert response.status_code == 200, text
    return list(csv.DictReader(io.StringIO(text)))


def test_a_position_finds_the_image_in_irsas_columns(client, archive):
    found = rows(client, POS=f"{archive.open.ra},{archive.open.dec}", WHERE="")
    assert [int(row["pid"]) for row in found] == [archive.open.pid]
    row = found[0]
    assert list(row)[:10] == ["ra", "dec", "infobits", "field", "ccdid", "qid", "rcid", "fid", "filtercode", "pid"]
    assert list(row)[-4:] == ["ipac_pub_date", "ipac_gid", "meta_id", "poly"]
    assert (row["filtercode"], row["imgtypecode"], row["ipac_gid"]) == ("zr", "o", "1")
    assert row["ipac_pub_date"] == "2020-01-01 00:00:00+00"
    assert float(row["ra1"]) == archive.open.ra1
    assert row["obsdate"].startswith("2020-09-24 10:21")


def test_every_family_answers(client, archive):
    place = f"{archive.open.ra},{archive.open.dec}"
    assert [int(row["expid"]) for row in rows(client, "raw", POS=place)] == [archive.open.exposure_id]
    assert [int(row["rfid"]) for row in rows(client, "ref", POS=place)] == [archive.reference.rfid]
    cal = rows(client, "cal", WHERE="caltype='bias' AND nightdate=20200924")
    assert [(row["cid"], row["filtercode"]) for row in cal] == [("136250002", "00")]
    assert rows(client, "deep", POS=place) == []
    assert CLOSED["programid"] == 2
    assert set(FAMILIES) == {"sci", "raw", "cal", "ref", "deep"}


def test_ipac_table_is_the_default(client, archive):
    table = Table.read(text_of(client.get(f"{PRODUCTS}sci", {"where": "field=655", "columns": "ra,dec,field"})),
                       format="ipac", guess=False)  # fmt: skip
    assert table.colnames == ["ra", "dec", "field"]
    assert str(table["ra"].unit) == "deg"
    assert len(table) == 2


def test_mcen_is_the_nearest(client, archive):
    assert len(rows(client, POS=f"{archive.open.ra},{archive.open.dec}", mcen="")) == 1
