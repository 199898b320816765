"""Cutouts with mask, uncertainty and PSF: the same pixels of each, by IBE and by SODA."""

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits

from archive.services.vo.obscore.identifiers import prefix
from archive.survey.filenames import sci_name
from tests.archive.services.irsa.conftest import archive, header_of, pixel_values, write  # noqa: F401

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
SUFFIXES = {"mask": "mskimg.fits", "uncertainty": "sciunc.fits", "psf": "sciimgdaopsfcent.fits"}


@pytest.fixture(scope="module")
def planes(archive, django_db_blocker):  # noqa: F811
    """The open image's mask (its pixels modulo 7), uncertainty (a tenth of them) and PSF; the closed image's mask."""
    values = {"mask": pixel_values() % 7, "uncertainty": pixel_values() / 10, "psf": np.ones((25, 25), np.float32)}
    with django_db_blocker.unblock():
        for image, names in ((archive.open, [*SUFFIXES]), (archive.closed, ["mask"])):
            for name in names:
                parts = (image.filefracday, image.field, image.filtercode, image.ccdid, image.qid)
                hdus = fits.HDUList([fits.PrimaryHDU(values[name].astype(np.float32), header_of(image))])
                rights = {"programid": image.programid, "public_date": image.public_date}
                write(sci_name(*parts, SUFFIXES[name]).path, hdus, product_id=image.pid, **rights)
    return archive


def by_ibe(client, archive, path="sciimg", **asked):  # noqa: F811
    parameters = {"center": f"{archive.open.ra},{archive.open.dec}", "size": "0.05", "gzip": "false", **asked}
    return client.get(f"/ibe/data/ztf/products/{archive.files[path].path}", parameters)


def by_soda(client, archive, **asked):  # noqa: F811
    circle = f"{archive.open.ra} {archive.open.dec} 0.025"
    return client.get("/vo/soda/sync", {"ID": f"{prefix('sci')}{archive.open.pid}", "CIRCLE": circle, **asked})


def test_all_planes_are_the_same_part_of_the_image(client, planes):
    names = "image,mask,uncertainty,psf"
    for answer in (by_ibe(client, planes, planes=names), by_soda(client, planes, PLANES=names)):
        with fits.open(io.BytesIO(answer.content)) as hdus:
            assert [hdu.name for hdu in hdus] == ["PRIMARY", "IMAGE", "MASK", "UNCERTAINTY", "PSF"]
            image = hdus["IMAGE"].data
            np.testing.assert_array_equal(hdus["MASK"].data, image % 7)
            np.testing.assert_allclose(hdus["UNCERTAINTY"].data, image / 10, rtol=1e-6)
            assert hdus["PSF"].data.shape == (25, 25)
            for card in ("CRPIX1", "CRPIX2", "LTV1", "LTV2"):
                assert hdus["MASK"].header[card] == hdus["IMAGE"].header[card]
    alone = fits.getdata(io.BytesIO(by_ibe(client, planes).content))
    np.testing.assert_array_equal(fits.getdata(io.BytesIO(by_ibe(client, planes, planes="image").content), 1), alone)


def test_planes_come_in_the_order_asked_for_and_packed(client, planes):
    content = gzip.decompress(by_ibe(client, planes, planes="psf,mask", gzip="true").content)
    with fits.open(io.BytesIO(content)) as hdus:
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "PSF", "MASK"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [(",", "is none; give some of"), ("image,depth", "is none; give some of"), ("mask,mask", "give each once")],
)
def test_planes_that_there_are_not_are_refused(client, planes, asked, says):
    for answer in (by_ibe(client, planes, planes=asked), by_soda(client, planes, PLANES=asked)):
        assert answer.status_code == 400 and says in answer.content.decode().replace("&#44;", ",")


def test_a_plane_that_an_image_does_not_have_is_refused(client, planes):
    answer = by_ibe(client, planes, "ref", planes="mask")
    assert answer.status_code == 400 and "has no mask" in answer.content.decode()


def test_planes_of_what_is_not_public_are_not_to_be_had(client, planes):
    assert by_ibe(client, planes, "closed sciimg", planes="mask").status_code == 404
