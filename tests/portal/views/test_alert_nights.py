"""Alerts by night, as the alert archive of the University of Washington gives them to Kowalski, BOOM and people."""

import gzip
import hashlib
import io
import re
import tarfile

import fastavro
import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import User
from django.urls import reverse

from archive.access.reading import ANYONE
from archive.files import kept, storage
from archive.files.storage import DamagedFileError
from archive.ingest import ingest
from archive.models import Alert
from archive.products import alert_nights
from tests import factories, leftovers
from tests.archive.ingest import goods

NAME = "ztf_public_20200924.tar.gz"
URL = f"/alerts/public/{NAME}"
OTHER = goods.candidate(candid=goods.CANDID + 1, magpsf=17.0)


@pytest.fixture
def packets(tmp_path, django_db_setup, django_db_blocker):
    """Two public alerts of a night, in one file; committed, since streams read through a connection of their own."""
    with django_db_blocker.unblock():
        ingest(goods.write(tmp_path, "alert", goods.alert(OTHER, goods.candidate()), "two.avro"), "ztf")
        Alert.objects.update(**factories.PUBLIC)
        yield
        leftovers.empty()


@pytest.fixture(autouse=True)
def room(settings, tmp_path):
    """Nothing is kept of other tests."""
    settings.JOB_ROOT = tmp_path / "jobs"


def content(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_every_alert_is_an_avro_file_of_its_own(client, packets):
    answer = client.get(URL)
    assert answer.status_code == 200 and answer["Content-Type"] == "application/gzip"
    with tarfile.open(fileobj=io.BytesIO(content(answer)), mode="r:gz") as tar:
        found = {member.name: next(fastavro.reader(tar.extractfile(member))) for member in tar}
    assert {f"{goods.CANDID}.avro", f"{goods.CANDID + 1}.avro"} == set(found)
    assert found[f"{goods.CANDID}.avro"]["candidate"]["magpsf"] == 18.5
    assert found[f"{goods.CANDID + 1}.avro"]["candidate"]["magpsf"] == 17.0


def test_size_and_sum_are_told_once_somebody_had_the_whole(client, packets):
    assert client.get("/alerts/public/MD5SUMS").content == b""
    assert "Content-Length" not in client.head(URL)
    first = content(client.get(URL))
    assert client.get("/alerts/public/MD5SUMS").content.decode() == f"{hashlib.md5(first).hexdigest()}  {NAME}\n"
    head = client.head(URL)
    assert head["Content-Length"] == str(len(first)) and content(head) == b""
    again = client.get(URL)
    assert again["Content-Length"] == str(len(first)) and content(again) == first
    assert client.get(URL, HTTP_IF_NONE_MATCH=head["ETag"]).status_code == 304
    Alert.objects.filter(pk=goods.CANDID).delete()  # another content: another file
    assert "Content-Length" not in client.head(URL) and client.head(URL)["ETag"] != head["ETag"]
    assert client.get("/alerts/public/MD5SUMS").content == b""


def test_the_sum_of_half_a_file_is_not_kept(client, packets, monkeypatch):
    monkeypatch.setattr("archive.requests.stream_response.GATHERED", 1)  # as for a file larger than this one
    pieces = iter(client.get(URL).streaming_content)
    next(pieces)
    del pieces
    assert client.get("/alerts/public/MD5SUMS").content == b""


def test_scripts_find_the_nights_in_the_list(client, packets):
    Alert.objects.filter(pk=OTHER["candid"]).update(jd=goods.JD + 3, nid=Alert.objects.first().nid + 3)
    page = client.get("/alerts/public").headers["Location"]
    text = client.get(page).content.decode()
    names = [NAME, "ztf_public_20200927.tar.gz"]
    rows = BeautifulSoup(text, "html.parser").find("table", {"id": "indexlist"}).find_all("tr")
    assert [row.find_all("td")[1].text for row in rows[2:-1]] == names  # as Kowalski's and BOOM's scripts read it
    assert re.findall(r'href="(ztf_public_\d{8}\.tar\.gz)"', text) == names
    for name in names:
        assert len(gzip.decompress(content(client.get(f"{page}{name}")))) > 512


@pytest.mark.parametrize(
    "name",
    [
        *(f"ztf_public_{day}.tar.gz" for day in ("20200925", "2020924", "20201341", "99999999", "２０２００９２４")),
        *("ztf_public_20200924.tar", "ztf_partnership_20200924.tar.gz", "x" * 300, "md5sums"),
    ],
)
def test_a_night_without_alerts_is_not_there(client, packets, name):
    assert client.get(reverse("alert-night", args=["public", name])).status_code == 404


def test_the_partnerships_are_for_partners(client, packets):
    Alert.objects.filter(pk=OTHER["candid"]).update(programid=2, public_date=None)
    url = "/alerts/partnership/ztf_partnership_20200924.tar.gz"
    for address in ("/alerts/partnership/", "/alerts/partnership/MD5SUMS", url):
        answer = client.get(address)
        assert answer.status_code == 401 and "Basic" in answer["WWW-Authenticate"]
    client.force_login(User.objects.create_user("visitor"))
    assert client.get(url).status_code == 404
    with tarfile.open(fileobj=io.BytesIO(content(client.get(URL)))) as tar:
        assert tar.getnames() == [f"{goods.CANDID}.avro"]


def test_a_damaged_packet_file_breaks_the_file_off(packets):
    night = alert_nights.night_named("public", NAME)
    key = alert_nights.state(night, ANYONE)
    storage.absolute(Alert.objects.first().packet.path).write_bytes(b"no packet")
    with pytest.raises(DamagedFileError):
        list(alert_nights.pieces(night, ANYONE, key))
    assert alert_nights.known(key) is None


@pytest.mark.django_db(databases=["default", "reader"])  # makes both test databases; the other tests commit
def test_what_was_asked_for_longest_ago_makes_room(monkeypatch):
    monkeypatch.setattr(kept, "MOST_BYTES", 25)
    made = [kept.kept("x", kept.key_of(n), ".txt", lambda path: path.write_text("ten  bytes")) for n in range(2)]
    again = kept.kept("x", kept.key_of(0), ".txt", lambda path: pytest.fail("made twice"))
    assert again == made[0] and again.read_text() == "ten  bytes"
    kept.kept("x", kept.key_of(2), ".txt", lambda path: path.write_text("ten  bytes"))
    assert made[0].exists() and not made[1].exists()
