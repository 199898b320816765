"""curl, wget, requests and readers of tables against the served portal, with the calls that scripts for IRSA make."""

import io
import subprocess
import tarfile
from datetime import UTC, datetime
from urllib.robotparser import RobotFileParser

import fastavro
import pandas
import pytest
import requests
import tables
from astropy.io import ascii as text_tables
from astropy.io.votable import parse_single_table

from archive.access.audit import Actor
from archive.files import storage
from archive.ingest import ingest
from archive.models import Alert, Release
from archive.releases import freeze
from archive.survey.identifiers import date_of_nid
from tests import factories
from tests.archive.ingest import goods
from tests.archive.services.irsa.conftest import PARTNER, PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "reader"])]


def run(*command: str, folder=None) -> bytes:
    return subprocess.run(command, capture_output=True, check=True, timeout=60, cwd=folder).stdout


@pytest.fixture(scope="module")
def release(archive, curves, django_db_blocker):
    with django_db_blocker.unblock():
        made = Release.objects.create(name="dr3", title="Third", first_night="2018-01-01", last_night="2026-01-01")
        made.programs.set([1])
        freeze(made, Actor("test"))
        published = datetime(2026, 2, 1, tzinfo=UTC)
        yield factories.put_release("dr3", state=Release.State.PUBLIC, published=published)


@pytest.fixture(scope="module")
def packets(archive, tmp_path_factory, django_db_blocker):
    """A public alert and one of the partnership's."""
    folder = tmp_path_factory.mktemp("packets")
    with django_db_blocker.unblock():
        for candid, name in ((goods.CANDID, "a.avro"), (goods.CANDID + 1, "b.avro")):
            ingest(goods.write(folder, "alert", goods.alert(goods.candidate(candid=candid)), name), "ztf")
        Alert.objects.filter(pk=goods.CANDID).update(**factories.PUBLIC)
        Alert.objects.exclude(pk=goods.CANDID).update(programid=2, public_date=None)
        yield
        Alert.objects.all().delete()


@pytest.mark.client("curl", "GET /cgi-bin/Gator/nph-query")
def test_curl_asks_gator_for_a_cone(address, archive, curves):
    query = f"catalog=ztf_objects&spatial=cone&objstr={archive.open.ra}+{archive.open.dec}&radius=5&radunits=arcsec"
    text = run("curl", "-sf", f"{address}/cgi-bin/Gator/nph-query?{query}&outfmt=1").decode()
    assert list(text_tables.read(text, format="ipac")["oid"]) == [curves]
    votable = run("curl", "-sf", f"{address}/cgi-bin/Gator/nph-query?{query}&outfmt=3")
    assert list(parse_single_table(io.BytesIO(votable)).to_table()["oid"]) == [curves]


@pytest.mark.client("curl", "-F filename=@FILE /cgi-bin/Gator/nph-query")
def test_curl_uploads_a_table_to_gator(address, archive, curves, tmp_path):
    """The call of IRSA's own page on it."""
    rows = f"| ra       | dec      |\n| double   | double   |\n {archive.open.ra:<10.5f} {archive.open.dec:<10.5f}\n"
    (tmp_path / "upload.tbl").write_text(rows)
    asked = {"catalog": "ztf_objects", "spatial": "Upload", "uradius": "2", "one_to_one": "1", "outfmt": "1"}
    fields = [word for name, value in asked.items() for word in ("-F", f"{name}={value}")]
    command = ("curl", "-sf", "-F", "filename=@upload.tbl", *fields, f"{address}/cgi-bin/Gator/nph-query")
    table = text_tables.read(run(*command, folder=tmp_path).decode(), format="ipac")
    assert list(table["oid"]) == [curves] and list(table["cntr_01"]) == [1]


@pytest.mark.client("wget", "-r -np -A", "-c (resumed)")
def test_wget_fetches_a_folder_of_matchfiles(address, archive, curves, tmp_path):
    run("wget", "-q", "-r", "-np", "-nd", "-A", "*.pytable", f"{address}/ztf/ops/srcmatch/rc50/", folder=tmp_path)
    (path,) = tmp_path.glob("*.pytable")
    assert path.name == "ztf_000655_zr_c13_q3_match.pytable"
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    link = f"{address}/ztf/ops/srcmatch/rc50/fr000651-000700/{path.name}"
    run("wget", "-q", "-c", link, folder=tmp_path)  # from where it was broken off
    assert path.read_bytes() == whole
    with tables.open_file(path) as file:
        assert file.root.matches.exposures.col("expid").tolist() == [archive.open.exposure_id]


@pytest.mark.client("wget", "FILE")
def test_wget_fetches_images_by_their_names_at_irsa(address, archive, tmp_path):
    path = archive.files["sciimg"].path
    run("wget", "-q", f"{address}/ztf/archive/{path}", folder=tmp_path)
    assert (tmp_path / path.rpartition("/")[2]).read_bytes() == storage.absolute(path).read_bytes()


@pytest.mark.client("nuztf", "GET /ztf/depot/", replayed=True)
@pytest.mark.client("SkyPortal", "HEAD /ztf/depot/", replayed=True)
@pytest.mark.client("requests", "HEAD and GET /ztf/depot/")
def test_scripts_read_the_depot_with_a_password(address, archive):
    """nuztf asks with the depot's name and password, SkyPortal whether there is a file first."""
    for image, auth, status in ((archive.open, None, 200), (archive.closed, None, 404), (archive.closed, PARTNER, 200)):
        day = f"{date_of_nid(image.nid):%Y%m%d}"
        url = f"{address}/ztf/depot/{day}/ztf_recentproc_{day}.json"
        asked = {"auth": auth and (auth, PASSWORD), "timeout": 30}
        assert requests.head(url, **asked).status_code == status
        answer = requests.get(url, **asked)
        assert answer.status_code == status
        if status == 200:
            assert image.exposure_id in set(pandas.DataFrame(answer.json())["exposure_id"])


@pytest.mark.client("requests", "GET /alerts/public")
@pytest.mark.client("wget", "FILE", "--user --password")
@pytest.mark.client("curl", "GET MD5SUMS")
def test_a_night_of_alerts_comes_as_one_file(address, packets, tmp_path):
    name = "ztf_public_20200924.tar.gz"
    assert name in requests.get(f"{address}/alerts/public", timeout=30).text
    head = requests.head(f"{address}/alerts/public/{name}", timeout=30)
    assert head.status_code == 200 and "Content-Length" not in head.headers
    run("wget", "-q", f"{address}/alerts/public/{name}", folder=tmp_path)
    with tarfile.open(tmp_path / name) as tar:
        (member,) = tar
        (packet,) = fastavro.reader(tar.extractfile(member))
    assert packet["candidate"]["candid"] == goods.CANDID
    sums = run("curl", "-sf", f"{address}/alerts/public/MD5SUMS")
    (tmp_path / "MD5SUMS").write_bytes(sums)
    assert run("md5sum", "-c", "MD5SUMS", folder=tmp_path).decode() == f"{name}: OK\n"
    other = f"{address}/alerts/partnership/ztf_partnership_20200924.tar.gz"
    assert requests.get(other, timeout=30).status_code == 401
    run("wget", "-q", f"--user={PARTNER}", f"--password={PASSWORD}", other, folder=tmp_path)
    with tarfile.open(tmp_path / other.rpartition("/")[2]) as tar:
        assert tar.getnames() == [f"{goods.CANDID + 1}.avro"]


@pytest.mark.client("SNAD ZTF viewer", "GET /api/v3/data/", replayed=True)
@pytest.mark.client("Fink", "GET /api/v3/data/", replayed=True)
def test_fink_and_snad_s_viewer_ask_for_light_curves(address, archive, curves, release):
    url = f"{address}/api/v3"
    assert requests.get(f"{url}/dr/list/json", timeout=30).json() == ["dr3", "latest"]
    place = {"ra": archive.open.ra, "dec": archive.open.dec, "radius_arcsec": 2}
    found = requests.get(f"{url}/data/latest/circle/full/json", params=place, timeout=30).json()
    assert found == requests.get(f"{url}/data/dr3/oid/full/json", params={"oid": curves}, timeout=30).json()
    (point,) = found[str(curves)]["lc"]
    assert point["mag"] == pytest.approx(17.5, abs=0.01)


def test_crawlers_keep_to_the_pages(address):
    robots = RobotFileParser(f"{address}/robots.txt")
    robots.read()
    assert robots.can_fetch("Googlebot", f"{address}/help/guide/irsa.html")
    assert not robots.can_fetch("Googlebot", f"{address}/images/?field=655")
    assert robots.can_fetch("Wget", f"{address}/ztf/archive/")
    assert requests.get(f"{address}/favicon.ico", timeout=30).content[:4] == b"\0\0\1\0"
