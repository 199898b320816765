"""Matchfiles in IRSA's folders: found by the links of the lists, as Kowalski's script finds them, and read in parts."""

from urllib.parse import urljoin

import pytest
import tables
from bs4 import BeautifulSoup

from archive.access.reading import ANYONE
from archive.models import ScienceImage, UserJob
from lightcurves.download import matchfile_jobs
from lightcurves.download.matchfiles import Place
from lightcurves.irsa import matchfiles
from lightcurves.models import Chunk, Image, ImageCorrection, Source
from tests import factories
from tests.lightcurves.starsky import CCDID, CLOSED_NIGHTS, FIELD, OPEN_NIGHTS, QID, RCID, SIX_STARS

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
FOLDER = "/ztf/ops/srcmatch/rc50/fr000651-000700/"
NAME = "ztf_000655_zr_c13_q3_match.pytable"


@pytest.fixture(autouse=True)
def room(settings, tmp_path):
    """Nothing is kept of other tests."""
    settings.JOB_ROOT = tmp_path / "jobs"


def content(answer) -> bytes:
    assert answer.status_code in (200, 206), answer.content
    return b"".join(answer.streaming_content)


def exposures(body: bytes, tmp_path) -> set[int]:
    path = tmp_path / f"{len(body)}.pytable"
    path.write_bytes(body)
    with tables.open_file(path) as file:
        assert len(file.root.matches.sources) + len(file.root.matches.transients) == SIX_STARS
        return set(file.root.matches.exposures.col("expid").tolist())


def test_kowalski_s_script_finds_the_files(six_stars, client):
    """The steps of its fetch_ztf_matchfiles."""
    found = {}
    base = "/ztf/ops/srcmatch/"
    for channel in (49, RCID):
        bu = urljoin(base, f"rc{channel:02d}/")
        soup = BeautifulSoup(client.get(bu).content, "html.parser")
        for folder in [link.text for link in soup.find_all("a") if "fr" in link.text]:
            bu_fr = urljoin(bu, folder)
            inner = BeautifulSoup(client.get(bu_fr).content, "html.parser")
            found |= {link.text: urljoin(bu_fr, link.text) for link in inner.find_all("a") if "pytable" in link.text}
    assert found == {one: f"{FOLDER}{one}" for one in (NAME, NAME.replace("zr", "zg"))}
    assert f"rc{RCID}/" in client.get(base).content.decode()


def test_each_reader_gets_what_they_see_and_again_the_same_bytes(six_stars, client, partner, tmp_path):
    address = FOLDER + NAME
    head = client.head(address)
    first = content(client.get(address))
    assert len(exposures(first, tmp_path)) == OPEN_NIGHTS and head["Content-Length"] == str(len(first))
    assert content(client.get(address, headers={"Range": "bytes=1000-"})) == first[1000:]
    again = client.get(address, headers={"If-None-Match": head["ETag"]})
    assert again.status_code == 304 and again["Last-Modified"] == head["Last-Modified"]
    assert client.get(address, headers={"Range": "bytes=0-9", "If-Range": head["ETag"]}).status_code == 206
    client.force_login(partner)
    other = client.get(address)
    assert other["ETag"] != head["ETag"] and len(exposures(content(other), tmp_path)) == OPEN_NIGHTS + CLOSED_NIGHTS


@pytest.mark.parametrize(
    "path",
    [
        *("rc50/fr000651-000700/ztf_000655_zi_c13_q3_match.pytable", f"rc49/fr000651-000700/{NAME}"),
        *(f"rc50/fr000601-000650/{NAME}", "rc50/fr000651-000700/ztf_000655_zr_c13_q3.pytable", "rc64/", "rc5/"),
        *("rc50/fr000601-000650/", "rc50/fr000651-000699/", "rc50/fr655/", "rc50/fr999951-001000/", "rc50/x/x"),
    ],
)
def test_other_places_are_not_there(six_stars, client, path):
    assert client.get(f"/ztf/ops/srcmatch/{path}").status_code == 404


@pytest.mark.parametrize("path", ["rc64/", "rc5/", "rc٠١/", "x/", f"rc99/fr000651-000700/{NAME}"])
def test_a_channel_that_is_none_learns_which_there_are(client, path):
    answer = client.get(f"/ztf/ops/srcmatch/{path}")
    name = path.partition("/")[0]
    assert answer.status_code == 404
    assert f"{name}: folders are of readout channels, rc00 to rc63" in answer.json()["detail"]


def test_a_large_file_is_made_by_the_queue(six_stars, client, monkeypatch, tmp_path):
    monkeypatch.setattr(matchfiles, "MOST_AT_ONCE", 10)
    answer = client.get(FOLDER + NAME)
    assert answer.status_code == 503 and int(answer["Retry-After"]) == 60
    (job,) = UserJob.objects.all()
    assert str(job.pk) in answer.content.decode()
    assert client.get(FOLDER + NAME).status_code == 503 and UserJob.objects.count() == 1
    matchfile_jobs.make(str(job.pk))
    assert len(exposures(content(client.get(FOLDER + NAME)), tmp_path)) == OPEN_NIGHTS
    UserJob.objects.all().delete()
    assert content(client.get(FOLDER + NAME))  # kept


@pytest.mark.parametrize(
    "change",
    [
        lambda: Source.objects.filter(rcid=RCID).update(colour=0.7),
        lambda: Source.objects.order_by("-oid").first().delete(),
        lambda: ImageCorrection.objects.create(pid=seen().pid, dzp=0.01, dzprms=0.1, nstars=9, **factories.PUBLIC),
        lambda: ScienceImage.objects.filter(pk=seen().pid).update(infobits=4),
        lambda: seen().delete(),
        lambda: Chunk.objects.order_by("oid").filter(oid__gte=655213300000000).first().delete(),
    ],
)
def test_whatever_a_file_is_made_of_makes_another_file(six_stars, change):
    place = Place(FIELD, CCDID, QID, 2)
    before = matchfiles.state(place, ANYONE)
    assert matchfiles.state(place, ANYONE) == before
    change()
    assert matchfiles.state(place, ANYONE) != before


def seen() -> Image:
    """The first image that gave points in r."""
    return Image.objects.filter(field=FIELD, pid__in=ScienceImage.objects.filter(fid=2).values("pid")).earliest("pid")
