"""Coverage maps (MOC, IVOA 2.0) that people bring, read in a confined child: FITS, JSON or ASCII, also in gzip."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, BinaryIO

from archive.sandbox.readers.declared import check_fits
from archive.sandbox.readers.uploads.tables import GZIP, expanded

if TYPE_CHECKING:
    from mocpy import MOC  # which loads matplotlib: a web process, which asks only `is_moc`, does without

FITS = b"SIMPLE  ="
_ASCII = re.compile(rb"\s*[0-9]{1,2}/")
_CARDS = (b"ORDERING= 'NUNIQ", b"ORDERING= 'RANGE", b"MOCDIM  =", b"MOCORDER=", b"MOCORD_S=")
MOST_HEADER = 20 * 2880  # bytes of a FITS file that are looked at for a MOC's cards


class UnreadableMocError(ValueError):
    """A file that is no MOC; the message says why."""


def is_moc(content: bytes) -> bool:
    """Whether a file without gzip is meant as a MOC, by how it begins."""
    if content.startswith(FITS):
        return any(card in content[:MOST_HEADER] for card in _CARDS)
    return bool(_ASCII.match(content)) or content.lstrip()[:1] == b"{"


def parse(
    source: BinaryIO, most_bytes: int, most_characters: int, most_cells: int, coarsest: int, finest: int
) -> dict | None:
    """A MOC in its ASCII form, at the finest order at which it is short enough.

    coarsest : larger cells count as those of this order that they hold

    Returns
    -------
    text, and its order; whether it is coarser than the file: it then covers a little more. None for what is meant as
    something else, such as a list that was packed by gzip.

    Raises
    ------
    UnreadableMocError
    """
    content = without_gzip(source.read(), most_bytes)
    if not is_moc(content):
        return None
    try:
        moc = read_moc(content, most_bytes)
    except Exception as error:  # noqa: BLE001 (the parsers raise whatever they meet in a broken file; nothing is hidden)
        raise UnreadableMocError(f"this is no MOC that can be read ({str(error)[:200]})") from error
    if moc.empty():
        raise UnreadableMocError("this MOC is empty: it covers nothing")
    return shortened(moc, most_characters, most_cells, coarsest, finest)


def shortened(moc: MOC, most_characters: int, most_cells: int, coarsest: int, finest: int) -> dict:
    """The text of a MOC and its order, as `parse` gives them."""
    first = moc.max_order
    for order in range(min(first, finest), -1, -1):
        moc = moc.degrade_to_order(order)
        text = " ".join(moc.to_string("ascii").split())
        if len(text) <= most_characters and _count(moc, coarsest) <= most_cells:
            return {"text": text, "order": order, "coarser": order < first}
    raise UnreadableMocError(f"this MOC has more than {most_cells} cells at every order")


def without_gzip(content: bytes, most_bytes: int) -> bytes:
    """A file without gzip."""
    return expanded(content, most_bytes) if content.startswith(GZIP) else content


def read_moc(content: bytes, most_bytes: int) -> MOC:
    """The coverage in a file; raises whatever its parsers meet in a broken one.

    most_bytes : that the file may have, or declare, when it is unpacked
    """
    from mocpy import MOC

    content = without_gzip(content, most_bytes)
    if content.startswith(FITS):
        check_fits(io.BytesIO(content), len(content), most_bytes)
        if b"'PROBDENSITY'" in content[:MOST_HEADER]:
            raise UnreadableMocError("it is a map of probability; the page of your region on the sky takes it")
        return MOC.from_fits(io.BytesIO(content))
    if content.lstrip()[:1] == b"{":
        return MOC.from_json(json.loads(content))
    return MOC.from_string(content.decode("ascii").replace(",", " "), "ascii")


def _count(moc: MOC, coarsest: int) -> int:
    return sum(len(cells) * 4 ** max(coarsest - int(order), 0) for order, cells in moc.serialize("json").items())
