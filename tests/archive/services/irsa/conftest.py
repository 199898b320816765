"""A small archive with open and closed images of every family, their files, and a partner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from astropy.io import fits
from django.contrib.auth.models import User
from django.db import connections

from archive.files import storage
from archive.models import (
    CalibrationImage,
    Exposure,
    Membership,
    ProductFile,
    RawImage,
    ReferenceImage,
    ScienceImage,
)
from archive.survey.filenames import cal_name, raw_name, ref_name, sci_name
from archive.survey.identifiers import make_oid
from lightcurves.models import Image, Source
from lightcurves.storage import store
from tests import factories, servers

CLOSED = {"programid": 2, "public_date": None}
PARTNER, PASSWORD = "ibe-partner", "a long password of a partner"
NX, NY = 320, 308  # a tenth of a quadrant in each axis


@dataclass
class Archive:
    """What the tests ask for."""

    open: ScienceImage
    closed: ScienceImage
    reference: ReferenceImage
    calibration: CalibrationImage
    files: dict[str, ProductFile]


def pixel_values() -> np.ndarray:
    """Every pixel says where it was: 1000 y + x, counted from 1."""
    y, x = np.mgrid[1 : NY + 1, 1 : NX + 1]
    return (1000 * y + x).astype(np.float32)


def header_of(image) -> fits.Header:
    """The image's WCS with a TPV distortion of some pixels, for a detector of a tenth of the pixels."""
    header = fits.Header({"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "CUNIT1": "deg", "CUNIT2": "deg"})
    header["CRVAL1"], header["CRVAL2"] = image.crval1, image.crval2
    header["CRPIX1"], header["CRPIX2"] = image.crpix1 / 9.6, image.crpix2 / 10
    for card in ("cd11", "cd12", "cd21", "cd22"):
        header[f"CD{card[2]}_{card[3]}"] = getattr(image, card) * (9.6 if card[3] == "1" else 10)
    for axis in (1, 2):
        header.update({f"PV{axis}_0": 1e-4, f"PV{axis}_1": 1.0, f"PV{axis}_4": 2e-3, f"PV{axis}_7": -1e-3})
    return header


def write(path: str, hdus: fits.HDUList | bytes, **values) -> ProductFile:
    """A file of the tree and its row."""
    with storage.new_file(path) as temporary:
        if isinstance(hdus, bytes):
            temporary.write_bytes(hdus)
        else:
            hdus.writeto(temporary)
    stored = storage.stored(path)
    suffix = path.rsplit("_", 1)[-1]
    return factories.product_file(path=path, size=stored.size, sha256=stored.sha256, suffix=suffix, **values)


def science_files(image: ScienceImage) -> dict[str, ProductFile]:
    """sciimg, a compressed difference, a catalog and a log of one image."""

    def named(suffix):
        return sci_name(image.filefracday, image.field, image.filtercode, image.ccdid, image.qid, suffix).path

    rights = {"programid": image.programid, "public_date": image.public_date, "product_id": image.pid}
    pixels, header = pixel_values(), header_of(image)
    table = fits.BinTableHDU.from_columns([fits.Column("mag", "E", array=np.arange(5.0))])
    difference = fits.CompImageHDU(pixels, header, compression_type="RICE_1", quantize_level=-0.01)
    return {
        "sciimg": write(named("sciimg.fits"), fits.HDUList([fits.PrimaryHDU(pixels, header)]), **rights),
        "difference": write(
            named("scimrefdiffimg.fits.fz"), fits.HDUList([fits.PrimaryHDU(), difference]), family="diff", **rights
        ),
        "psfcat": write(named("psfcat.fits"), fits.HDUList([fits.PrimaryHDU(), table]), **rights),
        "log": write(named("log.txt"), b"line one\nline two\n", **rights),
    }


@pytest.fixture(scope="module")
def archive(committed, archive_root):
    """One open and one closed image of a field, a raw file of each, a reference and a bias."""
    made = [factories.exposure(), factories.exposure(jd=factories.JD + 1, **CLOSED)]
    images = [factories.science_image(exposure, 50) for exposure in made]
    factories.science_image(made[0], 49)
    files = science_files(images[0]) | {f"closed {name}": file for name, file in science_files(images[1]).items()}
    for exposure, label in zip(made, ("raw", "closed raw"), strict=True):
        rights = {"programid": exposure.programid, "public_date": exposure.public_date}
        RawImage.objects.create(exposure=exposure, ccdid=13, **rights)
        path = raw_name(exposure.filefracday, exposure.field, exposure.filtercode, 13).path
        hdus = fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(pixel_values(), header_of(images[0]))])
        files[label] = write(path, hdus, family="raw", **rights | {"product_id": exposure.expid})
    reference = factories.reference_image()
    path = ref_name(655, "zr", 13, 3, "refimg.fits").path
    files["ref"] = write(
        path,
        fits.HDUList([fits.PrimaryHDU(pixel_values(), header_of(reference))]),
        family="ref",
        product_id=reference.rfid,
    )
    calibration = CalibrationImage.objects.create(
        cid=136250002, caltype="bias", ccdid=13, qid=3, rcid=50, fid=0, filtercode="00", nightdate=20200924, nid=1362,
        nframes=20, startobsdate=datetime(2020, 9, 24, 1, tzinfo=UTC), endobsdate=datetime(2020, 9, 24, 2, tzinfo=UTC),
    )  # fmt: skip
    path = cal_name(20200924, "bias", "00", 13, 3, "bias.fits").path
    files["cal"] = write(path, fits.HDUList([fits.PrimaryHDU(pixel_values())]), family="cal", product_id=136250002)
    partner = User.objects.create_user(PARTNER, password=PASSWORD)
    Membership.objects.create(user=partner, program_id=2)
    yield Archive(*images, reference, calibration, files)
    ProductFile.objects.filter(pk__in=[file.pk for file in files.values()]).delete()
    Exposure.objects.all().delete()
    reference.delete()
    calibration.delete()
    partner.delete()


@pytest.fixture(scope="module")
def address(archive, tmp_path_factory):
    """Where the portal is served."""
    connections.close_all()
    with servers.portal(tmp_path_factory.mktemp("portal")) as found:
        yield found


@pytest.fixture(scope="module")
def curves(archive, django_db_blocker):
    """Two stars at the open image's centre: one that it and the closed image saw, one that nobody did."""
    with django_db_blocker.unblock():
        images = [archive.open, archive.closed]
        for number in (1, 2):
            place = {"ra": archive.open.ra, "dec": archive.open.dec + 0.01 * (number - 1)}
            Source.objects.create(
                oid=make_oid(655, 2, 13, 3, number), field=655, ccdid=13, qid=3, rcid=50, fid=2, filtercode="zr",
                **factories.cells(place["ra"], place["dec"]), **place,
                **factories.PUBLIC,
            )  # fmt: skip
        one, zero = np.ones(1), np.zeros(1, int)
        oid = make_oid(655, 2, 13, 3, 1)
        for image in images:
            store.append(image, store.Points(np.array([oid]), 17.5 * one, 0.02 * one, one, 0 * one, zero, zero, zero))
        yield oid
        Source.objects.all().delete()
        Image.objects.all().delete()
        with connections["default"].cursor() as cursor:
            cursor.execute("DELETE FROM lightcurves_detection")
