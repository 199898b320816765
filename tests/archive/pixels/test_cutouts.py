"""Cutouts of images that have no place on the sky, and regions beyond every image: refused or cut, never failed."""

from __future__ import annotations

import io

import numpy as np
import pytest
from astropy.io import fits

from archive.models import ProductFile
from archive.pixels import cutouts
from archive.services.vo.obscore.identifiers import prefix
from archive.sky.footprints import NoSkyCoordinatesError, read_wcs
from archive.survey.filenames import sci_name
from tests import factories
from tests.archive.services.irsa.conftest import NX, NY, archive, header_of, pixel_values, write  # noqa: F401

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
BROKEN = {
    "zeros": {"CD1_1": 0.0, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.0},
    "alike": {"CD1_1": 1e-4, "CD1_2": 1e-4, "CD2_1": 1e-4, "CD2_2": 1e-4},
    "tiny": {"CD1_1": 1e-300, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e-300},
    "huge": {"CD1_1": 1e300, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 1e300},
    "half": {"CTYPE2": "LINEAR"},
    "unknown": {"CTYPE1": "RA---XXX", "CTYPE2": "DEC--XXX"},
    "beyond the pole": {"CRVAL2": 100.0},
    "unit": {"CUNIT1": "furlong", "CUNIT2": "furlong"},
}


@pytest.fixture(scope="module")
def broken(archive, django_db_blocker):  # noqa: F811
    """For each kind of broken header an image whose file has it."""
    found = {}
    with django_db_blocker.unblock():
        for number, (name, cards) in enumerate(BROKEN.items()):
            image = factories.science_image(factories.exposure(jd=factories.JD + 3 + 0.01 * number), 50)
            header = header_of(image)
            header.update(cards)
            parts = (image.filefracday, image.field, image.filtercode, image.ccdid, image.qid, "sciimg.fits")
            hdus = fits.HDUList([fits.PrimaryHDU(pixel_values(), header)])
            rights = {"programid": image.programid, "public_date": image.public_date}
            found[name] = image, write(sci_name(*parts).path, hdus, product_id=image.pid, **rights)
    yield found
    with django_db_blocker.unblock():
        ProductFile.objects.filter(pk__in=[file.pk for _, file in found.values()]).delete()
        for image, _ in found.values():
            image.delete()


def addresses(image, file) -> list[tuple[str, dict]]:
    """Every address that cuts a place out of an image's file."""
    degrees = {"ra": image.ra, "dec": image.dec, "size": 0.02}
    ibe = {"center": f"{image.ra},{image.dec}", "size": "0.02", "gzip": "false"}
    soda = {"ID": f"{prefix('sci')}{image.pid}", "CIRCLE": f"{image.ra} {image.dec} 0.01"}
    return [
        *((f"/{tree}{file.path}", ibe) for tree in ("ibe/data/ztf/products/", "products/", "ztf/archive/")),
        (f"/ibe/data/ztf/products/{file.path}", ibe | {"planes": "image"}),
        ("/vo/soda/sync", soda),
        ("/vo/soda/sync", soda | {"PLANES": "image"}),
        (f"/cutout/{file.path}", degrees),
        (f"/pictures/{file.path}", degrees),
        (f"/api/images/{image.pid}/cutout", degrees),
    ]


@pytest.mark.parametrize("kind", BROKEN)
def test_an_image_without_a_place_on_the_sky_is_refused_with_the_reason_at_every_address(client, broken, kind):
    image, file = broken[kind]
    client.raise_request_exception = False
    for path, asked in addresses(image, file):
        answer = client.get(path, asked)
        assert answer.status_code == 400, (path, answer.status_code, answer.content[:300])
        assert b"has no place on the sky" in answer.content and file.name.encode() in answer.content, path
    with pytest.raises(NoSkyCoordinatesError, match="WCS cannot be used"), fits.open(file.whole()) as hdus:
        read_wcs(hdus[0].header)


def test_its_pixels_can_still_be_cut_out_by_their_numbers(client, broken):
    _, file = broken["zeros"]
    answer = client.get(f"/products/{file.path}", {"center": "100,50px", "size": "3px", "gzip": "false"})
    assert fits.getdata(io.BytesIO(answer.content))[1, 1] == 50_100


def test_a_movie_names_the_image_that_has_no_place(client, broken):
    image, _ = broken["zeros"]
    asked = {"position": f"{image.ra} {image.dec}", "filtercode": "zr", "size": 0.02, "form": "png"}
    for path in ("/movie", "/api/movie"):
        answer = client.get(path, asked)
        assert answer.status_code == 400 and "has no place on the sky" in answer.json()["detail"], path


@pytest.mark.parametrize("size", ["180", "1e5", "1e308", "1e308px", "1e308rad", "1e5,1e308"])
@pytest.mark.parametrize("centre", ["{ra},{dec}", "160,154px"])
def test_a_region_wider_than_the_image_is_the_whole_image(client, archive, size, centre):  # noqa: F811
    centre = centre.format(ra=archive.open.ra, dec=archive.open.dec)
    path = f"/ibe/data/ztf/products/{archive.files['sciimg'].path}"
    answer = client.get(path, {"center": centre, "size": size, "gzip": "false"})
    if size.endswith("rad"):
        assert answer.status_code == 400 and b"must be finite" in answer.content
        return
    np.testing.assert_array_equal(fits.getdata(io.BytesIO(answer.content)), pixel_values())


@pytest.mark.parametrize("centre", ["1e308,1e308px", "-1e308,1px", "1e9,1px"])
def test_a_region_elsewhere_overlaps_only_where_it_reaches(client, archive, centre):  # noqa: F811
    path = f"/ibe/data/ztf/products/{archive.files['sciimg'].path}"
    for size in ("10px", "1arcmin"):
        answer = client.get(path, {"center": centre, "size": size})
        assert answer.status_code == 500 and b"Cutout does not overlap image" in answer.content  # IBE's own words


def test_spans_are_as_before_for_ordinary_widths():
    for middle in (-3.5, 0.0, 7.2, 99.0, 104.0):
        for width in (0.0, 0.4, 1.0, 7.0, 250.0):
            count = max(1, round(width))
            start = int(np.ceil(middle - count / 2 - 1e-6))
            wanted = range(max(0, start), min(100, start + count))
            found = cutouts._span(middle, width, 100)
            assert (range(0) if found is None else range(found.start, found.stop)) == wanted or not len(wanted)
            assert (found is None) == (not len(wanted))
