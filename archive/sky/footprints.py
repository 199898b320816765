"""Footprints: where an image lies on the sky, from its header."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

from archive.sky.sphere import separation

LINEAR = {
    "crpix1": "CRPIX1",
    "crpix2": "CRPIX2",
    "crval1": "CRVAL1",
    "crval2": "CRVAL2",
    "cd11": "CD1_1",
    "cd12": "CD1_2",
    "cd21": "CD2_1",
    "cd22": "CD2_2",
}


class NoSkyCoordinatesError(ValueError):
    """A header from which no footprint follows; the message names the card."""


def read_wcs(header: fits.Header) -> WCS:
    """The header's celestial WCS with its distortion terms.

    Raises
    ------
    NoSkyCoordinatesError
        if its cards make none, or one that no pixel can be found with, as a matrix of zeros.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)  # about dates, which do not concern positions
        try:
            wcs = WCS(header, naxis=2)
        except ValueError as error:  # of which wcslib's own errors are kinds
            reason = str(error).strip().splitlines()[-1].rstrip(".")
            raise NoSkyCoordinatesError(f"the header's WCS cannot be used ({reason})") from error
    with np.errstate(all="ignore"):
        area = np.linalg.det(wcs.pixel_scale_matrix)
    if not (np.isfinite(area) and area):
        raise NoSkyCoordinatesError("the header's WCS cannot be used (its matrix gives pixels no area)")
    return wcs


def footprint(header: fits.Header) -> dict[str, float]:
    """Centre, linear terms, corners and radius of an image, as the columns of archive.models.Footprint.

    Positions are ICRS degrees; pixel (1,1) is the centre of the first pixel, as in FITS.

    Raises
    ------
    NoSkyCoordinatesError
        if a card is missing or a position is not finite.
    """
    missing = [card for card in (*LINEAR.values(), "NAXIS1", "NAXIS2") if card not in header]
    if missing:
        raise NoSkyCoordinatesError(f"header has no {', '.join(missing)}")
    nx, ny = header["NAXIS1"], header["NAXIS2"]
    x = np.array([(nx + 1) / 2, 1, nx, nx, 1])
    y = np.array([(ny + 1) / 2, 1, 1, ny, ny])
    ra, dec = read_wcs(header).all_pix2world(x, y, 1)
    if not np.all(np.isfinite([ra, dec])):
        raise NoSkyCoordinatesError("the header's WCS gives positions that are not finite")
    values = {"ra": ra[0] % 360, "dec": dec[0]}
    values |= {f"ra{n}": ra[n] % 360 for n in range(1, 5)} | {f"dec{n}": dec[n] for n in range(1, 5)}
    values |= {column: header[card] for column, card in LINEAR.items()}
    values["radius"] = farthest_corner(values)
    return {name: float(value) for name, value in values.items()}


def farthest_corner(values: Mapping[str, float]) -> float:
    """Distance of the farthest corner from the centre, degrees."""
    corners = [separation(values["ra"], values["dec"], values[f"ra{n}"], values[f"dec{n}"]) for n in range(1, 5)]
    return float(max(corners))
