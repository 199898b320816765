"""Cutouts: the part of an image file around a place, all its images, with their sky coordinates kept right."""

from __future__ import annotations

import gzip
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import fitsio
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from archive.files.storage import DamagedFileError
from archive.given.positions import BadPositionError, at
from archive.models import ProductFile
from archive.sky.footprints import NoSkyCoordinatesError, read_wcs

DEGREES, PIXELS = "deg", "px"
_TO_DEGREES = {
    **dict.fromkeys(("d", "deg", "degrees"), 1.0),
    **dict.fromkeys(("'", "arcmin"), 1 / 60),
    **dict.fromkeys(('"', "arcsec", "arc-seconds", "a"), 1 / 3600),
    **dict.fromkeys(("rad", "radians"), 180 / np.pi),
}
_PIXEL_NAMES = ("px", "pix", "pixels")
UNITS = (*_PIXEL_NAMES, *_TO_DEGREES)
_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_LENGTHS = re.compile(rf"\s*({_NUMBER})\s*(?:,\s*({_NUMBER})\s*)?(.*?)\s*", re.DOTALL)
_CHECKSUMS = ("CHECKSUM", "DATASUM", "ZHECKSUM", "ZDATASUM")
FARTHEST = 0.99
"""Cosine of the distance from an image's reference point (8 degrees); the camera's corners lie within 5.6."""
SUFFIXES = (".fit", ".fits", ".fits.gz", ".fits.fz")


class BadCutoutError(ValueError):
    """A cutout that cannot be made; the message names the parameter and what would be right."""


class NoOverlapError(BadCutoutError):
    """The place lies outside of the image."""


@dataclass(frozen=True)
class Lengths:
    """One or two numbers of one unit, DEGREES or PIXELS."""

    first: float
    second: float | None
    unit: str


@dataclass(frozen=True)
class Region:
    """A rectangle along the pixel axes: its centre (ICRS degrees, or pixels counted from 1) and its full widths."""

    centre: Lengths
    size: Lengths

    def slices(self, header: fits.Header) -> tuple[slice, slice] | None:
        """Rows and columns of an image's pixels in the region; None where it has none."""
        return _slices(header, self)


class Cutting(Protocol):
    """Whatever says which pixels of an image are wanted."""

    def slices(self, header: fits.Header) -> tuple[slice, slice] | None: ...


def read_region(center: str, size: str) -> Region:
    """A region as IBE writes it: center=`a,b[unit]`, size=`w[,h][unit]`; degrees without a unit.

    Raises
    ------
    BadCutoutError
    """
    place, extent = _lengths("center", center), _lengths("size", size)
    if place.second is None:
        raise BadCutoutError(f"center={center}: give two numbers, for example center=255.1,33.2 or center=100,200px")
    if place.unit == DEGREES:
        try:
            sky = at(place.first, place.second, f"center={center}")
        except BadPositionError as error:
            raise BadCutoutError(str(error)) from error
        place = Lengths(sky.ra, sky.dec, DEGREES)
    extent = Lengths(extent.first, extent.first if extent.second is None else extent.second, extent.unit)
    if min(extent.first, extent.second or 0.0) < 0:
        raise BadCutoutError(f"size={size}: a width is not negative, for example size=30arcsec")
    return Region(place, extent)


def cut(file: ProductFile, region: Cutting) -> fits.HDUList:
    """All images of a file, each with the part that lies in the region; other extensions are left out.

    A compressed image becomes a plain one and keeps its number. The cutout holds every pixel whose centre lies in
    the region; what reaches beyond the image is left out.

    Raises
    ------
    BadCutoutError
        for a file without images, or with one that no place on the sky can be found in.
    NoOverlapError
        where no image of the file reaches into the region.
    archive.files.storage.DamagedFileError
    """
    path = file.whole()
    if not file.name.endswith(SUFFIXES):
        raise BadCutoutError(f"{file.name}: cutouts are made of {', '.join(SUFFIXES)} files")
    parts, images = [], 0
    with read_as_fits(file), fits.open(path) as headers, fitsio.FITS(str(path)) as data:
        for number, hdu in enumerate(headers):
            if not _is_image(hdu):
                continue
            images += 1
            try:
                slices = region.slices(hdu.header)
            except NoSkyCoordinatesError as error:
                raise BadCutoutError(f"{file.name}: has no place on the sky: {error}") from error
            if slices is not None:
                parts.append((number, _part(data[number], hdu.header, *slices)))
        primary = headers[0].header.copy()
    if not images:
        raise BadCutoutError(f"{file.name}: the file holds no image")
    if not parts:
        raise NoOverlapError("Cutout does not overlap image")
    if parts[0][0] == 0:
        parts[0] = (0, fits.PrimaryHDU(parts[0][1].data, parts[0][1].header))
        return fits.HDUList([hdu for _, hdu in parts])
    return fits.HDUList([fits.PrimaryHDU(header=primary), *(hdu for _, hdu in parts)])


@contextmanager
def read_as_fits(file: ProductFile) -> Iterator[None]:
    """Within this block bytes that are no FITS file, or only the beginning of one, raise DamagedFileError."""
    try:
        yield
    except OSError as error:
        if isinstance(error, DamagedFileError) or error.errno is not None:  # the system's, which says what it is
            raise
        reason = str(error).strip().splitlines()[0]
        raise DamagedFileError(
            f"{file.name}: is damaged, its bytes are no whole FITS file ({reason}); restore it from a copy or make it "
            "again"
        ) from error


def to_bytes(hdus: fits.HDUList, compress: bool = False) -> bytes:
    """A FITS file with checksums, gzip'ed if asked."""
    buffer = io.BytesIO()
    hdus.writeto(buffer, checksum=True, output_verify="silentfix")
    return gzip.compress(buffer.getvalue(), compresslevel=1, mtime=0) if compress else buffer.getvalue()


def _lengths(name: str, text: str) -> Lengths:
    found = _LENGTHS.fullmatch(text)
    if found is None:
        raise BadCutoutError(f"{name}={text}: give one or two numbers and a unit, for example 255.1,33.2 or 30arcsec")
    unit = found[3].lower() or "deg"
    if unit not in UNITS:
        raise BadCutoutError(f"{name}={text}: the unit {found[3]!r} is not one of {' '.join(UNITS)}")
    scale = 1.0 if unit in _PIXEL_NAMES else _TO_DEGREES[unit]
    second = None if found[2] is None else float(found[2]) * scale
    numbers = [float(found[1]) * scale, *([] if second is None else [second])]
    if not np.all(np.isfinite(numbers)):
        raise BadCutoutError(f"{name}={text}: the numbers must be finite")
    return Lengths(numbers[0], second, PIXELS if unit in _PIXEL_NAMES else DEGREES)


def _is_image(hdu) -> bool:
    return hdu.is_image and hdu.header.get("NAXIS") == 2


def _slices(header: fits.Header, region: Region) -> tuple[slice, slice] | None:
    """Rows and columns of the pixels in the region; None where the image has none."""
    wcs = read_wcs(header) if DEGREES in (region.centre.unit, region.size.unit) else None
    if wcs is not None and not wcs.has_celestial:
        return None
    centre = _centre(wcs, region.centre)
    if centre is None:
        return None
    widths = _widths(wcs, region.size)
    spans = [
        _span(middle, width, header[f"NAXIS{axis}"])
        for axis, (middle, width) in enumerate(zip(centre, widths, strict=True), 1)
    ]
    columns, rows = spans
    return None if columns is None or rows is None else (rows, columns)


def _centre(wcs: WCS | None, centre: Lengths) -> tuple[float, float] | None:
    """Zero-based pixel of the centre; None for a place that the image's projection cannot show."""
    assert centre.second is not None
    if centre.unit == PIXELS:
        return centre.first - 1, centre.second - 1
    assert wcs is not None
    reference = np.radians(wcs.wcs.crval)
    ra, dec = np.radians([centre.first, centre.second])
    cosine = np.sin(reference[1]) * np.sin(dec) + np.cos(reference[1]) * np.cos(dec) * np.cos(ra - reference[0])
    if cosine < FARTHEST:
        return None  # iterations for the distortion do not converge so far out, and no image reaches there
    x, y = wcs.all_world2pix(centre.first, centre.second, 0, quiet=True)
    return (float(x), float(y)) if np.isfinite([x, y]).all() else None


def _widths(wcs: WCS | None, size: Lengths) -> tuple[float, float]:
    assert size.second is not None
    if size.unit == PIXELS:
        return size.first, size.second
    assert wcs is not None
    scale = abs(np.linalg.det(wcs.pixel_scale_matrix)) ** 0.5
    return size.first / scale, size.second / scale


def _span(middle: float, width: float, length: int) -> slice | None:
    """As many pixels as the width has, rounded, at least one; those that the image has."""
    whole = min(2 * (abs(middle) + length), sys.float_info.max)  # a width that reaches over the image, wherever it is
    count = max(1, round(min(width, whole)))
    start = int(np.ceil(middle - count / 2 - 1e-6))
    first, stop = max(0, start), min(length, start + count)
    return slice(first, stop) if first < stop else None


def _part(image: fitsio.hdu.ImageHDU, header: fits.Header, rows: slice, columns: slice) -> fits.ImageHDU:
    cards = header.copy()
    for axis, start in ((1, columns.start), (2, rows.start)):
        if f"CRPIX{axis}" in cards:
            cards[f"CRPIX{axis}"] -= start
        cards[f"LTV{axis}"] = cards.get(f"LTV{axis}", 0.0) - float(start)
    for card in _CHECKSUMS:
        cards.remove(card, ignore_missing=True)
    return fits.ImageHDU(image[rows, columns], cards)
