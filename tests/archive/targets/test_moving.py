"""Cutouts of a moving object: each centred where it was, of what the reader may see, by one address."""

import base64
import csv
import io
import tarfile

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from django.contrib.auth.models import User
from django.test import Client
from PIL import Image

from archive.access.reading import ANYONE, Reader, reading
from archive.files import storage
from archive.models import Exposure, Membership, ProductFile, UserJob
from archive.moving.dynamics.ephemeris import ephemeris
from archive.moving.numbered import NUMBERED
from archive.targets import bundle, cutouts, movie
from archive.targets.cutouts import CutoutRequest, CutoutsRefusedError
from archive.targets.moving import Body, of_body
from tests import factories

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
MARGARITA = Body("310")
JD, NIGHTS, CLOSED_NIGHT, RCID, SIDE = 2461339.8, 4, 2, 50, 400


def place(jd: float) -> tuple[float, float]:
    at = ephemeris(NUMBERED[310], jd + 15 / 86400)
    return float(at.ra[0]), float(at.dec[0])


def boresight(where: tuple[float, float]) -> dict:
    """A pointing for which the quadrant's centre lies near a place."""
    centre = factories.footprint(where[0], where[1], RCID)
    east = (centre["ra"] - where[0]) * np.cos(np.radians(centre["dec"])) / np.cos(np.radians(where[1]))
    return {"ra": (where[0] - east) % 360, "dec": where[1] - (centre["dec"] - where[1])}


@pytest.fixture(scope="module")
def nights(committed, archive_root):
    """Four nights on the asteroid, which moves; the third closed."""
    made = []
    for night in range(NIGHTS):
        rights = {"programid": 2, "public_date": None} if night == CLOSED_NIGHT else factories.PUBLIC
        where = place(JD + night)
        image = factories.science_image(factories.exposure(jd=JD + night, **boresight(where), **rights), RCID)
        file = factories.pixels(image, value=100.0, shape=(SIDE, SIDE))
        path = storage.absolute(file.path)
        with fits.open(path, mode="update") as hdus:
            x, y = WCS(hdus[0].header).all_world2pix(*place(image.obsjd), 0)  # exposures have times of their own
            rows, columns = np.mgrid[:SIDE, :SIDE]
            hdus[0].data += 2000 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8).astype(np.float32)
        ProductFile.objects.filter(pk=file.pk).update(
            size=path.stat().st_size, sha256=storage.stored(file.path).sha256, **rights
        )
        made.append(image)
    partner = User.objects.create_user("asteroid-partner")
    Membership.objects.create(user=partner, program_id=2)
    yield {"public": [one for n, one in enumerate(made) if n != CLOSED_NIGHT], "all": made, "partner": partner}
    ProductFile.objects.filter(product_id__in=[one.pid for one in made]).delete()
    UserJob.objects.all().delete()
    Exposure.objects.all().delete()
    partner.delete()


@pytest.fixture
def client():
    return Client(headers={"host": "localhost"})


def of_tar(content: bytes) -> tuple[dict[str, bytes], list[dict]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}
    return files, list(csv.DictReader(io.StringIO(files.pop("manifest.csv").decode())))


def test_every_cutout_is_centred_on_the_object(nights, client):
    answer = client.get("/moving/cutouts", {"name": "Margarita", "size": 0.01})
    files, manifest = of_tar(b"".join(answer.streaming_content))
    assert [row["image"] for row in manifest] == [str(one.pid) for one in reversed(nights["public"])]
    assert len(files) == NIGHTS - 1 and len({row["ra"] for row in manifest}) == NIGHTS - 1
    for content in files.values():
        with fits.open(io.BytesIO(content)) as hdus:
            brightest = np.array(np.unravel_index(hdus[0].data.argmax(), hdus[0].shape))
            assert np.abs(brightest - np.array(hdus[0].shape) / 2).max() <= 1.5


def test_its_movie_holds_it_in_the_middle(nights, client):
    film = client.get("/moving/cutouts", {"name": "310", "size": 0.01, "form": "frames"}).json()
    assert [one["pid"] for one in film["frames"]] == [str(one.pid) for one in nights["public"]]
    for one in film["frames"]:
        grey = np.asarray(Image.open(io.BytesIO(base64.b64decode(one["src"].partition(",")[2]))))
        rows, columns = np.nonzero(grey == grey.max())
        assert abs(rows.mean() - 17.5) < 1 and abs(columns.mean() - 17.5) < 1
    gif = client.get("/moving/cutouts", {"name": "310", "size": 0.01, "form": "gif"})
    assert (gif["Content-Type"], Image.open(io.BytesIO(gif.content)).n_frames) == ("image/gif", NIGHTS - 1)


def test_a_partner_gets_the_closed_night_too_also_as_a_job(nights):
    client = Client(headers={"host": "localhost"}, enforce_csrf_checks=True)  # as curl sends it
    client.force_login(nights["partner"])
    assert len(client.get("/moving/cutouts", {"name": "310", "form": "frames"}).json()["frames"]) == NIGHTS
    answer = client.post("/moving/cutouts", {"name": "310", "size": 0.01, "content": "gif"})
    job = UserJob.objects.latest("created")
    assert answer["Location"] == f"/jobs/{job.pk}/"
    bundle.make(str(job.pk))
    job.refresh_from_db()
    files, manifest = of_tar(bundle.result_path(job).read_bytes())
    assert (job.phase, job.done, len(manifest), list(files)) == ("COMPLETED", NIGHTS, NIGHTS, ["0001_Margarita/zr.gif"])
    stranger = bundle.order(MARGARITA, CutoutRequest(size=0.01), ANYONE)
    bundle.make(str(stranger.pk))
    assert len(of_tar(bundle.result_path(stranger).read_bytes())[1]) == NIGHTS - 1


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"name": "310", "family": "ref"}, "family='ref'"),
        ({"name": "nobody"}, "neither one of the"),
        ({}, "give a name or orbital elements"),
        ({"name": "310", "filtercode": "zg", "form": "gif"}, "no image that you may see has pixels where it was"),
        ({"name": "310", "form": "gif", "size": 0.2}, "size=0.2"),
        ({"name": "310", "form": "mp4"}, "form='mp4'"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(nights, client, query, says):
    answer = client.get("/moving/cutouts", query)
    assert answer.status_code == 400 and says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "query", "says"),
    [
        ("get", {"deliver": "job"}, "deliver='job': only what is posted"),
        ("get", {"stretch": "log"}, "stretch='log': a tar"), ("get", {"low": 0, "form": "tar"}, "low='0': a tar"),
        ("get", {"content": "gif", "form": "gif"}, "content='gif': of a tar alone"),
        ("get", {"order": "obsjd"}, "order"), ("post", {"form": "gif"}, "form='gif': a job makes a tar"),
        ("post", {"form": "gif", "deliver": "job"}, "form='gif': a job makes a tar"),
    ],
)  # fmt: skip
def test_a_parameter_that_would_change_nothing_is_refused(nights, client, method, query, says):
    answer = getattr(client, method)("/moving/cutouts", {"name": "310"} | query)
    assert answer.status_code == 400 and says in answer.content.decode()


def test_more_cutouts_than_allowed_are_refused(nights, monkeypatch):
    with reading(Reader(frozenset({2}))), pytest.raises(CutoutsRefusedError, match="more than 3 cutouts of Margarita"):
        of_body(MARGARITA, CutoutRequest(), 3)
    monkeypatch.setattr(cutouts, "MOST_BYTES", 100_000)
    with reading(ANYONE), pytest.raises(CutoutsRefusedError, match="size=0.25: about .* bytes, 1e.05 at most"):
        of_body(MARGARITA, CutoutRequest(size=0.25), 20)
    monkeypatch.undo()
    monkeypatch.setattr(movie, "MOST_FRAMES", 2)
    assert "more than 2" in Client().get("/moving/cutouts", {"name": "310", "form": "gif"}).json()["detail"]


def test_the_page_of_the_object_offers_them(nights, client):
    page = client.get("/moving/", {"name": "310", "since": "2020-01-01", "order": "obsjd"}).content.decode()
    assert 'data-frames="/moving/cutouts?name=310&amp;since=2020-01-01&amp;form=frames"' in page
    assert '<input type="hidden" name="since" value="2020-01-01">' in page
