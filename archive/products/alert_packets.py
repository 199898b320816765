"""Reading alert packets back from the tree."""

from __future__ import annotations

import io
import zlib
from itertools import islice

import fastavro
import numpy as np
from astropy.io import fits

from archive.files.storage import DamagedFileError
from archive.models import Alert
from archive.sandbox.readers import declared

STAMPS = {"science": "cutoutScience", "template": "cutoutTemplate", "difference": "cutoutDifference"}
LARGEST_STAMP = 4 << 20  # bytes; ZTF's have 63 x 63 pixels of 4 bytes


def packet_of(alert: Alert) -> dict:
    """The whole packet of an alert, stamps included.

    Raises
    ------
    archive.files.storage.DamagedFileError
        if its file is not the registered one, or holds another packet in its place.
    """
    with alert.packet.whole().open("rb") as file:
        packet = next(islice(fastavro.reader(file), alert.packet_index, None), None)
    packet = packet if isinstance(packet, dict) else {}
    found = packet.get("candidate", {}).get("candid")
    if found != alert.candid:
        raise DamagedFileError(f"{alert.packet.path}: record {alert.packet_index} is {found}, not {alert.candid}")
    return packet


def stamp_of(packet: dict, kind: str) -> np.ndarray | None:
    """The pixels (ny, nx) of one of a packet's stamps, a gzip'ed FITS file; None where it has none.

    Raises
    ------
    archive.files.storage.DamagedFileError
        for what is no such file, or a larger one than a stamp may be: packets come from elsewhere.
    """
    content = packet.get(STAMPS.get(kind, ""))
    if not content:
        return None
    stream = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        file = stream.decompress(content["stampData"], LARGEST_STAMP)
        declared.check_fits(io.BytesIO(file), len(file), LARGEST_STAMP)
        with fits.open(io.BytesIO(file), ignore_missing_simple=True) as hdus:
            pixels = np.asarray(hdus[0].data, dtype=np.float32)
    except (zlib.error, OSError, ValueError, TypeError, LookupError, fits.VerifyError) as error:
        raise DamagedFileError(f"stamp {kind}: is no picture that can be read ({str(error)[:200]})") from error
    if stream.unconsumed_tail or pixels.ndim != 2:
        raise DamagedFileError(f"stamp {kind}: is no picture of up to {LARGEST_STAMP} bytes")
    return pixels
