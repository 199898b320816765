"""SODA: pixels of regions at once and as jobs, as clients ask for them."""

import io
import tarfile

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from archive.files.storage import DamagedFileError
from archive.models import QueryJob
from archive.services.vo.obscore.identifiers import prefix
from tests.archive.services.vo.dal.conftest import archive_path, cut, did
from tests.rights.dal_probes import work_off

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def test_a_circle_s_pixels_come_with_their_place_on_the_sky(client, archive, place):
    status, body = cut(client, ID=did(archive), CIRCLE=f"{place[0]} {place[1]} 0.05")
    assert status == 200
    with fits.open(io.BytesIO(body)) as hdus:
        header, data = hdus[0].header, hdus[0].data
    whole = fits.getheader(archive_path(archive), 0)
    wcs, reference = WCS(header), WCS(whole)
    x, y = 3.0, 5.0
    at = wcs.all_pix2world(x, y, 0)
    there = np.round(reference.all_world2pix(*at, 0)).astype(int)
    assert data[int(y), int(x)] == 1000 * (there[1] + 1) + there[0] + 1
    ny, nx = data.shape
    scale = np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix)))
    assert nx == pytest.approx(0.1 / scale, abs=3) and ny == pytest.approx(0.1 / scale, abs=3)
    corners = SkyCoord(*wcs.all_pix2world([0, nx - 1, nx / 2], [ny / 2, ny / 2, 0], 0), unit="deg")
    assert np.all(abs(corners.separation(SkyCoord(*place, unit="deg")).deg - 0.05) < 2 * scale)


def test_polygons_and_ranges_cut_what_they_enclose_and_the_whole_comes_without_a_region(client, archive, place):
    ra, dec = place
    east = 0.05 / np.cos(np.radians(dec))
    square = f"{ra - east} {dec - 0.05} {ra + east} {dec - 0.05} {ra + east} {dec + 0.05} {ra - east} {dec + 0.05}"
    shapes = []
    for asked in (
        {"POLYGON": square},
        {"POS": f"POLYGON {square}"},
        {"POS": f"RANGE {ra - east} {ra + east} {dec - 0.05} {dec + 0.05}"},
    ):
        status, body = cut(client, ID=did(archive), **asked)
        assert status == 200
        shapes.append(fits.getdata(io.BytesIO(body)).shape)
    assert np.ptp(np.array(shapes), axis=0).max() <= 1
    whole = fits.getdata(io.BytesIO(cut(client, ID=did(archive), CIRCLE=f"{ra} {dec} 5")[1]))
    assert whole.shape == (308, 320)
    assert cut(client, ID=did(archive))[1] == archive_path(archive).read_bytes()
    assert fits.getdata(io.BytesIO(cut(client, ID=did(archive), CIRCLE=f"{ra} {dec} 0")[1])).size == 1


def test_where_the_image_has_nothing_the_answer_is_empty(client, archive, place):
    ra, dec = place
    assert cut(client, ID=did(archive), CIRCLE=f"{ra} {dec + 3} 0.1") == (204, b"")
    assert cut(client, ID=did(archive), CIRCLE=f"{(ra + 180) % 360} {-dec} 0.1") == (204, b"")
    assert cut(client, ID=did(archive), CIRCLE=f"{ra} {dec} 0.1", BAND="4e-7 5e-7") == (204, b"")
    assert cut(client, ID=did(archive), CIRCLE=f"{ra} {dec} 0.1", TIME="40000 41000") == (204, b"")
    assert cut(client, ID=did(archive), CIRCLE=f"{ra} {dec} 0.1", BAND="6.4e-7", TIME="-Inf +Inf")[0] == 200


@pytest.mark.parametrize(
    "asked, status, said",
    [
        ({}, 400, "UsageError: ID is missing"),
        ({"ID": ["a", "b"]}, 400, "MultiValuedParamNotSupported: ID"),
        ({"ID": "a"}, 404, "UsageError: 'a' is no identifier"),
        ({"CIRCLE": ["1 2 3", "1 2 4"]}, 400, "MultiValuedParamNotSupported: CIRCLE"),
        ({"CIRCLE": "1 2"}, 400, "UsageError: CIRCLE=1 2"),
        ({"POS": "BOX 1 2 3 4"}, 400, "UsageError: POS=BOX"),
        ({"BAND": "x"}, 400, "UsageError: BAND=x"),
        ({"RESPONSEFORMAT": "png"}, 400, "UsageError: RESPONSEFORMAT=png"),
        ({"POL": "I"}, 400, "UsageError: POL: is no parameter of this service"),
        ({"PIXELS": "1"}, 400, "UsageError: PIXELS: is no parameter of this service"),
        ({"CIRCEL": "1 2 3"}, 400, "UsageError: CIRCEL: is no parameter of this service"),
        ({"PLANES": "image,depth", "CIRCLE": "1 2 3"}, 400, "UsageError: planes=image,depth: 'depth' is none"),
        ({"PLANES": "image"}, 400, "UsageError: PLANES: goes with a region"),
        ({"PLANES": ["image", "mask"], "CIRCLE": "1 2 3"}, 400, "MultiValuedParamNotSupported: PLANES"),
    ],
)
def test_a_wrong_request_gets_the_fault_s_name(client, archive, asked, status, said):
    found = cut(client, **({"ID": did(archive)} if asked and "ID" not in asked else {}) | asked)
    assert found[0] == status and found[1].decode().startswith(said)


def test_what_has_no_pixels_is_not_cut_and_what_is_closed_is_not_there(client, archive):
    assert cut(client, ID=did(archive, "alert"))[1].startswith(b"UsageError")
    assert cut(client, ID=f"{prefix('sci')}{archive.closed.pid}")[0] == 404


@pytest.mark.client("pyvo", "SodaQuery (process)")
def test_pyvo_cuts_what_a_search_finds(sia, archive, place):
    (row,) = sia.search(publisher_did=did(archive))
    (this,) = row.getdatalink().bysemantics("#cutout", include_narrower=False)
    body = this.process(circle=(place[0], place[1], 0.02)).read()
    assert fits.getdata(io.BytesIO(body)).shape[0] < 30


def test_a_job_cuts_many_images_at_once(client, archive, place):
    circles = [f"{place[0]} {place[1]} 0.02", f"{place[0]} {place[1]} 0.05", f"{place[0]} {place[1] + 5} 0.1"]
    answer = client.post("/vo/soda/async", {"ID": [did(archive), did(archive, "ref")], "CIRCLE": circles})
    assert answer.status_code == 303
    job = "/" + answer["Location"].split("/", 3)[3]
    assert "PENDING" in client.get(job).content.decode() and client.get(f"{job}/results/result").status_code == 404
    client.post(f"{job}/phase", {"PHASE": "RUN"})
    work_off()
    assert client.get(f"{job}/phase").content == b"COMPLETED"
    with tarfile.open(fileobj=io.BytesIO(client.get(f"{job}/results/result").getvalue())) as tar:
        sizes = [fits.getdata(io.BytesIO(tar.extractfile(one).read())).shape[0] for one in tar.getnames()]
    assert len(sizes) == 4 and sizes[0] < sizes[1] and sizes[2] < sizes[3]
    assert client.delete(job).status_code == 303 and client.get(job).status_code == 404


@pytest.mark.parametrize(
    "asked, said",
    [
        ({"ID": "a"}, "no identifier"),
        ({}, "ID is missing"),
        ({"CIRCLE": "1 2"}, "CIRCLE=1 2"),
        ({"PHASE": "STOP"}, "PHASE=STOP"),
    ],
)
def test_a_job_that_cannot_be_is_refused_at_once(client, archive, asked, said):
    whole = ({"ID": did(archive)} if asked and "ID" not in asked else {}) | asked
    answer = client.post("/vo/soda/async", whole)
    assert answer.status_code == 400 and said in answer.content.decode()


def test_a_job_that_finds_nothing_says_so(client, archive, place):
    asked = {"ID": did(archive), "CIRCLE": f"{place[0]} {place[1] + 5} 0.1", "PHASE": "RUN"}
    job = "/" + client.post("/vo/soda/async", asked)["Location"].split("/", 3)[3]
    work_off()
    assert (
        client.get(f"{job}/phase").content == b"ERROR"
        and b"no image has anything" in client.get(f"{job}/error").content
    )


MANY = {"CIRCLE": [f"{n / 100} 1 0.02" for n in range(1001)]}


@pytest.mark.parametrize("end", ["", "/parameters", "/phase"])
@pytest.mark.parametrize(
    "more, said",
    [
        (MANY, "1001 cutouts; one job makes 1000 at most"),
        ({"CIRCLE": "1 2"}, "CIRCLE=1 2"),
        ({"ID": "a"}, "no identifier"),
        ({"POLYGON": ["1 1 2 2 3 1"] * 1000}, "1001 cutouts"),
    ],
    ids=["many", "no circle", "no data set", "many with what is there"],
)
def test_what_is_changed_later_passes_the_check_of_a_new_job(client, archive, place, end, more, said):
    asked = {"ID": did(archive), "CIRCLE": f"{place[0]} {place[1]} 0.02"}
    job = "/" + client.post("/vo/soda/async", asked)["Location"].split("/", 3)[3]
    before = QueryJob.objects.get().parameters
    answer = client.post(job + end, more | {"PHASE": "RUN"})
    assert answer.status_code == 400 and said in answer.content.decode()
    after = QueryJob.objects.get()
    assert (after.parameters, after.phase) == (before, "PENDING")
    assert client.post(job + end, {"CIRCLE": [f"{place[0]} {place[1]} 0.0{n}" for n in (2, 5)]}).status_code == 303
    assert len(QueryJob.objects.get().parameters["CIRCLE"].split("\n")) == 2
    QueryJob.objects.update(parameters={"ID": did(archive), "CIRCLE": "\n".join(MANY["CIRCLE"])})  # as it once could be
    client.post(f"{job}/phase", {"PHASE": "RUN"})
    work_off()
    assert client.get(f"{job}/phase").content == b"ERROR"
    assert "1000 at most" in client.get(f"{job}/error").content.decode()
    client.delete(job)


def test_a_damaged_file_is_a_fault_of_the_service(client, archive, place, monkeypatch):
    def cut_damaged(file, region):
        raise DamagedFileError(f"{file.name}: is damaged")

    monkeypatch.setattr("archive.pixels.cutouts.cut", cut_damaged)
    status, body = cut(client, ID=did(archive), CIRCLE=f"{place[0]} {place[1]} 0.05")
    assert status == 500 and body.startswith(b"DefaultFault: ztf_") and b"is damaged" in body
