"""Every family of products is found by the one search, on the page and by REST alike."""

import csv
import io
import json
import shutil
from datetime import UTC, datetime

import pytest
import tables
from astropy.io import fits
from astropy.io.votable import parse_single_table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.access.reading import ANYONE, reading
from archive.ingest import RefusedError, Source, ingest
from archive.models import Alert, DifferenceImage, ReferenceImage, ScienceImage
from archive.search.query import BadQueryError, ImageQuery, images
from archive.sky import footprints
from archive.survey.camera import Camera, nominal_wcs
from archive.survey.identifiers import make_rfid
from archive.targets.around import counts, matches
from archive.targets.lists import Target
from tests import factories
from tests.archive.services.irsa.conftest import archive  # noqa: F401 (a fixture)

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(scope="module")
def held(archive):  # noqa: F811
    """Besides raw, cal, sci and ref: a difference, an alert of it, a file of light curves."""
    difference = DifferenceImage.objects.create(
        science=archive.open, reference=archive.reference, diffmaglim=20.1, ncandidates=1, **factories.PUBLIC
    )
    packet = factories.product_file(path="alert/2020/0924/families.avro", family="alert", suffix="alerts.avro")
    alert = Alert.objects.create(
        candid=archive.open.pid * 10**6 + 15001, objectid="ZTF20aaaaaaa", pid=archive.open.pid, jd=archive.open.obsjd,
        nid=archive.open.nid, fid=2, field=655, rcid=50, ra=archive.open.ra, dec=archive.open.dec, magpsf=19.0,
        sigmapsf=0.1, isdiffpos=True, rb=0.9, packet=packet, packet_index=0, **factories.PUBLIC,
    )  # fmt: skip
    curves = factories.product_file(
        path="lc/0/field000655/ztf_000655_zr_c13_q3_dr9.parquet", family="lc", suffix="dr9.parquet",
        product_id=archive.reference.rfid,
    )  # fmt: skip
    yield archive
    for one in (alert, difference, curves, packet):
        one.delete()


def count(client, **parameters) -> int:
    page = client.get("/images/", parameters | {"format": "json"})
    rest = client.get("/api/images/", parameters)
    assert page.status_code == rest.status_code == 200, page.content
    assert page.json()["count"] == rest.json()["count"]
    shown = client.get("/images/", parameters)
    assert shown.context["page"].paginator.count == page.json()["count"]
    return page.json()["count"]


@pytest.mark.parametrize("family", ["sci", "raw", "ref", "diff", "alert", "lc"])
def test_a_family_is_found_by_position_box_and_quadrant_and_not_elsewhere(client, held, family):
    here = f"{held.open.ra} {held.open.dec}"
    assert count(client, family=family, position=here, field=655, filtercode="zr", ccdid=13) == 1
    assert count(client, family=family, position=f"{held.open.ra + 30} {held.open.dec}") == 0
    assert count(client, family=family, position=here, width=0.5, ccdid=13) == 1
    assert count(client, family=family, position=f"{held.open.ra} {held.open.dec - 20}", width=0.5) == 0


def test_each_family_has_its_own_columns_filters_and_files(client, held):
    assert count(client, family="cal", caltype="bias", nid=1362, rcid=50) == 1
    assert count(client, family="cal", caltype="hifreqflat") == 0
    assert count(client, family="deep") == 0
    assert b"There are no deep co-adds" in client.get("/images/", {"family": "deep"}).content
    assert count(client, family="alert", brighter=19.5, rb=0.8, objectid="ZTF20aaaaaaa") == 1
    assert count(client, family="diff", where="diffmaglim > 20 AND ncandidates = 1") == 1
    for family, path in (("raw", "raw"), ("cal", "cal"), ("lc", None)):
        page = client.get("/images/", {"family": family}).content.decode()
        name = held.files[path].path if path else "lc/0/field000655/ztf_000655_zr_c13_q3_dr9.parquet"
        assert f"/files/{name}" in page
        assert held.files["closed raw"].path not in page
    assert "calibrations have no seeing" in client.get("/images/?family=cal&seeing=2&format=json").json()["detail"]
    assert "has no cutouts" in client.get("/cutouts/", {"family": "raw", "position": "1 1"}).content.decode()


def test_identifiers_of_all_kinds_find_their_product(client, held):
    image = held.open
    for asked in ({"pid": image.pid}, {"expid": image.exposure_id, "rcid": 50}, {"name": held.files["sciimg"].name},
                  {"name": held.files["psfcat"].path}, {"nid": image.nid, "qid": 3, "ccdid": 13}):  # fmt: skip
        assert count(client, **asked) == 1, asked
    assert count(client, family="raw", name=held.files["raw"].name) == 1
    assert count(client, family="cal", name=held.files["cal"].name) == count(client, family="cal", cid=136250002) == 1
    assert count(client, family="ref", name=held.files["ref"].name) == 1
    assert count(client, family="ref", rfid=held.reference.rfid) == 1
    assert count(client, family="lc", name="ztf_000655_zr_c13_q3_dr9.parquet") == 1
    assert count(client, family="diff", pid=image.pid) == count(client, family="alert", pid=image.pid) == 1
    wrong = client.get("/api/images/", {"name": held.files["raw"].name}).json()["detail"]
    assert "is a file of raw files: ask for family=raw" in wrong
    assert "larger than any identifier" in client.get("/api/images/", {"pid": 10**30}).json()["detail"]


def test_the_search_box_finds_files_of_every_family(client, held):
    for key, family in (("raw", "raw"), ("cal", "cal")):
        found = client.get("/find", {"q": held.files[key].name})
        assert found.status_code == 302
        assert f"family={family}" in found.url
    assert client.get("/find", {"q": held.files["sciimg"].name}).url == f"/images/{held.open.pid}/"


def test_a_span_of_time_is_utc_jd_or_mjd(client, held):
    jd = held.open.obsjd
    spans = [("2020-09-24 10:00", "2020-09-24 23:00"), (jd - 0.1, jd + 0.1), (jd - 2400000.6, jd - 2400000.4)]
    for since, until in spans:
        for family, quadrant in (("sci", {"rcid": 50}), ("raw", {}), ("diff", {}), ("alert", {})):
            assert count(client, family=family, since=since, until=until, **quadrant) == 1
    assert count(client, since=jd + 0.1, until=jd + 0.2) == 0
    assert "modified" in client.get("/api/images/", {"since": "12345678"}).json()["detail"]


def test_quality_bits_program_and_release(client, held):
    ScienceImage.objects.filter(pk=held.open.pid).update(infobits=0b1010)
    with reading(ANYONE):  # another connection: it does not see what is not committed
        assert images(ImageQuery(pid=held.open.pid, infobits=0b1010)).count() == 1
    found = ScienceImage.objects.filter(pk__in=images(ImageQuery(infobits=0b0100)).values("pk"))
    assert held.open in found
    assert held.open not in images(ImageQuery(infobits=0b0010))
    assert held.open not in images(ImageQuery(good=True))
    assert count(client, programid=1, rcid=50) == 1
    assert count(client, programid=2) == 0
    assert "no such release" in client.get("/api/images/", {"release": "dr99"}).json()["detail"]
    rows = client.get("/ibe/search/ztf/products/sci", {"WHERE": "", "RELEASE": "dr99", "ct": "csv"})
    assert len(b"".join(rows.streaming_content).splitlines()) == 1


# --- lists of positions -------------------------------------------------------------------------------------------


def listed(client, url: str, **parameters) -> list[dict]:
    answer = client.post(url, parameters | {"format": "csv"})
    assert answer.status_code == 200, answer.content
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


@pytest.mark.parametrize("url", ["/images/list", "/api/images/"])
def test_a_list_comes_back_with_the_row_that_each_product_belongs_to(client, held, url):
    text = f"nowhere 200 -20\nmine {held.open.ra} {held.open.dec}\n"
    for family, key in (
        ("sci", "pid"),
        ("ref", "rfid"),
        ("diff", "pid"),
        ("alert", "candid"),
        ("raw", "expid"),
        ("lc", "path"),
    ):
        rows = listed(client, url, family=family, targets=text, columns=key)
        assert [(row["in_row_id"], row["in_name"]) for row in rows] == [("2", "mine")], family
    file = io.BytesIO(
        b"name;RAJ2000;DEJ2000\nM31;00:42:44.3;+41:16:09\n" + f"a;{held.open.ra};{held.open.dec}".encode()
    )
    file.name = "mine.csv"
    assert len(listed(client, url, upload=file, filtercode="zr")) == 1
    assert listed(client, url, targets=text, filtercode="zg") == []


def test_a_list_is_counted_on_the_page_and_written_as_json_and_votable(client, held):
    text = f"1 1\n{held.open.ra} {held.open.dec}"
    page = client.post("/images/list", {"targets": text})
    assert [one["count"] for one in page.context["listed"]] == [0, 1]
    answer = client.post("/api/images/", {"targets": text, "format": "json"})
    assert [row["pid"] for row in json.loads(b"".join(answer.streaming_content))] == [held.open.pid]
    assert (
        json.loads(b"".join(client.post("/api/images/", {"targets": "1 1", "format": "json"}).streaming_content)) == []
    )
    answer = client.post("/api/images/", {"targets": text, "format": "votable"})
    table = parse_single_table(io.BytesIO(b"".join(answer.streaming_content))).to_table()
    assert (list(table["pid"]), list(table["in_row_id"])) == ([held.open.pid], [2])


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "give targets as text, or upload"),
        ({"targets": "1 95"}, "line 1: '1 95': declination 95"),
        ({"targets": "1 1", "family": "cal"}, "family=cal: has no place"),
        ({"targets": "1 1", "columns": "colour"}, "columns='colour': there is no such column"),
        ({"targets": "1 1", "width": 100}, "width"),
        ({"targets": "1 1\n" * 10_001}, "more than 10000"),
    ],
)
def test_a_list_that_cannot_be_searched_is_refused_with_the_reason(client, asked, says):
    for url in ("/images/list", "/api/images/"):
        answer = client.post(url, asked | {"format": "csv"})
        assert answer.status_code == 400
        assert says in answer.json()["detail"]


SEARCHES = st.fixed_dictionaries(
    {"family": st.sampled_from(["sci", "ref", "raw", "diff", "alert"])},
    optional={"width": st.sampled_from([0.3, 2.0]), "intersect": st.sampled_from(["COVERS", "ENCLOSED", "CENTER"])},
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=SEARCHES, east=st.floats(-1, 1), north=st.floats(-1, 1))
def test_around_a_list_is_found_what_is_found_around_each(held, parts, east, north):
    places = [Target("a", held.open.ra + east, held.open.dec + north), Target("b", held.open.ra, held.open.dec)]
    with reading(ANYONE):
        each = [len(images(ImageQuery(ra=one.ra, dec=one.dec, **parts))) for one in places]
        assert counts(ImageQuery(**parts), places) == each
    rows = matches(ImageQuery(**parts), places, ANYONE)
    numbers = [row[0] for batch in rows for row in batch]
    assert numbers == [1] * each[0] + [2] * each[1]


def test_families_without_a_place_are_refused():
    with pytest.raises(BadQueryError, match="calibrations have no place"):
        counts(ImageQuery(family="cal"), [Target("a", 1, 1)])


# --- footprints with distortion -----------------------------------------------------------------------------------


def distorted(ra: float, dec: float):
    """The header of a quadrant with a TPV distortion of some pixels, at any place on the sky."""
    camera = Camera()
    header = fits.Header(nominal_wcs(camera, 6, 2, ra, dec))
    header.update(NAXIS=2, NAXIS1=camera.nx, NAXIS2=camera.ny, CTYPE1="RA---TPV", CTYPE2="DEC--TPV")
    for axis in (1, 2):
        header.update({f"PV{axis}_0": 1e-4, f"PV{axis}_1": 1.0, f"PV{axis}_4": 2e-3, f"PV{axis}_7": -1e-3})
    return header


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from([(0.0, 89.6), (180.0, 90.0), (10.0, -89.9), (0.01, 0.0), (359.99, 45.0), (120.0, 30.0)]),
    x=st.floats(-0.3, 1.3),
    y=st.floats(-0.3, 1.3),
)
def test_a_distorted_footprint_is_found_by_its_pixels_at_poles_and_ra_0(place, x, y):
    """Distortion bends a quadrant's edges by some pixels: within 1 per cent of them nothing is asked."""
    header = distorted(*place)
    values = footprints.footprint(header)
    ReferenceImage.objects.filter(field=777).delete()
    image = factories.reference_image(5, field=777)
    ReferenceImage.objects.filter(pk=image.pk).update(**values)
    ra, dec = footprints.read_wcs(header).all_pix2world([1 + x * 3071], [1 + y * 3079], 1)
    near_edge = min(abs(x), abs(1 - x), abs(y), abs(1 - y)) < 0.01
    inside = 0 < x < 1 and 0 < y < 1
    found = images(ImageQuery(family="ref", ra=float(ra[0] % 360), dec=float(dec[0]), field=777))
    assert near_edge or (image in found) == inside


# --- taking in ----------------------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_a_real_file_of_light_curves_is_taken_in_and_found_by_its_quadrant(real_data, archive_root):
    path = real_data / "lightcurves" / "ztf_000250_zg_c01_q1_dr5.parquet"
    assert ingest(path, "ztf").family == "light-curve points"
    found = images(ImageQuery(family="lc", field=250, ccdid=1, qid=1, filtercode="zg")).get()
    assert (found.path, found.product_id) == ("lc/0/field000250/" + path.name, make_rfid(250, 1, 0))


@pytest.mark.realdata
def test_a_real_matchfile_is_taken_in_beside_them_as_open_as_its_points(real_data, archive_root, tmp_path):
    path = real_data / "lightcurves" / "ztf_000245_zr_c10_q1_match.pytable"
    assert ingest(path, "ztf").family == "light-curve points"
    found = images(ImageQuery(family="lc", field=245, ccdid=10, qid=1, filtercode="zr")).get()
    assert (found.path, found.programid) == ("lc/0/field000245/" + path.name, 1)
    closed = tmp_path / path.name  # comes again, and names a program that is closed
    shutil.copy(path, closed)
    closed.chmod(0o644)
    with tables.open_file(closed, "a") as file:
        file.root.matches.sourcedata.modify_column(3, 4, column=[2], colname="programid")
    ingest(closed, "ztf")
    found = images(ImageQuery(family="lc", field=245, filtercode="zr")).get()
    assert (found.programid, found.public_date) == (2, None)


def test_files_without_their_rows_and_of_other_kinds_are_refused(tmp_path, held):
    for name, says in (
        ("ztf_000655_zr_c13_q3_match.pytable", "not a matchfile that can be read"),
        ("ztf_000656_zr_c13_q3_refimg.fits", "take in its metadata first"),
        ("ztf_20200925_00_c13_q3_bias.fits", "its calibration is not in the archive"),
        ("ztf_000655_zr_c13_q3_dr1.parquet", "not a Parquet file"),
    ):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(RefusedError, match=says):
            ingest(tmp_path / name, "ztf")
    path = tmp_path / held.files["ref"].name
    path.write_bytes(b"x")
    with pytest.raises(RefusedError, match="is made here; a file of another origin"):
        ingest(path, Source("ztf", {"programid": 1, "public_date": datetime.now(UTC)}))
