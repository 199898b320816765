"""FITS files: first what their headers declare, then headers and data in earnest."""

from __future__ import annotations

import gzip
import io
import warnings
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning, AstropyWarning

from archive.sandbox.readers import declared
from archive.sandbox.readers.errors import BadFileError
from archive.sky.footprints import NoSkyCoordinatesError, footprint

LARGEST_HDU = 1 << 29  # bytes, unpacked; a whole CCD of 4-byte pixels has 0.15e9
LARGEST_EXPANDED = 1 << 30  # bytes of a .gz file
UNREADABLE = {"unreadable": True}
GZIP = b"\x1f\x8b"


def read(file: BinaryIO, as_stored: bool = False, place: bool = False) -> dict:
    """The headers of a FITS file, after every HDU's data were read and its checksums were compared.

    Astropy only warns of a truncated file and of a wrong checksum; here both are errors.

    Parameters
    ----------
    as_stored : check compressed images by their stored bytes, without expanding them (ten times as fast)
    place : compute the footprint of the first image

    Returns
    -------
    `hdus`: one {"cards", "kind", "shape"} for each HDU; cards are name: value, `UNREADABLE` where a card has no value
    that FITS knows. `footprint`: columns of archive.models.Footprint, or `no_footprint`: why there is none.
    """
    whole = _expanded(file)
    size = whole.seek(0, io.SEEK_END)
    whole.seek(0)
    try:
        declared.check_fits(whole, size, LARGEST_HDU)
    except declared.TooMuchError as error:
        raise BadFileError(f"not a whole FITS file: {error}") from error
    whole.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", AstropyUserWarning)
        warnings.filterwarnings("ignore", category=AstropyWarning, message=".*(keyword|card).*")
        try:
            with fits.open(whole, checksum=True, memmap=False, disable_image_compression=as_stored) as hdus:
                said = [_described(hdu) for hdu in hdus]
                return {"hdus": said, **(_place(hdus) if place else {})}
        except BadFileError:
            raise
        except (OSError, AstropyUserWarning, fits.VerifyError, TypeError, ValueError, KeyError, IndexError) as error:
            raise BadFileError(f"not a whole FITS file ({str(error)[:300]})") from error


def _expanded(file: BinaryIO) -> BinaryIO:
    """The file itself, or what a gzip'ed one holds, within bounds."""
    file.seek(0)
    head = file.read(2)
    file.seek(0)
    if head != GZIP:
        return file
    return io.BytesIO(expand(file, LARGEST_EXPANDED))


def expand(file: BinaryIO, most: int) -> bytes:
    """The content of a gzip'ed file; BadFileError where it is broken or larger than `most` bytes."""
    pieces, size = [], 0
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            while piece := stream.read(1 << 20):
                size += len(piece)
                if size > most:
                    raise BadFileError(f"holds more than {most} bytes when it is expanded")
                pieces.append(piece)
    except (OSError, EOFError, ValueError) as error:
        if isinstance(error, BadFileError):
            raise
        raise BadFileError(f"does not decompress ({error})") from error
    except Exception as error:  # zlib.error
        raise BadFileError(f"does not decompress ({type(error).__name__})") from error
    return b"".join(pieces)


def _described(hdu) -> dict:
    """An HDU's cards and what it holds, after its data were read."""
    data = hdu.data
    if hdu.header.get("NAXIS", 0) and data is None:
        raise BadFileError(f"HDU {hdu.name or hdu.ver} has no data")
    compressed = isinstance(hdu, fits.CompImageHDU) or hdu.header.get("ZIMAGE") is True
    kind = "table" if isinstance(hdu, (fits.BinTableHDU, fits.TableHDU)) and not compressed else "image"
    shape = [] if data is None else list(np.shape(data))
    if shape and hdu.header.get("ZIMAGE") is True:
        shape = _size_of_compressed(hdu.header)
    return {"cards": dict(_values(hdu.header)), "kind": kind if shape else "none", "shape": shape}


def _size_of_compressed(header: fits.Header) -> list[int]:
    """The image's size, as numpy has it, of a compressed image that is read as the table that it is stored in."""
    sizes = [header.get(f"ZNAXIS{n}") for n in range(header.get("ZNAXIS", 0), 0, -1)]
    if not all(isinstance(one, int) and one > 0 for one in sizes):
        raise BadFileError("a compressed image does not say how large it is (ZNAXIS)")
    return sizes


def _values(header: fits.Header) -> Iterator[tuple[str, object]]:
    for card in header.cards:
        name = card.keyword
        if not name or name in ("COMMENT", "HISTORY"):
            continue
        try:
            value = card.value
        except (fits.VerifyError, ValueError):
            value = UNREADABLE
        if isinstance(value, fits.card.Undefined):
            value = None
        yield name, value if isinstance(value, (bool, int, float, str, dict)) or value is None else str(value)


def _place(hdus: fits.HDUList) -> dict:
    image = next((hdu for hdu in hdus if hdu.header.get("NAXIS", 0) == 2 and getattr(hdu, "is_image", False)), None)
    if image is None:
        return {"no_footprint": "the file holds no image"}
    try:
        return {"footprint": footprint(image.header)}
    except NoSkyCoordinatesError as error:
        return {"no_footprint": str(error)}
    except Exception as error:  # noqa: BLE001 (wcslib and astropy raise whatever odd cards lead them to)
        return {"no_footprint": f"the header's WCS cannot be read ({type(error).__name__}: {str(error)[:200]})"}
