"""IRSA's light-curve service: every parameter and format, errors, and what a reader does not see."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import ascii as text_tables
from astropy.io.votable import parse, parse_single_table

from archive.access.audit import Actor
from archive.access.reading import ANYONE
from archive.models import Release
from archive.releases import freeze
from lightcurves.download import bulk
from lightcurves.storage import read
from lightcurves.tables.dictionary import LIGHTCURVE
from tests import factories
from tests.lightcurves.starsky import CLOSED_NIGHTS, OPEN_NIGHTS, SIX_STARS

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
URL = "/cgi-bin/ZTF/nph_light_curves"
OID = {1: 655113300000000, 2: 655213300000000}  # the first star in g and in r
NAMES = (
    "oid,expid,hjd,mjd,mag,magerr,catflags,filtercode,ra,dec,chi,sharp,filefracday,field,ccdid,qid,limitmag,magzp,"
    "magzprms,clrcoeff,clrcounc,exptime,airmass,programid"
)


def rows(answer):
    assert answer.status_code == 200, answer.content
    body = b"".join(answer.streaming_content).decode()
    return text_tables.read(body, format="csv")


def ask(client, **parameters):
    return rows(client.get(URL, {"FORMAT": "csv"} | parameters))


def said(answer):
    assert answer.status_code == 400, answer.status_code
    (info,) = [one for one in parse(io.BytesIO(answer.content)).resources[0].infos if one.name == "QUERY_STATUS"]
    assert info.value == "ERROR"
    return info.content


def circle(six_stars, star=0, radius=0.0003):
    return f"CIRCLE {six_stars.ra[star]} {six_stars.dec[star]} {radius}"


def test_columns_and_their_order_are_irsa_s(six_stars, client):
    answer = client.get(URL, {"ID": OID[2], "FORMAT": "CSV"})
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == NAMES and len(lines) == OPEN_NIGHTS + 1
    assert '"' not in lines[1]
    curve = read.get([OID[2]], [1])
    first = dict(zip(NAMES.split(","), lines[1].split(","), strict=True))
    assert float(first["hjd"]) == curve.columns["hjd"][0] and float(first["mjd"]) == curve.columns["mjd"][0]
    assert float(first["mag"]) == pytest.approx(curve.columns["mag"][0], rel=1e-7)
    assert first["airmass"] == ""  # not known


def test_every_format_has_the_same_rows(six_stars, client):
    def body(form):
        return b"".join(client.get(URL, {"ID": OID[2], "FORMAT": form}).streaming_content)

    table = parse_single_table(io.BytesIO(b"".join(client.get(URL, {"ID": OID[2]}).streaming_content)))
    assert [field.name for field in table.fields] == NAMES.split(",")
    assert {field.name: field.datatype for field in table.fields}["oid"] == "long"
    expected = np.sort(ask(client, ID=OID[2])["hjd"])
    found = {
        "votable": table.array["hjd"],
        "ipac_table": text_tables.read(body("IPAC_TABLE").decode(), format="ipac")["hjd"],
        "tsv": text_tables.read(body("tsv").decode(), format="tab")["hjd"],
        "html": text_tables.read(body("HTML").decode(), format="html")["hjd"],
        "parquet": pq.read_table(io.BytesIO(body("parquet")))["hjd"].to_numpy(),
        "arrow": pa.ipc.open_stream(body("arrow")).read_all()["hjd"].to_numpy(),
        "json": [row["hjd"] for row in json.loads(body("json"))["rows"]],
    }  # fmt: skip
    for form, values in found.items():
        np.testing.assert_allclose(np.asarray(values, float), expected, atol=1e-9, err_msg=form)


def test_several_objects_by_comma_by_repetition_and_by_post(six_stars, client):
    oids = [OID[2], OID[2] + 1]
    for answer in (
        client.get(f"{URL}?FORMAT=csv&ID={oids[0]},{oids[1]}"),
        client.get(f"{URL}?FORMAT=csv&ID={oids[0]}&ID={oids[1]}"),
        client.post(URL, {"FORMAT": "csv", "ID": ",".join(map(str, oids))}),
    ):
        assert sorted(set(rows(answer)["oid"])) == oids


def test_a_circle_finds_what_lies_in_it_in_every_filter(six_stars, client):
    for place in ({"POS": circle(six_stars)}, {"pos": circle(six_stars).lower()}, {"CIRCLE": circle(six_stars)[7:]}):
        assert sorted(set(ask(client, **place)["oid"])) == [OID[1], OID[2]]
    assert len(set(ask(client, POS=circle(six_stars, radius=0.1667))["oid"])) <= 2 * SIX_STARS


@pytest.mark.parametrize(
    ("parameters", "filters"),
    [
        ({"BANDNAME": "g"}, {"zg"}),
        ({"BANDNAME": "gr"}, {"zg", "zr"}),
        ({"BANDNAME": "2,3"}, {"zr"}),
        ({"BAND": "4.10e-7 5.50e-7"}, {"zg"}),
        ({"BAND": "0 5.0e-7"}, {"zg"}),
        ({"BAND": "6e-7 Inf"}, {"zr"}),
        ({"BAND": "6e-7"}, {"zr"}),
        ({"BAND": "2.2e-6"}, set()),
        ({"BAND": "4e-7 6e-7", "BANDNAME": "r"}, {"zr"}),
        ({"NOBS_MIN": "3"}, {"zr"}),
        ({"NUM_OBS": "2"}, {"zg", "zr"}),
        ({"NUM_OBS": str(OPEN_NIGHTS + 1)}, set()),  # closed points do not count for a visitor
        ({"MAG": "14.5 15.5"}, {"zg", "zr"}),
        ({"MAG": "16 17"}, set()),
    ],
)
def test_a_circle_is_narrowed_by_filter_brightness_and_points(six_stars, client, parameters, filters):
    found = ask(client, POS=circle(six_stars), **parameters)
    assert found.colnames == NAMES.split(",")
    assert {str(one) for one in found["filtercode"]} == filters


def test_times_are_a_range_with_both_ends_or_one_moment(six_stars, client):
    mjd = np.sort(ask(client, ID=OID[2])["mjd"])
    assert len(ask(client, ID=OID[2], TIME=f"{mjd[1]} {mjd[3]}")) == 3
    assert len(ask(client, ID=OID[2], TIME=f"-Inf {mjd[3]}")) == 4
    assert len(ask(client, ID=OID[2], TIME=f"{mjd[3]:.8f}")) == 1
    assert len(ask(client, ID=OID[2], TIME="40000 40001")) == 0


def test_points_with_any_bit_of_the_mask_are_left_out(six_stars, client):
    assert len(ask(client, ID=OID[2], BAD_CATFLAGS_MASK=2)) == OPEN_NIGHTS // 2
    assert len(ask(client, ID=OID[2], BAD_CATFLAGS_MASK=32768)) == OPEN_NIGHTS


@pytest.fixture
def release(six_stars, django_db_blocker):
    """A public release of the first three nights."""
    made = Release.objects.create(name="dr3", title="Three", first_night="2020-09-01", last_night="2020-09-03")
    made.programs.set([1])
    freeze(made, Actor("test"))
    return factories.put_release("dr3", state="public", published="2021-01-01T00:00Z")


def test_a_release_holds_its_own_images_points(release):
    oids = [OID[2], OID[2] + 1]
    batches = bulk.points(oids, bulk.PointFilter(release=release), None)
    assert sum(map(len, batches)) == 6
    assert bulk.newest_release() == release
    with pytest.raises(bulk.NoSuchReleaseError, match="there are: dr3"):
        bulk.release_named("dr20")


def test_a_visitor_sees_public_points_and_a_partner_theirs_too(six_stars, partner, client):
    assert set(ask(client, ID=OID[2])["programid"]) == {1}
    client.force_login(partner)
    found = ask(client, ID=OID[2], COLLECTION="ztf")
    assert sorted(found["programid"]) == [1] * OPEN_NIGHTS + [2] * CLOSED_NIGHTS
    assert len(set(ask(client, POS=circle(six_stars), NUM_OBS=OPEN_NIGHTS + 1)["oid"])) == 1


def test_nothing_found_is_a_table_without_rows(six_stars, client):
    for parameters in ({"ID": 1}, {"POS": "CIRCLE 10 -80 0.001"}):
        assert ask(client, **parameters).colnames == NAMES.split(",")
        table = parse_single_table(io.BytesIO(b"".join(client.get(URL, parameters).streaming_content)))
        assert len(table.array) == 0 and len(table.fields) == len(LIGHTCURVE.columns)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "ID, POS, CIRCLE: give exactly one"),
        ({"ID": "5", "POS": "CIRCLE 1 2 0.1"}, "give exactly one"),
        ({"ID": "x5"}, "ID=x5: must be the number of an object"),
        ({"ID": "99999999999999999999"}, "must be the number of an object"),
        ({"ID": "5", "MAG": "1 2"}, "MAG=1 2: goes with POS or CIRCLE, not with ID"),
        ({"ID": "5", "NOBS_MIN": "2"}, "NOBS_MIN=2: goes with"),
        ({"POS": "BOX 1 2 3"}, "the only shape is CIRCLE"),
        ({"POS": "CIRCLE 1 2"}, "give right ascension, declination and radius"),
        ({"POS": "CIRCLE 1 2 nan"}, "give right ascension, declination and radius"),
        ({"POS": "CIRCLE 1 92 0.1"}, "POS=CIRCLE 1 92 0.1: declination 92"),
        ({"POS": "CIRCLE 1 2 0.2"}, "the radius lies in (0, 0.1667] degrees"),
        ({"CIRCLE": "1 2 0"}, "the radius lies in"),
        ({"CIRCLE": "1 2 0.1", "BANDNAME": "y"}, "BANDNAME=y: y is no filter"),
        ({"CIRCLE": "1 2 0.1", "BAND": "2 1"}, "BAND=2 1: give one value or the two ends"),
        ({"CIRCLE": "1 2 0.1", "NUM_OBS": "-3"}, "NUM_OBS=-3: must be a whole number"),
        ({"ID": "5", "TIME": "1 2 3"}, "TIME=1 2 3: give one value"),
        ({"ID": "5", "BAD_CATFLAGS_MASK": "0x8000"}, "BAD_CATFLAGS_MASK=0x8000: must be a whole number"),
        ({"ID": "5", "COLLECTION": "ztf_dr99"}, "COLLECTION=ztf_dr99: there is no public release 'dr99'"),
        ({"ID": "5", "COLLECTION": "ztf"}, "COLLECTION=ztf: is for those who have signed in"),
        ({"ID": "5", "FORMAT": "fits"}, "FORMAT=fits: use one of VOTABLE, IPAC_TABLE, HTML, CSV, TSV"),
        ({"ID": "5", "FORMAT": ["csv", "tsv"]}, "format: is given 2 times"),
        ({"ID": "5", "COLOUR": "red"}, "COLOUR: is no parameter of"),
    ],
)
def test_a_wrong_parameter_is_named_in_a_votable(client, parameters, message):
    assert message in said(client.get(URL, parameters))


def test_memory_does_not_grow_with_the_points(six_stars, monkeypatch):
    """One batch at a time is read, when the one before has been sent."""
    monkeypatch.setattr(bulk, "OBJECTS_AT_ONCE", 1)
    read = []
    monkeypatch.setattr(bulk, "_columns", lambda oids, *rest, was=bulk._columns: read.append(oids) or was(oids, *rest))
    batches = bulk.points([OID[2] + star for star in range(SIX_STARS)], bulk.PointFilter(), ANYONE)
    assert len(read) == 1
    assert sum(map(len, batches)) == SIX_STARS * OPEN_NIGHTS and len(read) == SIX_STARS
