"""A quadrant for the viewer: stars at known pixels in every plane, seen at several epochs and in three filters.

Images of other epochs are moved by known pixels, and have the camera's kind of distortion (TPV) in their headers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS

from archive.files import storage
from archive.models import (
    Alert,
    DifferenceImage,
    GaiaStar,
    PanstarrsStar,
    ProductFile,
    ReferenceImage,
    ScienceImage,
)
from archive.sky.footprints import read_wcs
from archive.survey.bits import MaskBit
from archive.survey.identifiers import make_oid
from lightcurves.models import Source
from lightcurves.storage import store
from lightcurves.updates import statistics
from tests import factories

RCID, FIELD = 50, 655
JD = 2461339.8
SKY, NOISE, SIGMA = 200.0, 5.0, 1.1
SCALE = 2.813e-4  # deg per pixel
SATURATED = (slice(30, 42), slice(60, 80))  # rows and columns of a block of the mask
GHOST = (slice(200, 230), slice(210, 240))
DITHER = ((0, 0), (3, -2), (-4, 5), (6, 1), (-2, -6))  # pixels, of the epochs
CLOSED = {"programid": 2, "public_date": None}


@dataclass
class Field:
    """What is there: images by epoch, the stars' pixels (from 1) in the first and their magnitudes."""

    epochs: list[ScienceImage] = field(default_factory=list)
    colours: dict[str, ScienceImage] = field(default_factory=dict)
    closed: ScienceImage | None = None
    header: fits.Header | None = None
    x: np.ndarray = field(default_factory=lambda: np.zeros(0))
    y: np.ndarray = field(default_factory=lambda: np.zeros(0))
    mag: np.ndarray = field(default_factory=lambda: np.zeros(0))
    pixels: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    oid: int = 0
    candid: int = 7001

    @property
    def pid(self) -> int:
        return self.epochs[0].pid

    @property
    def wcs(self) -> WCS:
        return read_wcs(self.header)


def build(shape: tuple[int, int] = (420, 400), stars: int = 60, ra: float = 55.06, dec: float = 33.35) -> Field:
    """Rows and files of a field; `shape` is (ny, nx) of its images."""
    made, draw = Field(), np.random.default_rng(5)
    ny, nx = shape
    made.x, made.y = draw.uniform(12, nx - 11, stars), draw.uniform(12, ny - 11, stars)
    made.mag = np.sort(draw.uniform(14.5, 20.0, stars))
    exposures = [("zr", JD + night, dither) for night, dither in enumerate(DITHER)]
    exposures += [("zg", JD + 0.05, (1, 2)), ("zi", JD + 0.1, (-2, 1))]
    for code, jd, dither in exposures:
        image = _image(made, code, jd, dither, shape, ra, dec)
        if code == "zr":
            made.epochs.append(image)
        else:
            made.colours[code] = image
    made.closed = _image(made, "zr", JD + 20, (0, 0), shape, ra, dec, CLOSED)
    _reference(made, shape, ra, dec)
    _other_planes(made, shape)
    _catalogs(made)
    _objects(made)
    return made


def header_of(shape: tuple[int, int], ra: float, dec: float, dither: tuple[int, int] = (0, 0)) -> fits.Header:
    """A header with distortion; `dither`: pixels by which the stars move."""
    ny, nx = shape
    cards = fits.Header({"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "CUNIT1": "deg", "CUNIT2": "deg"})
    cards.update({"CRPIX1": nx / 2 + dither[0], "CRPIX2": ny / 2 + dither[1], "CRVAL1": ra, "CRVAL2": dec})
    cards.update({"CD1_1": SCALE, "CD1_2": 4e-6, "CD2_1": 4e-6, "CD2_2": -SCALE, "RADESYS": "ICRS", "EQUINOX": 2000.0})
    cards.update({"PV1_0": 0.0, "PV1_1": 1.0, "PV1_4": 2e-4, "PV2_0": 0.0, "PV2_1": 1.0, "PV2_4": -1e-4})
    cards["BUNIT"] = "DN"
    return cards


def stars_of(made: Field, shape: tuple[int, int], dither: tuple[int, int], seed: int, zero: float = 26.0) -> np.ndarray:
    """The pixels of an exposure of the field: sky, noise and stars."""
    ny, nx = shape
    data = SKY + NOISE * np.random.default_rng(seed).standard_normal(shape)
    for x, y, mag in zip(made.x + dither[0], made.y + dither[1], made.mag, strict=True):
        left, low = max(0, int(x) - 10), max(0, int(y) - 10)
        yy, xx = np.mgrid[low : min(ny, low + 21), left : min(nx, left + 21)]
        flux = 10 ** (0.4 * (zero - mag)) / (2 * np.pi * SIGMA**2)
        data[yy, xx] += flux * np.exp(-((xx + 1 - x) ** 2 + (yy + 1 - y) ** 2) / (2 * SIGMA**2))
    return data.astype(np.float32)


def _image(made: Field, code: str, jd: float, dither, shape, ra: float, dec: float, rights: dict | None = None):
    rights = rights or {}
    fid = {"zg": 1, "zr": 2, "zi": 3}[code]
    exposure = factories.exposure(jd=jd, ra=ra, dec=dec, fid=fid, filtercode=code, **rights)
    cards = header_of(shape, ra, dec, dither)
    place = footprint_of(cards, shape)
    image = factories.science_image(exposure, RCID, magzp=26.0, magzprms=0.02, clrcoeff=0.0, airmass=1.2, **place)
    data = stars_of(made, shape, dither, seed=int(jd * 100) % 100_000, zero={1: 25.5, 2: 26.0, 3: 25.8}[fid])
    if made.header is None:
        made.header, made.pixels = cards.copy(), data
    write(image, "sci", image.pid, "sciimg.fits", data, cards)
    return image


def footprint_of(cards: fits.Header, shape: tuple[int, int]) -> dict:
    from archive.sky.footprints import footprint

    whole = cards.copy()
    whole["NAXIS1"], whole["NAXIS2"] = shape[1], shape[0]
    return footprint(whole)


def write(image, family: str, number: int, suffix: str, data, cards: fits.Header | None = None) -> ProductFile:
    """A file of the tree and its row, with the image's rights."""
    path = f"{family}/workbench/{number}_{suffix}"
    if isinstance(data, Table):
        hdus = fits.HDUList([fits.PrimaryHDU(), fits.table_to_hdu(data)])
    elif suffix.endswith(".fz"):
        hdus = fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, cards, compression_type="RICE_1")])
    else:
        hdus = fits.HDUList([fits.PrimaryHDU(data, cards)])
    with storage.new_file(path) as temporary:
        hdus.writeto(temporary)
    stored = storage.stored(path)
    return factories.product_file(
        path=path, family=family, product_id=number, suffix=suffix, size=stored.size, sha256=stored.sha256,
        programid=image.programid, public_date=image.public_date,
    )  # fmt: skip


def _reference(made: Field, shape, ra: float, dec: float) -> None:
    cards = header_of(shape, ra, dec, (8, -5))
    reference = factories.reference_image(RCID, **footprint_of(cards, shape), field=FIELD, magzp=26.0, seeing=1.6)
    data = stars_of(made, shape, (8, -5), seed=77)
    write(reference, "ref", reference.rfid, "refimg.fits", data, cards)
    for image in made.epochs:
        DifferenceImage.objects.create(science=image, reference=reference, ncandidates=1, **factories.PUBLIC)


def _other_planes(made: Field, shape) -> None:
    image, cards = made.epochs[0], made.header
    mask = np.zeros(shape, np.int16)
    mask[SATURATED] |= int(MaskBit.SATURATED)
    mask[GHOST] |= int(MaskBit.GHOST)
    write(image, "sci", image.pid, "mskimg.fits", mask, cards)
    write(image, "sci", image.pid, "sciunc.fits", np.sqrt(np.abs(made.pixels)).astype(np.float32), cards)
    difference = (NOISE * np.random.default_rng(9).standard_normal(shape)).astype(np.float32)
    difference[100:104, 150:154] += 400
    write(image, "diff", image.pid, "scimrefdiffimg.fits.fz", difference, cards)


def _catalogs(made: Field) -> None:
    image = made.epochs[0]
    ra, dec = made.wcs.all_pix2world(made.x, made.y, 1)
    flat = np.ones(len(ra), np.float32)
    psf = {"sourceid": np.arange(len(ra), dtype=np.int32), "xpos": made.x.astype("f4"), "ypos": made.y.astype("f4"),
           "ra": ra, "dec": dec, "flux": flat, "sigflux": flat, "mag": (made.mag - 26).astype("f4"),
           "sigmag": 0.02 * flat, "snr": 50 * flat, "chi": flat, "sharp": 0 * flat,
           "flags": np.zeros(len(ra), "i2")}  # fmt: skip
    write(image, "sci", image.pid, "psfcat.fits", Table(psf))
    aperture = {"NUMBER": np.arange(len(ra), dtype="i4"), "ALPHA_J2000": ra, "DELTA_J2000": dec,
                "X_IMAGE": made.x.astype("f4"), "Y_IMAGE": made.y.astype("f4"), "MAG_AUTO": psf["mag"],
                "MAGERR_AUTO": 0.02 * flat, "FWHM_IMAGE": 2.6 * flat, "ELONGATION": flat, "CLASS_STAR": flat,
                "FLAGS": np.zeros(len(ra), "i2")}  # fmt: skip
    write(image, "sci", image.pid, "sexcat.fits", Table(aperture))
    bright = np.arange(len(ra))[: max(5, len(ra) // 2)]
    GaiaStar.objects.bulk_create(
        [GaiaStar(source_id=4_000_000_000_000_000_000 + n, ra=ra[n], dec=dec[n], pmra=0.0, pmdec=0.0,
                  phot_g_mean_mag=made.mag[n] + 0.2, bp_rp=1.0) for n in bright]
    )  # fmt: skip
    PanstarrsStar.objects.bulk_create(
        [PanstarrsStar(objid=100_000 + n, ra=ra[n], dec=dec[n], gmag=made.mag[n] + 0.4, rmag=made.mag[n],
                       imag=made.mag[n] - 0.2, sgscore=1.0) for n in range(len(ra))]
    )  # fmt: skip


def _objects(made: Field) -> None:
    image = made.epochs[0]
    ra, dec = (float(one) for one in made.wcs.all_pix2world(made.x[0], made.y[0], 1))
    made.oid = make_oid(FIELD, 2, image.ccdid, image.qid, 555)
    Source.objects.create(
        oid=made.oid, ra=ra, dec=dec, field=FIELD, ccdid=image.ccdid, qid=image.qid, rcid=RCID, fid=2,
        filtercode="zr", colour=0.0, **factories.cells(ra, dec), **factories.PUBLIC,
    )  # fmt: skip
    one, zero = np.ones(1), np.zeros(1, int)
    for epoch in made.epochs:
        store.append(
            epoch, store.Points(np.array([made.oid]), made.mag[:1], 0.02 * one, one, 0 * one, zero, zero, zero)
        )
    statistics.refresh(FIELD, RCID, 2)
    packet = factories.product_file(path="alert/workbench/alerts.avro", family="alert", suffix="alerts.avro")
    at, delta = (float(value) for value in made.wcs.all_pix2world(152.5, 102.5, 1))
    Alert.objects.create(
        candid=made.candid, objectid="ZTF26aaaaaaa", pid=image.pid, jd=image.obsjd, nid=image.nid, fid=2, ra=at,
        dec=delta, magpsf=18.2, sigmapsf=0.1, isdiffpos=True, rb=0.9, packet=packet, packet_index=0,
        **factories.PUBLIC,
    )  # fmt: skip


def remove(made: Field) -> None:
    """Take the field's images away, for tests that share a database with others."""
    ScienceImage.objects.filter(pk__in=[one.pk for one in [*made.epochs, *made.colours.values()]]).delete()
    ReferenceImage.objects.filter(field=FIELD, rcid=RCID).delete()
