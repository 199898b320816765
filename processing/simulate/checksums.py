"""FITS CHECKSUM and DATASUM that depend on nothing but the data.

CFITSIO and astropy write the time of day into these cards' comments, so the same data never give the same
file twice.
"""

from pathlib import Path

import fitsio
import numpy as np

CARD = 80
ZERO_CHECKSUM = "0" * 16
DATASUM_WIDTH = 10
PUNCTUATION = {*range(0x3A, 0x41), *range(0x5B, 0x61)}


def reserve(hdu) -> None:
    """Write placeholder cards into an HDU that fitsio has just made."""
    hdu.write_key("CHECKSUM", ZERO_CHECKSUM, comment="HDU checksum")
    hdu.write_key("DATASUM", "0".rjust(DATASUM_WIDTH, "0"), comment="data unit checksum")


def fill_in(path: Path) -> None:
    """Compute both sums of every HDU of a file and write them over the placeholders.

    Source: FITS Standard 4.0, section 4.4.2.7 and appendix J.

    Raises
    ------
    ValueError
        if an HDU has no placeholders.
    """
    with fitsio.FITS(str(path)) as file:
        offsets = [hdu.get_offsets() for hdu in file]
    content = bytearray(path.read_bytes())
    for part in offsets:
        start, data, end = part["header_start"], part["data_start"], part["data_end"]
        datasum = ones_complement_sum(bytes(content[data:end]))
        _set_card(content, start, data, "DATASUM", f"{datasum:0{DATASUM_WIDTH}d}", "data unit checksum")
        total = add_ones_complement(ones_complement_sum(bytes(content[start:data])), datasum)
        _set_card(content, start, data, "CHECKSUM", encode(0xFFFFFFFF - total), "HDU checksum")
    path.write_bytes(content)


def ones_complement_sum(block: bytes) -> int:
    """32-bit ones'-complement sum of big-endian words."""
    total = int(np.frombuffer(block, ">u4").sum(dtype=np.uint64))
    return add_ones_complement(total, 0)


def add_ones_complement(a: int, b: int) -> int:
    """Sum with the carry brought round."""
    total = a + b
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def encode(value: int) -> str:
    """Sixteen ASCII characters without punctuation that, in their card, add `value` to a checksum."""
    text = [""] * 16
    for i, byte in enumerate(value.to_bytes(4, "big")):
        quarter, rest = divmod(byte, 4)
        codes = [quarter + rest + 48, quarter + 48, quarter + 48, quarter + 48]
        for first in (0, 2):
            while codes[first] in PUNCTUATION or codes[first + 1] in PUNCTUATION:
                codes[first] += 1
                codes[first + 1] -= 1
        for j, code in enumerate(codes):
            text[4 * j + i] = chr(code)
    return text[-1] + "".join(text[:-1])


def _set_card(content, start, end, keyword, value, comment):
    """Overwrite one card in place; the placeholder has the same length, so nothing moves."""
    for position in range(start, end, CARD):
        if content[position : position + 8] == keyword.ljust(8).encode():
            card = f"{keyword:<8}= '{value}'".ljust(30) + f" / {comment}"
            content[position : position + CARD] = card.ljust(CARD).encode("ascii")
            return
    raise ValueError(f"{keyword}: no placeholder card in the HDU that starts at byte {start}")
