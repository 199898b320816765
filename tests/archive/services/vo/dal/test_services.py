"""ObsCore, SIA2, cone search and DataLink as clients use them, nothing changed but the base address."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pyvo
import requests
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse_single_table
from astropy.table import Table
from astroquery.ipac.irsa import IrsaClass
from django.db import connections

from archive.models import Program
from archive.services.vo.dal.cone import tables
from archive.services.vo.formats import FORMATS
from archive.services.vo.obscore.columns import MANDATORY, OBSCORE
from archive.services.vo.obscore.identifiers import prefix
from tests.archive.services.irsa.conftest import PARTNER, PASSWORD
from tests.archive.services.vo.dal.conftest import archive_path, cut, did

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


# --- ObsCore ----------------------------------------------------------------------------------------------------
@pytest.mark.client("pyvo", "TAPService.search")
def test_obscore_has_every_kind_of_product_once(server, archive):
    service = pyvo.dal.TAPService(f"{server}/tap")
    rows = service.search("SELECT obs_publisher_did, dataproduct_subtype, calib_level FROM ivoa.obscore").to_table()
    kinds = sorted(zip(rows["dataproduct_subtype"], rows["calib_level"], strict=True))
    assert kinds == [
        ("alert", 3), ("bias", 2), ("difference", 3), ("lightcurve", 3), ("raw", 0), ("reference", 3), ("science", 2),
        ("science", 2),
    ]  # fmt: skip
    assert len(set(rows["obs_publisher_did"])) == len(rows)


@pytest.mark.client("pyvo", "TAPService.search")
def test_obscore_tells_of_an_image_what_its_own_table_does(server, archive):
    service = pyvo.dal.TAPService(f"{server}/tap")
    one = archive.open
    (row,) = service.search(f"SELECT * FROM ivoa.obscore WHERE obs_publisher_did = '{did(archive)}'")
    assert row["t_min"] == pytest.approx(one.obsjd - 2400000.5, abs=1e-9)
    assert (row["t_max"] - row["t_min"]) * 86400 == pytest.approx(one.exptime, abs=1e-3)
    assert (row["s_ra"], row["s_dec"], row["s_resolution"]) == (one.ra, one.dec, one.seeing)
    assert row["s_pixel_scale"] == pytest.approx(1.01, abs=0.01)
    assert [float(text) for text in row["s_region"].split()[2:]] == [x for corner in one.corners for x in corner]
    assert row["em_min"] < 6.4e-7 < row["em_max"]
    assert (row["access_url"], row["access_estsize"]) == (
        f"{server}/ibe/data/ztf/products/{archive.files['sciimg'].path}",
        -(-archive.files["sciimg"].size // 1024),
    )
    assert requests.get(row["access_url"], timeout=60).content[:6] == b"SIMPLE"
    assert service.search("SELECT access_url FROM ivoa.obscore WHERE calib_level = 0")[0]["access_url"].endswith(".fz")


def test_a_raw_frame_looks_where_its_images_do(server, archive):
    service = pyvo.dal.TAPService(f"{server}/tap")
    (raw,) = service.search("SELECT s_ra, s_dec, s_fov FROM ivoa.obscore WHERE calib_level = 0")
    ccd = SkyCoord(raw["s_ra"], raw["s_dec"], unit="deg")
    quadrant = SkyCoord(archive.open.ra, archive.open.dec, unit="deg")
    assert 0.5 < ccd.separation(quadrant).deg < 0.75 and 2.3 < raw["s_fov"] < 2.6


@pytest.mark.client("pyvo", "TAPService.tables")
def test_columns_are_described_as_the_standard_has_them(server, archive):
    table = pyvo.dal.TAPService(f"{server}/tap").tables["ivoa.obscore"]
    described = {column.name: column for column in table.columns}
    assert list(described) == [column.name for column in OBSCORE.columns]
    for column in MANDATORY:
        told = described[column.name]
        assert (told.utype, told.ucd, told.unit or "") == (column.utype, column.ucd, column.unit)
        assert "principal" in told.flags and told.description


def test_the_address_of_the_site_may_be_set(client, archive, settings):
    settings.SITE_ADDRESS = "https://archive.example.org/"
    asked = {"REQUEST": "doQuery", "LANG": "ADQL", "RESPONSEFORMAT": "csv"}
    asked["QUERY"] = "SELECT access_url FROM ivoa.obscore WHERE access_url IS NOT NULL"
    addresses = client.get("/tap/sync", asked).getvalue().decode().split()[1:]
    assert addresses and all(one.startswith("https://archive.example.org/") for one in addresses)


# --- SIA2 -------------------------------------------------------------------------------------------------------
@pytest.mark.client("pyvo", "SIA2Service.search")
def test_pyvo_finds_images_and_their_columns_are_obscore_s(sia, place):
    found = sia.search(pos=(*place, 0.1))
    assert {one["dataproduct_subtype"] for one in found} == {"science", "reference", "difference", "raw"}
    assert list(found.fieldnames) == [column.name for column in OBSCORE.columns]
    assert found[0].s_region is not None and found[0].instrument_name == "ZTF"


def test_values_of_one_parameter_are_alternatives_and_parameters_together_hold(client, archive, place):
    def count(**asked) -> int:
        answer = client.get("/vo/sia2/query", asked | {"RESPONSEFORMAT": "csv"})
        assert answer.status_code == 200, answer.content
        return len(answer.getvalue().decode().splitlines()) - 1

    here, there = f"CIRCLE {place[0]} {place[1]} 0.01", "CIRCLE 200 -80 0.1"
    mjd = archive.open.obsjd - 2400000.5
    every = count()
    assert every == 6
    assert count(POS=here) == 4 and count(POS=there) == 0 and count(POS=[here, there]) == 4
    assert count(POS=here, CALIB="2") == 1 and count(POS=here, CALIB=["2", "0"]) == 2
    assert count(pos=here, Band="6.4e-7") == 4 and count(POS=here, BAND="4e-7 5e-7") == 0
    assert count(TIME=f"{mjd} {mjd + 1e-5}", CALIB="2") == 2 and count(TIME="40000 41000") == 0
    assert count(TIME=f"-Inf {mjd + 1}") >= 4
    assert count(ID=did(archive)) == 1 and count(ID=[did(archive), did(archive, "ref")]) == 2 and count(ID="x") == 0
    assert count(COLLECTION="ZTF") == every and count(COLLECTION="other") == 0
    assert count(FACILITY="P48", INSTRUMENT="ZTF", TARGET="field 655", DPTYPE="image") == every - 1
    assert count(EXPTIME="29 31") == 4 and count(SPATRES="2") == 3 and count(FOV="2 3") == 1 and count(POL="I") == 0
    assert count(SPECRP="1 10") == 5 and count(TIMERES="30") == 4
    assert count(FORMAT="image/fits") == every and count(FORMAT="text/csv") == 0
    assert count(DPTYPE="cube") == 0 and count(MAXREC="2") == 2


@pytest.mark.parametrize(
    "parameter, value",
    [
        ("POS", "BOX 1 2 3 4"),
        ("POS", "CIRCLE 1 2"),
        ("BAND", "a"),
        ("TIME", "2 1"),
        ("CALIB", "7"),
        ("DPTYPE", "spectrum"),
    ]
    + [("MAXREC", "-1"), ("RESPONSEFORMAT", "pdf"), ("FOV", "1 2 3")],
)
def test_what_is_wrong_is_said_as_dali_has_it(client, archive, parameter, value):
    answer = client.get("/vo/sia2/query", {parameter: value})
    text = answer.content.decode()
    assert answer.status_code == 400 and 'name="QUERY_STATUS" value="ERROR"' in text and f"{parameter}={value}" in text


def test_without_rows_the_columns_and_the_services_are_described(client, archive):
    text = client.get("/vo/sia2/query", {"MAXREC": "0"}).getvalue().decode()
    assert text.count("<FIELD ") == len(OBSCORE.columns) and 'value="OVERFLOW"' in text and "<TR>" not in text
    assert text.count('utype="adhoc:service"') == 2


@pytest.mark.client("astroquery", "Irsa.query_sia", "Irsa.list_collections")
def test_astroquery_s_irsa_client_finds_images_and_collections(server, archive, place):
    irsa = IrsaClass()
    irsa.sia_url, irsa.tap_url = f"{server}/SIA", f"{server}/tap"
    coordinate = SkyCoord(*place, unit="deg")
    found = irsa.query_sia(pos=(coordinate, 1 * u.arcmin), collection="ztf", calib_level=2)
    assert [str(one) for one in found["obs_publisher_did"]] == [did(archive)]
    assert found["energy_bandpassname"][0] == "ZTF_r"
    assert list(irsa.list_collections()["collection"]) == ["ztf"]
    assert list(irsa.list_collections(servicetype="SIA")["collection"]) == ["ztf"]
    assert len(irsa.list_collections(servicetype="SSA")) == 0


@pytest.mark.client("requests", "GET /vo/sia2/query, signed in")
def test_a_partner_finds_what_is_theirs_with_name_and_password(server, archive):
    session = requests.Session()
    session.auth = (PARTNER, PASSWORD)
    one = archive.closed
    asked = {"ID": f"{prefix('sci')}{one.pid}"}
    for who, count in ((session, 1), (requests.Session(), 0)):
        answer = who.get(f"{server}/vo/sia2/query", params=asked, timeout=60)
        assert len(parse_single_table(io.BytesIO(answer.content)).array) == count


# --- cone search ------------------------------------------------------------------------------------------------
@pytest.mark.client("pyvo", "SCSService.search")
def test_pyvo_searches_cones_in_every_table_with_positions(server, archive, place):
    expected = {"ztf_current_meta_sci": 1, "ztf_current_meta_ref": 1, "ztf_alerts": 1, "ztf_objects": 1}
    assert expected.keys() <= tables().keys()
    for name, count in expected.items():
        service = pyvo.dal.SCSService(f"{server}/vo/scs/{name}")
        found = service.search(SkyCoord(*place, unit="deg"), 0.01 * u.deg)
        assert len(found) == count
        assert found[0].pos.separation(SkyCoord(*place, unit="deg")).arcsec < 40 and found[0].id is not None
        assert len(service.search(SkyCoord(0, -80, unit="deg"), 0.1)) == 0


def test_a_cone_of_a_table_that_is_always_there_asks_for_no_releases(client, place, django_assert_num_queries):
    with django_assert_num_queries(0):  # of the connection that is no reader's
        assert client.get(f"/vo/scs/ztf_objects?RA={place[0]}&DEC={place[1]}&SR=0.01").status_code == 200
    assert client.get("/vo/scs/ztf_objects_dr99?RA=1&DEC=2&SR=0.01").status_code == 404


def test_verbosity_chooses_columns_and_a_radius_of_zero_the_columns_alone(client, archive, place):
    def header(**asked) -> list[str]:
        text = client.get("/vo/scs/ztf_alerts", {"RA": place[0], "DEC": place[1], "SR": 0.1, **asked})
        return text.getvalue().decode().splitlines()

    assert header(VERB="1", RESPONSEFORMAT="csv")[0] == "candid,ra,dec"
    assert "magpsf" in header(RESPONSEFORMAT="csv")[0] and "rb" not in header(RESPONSEFORMAT="csv")[0]
    assert "ssdistnr" in header(VERB="3", RESPONSEFORMAT="csv")[0]
    text = "".join(header(SR="0"))
    assert "<TR>" not in text and all(text.count(f'ucd="{ucd}"') == 1 for ucd in ("ID_MAIN", "POS_EQ_RA_MAIN"))
    assert "".join(header(VERB="2")).count("<TR>") == 1


@pytest.mark.parametrize(
    "asked, said",
    [
        ({"RA": "1_0"}, "RA=1_0"),
        ({"RA": "nan"}, "RA=nan"),
        ({"DEC": "95"}, "DEC=95"),
        ({"DEC": "x"}, "DEC=x"),
        ({"SR": "-1"}, "SR=-1"),
        ({"SR": ""}, "SR is missing"),
    ]
    + [({"VERB": "4"}, "VERB=4"), ({"SR": "nan"}, "SR=nan"), ({"RA": ["1", "2"]}, "RA: give it once")],
)
def test_a_wrong_cone_is_refused_as_the_standard_has_it(client, archive, asked, said):
    answer = client.get("/vo/scs/ztf_alerts", {"RA": 1, "DEC": 2, "SR": 0.1} | asked)
    text = answer.content.decode()
    assert answer.status_code == 400 and 'ID="Error" name="Error"' in text and said in text
    assert client.get("/vo/scs/nothing", {"RA": 1, "DEC": 2, "SR": 1}).status_code == 404


# --- DataLink ---------------------------------------------------------------------------------------------------
@pytest.mark.client("pyvo", "Record.getdatalink", "DatalinkService.search")
def test_an_image_leads_to_all_that_belongs_to_it(server, sia, archive):
    (row,) = sia.search(publisher_did=did(archive))
    links = row.getdatalink()
    found = {(link["semantics"], link["local_semantics"]) for link in links}
    assert {
        ("#this", "sciimg.fits"), ("#derivation", "psfcat.fits"), ("#derivation", "scimrefdiffimg.fits.fz"),
        ("#progenitor", "raw"), ("#bias", "bias.fits"), ("#auxiliary", "reference"), ("#derivation", "alerts"),
    } <= found  # fmt: skip
    (this,) = links.bysemantics("#this", include_narrower=False)
    assert this.content_length == archive.files["sciimg"].size and this.content_type == "application/fits"
    service = pyvo.dal.adhoc.DatalinkService(f"{server}/vo/datalink/links")
    assert {"#this", "#progenitor", "#derivation"} <= {link.semantics for link in service.search(did(archive, "diff"))}


@pytest.mark.client("pyvo", "Record.getdataset")
def test_pyvo_fetches_an_image_s_file_by_its_link(sia, archive, monkeypatch):
    # pyvo asks the IVOA for the words of semantics; tests ask nobody outside.
    words = {"terms": {"this": {"narrower": []}}}
    monkeypatch.setattr(pyvo.utils.vocabularies, "get_vocabulary", lambda name, force_update=False: words)
    (row,) = sia.search(publisher_did=did(archive))
    assert row.getdataset().read() == archive_path(archive).read_bytes()


@pytest.mark.client("pyvo", "Record.getdatalink")
def test_a_row_of_tap_leads_to_its_links_too(server, archive):
    service = pyvo.dal.TAPService(f"{server}/tap")
    (row,) = service.search(
        f"SELECT obs_publisher_did, s_ra FROM ivoa.obscore WHERE obs_publisher_did = '{did(archive)}'"
    )
    assert {"#this", "#cutout"} <= {link["semantics"] for link in row.getdatalink()}
    with pytest.raises(pyvo.dal.DALServiceError):
        service.search("SELECT TOP 1 s_ra FROM ivoa.obscore")[0].getdatalink()


@pytest.mark.client("pyvo", "DALResults.iter_datalinks")
def test_many_rows_lead_to_their_links_in_few_requests(sia, place):
    found = sia.search(pos=(*place, 0.01))
    sizes = {links.original_row["obs_publisher_did"]: len(links) for links in found.iter_datalinks()}
    assert set(sizes) == set(found["obs_publisher_did"]) and min(sizes.values()) >= 1


def test_what_is_no_identifier_gets_a_row_that_says_so(client, archive):
    asked = {"ID": [did(archive), "nonsense", f"{prefix('sci')}5", did(archive, "alert")]}
    rows = parse_single_table(io.BytesIO(client.post("/vo/datalink/links", asked).content)).to_table()
    for identifier, said in (("nonsense", "is no identifier"), (f"{prefix('sci')}5", "no such data set")):
        (row,) = rows[rows["ID"] == identifier]
        assert row["error_message"].startswith("NotFoundFault") and said in row["error_message"]
    assert list(rows["ID"]) == sorted(rows["ID"], key=asked["ID"].index)
    assert "packets.avro" in str(rows["access_url"][rows["ID"] == did(archive, "alert")][0])


def test_what_is_listed_before_it_is_public_leads_to_signing_in(client, archive):
    identifier = f"{prefix('sci')}{archive.closed.pid}"

    def links():
        body = client.get("/vo/datalink/links", {"ID": identifier}).content
        return parse_single_table(io.BytesIO(body)).to_table(), body

    assert "no such data set" in links()[0]["error_message"][0]
    now(Program.objects.filter(pk=2).update, listed=True)
    try:
        rows, body = links()
        assert (rows["semantics"][0], rows["link_auth"][0], rows["link_authorized"][0]) == ("#this", "true", False)
        assert archive.files["closed sciimg"].path.encode() not in body and len(rows) == 1
        assert cut(client, ID=identifier)[0] == 403
    finally:
        now(Program.objects.filter(pk=2).update, listed=False)


def now(function, **values) -> None:
    """Call a function in a thread, whose connection commits what it changes."""

    def called():
        function(**values)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(called).result()


# --- regions in ADQL ----------------------------------------------------------------------------------------------
@pytest.mark.client("pyvo", "TAPService.search")
@pytest.mark.parametrize(
    "condition, count",
    [
        ("1 = INTERSECTS(s_region, CIRCLE('ICRS', {ra}, {dec}, 0.01))", 4),
        ("1 = CONTAINS(POINT({ra}, {dec}), s_region)", 4),
        ("1 = CONTAINS(POINT({ra}, {dec} + 3), s_region)", 0),
        ("1 = CONTAINS(s_region, CIRCLE({ra}, {dec}, 0.7))", 3),
        ("1 = CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', {ra}, {dec}, 0.01))", 5),
    ],
)
def test_adql_asks_footprints_and_positions_of_all_products(server, place, condition, count):
    service = pyvo.dal.TAPService(f"{server}/tap")
    where = condition.format(ra=place[0], dec=place[1])
    assert len(service.search(f"SELECT obs_publisher_did FROM ivoa.obscore WHERE {where}")) == count


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.names[1])
@pytest.mark.parametrize("path", ["sia2/query?POS=CIRCLE+{}+{}+0.1", "scs/ztf_current_meta_sci?RA={}&DEC={}&SR=1"])
def test_every_format_of_the_archive_is_to_be_had(client, archive, place, path, form):
    address = f"/vo/{path.format(*place)}"
    answer = client.get(f"{address}&RESPONSEFORMAT={form.names[1].replace('/', '%2F')}")
    content = b"".join(answer.streaming_content)
    assert answer.status_code == 200, content
    assert rows_of(content, form.suffix) == rows_of(plain(client, address), "csv") > 0


def plain(client, path: str) -> bytes:
    return b"".join(client.get(f"{path}&RESPONSEFORMAT=csv").streaming_content)


def rows_of(content: bytes, suffix: str) -> int:
    """Rows of a table in a format of ours."""
    if suffix in ("csv", "tsv"):
        return len(content.decode().strip().split("\n")) - 1
    if suffix == "json":
        return len(json.loads(content)["data"])
    if suffix == "parquet":
        return pq.read_table(io.BytesIO(content)).num_rows
    if suffix == "arrows":
        return pa.ipc.open_stream(content).read_all().num_rows
    kind = {"vot": "votable", "xml": "votable", "fits": "fits", "tbl": "ascii.ipac"}[suffix]
    return len(Table.read(io.BytesIO(content), format=kind))
