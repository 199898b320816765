"""A cutout with North up and East left, whatever the camera's rotation and distortion."""

from __future__ import annotations

import fitsio
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from archive.models import ProductFile
from archive.pixels import interpolation, rendering
from archive.pixels.cutouts import BadCutoutError, read_as_fits
from archive.sky.footprints import NoSkyCoordinatesError, read_wcs

SCALE = 1.0  # arcsec per pixel


def grid(ra: float, dec: float, size: float, scale: float = SCALE) -> WCS:
    """A gnomonic grid around a position (ICRS, deg), `size` degrees wide: its WCS, with the shape in it."""
    side = max(2, round(size * 3600 / scale))
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [ra, dec], [(side + 1) / 2] * 2
    wcs.wcs.cdelt = [-scale / 3600, scale / 3600]
    wcs.pixel_shape = (side, side)
    return wcs


def aligned(file: ProductFile, onto: WCS) -> np.ndarray:
    """An image's values on a grid, float32 (rows, columns) with y to the North; NaN where it has none.

    Bilinear: values are surface brightness, in the image's unit per its own pixel.

    Raises
    ------
    archive.pixels.cutouts.BadCutoutError
        for an image that no place on the sky can be found in.
    """
    from archive.pixels.accumulation import accumulate  # compiled, and few pages need it

    columns, rows = onto.pixel_shape
    places_x, places_y = interpolation.node_places(columns), interpolation.node_places(rows)
    ra, dec = onto.all_pix2world(*np.meshgrid(places_x, places_y), 0)
    header = rendering.header(file)
    try:
        wcs = read_wcs(header)
    except NoSkyCoordinatesError as error:
        raise BadCutoutError(f"{file.name}: has no place on the sky: {error}") from error
    x, y = (values.reshape(ra.shape) for values in interpolation.node_pixels(wcs, ra, dec))
    box = interpolation.pixel_box(x, y, (header["NAXIS2"], header["NAXIS1"]))
    if box is None:
        return np.full((rows, columns), np.nan, np.float32)
    image = _section(file, box)
    total, weights = np.zeros((rows, columns)), np.zeros((rows, columns))
    x, y = x - box[1].start, y - box[0].start
    accumulate(image, np.ones_like(image), x, y, places_y, places_x, 1.0, total, weights)
    return np.where(weights > 0, total / np.where(weights > 0, weights, 1), np.nan).astype(np.float32)


def header(onto: WCS) -> fits.Header:
    """The header of an image on a grid."""
    return onto.to_header()


def _section(file: ProductFile, box: tuple[slice, slice]) -> np.ndarray:
    with read_as_fits(file), fitsio.FITS(str(file.whole())) as hdus:
        hdu = next(
            one for one in hdus if one.get_info()["hdutype"] == fitsio.IMAGE_HDU and one.get_info()["ndims"] == 2
        )
        return np.ascontiguousarray(hdu[box], np.float32)
