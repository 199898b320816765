"""/ibe/search: IRSA's columns, formats and errors."""

import csv
import io

import pytest
from astropy.table import Table

from archive.access.arrow_stream import ArrowRows
from archive.access.streams import QueryFailedError
from archive.search.families import FAMILIES
from tests.archive.services.irsa.conftest import CLOSED

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
    assert row["obsdate"].startswith("2020-09-24 10:")


def test_every_family_answers(client, archive):
    place = f"{archive.open.ra},{archive.open.dec}"
    assert [int(row["expid"]) for row in rows(client, "raw", POS=place)] == [archive.open.exposure_id]
    assert [int(row["rfid"]) for row in rows(client, "ref", POS=place)] == [archive.reference.rfid]
    cal = rows(client, "cal", WHERE="caltype='bias' AND nightdate=20200924")
    assert [(row["cid"], row["filtercode"]) for row in cal] == [("136250002", "00")]
    assert rows(client, "deep", POS=place) == []
    assert CLOSED["programid"] == 2
    assert set(FAMILIES) == {"sci", "raw", "cal", "ref", "deep", "diff", "alert", "lc"}


def test_ipac_table_is_the_default(client, archive):
    table = Table.read(text_of(client.get(f"{PRODUCTS}sci", {"where": "field=655", "columns": "ra,dec,field"})),
                       format="ipac", guess=False)  # fmt: skip
    assert table.colnames == ["ra", "dec", "field"]
    assert str(table["ra"].unit) == "deg"
    assert len(table) == 2


def test_mcen_is_the_nearest(client, archive):
    assert len(rows(client, POS=f"{archive.open.ra},{archive.open.dec}", mcen="")) == 1


def test_the_columns_are_irsas_in_their_order(client, archive):
    wcs = "crpix1 crpix2 crval1 crval2 cd11 cd12 cd21 cd22"
    corners, end = "ra1 dec1 ra2 dec2 ra3 dec3 ra4 dec4", "ipac_pub_date ipac_gid meta_id"
    expected = {
        "sci": "ra dec infobits field ccdid qid rcid fid filtercode pid nid expid itid imgtype imgtypecode obsdate "
        f"obsjd exptime filefracday seeing airmass moonillf moonesb maglimit {wcs} {corners} {end} poly",
        "raw": "infobits field ccdid fid filtercode nid expid itid imgtype imgtypecode filefracday obsdate obsjd "
        f"exptime seeing airmass moonillf moonesb telra teldec ccdrot {end}",
        "ref": "infobits field ccdid qid rcid fid filtercode rfid nframes maglimit startobsdate endobsdate "
        f"{wcs} ra dec {corners} {end} poly",
        "cal": "caltype ccdid qid rcid fid filtercode cid nightdate startobsdate endobsdate nid nframes ipac_pub_date "
        "meta_id obsdate_range",
    }
    for name, columns in expected.items():
        header = text_of(client.get(f"{PRODUCTS}{name}", {"ct": "csv", "WHERE": ""})).splitlines()[0]
        assert header.split(",") == columns.split()


@pytest.mark.parametrize("ct", ["ipac_table", "csv", "tsv", "html"])
@pytest.mark.parametrize("name", ["sci", "raw", "cal", "ref", "deep"])
def test_every_table_is_described_and_read_in_every_format(client, archive, name, ct):
    kind = {"ipac_table": "ipac", "csv": "ascii.csv", "tsv": "ascii.tab", "html": "ascii.html"}[ct]
    described = Table.read(text_of(client.get(PRODUCTS + name, {"FORMAT": "METADATA", "ct": ct})), format=kind)
    assert described.colnames == ["name", "description", "unit", "ucd", "utype", "datatype", "principal", "indexed"]
    if (name, ct) == ("deep", "html"):
        return  # astropy reads no HTML table without rows
    found = Table.read(
        text_of(client.get(PRODUCTS + name, {"where": "ccdid = 13 AND fid < 3", "CT": ct.upper()})), format=kind
    )
    assert found.colnames == list(described["name"])
    assert len(found) == {"sci": 2, "raw": 1, "cal": 1, "ref": 1, "deep": 0}[name]


def test_columns_come_as_asked(client, archive):
    assert list(rows(client, where="field=655", columns="Field, PID")[0]) == ["field", "pid"]


def test_a_condition_may_compute_and_compare_text_and_times(client, archive):
    where = "filtercode='zr' AND qid IN (1,3) AND obsdate LIKE '2020-09-24%' AND (seeing*2 - 1)/3 BETWEEN 0.9 AND 1.1"
    assert [int(row["pid"]) for row in rows(client, WHERE=where)] == [archive.open.pid]
    assert rows(client, WHERE=where + " AND ipac_gid <> 1") == []
    by_poly = rows(client, WHERE="poly LIKE 'POLYGON ICRS%' AND qid=3 AND imgtype='object'")
    assert [int(row["meta_id"]) for row in by_poly] == [archive.open.pid]
    assert len(rows(client, "raw", WHERE="imgtype='object' AND itid=1 AND seeing IS NULL AND telra > 0")) == 1
    assert len(rows(client, "cal", WHERE="obsdate_range LIKE '[\"2020-09-24%' AND ipac_pub_date > '2020-01-01'")) == 1


def test_a_box_has_full_widths(client, archive):
    south = f"{archive.open.ra},{archive.open.dec - 0.6}"
    assert rows(client, POS=south) == []
    assert rows(client, POS=south, SIZE="0.5,0.2") == []
    assert len(rows(client, POS=south, SIZE="0.2,0.5")) == 1
    assert len(rows(client, POS=south, SIZE="5", INTERSECT="enclosed")) == 2
    assert rows(client, POS=south, SIZE="5", INTERSECT="covers") == []


TABLES = {
    "ipac": b"|name |ra      |dec     |\n|char |double  |double  |\n| m31  55.0     33.0    \n m33  {ra} {dec}\n",
    "csv": b"name,RA,Dec\na,1,1\nb,{ra},{dec}\n",
    "votable": b'<?xml version="1.0"?><VOTABLE version="1.3"><RESOURCE><TABLE><FIELD name="ra" datatype="double"/>'
    b'<FIELD name="dec" datatype="double"/><DATA><TABLEDATA><TR><TD>1</TD><TD>1</TD></TR><TR><TD>{ra}</TD>'
    b"<TD>{dec}</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>",
}


@pytest.mark.parametrize("kind", ["csv", "votable", "ipac"])
def test_uploaded_positions_come_back_with_their_rows(client, archive, kind):
    ra, dec = round(archive.open.ra, 4), round(archive.open.dec, 4)
    text = TABLES[kind].replace(b"{ra}", str(ra).encode()).replace(b"{dec}", str(dec).encode())
    if kind == "ipac":
        text = f"|ra      |dec     |\n|double  |double  |\n 1.0      1.0      \n {ra:<8} {dec:<8} \n".encode()
    file = io.BytesIO(text)
    file.name = "places.tbl"
    response = client.post(f"{PRODUCTS}sci", {"POS": file, "ct": "csv", "columns": "pid"})
    assert response.status_code == 200, response.content
    found = list(csv.DictReader(io.StringIO(text_of(response))))
    assert found == [{"in_row_id": "2", "in_ra": str(ra), "in_dec": str(dec), "pid": str(archive.open.pid)}]


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"ra,dec\n1,200\n", b"ra,dec\nx,y\n", b"<VOTABLE", b"\\x\n|ra"]
)
def test_a_bad_upload_is_refused(client, archive, content):
    file = io.BytesIO(content)
    file.name = "places"
    response = client.post(f"{PRODUCTS}sci", {"POS": file})
    assert response.status_code == 400
    assert "POS" in response.content.decode()


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({}, "POS and WHERE are missing"),
        ({"POS": "10"}, "POS=10: give right ascension"),
        ({"POS": "10,nan"}, "POS=10,nan"),
        ({"POS": "10,95"}, "POS=10,95: declination"),
        ({"POS": "10,10", "SIZE": "-2"}, "SIZE=-2: give one or two widths"),
        ({"POS": "10,10", "SIZE": "1,2,3"}, "SIZE=1,2,3"),
        ({"POS": "10,10", "SIZE": "170"}, "SIZE: 170.0 must be 0 to 90"),
        ({"POS": "10,10", "INTERSECT": "TOUCHES"}, "INTERSECT=TOUCHES: use one of COVERS"),
        ({"WHERE": "field=", "ct": "csv"}, "WHERE: 'field=': the end where"),
        ({"WHERE": "pid*1e300*1e300 > 1"}, "a value cannot be computed"),
        ({"WHERE": "", "COLUMNS": "ra,colour"}, "COLUMNS=colour: sci has no such column"),
        ({"WHERE": "", "ct": "fits"}, "ct=fits: use one of html"),
    ],
)  # fmt: skip
def test_errors_are_xml_that_clients_of_csv_recognise(client, archive, parameters, says):
    import pandas as pd

    response = client.get(f"{PRODUCTS}sci", parameters)
    assert (response.status_code, response["Content-Type"]) == (400, "text/xml; charset=utf-8")
    text = response.content.decode()
    assert says in text.replace("&#44;", ",")
    read = pd.read_csv(io.StringIO(text))
    assert len(read.columns) == 1
    assert "<?xml version" in read.columns[0]


def test_calibrations_have_no_place_and_unknown_tables_are_not_found(client):
    assert "calibrations have no place" in client.get(f"{PRODUCTS}cal", {"POS": "1,1"}).content.decode()
    assert client.get(f"{PRODUCTS}dark", {"POS": "1,1"}).status_code == 404


def test_the_page_and_rest_find_the_same_by_box(client, archive):
    place = {"position": f"{archive.open.ra} {archive.open.dec - 0.6}", "width": 0.2, "height": 0.5}
    for parts, count in (({}, 1), ({"width": 5, "intersect": "ENCLOSED"}, 0), ({"width": 5, "height": 5}, 2)):
        page = client.get("/images/", place | parts | {"format": "json"}).json()
        rest = client.get("/api/images/", place | parts).json()
        assert page["count"] == rest["count"] == count
    wrong = client.get("/images/", place | {"width": 100, "format": "json"})
    assert (wrong.status_code, "width" in wrong.json()["detail"]) == (400, True)


def test_a_search_that_fails_behind_its_first_rows_is_refused(client, archive, monkeypatch):
    def broken(rows):
        raise QueryFailedError("the search took longer than 100 s: narrow it")

    monkeypatch.setattr(ArrowRows, "__iter__", broken)
    answer = client.get(f"{PRODUCTS}sci", {"where": "field=655"})
    assert answer.status_code == 400 and answer.content.startswith(b"<?xml") and b"longer than 100 s" in answer.content
