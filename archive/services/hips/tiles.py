"""HiPS tiles of images: which tiles an image touches, what they show, how they are written. No Django here.

A tile of order k is one HEALPix cell of that order, cut into 512 x 512 cells of order k + 9 (IVOA HiPS 1.0, section
4.1). Inside this module a tile is an array [y, x] by the cell's own axes in the nested scheme: x counts the even bits
of the number, y the odd ones. Files have another orientation: see `fits_bytes` and `picture_bytes`.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from astropy_healpix import healpix_to_lonlat, lonlat_to_healpix
from PIL import Image

from archive.pixels import interpolation

SIDE = 512
SUBORDER = 9
EDGE_STEP = 4  # px between the points of an image's edge that are looked up
INNER_STEPS = 4  # points of an image's inside for each tile's side
ALLSKY_ORDER = 3
ALLSKY_SIDE, ALLSKY_COLUMNS = 64, 27
PARTS_PER_DIRECTORY = 10_000
LEVELS = 4096  # steps of the table that turns values into grey
EXTENSIONS = {"fits": "fits", "jpeg": "jpg", "png": "png"}
JPEG_QUALITY = 88


@dataclass(frozen=True)
class Stretch:
    """One way to draw all tiles: grey from `low` to `high` by asinh with `softening`, all in the tiles' unit."""

    low: float
    high: float
    softening: float

    def table(self) -> np.ndarray:
        """Grey (1 to 255, uint8) of LEVELS values spread evenly from low to high; 0 is left for no data."""
        values = np.linspace(0, self.high - self.low, LEVELS)
        scaled = np.arcsinh(values / self.softening) / np.arcsinh((self.high - self.low) / self.softening)
        return np.round(1 + 254 * scaled).astype(np.uint8)


@dataclass(frozen=True)
class Source:
    """One image that tiles are made of.

    image : array (ny, nx), memory maps welcome
    weight : array (ny, nx) or None
        Zero where there is no data.
    wcs : its celestial WCS
    level, factor : float
        A tile holds (image - level) * factor.
    """

    image: np.ndarray
    weight: np.ndarray | None
    wcs: WCS
    level: float = 0.0
    factor: float = 1.0


def path(order: int, cell: int, form: str) -> str:
    """The path of a tile below the root of its HiPS."""
    directory = cell // PARTS_PER_DIRECTORY * PARTS_PER_DIRECTORY
    return f"Norder{order}/Dir{directory}/Npix{cell}.{EXTENSIONS[form]}"


def _interleaved(places: np.ndarray) -> np.ndarray:
    spread = np.zeros(len(places), np.int64)
    for bit in range(SUBORDER):
        spread |= ((places.astype(np.int64) >> bit) & 1) << (2 * bit)
    return spread


_NODES = interpolation.node_places(SIDE)
_EVERY = np.arange(SIDE, dtype=np.float64)
# Between nodes the cells' grid is nearly straight, but not where the polar caps begin, nor around the poles.
CAP, CAP_MARGIN, POLE = np.degrees(np.arcsin(2 / 3)), 0.01, 89.0  # deg


def sky(order: int, cell: int) -> tuple[np.ndarray, np.ndarray]:
    """ICRS degrees (SIDE, SIDE) of the centres of a tile's pixels."""
    return _sky(order, cell, _EVERY)


def _sky(order: int, cell: int, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    places = _interleaved(nodes)
    cells = (np.int64(cell) << 2 * SUBORDER) + (places[None, :] | (places[:, None] << 1))
    lon, lat = healpix_to_lonlat(cells, 2 ** (order + SUBORDER), order="nested")
    return lon.to_value(u.deg), lat.to_value(u.deg)


def _nodes(order: int, cell: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels of a tile between which places may be interpolated, and their ICRS degrees."""
    ra, dec = _sky(order, cell, _NODES)
    least, most = np.abs(dec).min(), np.abs(dec).max()
    if most > POLE or least - CAP_MARGIN < CAP < most + CAP_MARGIN:
        return _EVERY, *_sky(order, cell, _EVERY)
    return _NODES, ra, dec


def touched(wcs: WCS, shape: tuple[int, int], order: int) -> np.ndarray:
    """The tiles that an image (ny, nx) has pixels in, sorted.

    Its edge is followed every EDGE_STEP pixels, so that at most slivers of that width are missed.
    """
    ny, nx = shape
    side = np.degrees(np.sqrt(np.pi / 3)) / 2**order  # deg, of a cell of equal area
    step = max(side / np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))) / INNER_STEPS, EDGE_STEP)
    along_x, along_y = (np.linspace(0, n - 1, max(2, int(n / EDGE_STEP))) for n in (nx, ny))
    inside_x, inside_y = (np.linspace(0, n - 1, max(2, int(n / step) + 2)) for n in (nx, ny))
    grid_x, grid_y = np.meshgrid(inside_x, inside_y)
    x = np.concatenate([grid_x.ravel(), along_x, along_x, np.zeros(len(along_y)), np.full(len(along_y), nx - 1.0)])
    y = np.concatenate([grid_y.ravel(), np.zeros(len(along_x)), np.full(len(along_x), ny - 1.0), along_y, along_y])
    ra, dec = wcs.all_pix2world(x, y, 0)
    return np.unique(lonlat_to_healpix(ra * u.deg, dec * u.deg, 2**order, order="nested"))


def make(order: int, cell: int, sources: list[Source]) -> np.ndarray:
    """A tile as the weighted mean of images, float32 (SIDE, SIDE) with NaN where none has data.

    The sum is taken in the order of `sources`: the same sources give the same bits.
    """
    from archive.pixels.accumulation import accumulate  # compiled, and pages make no tile

    total, weights = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    nodes, ra, dec = _nodes(order, cell)
    for source in sources:
        x, y = (values.reshape(ra.shape) for values in interpolation.node_pixels(source.wcs, ra, dec))
        box = interpolation.pixel_box(x, y, source.image.shape)
        if box is None:
            continue
        image = np.ascontiguousarray(source.image[box], np.float32) - np.float32(source.level)
        weight = np.ones_like(image) if source.weight is None else np.ascontiguousarray(source.weight[box], np.float32)
        x, y = x - box[1].start, y - box[0].start
        accumulate(image, weight, x, y, nodes, nodes, source.factor, total, weights)
    return np.where(weights > 0, total / np.where(weights > 0, weights, 1), np.nan).astype(np.float32)


def parent(children: Mapping[int, np.ndarray]) -> np.ndarray:
    """The tile above up to four tiles, given by their place 0..3 in it: means of 2 x 2 pixels that have data."""
    tile = np.full((SIDE, SIDE), np.nan, np.float32)
    half = SIDE // 2
    for place, child in children.items():
        x, y = (place & 1) * half, (place >> 1) * half
        tile[y : y + half, x : x + half] = shrunk(child, 2)
    return tile


def shrunk(tile: np.ndarray, by: int) -> np.ndarray:
    """Means of by x by pixels, of those that have data; NaN where none has."""
    blocks = tile.reshape(tile.shape[0] // by, by, tile.shape[1] // by, by)
    known = np.isfinite(blocks)
    count = known.sum(axis=(1, 3))
    total = np.where(known, blocks, 0).sum(axis=(1, 3), dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def fits_bytes(tile: np.ndarray, order: int, cell: int, unit: str) -> bytes:
    """A tile as FITS. Its first row is the southern end of the y axis reversed: array.T, upside down."""
    header = fits.Header()
    header["BUNIT"] = unit
    header["ORDER"], header["NPIX"] = (order, "HEALPix order of the tile"), (cell, "number of the tile, nested")
    return _fits(np.ascontiguousarray(tile.T[::-1]), header)


def from_fits(content: bytes) -> np.ndarray:
    """The array of a tile that `fits_bytes` wrote."""
    with fits.open(io.BytesIO(content)) as hdus:
        return np.ascontiguousarray(hdus[0].data[::-1].T, np.float32)


def picture_bytes(tile: np.ndarray, stretch: Stretch, form: str) -> bytes:
    """A tile as JPEG (black without data) or PNG (transparent without data): array.T, first row on top."""
    return _picture(tile.T, stretch, form)


def grey(tile: np.ndarray, stretch: Stretch) -> np.ndarray:
    """Values as grey, uint8; 0 where there is no data."""
    steps = (tile - np.float32(stretch.low)) * np.float32((LEVELS - 1) / (stretch.high - stretch.low))
    known = np.isfinite(steps)
    levels = stretch.table()[np.clip(np.where(known, steps, 0), 0, LEVELS - 1).astype(np.int16)]
    return np.where(known, levels, 0).astype(np.uint8)


def allsky(tiles: Mapping[int, np.ndarray], before: np.ndarray | None = None) -> np.ndarray:
    """The overview of all tiles of ALLSKY_ORDER, in rows from the top, each shrunk to ALLSKY_SIDE.

    Parameters
    ----------
    tiles : the tiles that are new, by cell
    before : what `allsky` gave when it was made last; it is changed where tiles are given
    """
    rows = -(-12 * 4**ALLSKY_ORDER // ALLSKY_COLUMNS)
    shape = (rows * ALLSKY_SIDE, ALLSKY_COLUMNS * ALLSKY_SIDE)
    mosaic = np.full(shape, np.nan, np.float32) if before is None else before.copy()
    for cell, tile in tiles.items():
        row, column = divmod(cell, ALLSKY_COLUMNS)
        place = np.s_[row * ALLSKY_SIDE :, column * ALLSKY_SIDE :]
        mosaic[place][:ALLSKY_SIDE, :ALLSKY_SIDE] = shrunk(tile, SIDE // ALLSKY_SIDE).T
    return mosaic


def allsky_fits(mosaic: np.ndarray, unit: str) -> bytes:
    """The overview as FITS, whose rows grow upwards."""
    return _fits(np.ascontiguousarray(mosaic[::-1]), fits.Header({"BUNIT": unit}))


def allsky_from_fits(content: bytes) -> np.ndarray:
    """The mosaic that `allsky_fits` wrote."""
    with fits.open(io.BytesIO(content)) as hdus:
        return np.ascontiguousarray(hdus[0].data[::-1], np.float32)


def allsky_picture(mosaic: np.ndarray, stretch: Stretch, form: str) -> bytes:
    """The overview as JPEG or PNG."""
    return _picture(mosaic, stretch, form)


def _fits(data: np.ndarray, header: fits.Header) -> bytes:
    buffer = io.BytesIO()
    fits.PrimaryHDU(data, header).writeto(buffer)
    return buffer.getvalue()


def _picture(array: np.ndarray, stretch: Stretch, form: str) -> bytes:
    levels = np.ascontiguousarray(grey(array, stretch))
    buffer = io.BytesIO()
    if form == "jpeg":
        Image.fromarray(levels).save(buffer, "JPEG", quality=JPEG_QUALITY)
    else:
        opaque = np.where(levels > 0, 255, 0).astype(np.uint8)
        Image.fromarray(np.dstack([levels, opaque])).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
