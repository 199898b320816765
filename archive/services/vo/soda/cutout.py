"""SODA 1.0: the part of an image that lies in a region of the sky."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from django.db import connections

from archive.files import delivery
from archive.models import ProductFile
from archive.pixels import cutouts, planes
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import Parameters
from archive.services.vo.obscore.branches import PRODUCTS
from archive.services.vo.obscore.identifiers import Dataset, UnknownDatasetError, read
from archive.sky.footprints import read_wcs
from archive.sky.shapes import BadShapeError, Shape, read_circle, read_interval, read_polygon, read_pos

SHAPES: dict[str, Callable[[str], Shape]] = {"POS": read_pos, "CIRCLE": read_circle, "POLYGON": read_polygon}
FITS = "application/fits"
FORMATS = ("fits", FITS, "image/fits")
WHOLE = "PLANES: goes with a region; each file is to be had whole"
KNOWN = ("ID", *SHAPES, "BAND", "TIME", "PLANES", "RESPONSEFORMAT", "RUNID")
EDGE = 0.5  # pixels from the centre of an image's outermost pixels to its edge


class RefusedError(BadRequestError):
    """A request that gets no image; `kind` is SODA's name of the fault (section 3.4)."""

    def __init__(self, kind: str, message: str, status: int = 400):
        super().__init__(f"{kind}: {message}", status)


class NothingLeftError(Exception):
    """The image holds nothing of what was asked for."""


@dataclass(frozen=True)
class Part:
    """The smallest rectangle of pixels that holds what an image has of a shape."""

    shape: Shape

    def slices(self, header: fits.Header) -> tuple[slice, slice] | None:
        """Rows and columns; None where the image has nothing of the shape.

        Its edge within the image and the image's edge within it bound what they share.
        """
        wcs = read_wcs(header)
        if not wcs.has_celestial:
            return None
        nx, ny = header["NAXIS1"], header["NAXIS2"]
        found = [_within(_pixels(wcs, self.shape.outline()), nx, ny), _edge(wcs, nx, ny, self.shape)]
        places = np.concatenate(found)
        if not len(places):
            return None
        low, high = np.floor(places.min(axis=0) + 0.5).astype(int), np.floor(places.max(axis=0) + 0.5).astype(int)
        columns, rows = (slice(max(0, a), min(n, b + 1)) for a, b, n in zip(low, high, (nx, ny), strict=True))
        return (rows, columns) if columns.start < columns.stop and rows.start < rows.stop else None


def _pixels(wcs, places: np.ndarray) -> np.ndarray:
    """Zero-based pixels of places (n, 2) that lie near enough for the image's distortion to be inverted."""
    a, d = np.radians(places).T
    a0, d0 = np.radians(wcs.wcs.crval)
    cosine = np.sin(d0) * np.sin(d) + np.cos(d0) * np.cos(d) * np.cos(a - a0)
    near = places[cosine > cutouts.FARTHEST]
    if not len(near):
        return np.empty((0, 2))
    return np.stack(wcs.all_world2pix(near[:, 0], near[:, 1], 0, quiet=True), axis=1)


def _within(pixels: np.ndarray, nx: int, ny: int) -> np.ndarray:
    x, y = pixels.T
    return pixels[(x >= -EDGE) & (x <= nx - EDGE) & (y >= -EDGE) & (y <= ny - EDGE)]


def _edge(wcs, nx: int, ny: int, shape: Shape) -> np.ndarray:
    """Pixels of the image's own edge that lie in the shape."""
    x, y = np.arange(nx), np.arange(ny)
    edge = np.concatenate([
        np.stack([x, np.zeros(nx)], axis=1), np.stack([x, np.full(nx, ny - 1)], axis=1),
        np.stack([np.zeros(ny), y], axis=1), np.stack([np.full(ny, nx - 1), y], axis=1),
    ])  # fmt: skip
    places = np.stack(wcs.all_pix2world(edge[:, 0], edge[:, 1], 0), axis=1)
    return edge[shape.holds(_wrapped(places))]


def _wrapped(places: np.ndarray) -> np.ndarray:
    return np.stack([places[:, 0] % 360, places[:, 1]], axis=1)


def dataset_of(parameters: Parameters) -> Dataset:
    """The one data set that a request names.

    Raises
    ------
    RefusedError
    """
    identifiers = set(parameters.get("ID", ()))
    if not identifiers:
        raise RefusedError(
            "UsageError", "ID is missing: give the identifier of a data set (obs_publisher_did of ObsCore)"
        )
    if len(identifiers) > 1:
        raise RefusedError("MultiValuedParamNotSupported", "ID: one data set a request")
    try:
        return read(identifiers.pop())
    except UnknownDatasetError as error:
        raise RefusedError("UsageError", str(error), 404) from error


def shape_of(parameters: Parameters) -> Shape | None:
    """The one region that a request names; None for the whole image.

    Raises
    ------
    RefusedError
    """
    given = [(name, text) for name in SHAPES for text in parameters.get(name, ())]
    if len(given) > 1:
        raise RefusedError(
            "MultiValuedParamNotSupported", f"{', '.join(name for name, _ in given)}: one region a request"
        )
    if not given:
        return None
    (name, text), *_ = given
    try:
        return SHAPES[name](text)
    except BadShapeError as error:
        raise RefusedError("UsageError", str(error)) from error


INTERVALS = {"BAND": ("em_min", "em_max"), "TIME": ("t_min", "t_max")}


def file_of(dataset: Dataset, parameters: Parameters) -> ProductFile:
    """The image file of a data set, as far as the current reader may have it.

    Raises
    ------
    RefusedError
        where there is none for them.
    NothingLeftError
        where BAND or TIME lie outside of the image's own.
    """
    with connections["reader"].cursor() as cursor:
        cursor.execute(_ROW, [dataset.family, dataset.number])
        row = cursor.fetchone()
    if row is None:
        raise RefusedError("UsageError", f"ID={dataset}: there is no such data set, or it is not public", 404)
    values = dict(zip(("url", "kind", "rights", "em_min", "em_max", "t_min", "t_max"), row, strict=True))
    if values["kind"] != "image":
        raise RefusedError("UsageError", f"ID={dataset}: has no pixels, it is {values['kind']}")
    for name, (low, high) in INTERVALS.items():
        for text in parameters.get(name, ()):
            _check_interval(name, text, values[low], values[high])
    file = delivery.visible_file(values["url"].partition(PRODUCTS)[2]) if values["url"] else None
    if file is None and values["rights"] != "public":
        raise RefusedError(
            "AuthorizationError", f"ID={dataset}: is not public yet; sign in as a member of its program", 403
        )
    if file is None:
        raise RefusedError("UsageError", f"ID={dataset}: the archive holds no file of it", 404)
    return file


_ROW = """
SELECT access_url, dataproduct_type, data_rights, em_min, em_max, t_min, t_max
FROM tap_data.obscore WHERE family = %s AND number = %s
"""


def _check_interval(name: str, text: str, low: float | None, high: float | None) -> None:
    try:
        first, last = read_interval(name, text)
    except BadShapeError as error:
        raise RefusedError("UsageError", str(error)) from error
    if low is None or high is None or first > high or last < low:
        raise NothingLeftError


def planes_of(parameters: Parameters) -> tuple[str, ...] | None:
    """The planes that a request names; None where it names none and gets the image alone.

    Raises
    ------
    RefusedError
    """
    given = parameters.get("PLANES", ())
    if len(given) > 1:
        raise RefusedError("MultiValuedParamNotSupported", "PLANES: give it once, with commas between its names")
    try:
        return planes.names_of(given[0]) if given else None
    except cutouts.BadCutoutError as error:
        raise RefusedError("UsageError", str(error)) from error


def check_format(parameters: Parameters) -> None:
    """Refuse formats that cutouts do not come in.

    Raises
    ------
    RefusedError
    """
    for form in parameters.get("RESPONSEFORMAT", ()):
        if form.lower() not in FORMATS:
            raise RefusedError("UsageError", f"RESPONSEFORMAT={form}: cutouts come as {FITS}")


def check_known(parameters: Parameters) -> None:
    """Refuse parameters that this service does not have: what they ask for would silently be left out.

    Raises
    ------
    RefusedError
    """
    for name in parameters:
        if name not in KNOWN:
            raise RefusedError("UsageError", f"{name[:40]}: is no parameter of this service; use {', '.join(KNOWN)}")


def cutout(file: ProductFile, shape: Shape, names: tuple[str, ...] | None = None) -> bytes:
    """The part of an image file that lies in a shape, as FITS.

    Raises
    ------
    NothingLeftError
        where no image of the file reaches into it.
    RefusedError
        for a file that holds no images.
    """
    try:
        part = Part(shape)
        return cutouts.to_bytes(cutouts.cut(file, part) if names is None else planes.cut(file, part, names))
    except cutouts.NoOverlapError as error:
        raise NothingLeftError from error
    except cutouts.BadCutoutError as error:
        raise RefusedError("UsageError", str(error)) from error
