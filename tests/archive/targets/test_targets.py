"""Cutouts of many targets as one tar, movies of one: right pixels, right rights."""

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

from archive.access.reading import ANYONE, PARTNERSHIP, Reader, reading
from archive.files import storage
from archive.models import Exposure, Membership, ProductFile, UserJob
from archive.pixels import rendering
from archive.pixels.aligned import aligned, grid
from archive.survey.times import date_of_jd
from archive.targets import bundle, drawn, movie
from archive.targets.cutouts import CutoutRequest, CutoutsRefusedError
from archive.targets.lists import Target
from tests import factories

RA, DEC = 120.0, 30.0
SIDE = 600
STAR = Target("my star", RA + 0.01, DEC - 0.02)
NOWHERE = Target("nowhere", 300.0, -80.0)
DISTORTION = (("PV1_1", 1.0), ("PV1_4", 0.006), ("PV1_6", -0.004), ("PV2_1", 1.0), ("PV2_5", 0.005))
# How far each image is turned: a camera that is mounted again shows the sky otherwise.
ANGLES = (0.0, 4.0, 180.0)


def header(angle: float) -> fits.Header:
    cards = fits.Header({"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV"})
    cards["CRVAL1"], cards["CRVAL2"], cards["CRPIX1"], cards["CRPIX2"] = RA, DEC, SIDE / 2 + 3.3, SIDE / 2 - 7.7
    s, c = np.sin(np.radians(angle)) / 3600, np.cos(np.radians(angle)) / 3600
    cards["CD1_1"], cards["CD1_2"], cards["CD2_1"], cards["CD2_2"] = -c, s, s, c
    cards.update(dict(DISTORTION))
    return cards


def picture(cards: fits.Header, star: Target = STAR, sky: float = 200.0) -> np.ndarray:
    """A star of 2 px at the target's place, over a sky."""
    x, y = WCS(cards).all_world2pix(star.ra, star.dec, 0)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    rng = np.random.default_rng(3)
    star = 3000 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 2.0**2))
    return (sky + star + rng.normal(0, 5, (SIDE, SIDE))).astype(np.float32)


def image(number: int, angle: float, **rights):
    """A science image with pixels and footprint."""
    from archive.sky.footprints import footprint

    exposure = factories.exposure(factories.JD + number, **rights)
    cards = header(angle)
    place = footprint(fits.PrimaryHDU(np.zeros((SIDE, SIDE), np.float32), cards).header)
    row = factories.science_image(exposure, 50, magzp=26.0, **place)
    path = f"sci/test/{row.pid}_sciimg.fits"
    with storage.new_file(path) as temporary:
        fits.PrimaryHDU(picture(cards, sky=200.0 + 50 * number), cards).writeto(temporary)
    factories.product_file(path=path, product_id=row.pid, **rights)
    return row


@pytest.fixture(scope="module")
def sky(committed, archive_root):
    """Three public images at different angles, and one of the partnership, in the same place."""
    shown = [image(number, angle) for number, angle in enumerate(ANGLES)]
    closed = image(9, 0.0, programid=PARTNERSHIP, public_date=None)
    partner = User.objects.create_user("target-partner")
    Membership.objects.create(user=partner, program_id=PARTNERSHIP)
    yield {"public": shown, "closed": closed, "partner": partner}
    numbers = [row.pid for row in [*shown, closed]]
    ProductFile.objects.filter(family="sci", product_id__in=numbers).delete()
    Exposure.objects.filter(science_images__in=numbers).delete()
    UserJob.objects.all().delete()
    partner.delete()


BEFORE_THE_LAST = {"until": f"{date_of_jd(factories.JD + 1.5):%Y-%m-%dT%H:%M}"}  # of the three public images


@pytest.fixture
def client():
    return Client(headers={"host": "localhost"})


def unpack(content: bytes) -> tuple[dict[str, bytes], list[dict]]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}
    return files, list(csv.DictReader(io.StringIO(files.pop("manifest.csv").decode())))


def post(client, **values):
    given = {"targets": "my star 120.01 29.98\nnowhere 300 -80\n", "size": 0.01, "deliver": "stream"}
    answer = client.post("/api/cutouts/", given | values)
    return answer, b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.mark.django_db(databases=["default", "reader"])
def test_a_pixel_has_the_same_place_on_the_sky_in_the_cutout_as_in_the_image(sky):
    for row in sky["public"]:
        file = ProductFile.objects.get(family="sci", product_id=row.pid)
        whole = WCS(rendering.header(file))
        part = rendering.cutout(file, STAR.ra, STAR.dec, 0.02)
        x, y = np.meshgrid([0, 20, part.data.shape[1] - 1], [0, 30, part.data.shape[0] - 1])
        ra, dec = WCS(part.header).all_pix2world(x, y, 0)
        back = np.array(whole.all_world2pix(ra, dec, 0))
        shift = np.array([-part.header["LTV1"], -part.header["LTV2"]])[:, None, None]
        assert np.abs(back - np.array([x, y]) - shift).max() < 0.01
        star = np.unravel_index(part.data.argmax(), part.data.shape)
        assert np.abs(np.array(WCS(part.header).all_world2pix(STAR.ra, STAR.dec, 0)) - star[::-1]).max() < 1.5


def test_one_tar_holds_a_cutout_of_every_image_and_a_manifest_of_all(sky, client):
    answer, body = post(client)
    files, manifest = unpack(body)
    assert answer["Content-Type"] == "application/x-tar"
    assert {row["image"] for row in manifest} == {str(row.pid) for row in sky["public"]} | {""}
    assert [row["status"] for row in manifest] == ["ok"] * 3 + [drawn.NO_IMAGE]
    assert set(files) == {row["file"] for row in manifest if row["file"]}
    for content in files.values():
        with fits.open(io.BytesIO(content), checksum=True) as hdus:
            assert hdus[0].shape == (36, 36) and hdus[0].data.max() > 1000


@pytest.mark.parametrize("member", [False, True])
def test_only_what_the_reader_may_see_is_cut_out(sky, client, member):
    if member:
        client.force_login(sky["partner"])
    _, body = post(client)
    _, manifest = unpack(body)
    assert (str(sky["closed"].pid) in {row["image"] for row in manifest}) == member


@pytest.mark.parametrize("member", [False, True])
def test_a_job_has_the_rights_of_who_ordered_it_and_counts_its_cutouts(sky, member):
    reader = Reader(frozenset({PARTNERSHIP})) if member else ANYONE
    job = bundle.order([STAR, NOWHERE], CutoutRequest(size=0.01), reader, sky["partner"] if member else None)
    bundle.make(str(job.pk))
    job.refresh_from_db()
    _, manifest = unpack(bundle.result_path(job).read_bytes())
    assert (job.phase, job.done, job.total) == ("COMPLETED", len(manifest), 4 + member)
    assert (str(sky["closed"].pid) in {row["image"] for row in manifest}) == member
    before = bundle.result_path(job).read_bytes()
    bundle.make(str(job.pk))
    assert bundle.result_path(job).read_bytes() == before


def test_the_page_orders_a_job_and_only_its_owner_gets_the_tar(sky, client):
    client.force_login(sky["partner"])
    answer = client.post("/cutouts/list", {"targets": "my star 120.01 29.98", "size": 0.01, "deliver": "job"})
    job = UserJob.objects.latest("created")
    assert answer["Location"] == f"/jobs/{job.pk}/"
    bundle.make(str(job.pk))
    assert b"4 of 4 cutouts" in client.get(f"/jobs/{job.pk}/").content
    assert client.get(f"/jobs/{job.pk}/", {"part": 1}).status_code == 200
    both = client.get(f"/jobs/{job.pk}/", {"part": 1, "format": "json"})
    assert both.status_code == 400 and "format: the part alone" in both.content.decode()
    assert client.get(f"/jobs/{job.pk}/result").status_code == 200
    assert Client(headers={"host": "localhost"}).get(f"/jobs/{job.pk}/result").status_code == 404


def test_an_uploaded_list_is_as_good_as_pasted_text(sky, client):
    upload = io.BytesIO(b"name,ra,dec\nmy star,120.01,29.98\n")
    upload.name = "targets.csv"
    _, body = post(client, targets="", upload=upload)
    assert len(unpack(body)[1]) == 3


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"size": 1}, "size=1.0: give positive degrees up to 0.25"),
        ({"size": 0}, "size=0.0"),
        ({"targets": ""}, "give targets as text"),
        ({"targets": "a 1 99"}, "line 1"),
        ({"filtercode": "zz"}, "filtercode='zz'"),
        ({"newest": 0}, "newest=0"),
        ({"family": "raw"}, "family='raw'"),
        ({"targets": "120.01 29.98\n" * 40}, "more than 100 cutouts"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name_and_value(sky, client, values, says):
    answer, body = post(client, **values)
    assert answer.status_code == 400 and answer["Content-Type"] == "application/problem+json"
    assert says in body.decode()


def test_a_damaged_file_spoils_its_own_cutout_only(sky, client):
    path = storage.absolute(ProductFile.objects.get(family="sci", product_id=sky["public"][1].pid).path)
    content = path.read_bytes()
    path.write_bytes(content[:20_000])
    _, body = post(client)
    path.write_bytes(content)
    files, manifest = unpack(body)
    assert len(files) == 2
    assert sum("cannot be read" in row["status"] for row in manifest) == 1


def test_a_damaged_file_spoils_neither_a_movie_nor_a_comparison(sky, client):
    file = ProductFile.objects.get(family="sci", product_id=sky["public"][1].pid)
    path = storage.absolute(file.path)
    content = path.read_bytes()
    path.write_bytes(content[:20_000])
    asked = {"position": "120.01 29.98", "size": 0.02}
    film = client.get("/movie", asked | {"filtercode": "zr", "form": "frames"})
    page = client.get("/cutouts/compare", asked | {"filters": "zr", "kinds": "sci", "epochs": 3})
    alone = client.get("/cutouts/compare", asked | {"filters": "zr", "kinds": "sci", "epochs": 1, **BEFORE_THE_LAST})
    path.write_bytes(content)
    assert [one["pid"] for one in film.json()["frames"]] == [str(sky["public"][n].pid) for n in (0, 2)]
    assert [cell is None for cell in page.context["rows"][0]["cells"]] == [False, True, False]
    assert f"Left out: {file.name} cannot be read." in page.content.decode()
    assert alone.status_code == 400 and f"{file.name} cannot be read" in alone.content.decode()


def test_frames_of_a_movie_have_north_up_and_the_star_in_one_place(sky):
    with reading(ANYONE):
        shown = movie.frames(STAR, CutoutRequest(filtercode="zr", size=0.03))
    assert [frame.image.pid for frame in shown] == [row.pid for row in sky["public"]]
    for frame in shown:
        middle = np.array(frame.data.shape) / 2 - 0.5
        rows, columns = np.nonzero(frame.data > 500)
        assert np.abs(np.array([rows.mean(), columns.mean()]) - middle).max() < 0.3
        assert abs(np.nanmedian(frame.data)) < 1  # whatever the sky was
    onto = grid(STAR.ra, STAR.dec, 0.03)
    north = onto.all_pix2world([54, 54], [54, 100], 0)[1]
    east = onto.all_pix2world([54, 100], [54, 54], 0)[0]
    assert north[1] > north[0] and east[1] < east[0]
    file = ProductFile.objects.get(family="sci", product_id=sky["public"][2].pid)
    assert np.isnan(aligned(file, grid(NOWHERE.ra, NOWHERE.dec, 0.01))).all()


@pytest.mark.parametrize("form", ["apng", "gif", "png"])
def test_a_movie_comes_as_animation_or_still_with_frames_drawn_alike(sky, client, form):
    query = {"position": "120.01 29.98", "filtercode": "zr", "size": 0.03, "form": form}
    answer = client.get("/movie", query)
    picture = Image.open(io.BytesIO(answer.content))
    assert answer["Content-Type"] == movie.FORMATS[form]
    assert getattr(picture, "n_frames", 1) == (1 if form == "png" else 3)
    assert answer["Cache-Control"].startswith("private")
    assert client.get("/api/movie", query).content == answer.content
    if form == "apng":
        skies = []
        for number in range(3):
            picture.seek(number)
            skies.append(np.median(np.asarray(picture.convert("L"))[:200]))
        assert np.ptp(skies) <= 3


def test_a_movie_shows_a_partner_more_frames_than_others(sky, client):
    query = {"position": "120.01 29.98", "filtercode": "zr", "size": 0.02}
    public = Image.open(io.BytesIO(client.get("/movie", query).content)).n_frames
    client.force_login(sky["partner"])
    assert (public, Image.open(io.BytesIO(client.get("/movie", query).content)).n_frames) == (3, 4)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"size": 0.02}, "filtercode: a movie shows one filter"),
        ({"filtercode": "zr", "size": 0.2}, "pictures with North up are at most"),
        ({"filtercode": "zg"}, "no image in zg that you may see"),
        ({"filtercode": "zr", "form": "mp4"}, "form='mp4'"),
        ({"filtercode": "zr", "position": "120 99"}, "position='120 99'"),
    ],
)
def test_a_movie_that_cannot_be_made_says_why(sky, client, query, says):
    for address in ("/movie", "/api/movie"):
        answer = client.get(address, {"position": "120.01 29.98"} | query)
        assert answer.status_code == 400 and says in answer.json()["detail"]


def test_the_page_plays_nothing_before_it_is_asked_to(sky, client):
    page = client.get("/cutouts/", {"position": "120.01 29.98"}).content.decode()
    outside, _, inside = page.partition("<details data-name")
    assert "form=png" in outside and "form=apng" not in outside and "form=apng" in inside


def test_pictures_come_as_jpeg_too(sky, client):
    path = ProductFile.objects.get(family="sci", product_id=sky["public"][0].pid).path
    answer = client.get(
        f"/pictures/{path}", {"form": "jpeg", "colourmap": "viridis", "width": 128, "low": 0, "high": 9}
    )
    picture = Image.open(io.BytesIO(answer.content))
    assert (answer["Content-Type"], picture.format, picture.mode) == ("image/jpeg", "JPEG", "RGB")
    assert picture.size == (128, 128)


@pytest.mark.parametrize(("content", "names"), [("png", 3), ("gif", 1)])
def test_a_tar_may_hold_pictures_or_one_movie_of_a_target_drawn_alike(sky, client, content, names):
    _, body = post(client, content=content)
    files, manifest = unpack(body)
    assert len(files) == names and all(name.endswith(content) for name in files)
    assert [row["status"] for row in manifest] == ["ok"] * 3 + [drawn.NO_IMAGE]
    assert {row["file"] for row in manifest} == {*files, ""}
    shown = [Image.open(io.BytesIO(one)) for one in files.values()]
    if content == "gif":
        assert shown[0].n_frames == 3
    else:  # the sky of each image is 50 DN brighter than the last's: it was taken off
        assert np.ptp([np.median(np.asarray(one)) for one in shown]) <= 3


def test_pictures_are_not_made_larger_than_movies(sky, client):
    answer, body = post(client, content="png", size=0.2)
    assert (
        answer.status_code == 400
        and "size=0.2: pictures with North up are at most 0.1667 degrees wide" in body.decode()
    )


def test_frames_come_one_by_one_with_one_stretch_for_the_player(sky, client, monkeypatch):
    query = {"position": "120.01 29.98", "filtercode": "zr", "size": 0.02, "form": "frames", "stretch": "sqrt"}
    film = client.get("/movie", query).json()
    assert [one["pid"] for one in film["frames"]] == [str(row.pid) for row in sky["public"]]
    assert film["stretch"] == "sqrt" and film["low"] < film["high"]
    one = Image.open(io.BytesIO(base64.b64decode(film["frames"][0]["src"].partition(",")[2])))
    assert one.size == (72, 72) and film["frames"][0]["url"] == f"/images/{sky['public'][0].pid}/"
    monkeypatch.setattr(movie, "MOST_PLAYED", 10_000)
    refused = client.get("/movie", query)
    assert refused.status_code == 400 and "give a smaller size, dates, or newest=20" in refused.json()["detail"]


def test_epochs_stand_side_by_side_with_one_stretch_and_one_scale_bar(sky, client):
    query = {"position": "120.01 29.98", "size": 0.03, "filters": "zr", "kinds": ["sci", "diff"], "epochs": 2}
    page = client.get("/cutouts/compare", query)
    (row,) = page.context["rows"]  # no difference image: no row of them
    newest = sky["public"][1:]
    assert [cell["frame"].image.pid for cell in row["cells"]] == [one.pid for one in newest]
    assert page.context["bar"] == {"arcsec": 30, "percent": 27.78}
    assert page.content.decode().count("data:image/png") == 2
    drawn_as_one = client.get("/cutouts/compare", query | {"form": "png"})
    assert Image.open(io.BytesIO(drawn_as_one.content)).width > 2 * 160
    client.force_login(sky["partner"])
    cells = client.get("/cutouts/compare", query).context["rows"][0]["cells"]
    assert cells[-1]["frame"].image.pid == sky["closed"].pid


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"epochs": 13}, "epochs='13': give at most 12"),
        ({"epochs": 12}, "75 pictures, at most 60"),
        ({"size": 0.2}, "size=0.2"),
        ({"filters": "zz"}, "&#x27;zz&#x27; is none of them"),
        ({"position": "300 -80"}, "no image that you may see has pixels here"),
    ],
)
def test_a_comparison_that_cannot_be_made_says_why(sky, client, query, says):
    answer = client.get("/cutouts/compare", {"position": "120.01 29.98"} | query)
    assert answer.status_code == 400
    assert says in answer.content.decode() or says in answer.context["error"]


def test_movies_do_not_go_beyond_their_limit(sky, monkeypatch):
    monkeypatch.setattr(movie, "MOST_FRAMES", 2)
    with reading(ANYONE), pytest.raises(CutoutsRefusedError, match="3 images: a movie has at most 2"):
        movie.frames(STAR, CutoutRequest(filtercode="zr"))
    with reading(ANYONE):
        assert len(movie.frames(STAR, CutoutRequest(filtercode="zr", newest=2))) == 2
        late = date_of_jd(factories.JD + 0.5)
        assert len(movie.frames(STAR, CutoutRequest(filtercode="zr", since=late))) == 2
