"""References on a corner of the sky: two public ones that overlap, and ones that nobody may see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy.io import fits

from archive.files import storage
from archive.models import ProductFile, ReferenceImage
from archive.services.hips.models import Member
from archive.sky.footprints import footprint
from tests.factories import product_file, reference_image

SIDE = 500
PAST, FUTURE = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=30)


def write_pixels(path: str, header: fits.Header, data: np.ndarray) -> str:
    """A file of the tree; gives its checksum."""
    with storage.new_file(path) as temporary:
        fits.PrimaryHDU(data, header).writeto(temporary)
    return storage.stored(path).sha256


def reference(rcid: int, ra: float, dec: float = 18.5, value: float = 100.0, **rights) -> ReferenceImage:
    """A reference of one value around a star, with its coverage, in the tree and registered."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "MAGZP": 26.275})
    for axis, place in ((1, ra), (2, dec)):
        header[f"CRPIX{axis}"], header[f"CRVAL{axis}"] = (SIDE + 1) / 2, place
    header["CD1_1"], header["CD1_2"], header["CD2_1"], header["CD2_2"] = -1 / 3600, 0.0, 0.0, 1 / 3600
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    data = (value * np.exp(-(x**2 + y**2) / 5000)).astype(np.float32)
    sized = fits.PrimaryHDU(data, header).header
    place = footprint(sized)
    image = reference_image(rcid=rcid, field=557, magzp=26.275, seeing=2.0, **place | rights)
    for suffix, pixels in (("refimg.fits", data), ("refcov.fits", np.full(data.shape, 10, np.int16))):
        path = f"ref/test/{image.rfid}_{suffix}"
        sha256 = write_pixels(path, header, pixels)
        product_file(path=path, family="ref", product_id=image.rfid, suffix=suffix, sha256=sha256, **rights)
    return image


def forget(*images: ReferenceImage) -> None:
    numbers = [image.rfid for image in images]
    ProductFile.objects.filter(family="ref", product_id__in=numbers).delete()
    ReferenceImage.objects.filter(pk__in=numbers).delete()


@pytest.fixture
def public(committed, archive_root):
    """Two public references, half a field apart."""
    made = [reference(20, 51.30, value=100.0), reference(21, 51.38, value=500.0)]
    yield made
    forget(*made)
    Member.objects.all().delete()


@pytest.fixture
def hidden(committed, archive_root):
    """References that are not public: of the partnership, to be public later, undecided."""
    rights = [
        {"programid": 2, "public_date": None},
        {"programid": 1, "public_date": FUTURE},
        {"programid": 3, "public_date": FUTURE},
    ]
    made = [reference(30 + n, 51.34, 18.48, value=9000.0, **each) for n, each in enumerate(rights)]
    yield made
    forget(*made)
