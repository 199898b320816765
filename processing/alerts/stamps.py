"""Cut-outs of alert packets: gzipped FITS images with the barest of headers, as the survey writes them."""

from __future__ import annotations

import gzip

import numpy as np

BLOCK = 2880
CARD = 80
LEVEL = 6


def stamp_bytes(stamp: np.ndarray) -> bytes:
    """A stamp as gzipped FITS, big-endian float32, NaN beyond the image's edge. The same stamp gives the same bytes."""
    ny, nx = stamp.shape
    cards = (("SIMPLE", "T"), ("BITPIX", "-32"), ("NAXIS", "2"), ("NAXIS1", str(nx)), ("NAXIS2", str(ny)))
    header = "".join(f"{name:<8}= {value:>20}".ljust(CARD) for name, value in cards)
    header += "BUNIT   = 'DN      '".ljust(CARD) + "END".ljust(CARD)
    data = stamp.astype(">f4").tobytes()
    content = header.ljust(BLOCK).encode() + data + bytes(-len(data) % BLOCK)
    return gzip.compress(content, LEVEL, mtime=0)


def cutouts(candid: int, pid: int, positive: bool, science, template, difference) -> dict[str, dict]:
    """The three cut-outs of a packet, named as the survey names them."""
    side = "scimref" if positive else "refmsci"
    names = {
        "cutoutScience": (f"candid{candid}_pid{pid}_targ_sci.fits.gz", science),
        "cutoutTemplate": (f"candid{candid}_ref.fits.gz", template),
        "cutoutDifference": (f"candid{candid}_pid{pid}_targ_{side}.fits.gz", difference),
    }
    return {field: {"fileName": name, "stampData": stamp_bytes(stamp)} for field, (name, stamp) in names.items()}
