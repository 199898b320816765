"""Pixels: reading, cutting out, and rendering images of the archive."""

from __future__ import annotations

import io
from dataclasses import dataclass

import fitsio
import numpy as np
from astropy.io import fits
from astropy.visualization import ZScaleInterval
from PIL import Image

from archive.models import ProductFile
from archive.pixels import cutouts
from archive.pixels.cutouts import BadCutoutError

COLOURMAPS = ("viridis", "magma", "inferno", "cividis")
STRETCHES = ("asinh", "linear", "log", "sqrt")
ASINH_SOFTENING = 0.1  # of the range between the limits
LOG_SCALE = 1000.0
ZSCALE_SAMPLES = 1000
LARGEST_CUTOUT = 1.0  # deg
JPEG_QUALITY = 90


@dataclass(frozen=True)
class Rendering:
    """The scale by which numbers become grey or colour."""

    stretch: str = "asinh"
    colourmap: str = "gray"
    low: float | None = None  # DN; by zscale where not given
    high: float | None = None
    width: int | None = None  # pixels of the result; as the data where not given

    def __post_init__(self):
        if self.stretch not in STRETCHES:
            raise BadCutoutError(f"stretch={self.stretch!r}: use one of {', '.join(STRETCHES)}")
        if self.colourmap not in ("gray", *COLOURMAPS):
            raise BadCutoutError(f"colourmap={self.colourmap!r}: use one of gray, {', '.join(COLOURMAPS)}")


def header(file: ProductFile) -> fits.Header:
    """The header of the file's image."""
    with cutouts.read_as_fits(file), fits.open(file.whole()) as hdus:
        return hdus[_image_hdu(hdus)].header.copy()


def pixels(file: ProductFile, step: int = 1) -> np.ndarray:
    """The file's image (ny, nx), every `step`-th pixel averaged over step x step."""
    with cutouts.read_as_fits(file), fitsio.FITS(str(file.whole())) as hdus:
        data = _fitsio_image(hdus).read()
    return data if step == 1 else averaged(data, step)


def averaged(data: np.ndarray, step: int) -> np.ndarray:
    """The means of step x step pixels, of those that are numbers, float32; what is left at the upper ends is cut off.

    Added up row by row: numpy's own mean over two axes of four takes three times as long for a whole quadrant.
    """
    ny, nx = (length // step * step for length in data.shape)
    total = np.zeros((ny // step, nx // step), np.float32)
    for first in range(step):
        rows = np.ascontiguousarray(data[first:ny:step, :nx], np.float32)
        for column in range(step):
            total += rows[:, column::step]
    total /= np.float32(step * step)
    bad = np.nonzero(~np.isfinite(total))
    if bad[0].size:
        blocks = data[:ny, :nx].reshape(ny // step, step, nx // step, step)[bad[0], :, bad[1], :]
        values = blocks.reshape(len(blocks), -1).astype(np.float32)
        known = np.isfinite(values)
        count = known.sum(axis=1)
        sums = np.where(known, values, 0).sum(axis=1)
        total[bad] = np.where(count > 0, sums / np.maximum(count, 1), np.nan)
    return total


def cutout(file: ProductFile, ra: float, dec: float, width: float, height: float | None = None) -> fits.PrimaryHDU:
    """The part of an image around a position, with its WCS.

    Parameters
    ----------
    ra, dec : float
        Centre, ICRS degrees.
    width, height : float
        Full widths along the pixel axes, degrees.

    Raises
    ------
    BadCutoutError
        if the size is not positive or too large, or the image does not overlap it.
    """
    height = width if height is None else height
    if not (0 < width <= LARGEST_CUTOUT and 0 < height <= LARGEST_CUTOUT):
        raise BadCutoutError(
            f"size={width},{height}: give positive degrees up to {LARGEST_CUTOUT}, for example size=0.02"
        )
    if not (0 <= ra < 360 and -90 <= dec <= 90):
        raise BadCutoutError(f"center={ra},{dec}: give ICRS degrees, for example center=255.1,33.2")
    region = cutouts.Region(cutouts.Lengths(ra, dec, cutouts.DEGREES), cutouts.Lengths(width, height, cutouts.DEGREES))
    image = next(hdu for hdu in cutouts.cut(file, region) if hdu.header["NAXIS"] == 2)
    return fits.PrimaryHDU(image.data, image.header)


def fits_bytes(hdu: fits.PrimaryHDU) -> bytes:
    """A FITS file of one HDU, with checksums."""
    return cutouts.to_bytes(fits.HDUList([hdu]))


def png(data: np.ndarray, rendering: Rendering = Rendering(), up: bool = True) -> bytes:  # noqa: B008 (frozen)
    """A picture of an image as PNG.

    Parameters
    ----------
    data : array (ny, nx)
        NaN is drawn as the lowest value.
    up : bool
        Whether y grows upwards, as in FITS viewers.
    """
    buffer = io.BytesIO()
    _picture(data, rendering, up).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def jpeg(data: np.ndarray, rendering: Rendering = Rendering(), up: bool = True) -> bytes:  # noqa: B008 (frozen)
    """A picture of an image as JPEG; parameters as for `png`."""
    buffer = io.BytesIO()
    picture = _picture(data, rendering, up)
    picture = picture.convert("RGB") if picture.mode == "P" else picture
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _picture(data: np.ndarray, rendering: Rendering, up: bool) -> Image.Image:
    grey = levels(data, *limits(data, rendering), rendering.stretch)
    picture = Image.fromarray(grey[::-1] if up else grey)
    if rendering.colourmap != "gray":
        picture.putpalette(_palette(rendering.colourmap))
    if rendering.width:
        method = Image.Resampling.NEAREST if rendering.width > picture.width else Image.Resampling.BOX
        size = (rendering.width, max(1, round(picture.height * rendering.width / picture.width)))
        picture = picture.resize(size, method if rendering.colourmap == "gray" else Image.Resampling.NEAREST)
    return picture


def _palette(colourmap: str) -> bytes:
    """Red, green and blue of 256 colours."""
    from bokeh import palettes  # with all of Bokeh, which no grey picture needs

    colours = getattr(palettes, f"{colourmap.capitalize()}256")
    return bytes.fromhex("".join(colour.removeprefix("#") for colour in colours))


def levels(data: np.ndarray, low: float, high: float, stretch: str) -> np.ndarray:
    """Values as uint8, 0 at `low` and below (and for NaN), 255 at `high` and above."""
    kept = np.clip(np.nan_to_num(data.astype(np.float64), nan=low), low, high)
    scaled = (kept / 2 - low / 2) / (high / 2 - low / 2)  # halves: a difference of the largest numbers has no double
    return (_stretched(scaled, stretch) * 255).astype(np.uint8)


def limits(data: np.ndarray, rendering: Rendering) -> tuple[float, float]:
    """The values drawn darkest and brightest: as asked, otherwise by zscale."""
    low, high = rendering.low, rendering.high
    if low is None or high is None:
        finite = data[np.isfinite(data)].astype(np.float64)  # a real stamp may hold 3.4e38, whose square no float has
        step = max(1, finite.size // (20 * ZSCALE_SAMPLES))
        found = ZScaleInterval(n_samples=ZSCALE_SAMPLES).get_limits(finite[::step]) if finite.size else (0.0, 1.0)
        low, high = (found[0] if low is None else low), (found[1] if high is None else high)
    wide = high / 2 > low / 2  # as numbers that can be halved
    return float(low), float(high if wide else low + max(1.0, abs(low) * 1e-3))


def _stretched(x: np.ndarray, stretch: str) -> np.ndarray:
    if stretch == "asinh":
        return np.arcsinh(x / ASINH_SOFTENING) / np.arcsinh(1 / ASINH_SOFTENING)
    if stretch == "log":
        return np.log1p(LOG_SCALE * x) / np.log1p(LOG_SCALE)
    return np.sqrt(x) if stretch == "sqrt" else x


def _image_hdu(hdus: fits.HDUList) -> int:
    for number, hdu in enumerate(hdus):
        if hdu.header.get("NAXIS", 0) == 2 and hdu.is_image:
            return number
    raise BadCutoutError("the file holds no image")


def _fitsio_image(hdus: fitsio.FITS) -> fitsio.hdu.ImageHDU:
    for hdu in hdus:
        if hdu.get_info()["hdutype"] == fitsio.IMAGE_HDU and hdu.get_info()["ndims"] == 2:
            return hdu
    raise BadCutoutError("the file holds no image")
