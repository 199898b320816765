"""ztfquery and astroquery against the served portal, with nothing changed but their base addresses."""

import io
import os
import shutil
import subprocess
from pathlib import Path

import pandas
import pytest
import requests
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.votable import parse_single_table

from archive.files import storage
from archive.search.families import FAMILIES
from tests.archive.services.irsa.conftest import PARTNER, PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


@pytest.fixture
def ztfquery(address, tmp_path, monkeypatch):
    """ztfquery, redirected; nobody is signed in, files go to a folder of the test."""
    from ztfquery import buildurl, io, metasearch, query

    monkeypatch.setattr(metasearch, "SEARCH_BASEURL", f"{address}/ibe/search/ztf/products/")
    for name in ("DATA_BASEURL", "DEFAULT_SOURCE"):
        monkeypatch.setattr(buildurl, name, f"{address}/ibe/data/ztf/products/")
    monkeypatch.setattr(io, "LOGIN_URL", f"{address}/account/signon/login.do")
    monkeypatch.setattr(io, "_load_id_", lambda *a, **k: ("anon", "x"))
    for module in (io, buildurl):
        monkeypatch.setattr(module, "LOCALSOURCE", f"{tmp_path}/", raising=False)
    return query.ZTFQuery()


@pytest.mark.client("ztfquery", "ZTFQuery.load_metadata", "ZTFQuery.get_data_path")
def test_ztfquery_finds_images_by_position_and_condition(ztfquery, archive):
    ztfquery.load_metadata(
        radec=[archive.open.ra, archive.open.dec], size=0.01, sql_query="fid=2 and obsjd>2458197.5 and filtercode='zr'"
    )
    assert list(ztfquery.metatable["pid"]) == [archive.open.pid]
    ztfquery.load_metadata(kind="sci", sql_query="field=655")
    assert len(ztfquery.metatable) == 2
    for kind, count in (("raw", 1), ("ref", 1)):
        ztfquery.load_metadata(kind=kind, radec=[archive.open.ra, archive.open.dec])
        assert len(ztfquery.metatable) == count
    ztfquery.load_metadata(kind="cal", sql_query="caltype='bias' and ccdid=13")
    assert ztfquery.get_data_path()[0].endswith(archive.files["cal"].path)


@pytest.mark.client("ztfquery", "ZTFQuery.load_metadata")
@pytest.mark.filterwarnings("error:The query you made failed")
def test_ztfquery_says_when_a_query_is_wrong(ztfquery):
    with pytest.raises(UserWarning, match="The query you made failed"):
        ztfquery.load_metadata(sql_query="colour=2, 3")


@pytest.mark.client("ztfquery", "ZTFQuery.download_data")
@pytest.mark.parametrize("suffix", ["sciimg.fits", "psfcat.fits", "scimrefdiffimg.fits.fz"])
@pytest.mark.parametrize("progress", [True, False])
def test_ztfquery_downloads_files(ztfquery, archive, tmp_path, suffix, progress):
    ztfquery.load_metadata(sql_query=f"pid={archive.open.pid}")
    ztfquery.download_data(suffix, show_progress=progress, download_dir=str(tmp_path), nprocess=1, filecheck=True)
    found = list(tmp_path.rglob(f"*{suffix}"))
    name = {"sciimg.fits": "sciimg", "psfcat.fits": "psfcat"}.get(suffix, "difference")
    assert [path.read_bytes() for path in found] == [storage.absolute(archive.files[name].path).read_bytes()]


@pytest.mark.client("ztfquery", "ZTFQuery.download_data, cutouts")
def test_ztfquery_downloads_cutouts(ztfquery, archive, tmp_path):
    ztfquery.load_metadata(sql_query=f"pid={archive.open.pid}")
    place = [archive.open.ra, archive.open.dec]
    ztfquery.download_data(
        "sciimg.fits", cutouts=True, radec=place, cutout_size=300, download_dir=str(tmp_path), show_progress=False,
        nprocess=1,
    )  # fmt: skip
    (path,) = tmp_path.rglob("*sciimg*.fits")
    with fits.open(path) as hdus:
        assert max(hdus[0].data.shape) < 60


@pytest.mark.client("ztfquery", "ZTFQuery.download_data, signed in")
def test_ztfquery_signs_in_and_downloads_what_its_user_may_see(ztfquery, archive, tmp_path, monkeypatch):
    from ztfquery import io

    monkeypatch.setattr(io, "_load_id_", lambda *a, **k: (PARTNER, PASSWORD))
    ztfquery.load_metadata(sql_query="field=655")
    assert archive.closed.pid in list(ztfquery.metatable["pid"])
    index = ztfquery.metatable.query(f"pid=={archive.closed.pid}").index
    ztfquery.download_data(
        "sciimg.fits", indexes=index, show_progress=False, download_dir=str(tmp_path), nprocess=1,
        auth=(PARTNER, PASSWORD),
    )  # fmt: skip
    assert Path(archive.files["closed sciimg"].path).name in [path.name for path in tmp_path.rglob("*.fits")]


@pytest.fixture
def ibe(address):
    """astroquery's client of IBE, redirected."""
    from astroquery.ipac.irsa.ibe import IbeClass

    client = IbeClass()
    client.URL = f"{address}/ibe/"
    client.clear_cache()
    return client


@pytest.mark.client("astroquery", "Ibe.list_missions", "Ibe.list_datasets", "Ibe.list_tables", "Ibe.get_columns")
def test_astroquery_lists_what_there_is(ibe):
    assert ibe.list_missions(cache=False) == ["ztf"]
    assert ibe.list_datasets(mission="ztf", cache=False) == ["products"]
    assert ibe.list_tables(mission="ztf", dataset="products", cache=False) == [
        "sci",
        "raw",
        "cal",
        "ref",
        "deep",
        "diff",
        "alert",
        "lc",
    ]
    columns = ibe.get_columns(mission="ztf", dataset="products", table="sci")
    assert list(columns["name"][:3]) == ["ra", "dec", "infobits"]
    assert columns["unit"][0] == "deg"


@pytest.mark.client("astroquery", "Ibe.query_region")
def test_astroquery_finds_images_around_a_place(ibe, archive):
    place = SkyCoord(archive.open.ra * u.deg, archive.open.dec * u.deg)
    shared = {"coordinate": place, "mission": "ztf", "dataset": "products", "table": "sci"}
    found = ibe.query_region(**shared, where="field=655", columns="ra,dec,field,pid", width="0.1d")
    assert found.colnames == ["ra", "dec", "field", "pid"]
    assert list(found["pid"]) == [archive.open.pid]
    assert found["ra"][0] == archive.open.ra
    assert len(ibe.query_region(**shared, width="4d", intersect="ENCLOSED")) == 2
    assert len(ibe.query_region(**shared, most_centered=True)) == 1


@pytest.mark.client("astroquery", "Ibe.query_region")
def test_astroquery_raises_for_a_wrong_condition(ibe):
    with pytest.raises(requests.HTTPError, match="400"):
        ibe.query_region(where="colour=2", mission="ztf", dataset="products", table="sci")


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(
            ["curl", "-sSf", "--noproxy", "*", "-C", "-", "-o"], marks=pytest.mark.client("curl", "-C - (resumed)")
        ),
        pytest.param(["wget", "-q", "-c", "-O"], marks=pytest.mark.client("wget", "-c (resumed)")),
        pytest.param(
            ["aria2c", "-q", "-c", "-x4", "--dir=/", "-o"], marks=pytest.mark.client("aria2", "-c -x4 (resumed)")
        ),
    ],
    ids=lambda client: client[0],
)
def test_an_interrupted_download_goes_on(address, archive, tmp_path, client):
    if shutil.which(client[0]) is None:
        pytest.skip(f"{client[0]} is not installed")
    file = archive.files["sciimg"]
    whole, path = storage.absolute(file.path).read_bytes(), tmp_path / "part.fits"
    path.write_bytes(whole[:100_000])
    url = f"{address}/ibe/data/ztf/products/{file.path}"
    subprocess.run([*client, path, url], check=True, env=os.environ | {"no_proxy": "127.0.0.1"})
    assert path.read_bytes() == whole


@pytest.fixture
def irsa(address):
    """astroquery's client of IRSA's TAP, redirected."""
    from astroquery.ipac.irsa import IrsaClass

    client = IrsaClass()
    client.tap_url = f"{address}/tap"
    return client


@pytest.mark.client("astroquery", "Irsa.query_tap", "Irsa.query_region", "Irsa.list_columns", "Irsa.list_catalogs")
def test_astroquery_asks_tap(irsa, archive):
    rows = irsa.query_tap("SELECT pid, ra, dec FROM ztf.ztf_current_meta_sci WHERE rcid = 50").to_table()
    assert list(rows["pid"]) == [archive.open.pid]
    place = SkyCoord(archive.open.ra * u.deg, archive.open.dec * u.deg)
    table = "ztf.ztf_current_meta_sci"
    found = irsa.query_region(place, catalog=table, spatial="Cone", radius=0.01 * u.deg, columns="pid,ra,dec")
    assert list(found["pid"]) == [archive.open.pid]
    box = irsa.query_region(place, catalog=table, spatial="Box", width=0.02 * u.deg, columns="pid")
    assert list(box["pid"]) == [archive.open.pid]
    assert "seeing" in irsa.list_columns(table)
    assert table in irsa.list_catalogs()


@pytest.mark.client("pyvo", "TAPService.search")
@pytest.mark.client("requests", "POST /api/images/")
def test_pyvo_finds_images_and_reads_a_list_s_votable(address, archive):
    import pyvo

    rows = pyvo.dal.TAPService(f"{address}/tap").search("SELECT rfid FROM ztf.ztf_current_meta_ref WHERE field = 655")
    assert list(rows["rfid"]) == [archive.reference.rfid]
    asked = {"targets": f"{archive.open.ra} {archive.open.dec}", "format": "votable", "columns": "pid,obsjd"}
    answer = requests.post(f"{address}/api/images/", data=asked, timeout=30)
    table = parse_single_table(io.BytesIO(answer.content)).to_table()
    assert (table.colnames[:2], list(table["pid"])) == (["in_row_id", "in_name"], [archive.open.pid])


@pytest.fixture
def lightcurve(address, ztfquery, monkeypatch):
    """ztfquery's light curves, redirected as the rest of it; nobody is signed in."""
    from ztfquery import lightcurve

    monkeypatch.setattr(lightcurve, "BASEURL", f"{address}/cgi-bin/ZTF/nph_light_curves?")
    return lightcurve


@pytest.mark.client("ztfquery", "LCQuery.from_position", "LCQuery.from_id", "LCQuery.download_data", "LCQuery.show")
def test_ztfquery_fetches_and_shows_light_curves(lightcurve, archive, curves):
    import matplotlib

    matplotlib.use("Agg")
    by_place = lightcurve.LCQuery.from_position(archive.open.ra, archive.open.dec, 5, bandname="g,r", cookies={})
    assert by_place.data[["oid", "programid", "mag"]].to_numpy().tolist() == [[curves, 1, 17.5]]
    by_place.show(show_upperlimits=True)
    by_number = lightcurve.LCQuery.from_id([str(curves), "5"], BAD_CATFLAGS_MASK=32768, TIME=[58000, 60000], cookies={})
    assert by_number.data.equals(by_place.data)
    nothing = lightcurve.LCQuery.download_data(circle=[10, -80, 0.001], mag=[17, 18], NUM_OBS=5, cookies={})
    assert len(nothing) == 0 and list(nothing.columns) == list(by_place.data.columns)


@pytest.mark.client("ztfquery", "LCQuery.download_data")
@pytest.mark.parametrize(
    "wrong",
    [{"ID": "5x"}, {"COLLECTION": "ztf_dr99", "ID": "5"}, {"circle": [10, -80, 3]}, {"ID": "5", "TIME": [9, 1]}],
)
def test_ztfquery_takes_no_error_for_a_light_curve(lightcurve, wrong):
    with pytest.raises(pandas.errors.ParserError, match="fields in line 3"):
        lightcurve.LCQuery.download_data(cookies={}, **wrong)


@pytest.mark.client("requests", "GET /cgi-bin/ZTF/nph_light_curves")
@pytest.mark.parametrize(
    ("form", "begins"),
    [("csv", '"ERROR"'), ("TSV", '"ERROR"'), ("ipac_table", "[struct stat"), ("votable", "<?xml"), ("x", "<?xml")],
)
@pytest.mark.parametrize("query", ["ID=5x", "nothing=1&ID=5", "TIME=1&TIME=2&ID=5"])
def test_an_error_has_the_form_that_was_asked_for(address, form, begins, query):
    answer = requests.get(f"{address}/cgi-bin/ZTF/nph_light_curves?{query}&FORMAT={form}", timeout=30)
    assert answer.status_code == 400 and answer.text.startswith(begins), answer.text
    assert query.split("=")[0].lower() in answer.text.lower()


@pytest.mark.client("ztfquery", "metasearch.get_queriable_field")
@pytest.mark.parametrize("kind", ["sci", "raw", "ref", "cal"])
def test_ztfquery_reads_the_names_of_columns(address, ztfquery, monkeypatch, kind):
    """Its address of TAP is written into it; what it asks for is as it asks it."""
    from ztfquery import metasearch

    get = requests.get
    monkeypatch.setattr(
        metasearch.requests, "get", lambda url: get(url.replace("https://irsa.ipac.caltech.edu", address), timeout=60)
    )
    found = metasearch.get_queriable_field(kind)
    assert found[: len(FAMILIES[kind].table.columns)] == [column.name for column in FAMILIES[kind].table.columns]


@pytest.mark.client("ztfquery", "LCQuery.download_data, signed in")
def test_ztfquery_signs_in_for_light_curves_that_are_not_public(lightcurve, curves):
    data = lightcurve.LCQuery.download_data(ID=str(curves), COLLECTION="ztf", auth=(PARTNER, PASSWORD))
    assert sorted(data["programid"]) == [1, 2]


@pytest.mark.client("VStar", "GET /cgi-bin/ZTF/nph_light_curves", replayed=True)
@pytest.mark.client("SNAD ZTF viewer", "GET /cgi-bin/ZTF/nph_light_curves", replayed=True)
def test_the_calls_of_vstar_and_snad_are_answered(address, archive, curves):
    place = f"CIRCLE {archive.open.ra} {archive.open.dec} 0.0014"
    calls = {
        "csv": f"POS={place}&BAD_CATFLAGS_MASK=32768&FORMAT=csv",
        "TSV": f"POS={place.replace(' ', '%20')}&BANDNAME=r&FORMAT=TSV",
        "ipac_table": f"ID={curves}&FORMAT=ipac_table",
    }
    for form, query in calls.items():
        answer = requests.get(f"{address}/cgi-bin/ZTF/nph_light_curves?{query}", timeout=30)
        assert answer.ok and str(curves) in answer.text, form


@pytest.mark.client("ztforce", "query_sci_metadata_bands", "build_sci_url", "download_fits", "download_psf_sidecar")
def test_ztforce_fetches_the_cutouts_that_it_measures(address, ztfquery, archive, tmp_path, monkeypatch):
    from ztforce import exceptions, ztf_images
    from ztforce.config import ZTForceConfig

    monkeypatch.setattr(ztf_images, "_IRSA_BASE", f"{address}/ibe/data/ztf/products")
    config, place = ZTForceConfig(PARTNER, PASSWORD), (archive.open.ra, archive.open.dec)
    found = ztf_images.query_sci_metadata_bands(*place, ["g", "r", "i"], config)
    assert list(found) == ["r"] and set(found["r"]["pid"]) == {archive.open.pid, archive.closed.pid}
    (_, row), (_, later) = ztf_images.query_sci_metadata_bands(*place, ["r"], config)["r"].iterrows()
    assert row["pid"] == archive.open.pid
    for one in (row, later):  # the later one is the partnership's
        path = ztf_images.download_fits(ztf_images.build_sci_url(one, *place), tmp_path / f"{one['pid']}.fits", config)
        assert fits.getdata(path).size > 0
    sidecar = ztf_images.build_sci_url(row, *place, suffix="sciimgdao.psf")
    with pytest.raises(exceptions.ProductUnavailableError, match="404"):
        ztf_images.download_psf_sidecar(sidecar, tmp_path / "a.psf", config)


@pytest.mark.client("ztf-check", "getztfrefurls")
def test_ztf_check_finds_reference_cutouts(address, archive, monkeypatch):
    """Its addresses are written into it; what it asks for is as it asks it."""
    import matplotlib

    matplotlib.use("Agg")
    from ztfcheck import image_funcs

    host, get = "https://irsa.ipac.caltech.edu", requests.get
    monkeypatch.setattr(image_funcs.requests, "get", lambda url: get(url.replace(host, address), timeout=60))
    (found,) = image_funcs.getztfrefurls(archive.reference.ra, archive.reference.dec)
    with fits.open(io.BytesIO(get(found.replace(host, address), timeout=60).content)) as hdus:
        assert hdus[0].data.ndim == 2 and hdus[0].header["NAXIS1"] < 20


@pytest.mark.client("pyvo", "SIAService.search (SIA 1.0)", "SIARecord.getdataset (SIA 1.0)")
def test_pyvo_finds_images_by_sia_1(address, archive):
    import pyvo

    service = pyvo.dal.SIAService(f"{address}/ibe/sia/ztf/products/sci")
    place = SkyCoord(archive.open.ra * u.deg, archive.open.dec * u.deg)
    (found,) = service.search(place, size=0.01, intersect="CENTER")
    assert (found.format, found.bandpass_id, found["pid"]) == ("image/fits", "zr", archive.open.pid)
    assert (found.pos.ra.deg, found.pos.dec.deg) == (archive.open.ra, archive.open.dec)
    assert found.getdataset().read() == storage.absolute(archive.files["sciimg"].path).read_bytes()
    assert len(service.search(place, size=0.01, format="image/jpeg")) == 0
    with pytest.raises(pyvo.dal.DALQueryError, match="SIZE"):
        service.search(place, size=-1.0)


@pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")
@pytest.mark.client("stilts", "coneskymatch servicetype=sia")
def test_stilts_finds_the_images_of_a_list(address, archive, tmp_path):
    (tmp_path / "stars.csv").write_text(f"ra,dec\n{archive.open.ra},{archive.open.dec}\n10,-80\n")
    words = [f"in={tmp_path}/stars.csv", "ifmt=csv", "ra=ra", "dec=dec", "sr=0.01", "servicetype=sia", "find=all"]
    words += [f"serviceurl={address}/ibe/sia/ztf/products/sci", "dataformat=image/fits", "ofmt=csv"]
    command = ["stilts", "coneskymatch", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.stdout.count("\n") >= 2 and str(archive.open.pid) in done.stdout
