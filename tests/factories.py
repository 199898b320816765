"""Rows for tests, with values that are plausible where a test does not care."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import numpy as np
from astropy.io import fits
from django.db import transaction

from archive.files import storage
from archive.models import Exposure, ProductFile, ReferenceImage, Release, ScienceImage
from archive.moving.dynamics.observer import observer_at
from archive.releases import guard
from archive.sky.footprints import farthest_corner
from archive.survey import identifiers
from archive.survey.camera import Camera, ccd_quadrant, nominal_wcs, pixel_to_plane, plane_to_sky
from archive.survey.times import date_of_jd
from lightcurves.storage import healpix

_numbers = count(1)
JD = 2459116.9317708
PUBLIC = {"programid": 1, "public_date": datetime(2020, 1, 1, tzinfo=UTC)}


def product_file(**values) -> ProductFile:
    number = next(_numbers)
    defaults = {"path": f"sci/test/{number}.fits", "family": "sci", "product_id": number, "suffix": "sciimg.fits"}
    content = {"size": 10, "sha256": "0" * 64}
    path = storage.absolute((defaults | values)["path"])
    if path.is_file():  # a file that was written before its row tells what it is
        content = {"size": path.stat().st_size, "sha256": storage.checksum(path)}
    return ProductFile.objects.create(**defaults | content | PUBLIC | values)


def exposure(jd: float = JD, **values) -> Exposure:
    jd = identifiers.jd_of_ticks(identifiers.ticks_of_jd(jd) // 10 * 10) + 1e-5 * next(_numbers)
    observer = observer_at(jd + 15 / 86400)
    defaults = {
        "expid": identifiers.expid_of_jd(jd),
        "nid": identifiers.nid_of_jd(jd),
        "field": 655,
        "fid": 2,
        "filtercode": "zr",
        "imgtypecode": "o",
        "obsjd": jd,
        "obsdate": date_of_jd(jd),
        "exptime": 30.0,
        "filefracday": identifiers.filefracday_of_jd(jd),
        "ra": 55.06078,
        "dec": 33.35,
        "tdb_mid": float(observer.tdb[0]),
        **dict(zip(("observer_x", "observer_y", "observer_z"), map(float, observer.position[0]), strict=True)),
    }
    return Exposure.objects.create(**defaults | PUBLIC | values)


def quadrant_corners(camera: Camera, ccdid: int, qid: int, ra: float, dec: float) -> np.ndarray:
    """Sky corners of a quadrant for a boresight (ra, dec): array (4, 2) of ra, dec, deg.

    Order as in the survey's metadata, by pixel centres: (1,1), (nx,1), (nx,ny), (1,ny).
    """
    x = np.array([1, camera.nx, camera.nx, 1])
    y = np.array([1, 1, camera.ny, camera.ny])
    east, north = pixel_to_plane(camera, ccdid, qid, x, y)
    return np.column_stack(plane_to_sky(east, north, ra, dec))


def footprint(ra: float, dec: float, rcid: int, camera: Camera = Camera()) -> dict:  # noqa: B008 (frozen)
    """The footprint of a quadrant for a boresight (deg), without distortion."""
    ccdid, qid = ccd_quadrant(rcid)
    cards = nominal_wcs(camera, ccdid, qid, ra, dec)
    corners = np.asarray(quadrant_corners(camera, ccdid, qid, ra, dec), dtype=float)
    values = {"ra": cards["CRVAL1"] % 360, "dec": cards["CRVAL2"]}
    names = ("crpix1", "crpix2", "crval1", "crval2", "cd11", "cd12", "cd21", "cd22")
    keys = ("CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CD1_1", "CD1_2", "CD2_1", "CD2_2")
    values |= {name: float(cards[key]) for name, key in zip(names, keys, strict=True)}
    for n, (corner_ra, corner_dec) in enumerate(corners.reshape(4, 2), start=1):
        values |= {f"ra{n}": corner_ra % 360, f"dec{n}": corner_dec}
    return values | {"radius": farthest_corner(values)}


def science_image(of: Exposure | None = None, rcid: int = 50, **values) -> ScienceImage:
    of = of or exposure()
    ccdid, qid = ccd_quadrant(rcid)
    shared = ("nid", "field", "fid", "filtercode", "obsdate", "obsjd", "exptime", "filefracday")
    defaults = {
        "pid": identifiers.make_pid(of.expid, rcid),
        "exposure": of,
        "ccdid": ccdid,
        "qid": qid,
        "rcid": rcid,
        "seeing": 2.0,
        "maglimit": 20.6,
        "programid": of.programid,
        "public_date": of.public_date,
        **{name: getattr(of, name) for name in shared},
        **footprint(of.ra, of.dec, rcid),
    }
    return ScienceImage.objects.create(**defaults | values)


def reference_image(
    rcid: int = 50, field: int = 655, ra: float = 55.06, dec: float = 33.35, **values
) -> ReferenceImage:
    ccdid, qid = ccd_quadrant(rcid)
    defaults = {
        "rfid": identifiers.make_rfid(field, 2, rcid),
        "field": field,
        "ccdid": ccdid,
        "qid": qid,
        "rcid": rcid,
        "fid": 2,
        "filtercode": "zr",
        "nframes": 20,
        "maglimit": 22.0,
        **footprint(ra, dec, rcid),
    }
    return ReferenceImage.objects.create(**defaults | PUBLIC | values)


def pixels(image: ScienceImage, value: float = 1.0, shape: tuple[int, int] = (3080, 3072)) -> ProductFile:
    """A sciimg of one value with the image's linear WCS, in the tree and registered."""
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"})
    for card in ("crpix1", "crpix2", "crval1", "crval2"):
        header[card] = getattr(image, card)
    header["CRPIX1"] -= (3072 - shape[1]) / 2  # the middle of the quadrant
    header["CRPIX2"] -= (3080 - shape[0]) / 2
    for card in ("cd11", "cd12", "cd21", "cd22"):
        header[f"CD{card[2]}_{card[3]}"] = getattr(image, card)
    path = f"sci/test/{image.pid}_sciimg.fits"
    with storage.new_file(path) as temporary:
        fits.PrimaryHDU(np.full(shape, value, np.float32), header).writeto(temporary)
    stored = storage.stored(path)
    return product_file(path=path, product_id=image.pid, size=stored.size, sha256=stored.sha256)


def cells(ra: float, dec: float) -> dict[str, int]:
    """What a source's row keeps of its position: cells of HEALPix and of the triangular mesh."""
    return {name: int(cell[0]) for name, cell in healpix.numbers(ra, dec).items()}


def put_release(name: str, **values) -> Release:
    """Set columns of a release that only actions write, as an action may."""
    with transaction.atomic(), guard.acting(name):
        Release.objects.filter(pk=name).update(**values)
    return Release.objects.get(pk=name)
