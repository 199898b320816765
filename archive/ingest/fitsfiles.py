"""Reading a FITS file in earnest: what is truncated, damaged or not FITS is refused, never half read."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning, AstropyWarning

from archive.ingest.errors import Refused


def read_headers(path: Path, as_stored: bool = False) -> list[fits.Header]:
    """The headers of all HDUs, after every HDU's data were read and its checksums were compared.

    Astropy only warns of a truncated file and of a wrong checksum; here both are reasons to refuse.

    Parameters
    ----------
    as_stored : bool
        Check compressed images by their stored bytes, without expanding them: their headers are then those of the
        tables that hold them. Expanding a raw file costs ten times what reading it does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error", AstropyUserWarning)
        warnings.filterwarnings("ignore", category=AstropyWarning, message=".*(keyword|card).*")
        try:
            with fits.open(path, checksum=True, memmap=False, disable_image_compression=as_stored) as hdus:
                for hdu in hdus:
                    data = hdu.data
                    if hdu.header.get("NAXIS", 0) and data is None:
                        raise Refused(f"{path.name}: HDU {hdu.name or hdu.ver} has no data")
                return [hdu.header.copy() for hdu in hdus]
        except (OSError, AstropyUserWarning, TypeError, ValueError, EOFError) as error:
            if isinstance(error, Refused):
                raise
            raise Refused(f"{path.name}: not a whole FITS file ({error})") from error


def require(header: fits.Header, *cards: str, file: str) -> None:
    """Refuse a header that lacks cards which the archive needs."""
    missing = [card for card in cards if card not in header or _is_empty(header[card])]
    if missing:
        raise Refused(f"{file}: header lacks {', '.join(missing)}")


def _is_empty(value) -> bool:
    return value is None or (isinstance(value, float) and not np.isfinite(value))
