"""Images of a moving object: where was it whenever the shutter was open, and which quadrants saw that place?

Exposures are searched, not images: there are 64 times fewer (notes in archive.moving.dynamics.crossings). Everything
is read with the rights of the current reader.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from django.db import connections, router

from archive.database.copy import read_columns
from archive.models import Exposure, ProductFile, ScienceImage
from archive.moving.dynamics.orbit import Orbit
from archive.pixels import rendering as pixels
from archive.sky.footprints import NoSkyCoordinatesError, read_wcs
from archive.sky.sphere import point_in_quadrilateral, separation, unit_vectors
from archive.tables.dictionary import Column, Table

if TYPE_CHECKING:  # what integrates orbits is compiled, and only a search needs it
    from archive.moving.dynamics.crossings import Crossings, ExposureTable

FOCAL_PLANE = 5.3  # deg, from the field's centre to the farthest corner of a quadrant, and a little
ARCSEC_PER_HOUR = 3600 / 24  # of one degree per day

MOVING = Table(
    "moving",
    "Images of a moving object, with its predicted place at the middle of each exposure",
    (
        Column("pid", "long", "Science image identifier", ucd="meta.id;meta.main", principal=True),
        Column("expid", "long", "Exposure identifier"),
        Column("obsdate", "char", "UTC at the start of the exposure", ucd="time.start", principal=True),
        Column("obsjd", "double", "Julian date (UTC) at the start", "d", "time.start"),
        Column("ra", "double", "Predicted right ascension, astrometric ICRS", "deg", "pos.eq.ra;meta.main"),
        Column("dec", "double", "Predicted declination, astrometric ICRS", "deg", "pos.eq.dec;meta.main"),
        Column("vmag", "double", "Predicted V magnitude", "mag", "phot.mag;em.opt.V"),
        Column("dra", "double", "Motion in right ascension times cos(dec)", "arcsec/h", "pos.pm;pos.eq.ra"),
        Column("ddec", "double", "Motion in declination", "arcsec/h", "pos.pm;pos.eq.dec"),
        Column("delta", "double", "Distance from the observer", "au", "pos.distance"),
        Column("r", "double", "Distance from the Sun", "au", "pos.distance"),
        Column("phase", "double", "Angle Sun, object, observer", "deg", "pos.phaseAng"),
        Column("distance", "double", "Distance of the place from the image's centre", "deg", "pos.angDistance"),
        Column("x", "double", "Predicted pixel, axis 1; empty where the archive holds no pixels", "pix"),
        Column("y", "double", "Predicted pixel, axis 2", "pix"),
        Column("field", "int", "ZTF field number"),
        Column("ccdid", "int", "CCD number (1..16)"),
        Column("qid", "int", "Quadrant number (1..4)"),
        Column("filtercode", "char", "Filter: zg, zr, zi", ucd="meta.id;instr.filter"),
        Column("exptime", "double", "Exposure time", "s", "time.duration;obs.exposure"),
        Column("seeing", "double", "Seeing, FWHM", "arcsec", "instr.obsty.seeing"),
        Column("maglimit", "double", "5-sigma limit", "mag", "phot.mag;stat.max"),
        Column("programid", "int", "Program: 1 public, 2 partnership, 3 Caltech"),
        Column("path", "char", "The science image's file in the archive"),
    ),
)
_IMAGE_COLUMNS = (
    "pid",
    "obsdate",
    "obsjd",
    "field",
    "ccdid",
    "qid",
    "filtercode",
    "exptime",
    "seeing",
    "maglimit",
    "programid",
)


@dataclass(frozen=True)
class Sighting:
    """An image that a moving object's predicted place lies in; the columns are those of MOVING."""

    image: ScienceImage
    file: ProductFile | None
    ra: float
    dec: float
    vmag: float | None
    dra: float
    ddec: float
    delta: float
    r: float
    phase: float
    distance: float
    x: float | None
    y: float | None

    def __getattr__(self, name: str):
        """An attribute of the image itself."""
        if name in _IMAGE_COLUMNS:
            return getattr(self.image, name)
        raise AttributeError(name)

    @property
    def expid(self) -> int:
        return self.image.exposure_id

    @property
    def path(self) -> str | None:
        return self.file.path if self.file else None


def images_of(orbit: Orbit, start: datetime | None = None, end: datetime | None = None) -> list[Sighting]:
    """All images, of those that the reader may see, in which the object was predicted to be; oldest first.

    Parameters
    ----------
    start, end : UTC; from `start` on and before `end`, everything where one is None

    Raises
    ------
    archive.moving.dynamics.errors.DynamicsError
        if the orbit cannot be carried to the exposures' times.
    """
    from archive.moving.dynamics.crossings import exposures_crossed

    expids, table = _exposures(start, end)
    crossings = exposures_crossed(orbit, table, FOCAL_PLANE)
    if not crossings.index.size:
        return []
    quadrants = _quadrants(expids[crossings.index], crossings)
    return _sightings(crossings, quadrants)


def ordered(found: list[Sighting], order: str) -> list[Sighting]:
    """Sightings by a column, what has no value last; in time where none is named."""
    name = order.removeprefix("-")
    if not name:
        return found
    known = [one for one in found if getattr(one, name) is not None]
    known.sort(key=lambda one: getattr(one, name), reverse=order.startswith("-"))
    return known + [one for one in found if getattr(one, name) is None]


def _exposures(start: datetime | None, end: datetime | None) -> tuple[np.ndarray, ExposureTable]:
    """Identifiers (n,), and times, centres and observers of all science exposures in a span."""
    from archive.moving.dynamics.crossings import ExposureTable

    rows = Exposure.objects.filter(imgtypecode="o", ra__isnull=False)
    rows = rows.filter(obsdate__gte=start) if start else rows
    rows = rows.filter(obsdate__lt=end) if end else rows
    read = read_columns(rows, "expid", "tdb_mid", "ra", "dec", "observer_x", "observer_y", "observer_z")
    observer = np.stack([read[f"observer_{axis}"] for axis in "xyz"], axis=1).astype(np.float64)
    table = ExposureTable(read["tdb_mid"].astype(np.float64), unit_vectors(read["ra"], read["dec"]), observer)
    return read["expid"].astype(np.int64), table


# Only quadrants whose centre is near enough are fetched; the corners decide afterwards.
NEAR_QUADRANTS = """
    SELECT image.pid, place.number
    FROM unnest(%s::bigint[], %s::float8[], %s::float8[]) WITH ORDINALITY AS place (expid, ra, dec, number)
    JOIN archive_scienceimage AS image ON image.expid = place.expid
    WHERE q3c_dist(image.ra, image.dec, place.ra, place.dec) <= image.radius
"""


def _quadrants(expids: np.ndarray, crossings: Crossings) -> list[tuple[ScienceImage, int]]:
    """Images with the number of the crossing they may belong to."""
    places = crossings.ephemeris
    with connections[router.db_for_read(ScienceImage)].cursor() as cursor:
        cursor.execute(NEAR_QUADRANTS, [expids.tolist(), places.ra.tolist(), places.dec.tolist()])
        near = {pid: number - 1 for pid, number in cursor.fetchall()}
    images = ScienceImage.objects.filter(pk__in=near).order_by("obsjd", "pid")
    return [(image, near[image.pid]) for image in images]


def _sightings(crossings: Crossings, quadrants: list[tuple[ScienceImage, int]]) -> list[Sighting]:
    if not quadrants:
        return []
    places = crossings.ephemeris
    number = np.array([n for _, n in quadrants])
    corners = np.array([image.corners for image, _ in quadrants])
    inside = point_in_quadrilateral(places.ra[number], places.dec[number], corners)
    seen = [pair for pair, within in zip(quadrants, inside, strict=True) if within]
    files = _files(image for image, _ in seen)
    return [_sighting(image, files.get(image.pid), places, n) for image, n in seen]


def _files(images: Iterable[ScienceImage]) -> dict[int, ProductFile]:
    found = ProductFile.objects.filter(
        family=ProductFile.Family.SCI, suffix="sciimg.fits", product_id__in=[image.pid for image in images]
    )
    # Only whether it is there: nothing of it is read; whoever downloads it gets what was verified.
    return {file.product_id: file for file in found if file.on_disk.is_file()}


def _sighting(image: ScienceImage, file: ProductFile | None, places, n: int) -> Sighting:
    ra, dec, vmag = float(places.ra[n]), float(places.dec[n]), float(places.vmag[n])
    x, y = _pixel(file, ra, dec) if file else (None, None)
    return Sighting(
        image=image,
        file=file,
        ra=ra,
        dec=dec,
        vmag=None if np.isnan(vmag) else vmag,
        dra=float(places.dra[n]) * ARCSEC_PER_HOUR,
        ddec=float(places.ddec[n]) * ARCSEC_PER_HOUR,
        delta=float(places.delta[n]),
        r=float(places.r[n]),
        phase=float(places.phase[n]),
        distance=float(separation(image.ra, image.dec, ra, dec)),
        x=x,
        y=y,
    )


def _pixel(file: ProductFile, ra: float, dec: float) -> tuple[float | None, float | None]:
    """FITS pixel (the first is 1) of a position, with the image's distortion; None where its WCS cannot be used."""
    try:
        wcs = read_wcs(pixels.header(file))
    except NoSkyCoordinatesError:
        return None, None
    x, y = wcs.all_world2pix(ra, dec, 1)
    return float(x), float(y)
