"""/ibe/data: files in whole and in part, folders, cutouts."""

import gzip
import io
import re

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from archive.files import storage
from archive.models import ProductFile
from tests.archive.services.irsa.conftest import NX, NY, write
from tests.factories import PUBLIC

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
DATA = "/ibe/data/ztf/products/"


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def get(client, file, *parameters, **headers):
    query = f"?{'&'.join(parameters)}" if parameters else ""
    return client.get(
        DATA + file.path + query, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def content(file) -> bytes:
    return storage.absolute(file.path).read_bytes()


def test_a_file_comes_whole_with_its_length_type_and_tag(client, archive):
    types = {"sciimg": "application/fits", "log": "text/plain; charset=utf-8", "raw": "application/fits"}
    for name, kind in types.items():
        file = archive.files[name]
        response = get(client, file)
        assert (response.status_code, response["Content-Type"]) == (200, kind)
        assert int(response["Content-Length"]) == file.size
        assert (response["ETag"], response["Accept-Ranges"]) == (f'"{file.sha256}"', "bytes")
        assert body(response) == content(file)


def test_head_says_the_same_without_the_bytes(client, archive):
    file = archive.files["sciimg"]
    response = client.head(DATA + file.path)
    assert (response.status_code, int(response["Content-Length"])) == (200, file.size)
    assert body(response) == b""


@pytest.mark.parametrize("address", [DATA, "/files/"])
@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-4", 0, 5), ("bytes=5-", 5, 18), ("bytes=-3", 15, 18), ("bytes=2-9999", 2, 18), ("bytes=-999", 0, 18)],
)
def test_a_range_gives_these_bytes_and_no_others(client, archive, address, asked, start, stop):
    file = archive.files["log"]
    response = client.get(address + file.path, headers={"Range": asked})
    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/18"
    assert int(response["Content-Length"]) == stop - start
    assert body(response) == content(file)[start:stop]


@pytest.mark.parametrize("asked", ["bytes=18-", "bytes=99-100", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_length(client, archive, asked):
    response = get(client, archive.files["log"], Range=asked)
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */18")


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=0-1", "bytes=5-2", "bytes=-", "nonsense"])
def test_what_is_no_single_range_gives_the_whole_file(client, archive, asked):
    response = get(client, archive.files["log"], Range=asked)
    assert (response.status_code, body(response)) == (200, content(archive.files["log"]))


def test_a_download_goes_on_only_where_the_file_is_the_same(client, archive):
    file = archive.files["log"]
    tag = f'"{file.sha256}"'
    date = get(client, file)["Last-Modified"]
    for condition, status in ((tag, 206), (date, 206), ('"another"', 200), ("Thu, 01 Jan 1970 00:00:00 GMT", 200)):
        assert get(client, file, Range="bytes=9-", If_Range=condition).status_code == status
    assert get(client, file, If_None_Match=f'"x", {tag}').status_code == 304
    assert get(client, file, If_None_Match='"x"').status_code == 200
    assert get(client, file, If_Modified_Since=date).status_code == 304


def test_folders_list_what_is_in_them_down_to_the_file(client, archive):
    file, folder = archive.files["sciimg"], ""
    for part in file.path.split("/"):
        page = client.get(DATA + folder).content.decode()
        assert f"<title>Index of {DATA}{folder}</title>" in page
        assert ("Parent Directory" in page) == bool(folder)
        name = part if part.endswith(".fits") else part + "/"
        assert name in re.findall(r'<a href="([^"]+)">', page)
        folder += name
    assert str(file.size) in page
    assert client.get(DATA + "sci").headers["Location"] == DATA + "sci/"
    roots = re.findall(r'<a href="([^"]+)">', client.get(DATA).content.decode())
    assert roots == ["cal/", "raw/", "ref/", "sci/"]


@pytest.mark.parametrize(
    ("path", "status"), [("sci/../raw/", 400), ("../etc/passwd", 400), ("sci/1999/", 404), ("sci/none.fits", 404)]
)
def test_paths_go_down_the_tree_and_name_what_is_there(client, archive, path, status):
    response = client.get(DATA + path)
    assert response.status_code == status
    assert response.content.startswith(b"<?xml version")


def cutout(client, file, *parameters):
    response = get(client, file, *parameters, "gzip=false")
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/fits"
    return fits.open(io.BytesIO(response.content))


def test_a_cutout_keeps_the_sky_to_a_hundredth_of_a_pixel(client, archive):
    file = archive.files["sciimg"]
    whole = WCS(fits.getheader(storage.absolute(file.path)))
    ra, dec = whole.all_pix2world(200.3, 120.7, 1)
    with cutout(client, file, f"center={ra},{dec}", "size=0.1,0.05") as hdus:
        header, data = hdus[0].header, hdus[0].data
        assert data.shape == (round(0.05 / scale(whole)), round(0.1 / scale(whole)))
        x, y = WCS(header).all_world2pix(ra, dec, 1)
        column, row = round(float(x)), round(float(y))
        assert data[row - 1, column - 1] == 1000 * 121 + 200
        assert header["LTV1"] + 200.3 == pytest.approx(float(x), abs=0.01)
        assert header["LTV2"] + 120.7 == pytest.approx(float(y), abs=0.01)
        assert hdus[0].verify_checksum() == 1


def scale(wcs) -> float:
    return abs(np.linalg.det(wcs.pixel_scale_matrix)) ** 0.5


def test_every_unit_means_what_it_says(client, archive):
    file = archive.files["sciimg"]
    header = fits.getheader(storage.absolute(file.path))
    ra, dec = header["CRVAL1"], header["CRVAL2"]
    sizes = ["0.06", "0.06d", "0.06deg", "0.06 degrees", "3.6arcmin", "3.6'", "216arcsec", '216"', "216arc-seconds"]
    sizes += ["216a", f"{np.radians(0.06)}rad", f"{np.radians(0.06)}radians"]
    shapes = set()
    for size in sizes:
        with cutout(client, file, f"center={ra},{dec}", f"size={size}") as hdus:
            shapes.add(hdus[0].data.shape)
    assert shapes == {(round(0.06 / scale(WCS(header))),) * 2}
    for size in ("21px", "21pix", "21,21pixels"):
        with cutout(client, file, "center=100,50px", f"size={size}") as hdus:
            assert hdus[0].data.shape == (21, 21)
            assert hdus[0].data[10, 10] == 50 * 1000 + 100


def test_a_cutout_at_the_edge_holds_what_there_is(client, archive):
    with cutout(client, archive.files["sciimg"], "center=1,1px", "size=11px") as hdus:
        assert hdus[0].data.shape == (6, 6)
        assert hdus[0].data[0, 0] == 1001
    with cutout(client, archive.files["sciimg"], "center=100,100px", "size=0px") as hdus:
        assert hdus[0].data.shape == (1, 1)
    with cutout(client, archive.files["sciimg"], "center=160,154px", "size=9999px") as hdus:
        assert hdus[0].data.shape == (NY, NX)


def test_compressed_images_and_all_extensions_are_cut(client, archive):
    for name in ("difference", "raw"):
        with cutout(client, archive.files[name], "center=100,50px", "size=5px") as hdus:
            assert [hdu.header["NAXIS"] for hdu in hdus] == [0, 2]
            np.testing.assert_allclose(hdus[1].data[2, 2], 50100, atol=0.1)
            assert hdus[1].header["LTV1"] == -97


def test_gzip_is_what_comes_unless_told(client, archive):
    response = get(client, archive.files["sciimg"], "center=100,50px", "size=5px")
    assert response["Content-Type"] == "application/gzip"
    assert response["Content-Disposition"].endswith('_sciimg.fits.gz"')
    assert gzip.decompress(response.content)[:6] == b"SIMPLE"
    for value in ("1", "yes", "T", "On"):
        response = get(client, archive.files["sciimg"], "center=100,50px", "size=5px", f"gzip={value}")
        assert response["Content-Type"] == "application/gzip"


@pytest.mark.parametrize(
    ("name", "parameters", "status", "says"),
    [
        ("sciimg", ["center=10,10", "size=0.1"], 500, "Cutout does not overlap image"),
        ("sciimg", ["center=-500,10px", "size=5px"], 500, "Cutout does not overlap image"),
        ("sciimg", ["center=10,100", "size=0.1"], 400, "declination"),
        ("sciimg", ["center=10,10", "size=-1"], 400, "size=-1"),
        ("sciimg", ["center=10,10"], 400, "size: give center and size together"),
        ("sciimg", ["size=1"], 400, "center: give center and size together"),
        ("sciimg", ["center=1,1", "center=2,2", "size=1"], 400, "center: is given 2 times"),
        ("sciimg", ["center=10", "size=1"], 400, "center=10: give two numbers"),
        ("sciimg", ["center=10,10", "size=1parsec"], 400, "'parsec' is not one of"),
        ("sciimg", ["center=10,10", "size=big"], 400, "size=big"),
        ("sciimg", ["center=10,10", "size=1", "gzip=perhaps"], 400, "gzip=perhaps"),
        ("sciimg", ["center=10,10", "size=1", "colour=red"], 400, "colour: is no parameter"),
        ("log", ["center=10,10", "size=1"], 400, "cutouts are made of"),
        ("psfcat", ["center=10,10", "size=1"], 400, "holds no image"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_cutout_is_said(client, archive, name, parameters, status, says):
    response = get(client, archive.files[name], *parameters)
    assert response.status_code == status
    text = response.content.decode()
    assert text.startswith("<?xml version")
    assert says in text.replace("&#44;", ",")


@pytest.fixture(scope="module")
def damaged(archive, committed):
    """Files whose bytes are no FITS, and came so: their checksums are right."""
    whole = archive.files["sciimg"]
    bodies = {"text": b"line one\nline two\n", "nothing": b"", "half": content(whole)[:20160]}
    files = {
        kind: write(whole.path.replace("_q3_", f"_q{number}_"), body, product_id=whole.product_id + number, **PUBLIC)
        for number, (kind, body) in enumerate(bodies.items(), 5)
    }
    yield files
    ProductFile.objects.filter(pk__in=[file.pk for file in files.values()]).delete()


@pytest.mark.parametrize("kind", ["text", "nothing", "half"])
@pytest.mark.parametrize("planes", [[], ["planes=image"]], ids=["image", "planes"])
def test_a_cutout_of_bytes_that_are_no_fits_says_that_the_file_is_damaged(client, damaged, kind, planes):
    response = get(client, damaged[kind], "center=100,50px", "size=5px", *planes)
    text = response.content.decode()
    assert response.status_code == 500 and text.startswith("<?xml version"), text
    assert f"{damaged[kind].name}: is damaged" in text
    assert body(get(client, damaged[kind])) == content(damaged[kind])  # whole, it comes as it is
