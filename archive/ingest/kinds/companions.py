"""Files beside a product's main image: masks, catalogs, logs, pictures, light curves; what each must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import models

from archive.ingest import identity
from archive.ingest.door import Copy
from archive.ingest.errors import RefusedError
from archive.ingest.parsing import parse
from archive.models import ScienceImage
from archive.survey.filenames import ProductName
from archive.survey.times import SECONDS_PER_DAY

FITS = (".fits", ".fits.fz", ".fits.gz")
CATALOGS = ("psfcat.fits", "sexcat.fits", "diffcand.fits", "diffstamps.fits", "refpsfcat.fits", "refsexcat.fits")
DIGITS = 6  # of a field's number in names


@dataclass(frozen=True)
class Text:
    """The words of which a text of a kind must hold one, in its beginning or anywhere."""

    words: tuple[str, ...]
    what: str


def check(copy: Copy, name: ProductName, row: models.Model | None) -> list:
    """Look into a file that belongs to a product which is here; returns the programs that it names (PROGRMID).

    Raises
    ------
    RefusedError
    """
    if name.suffix.endswith(FITS):
        return _check_fits(copy, name, row)
    ending = name.suffix.rpartition(".")[2]
    if ending == "json":
        parse("texts:read_json", copy)
    elif ending == "png":
        parse("texts:read_png", copy)
    elif ending in ("txt", "tbl", "reg", "psf"):
        _check_text(copy, name, ending)
    else:
        raise RefusedError(f"{copy.name}: files that end with .{ending} are not taken with a {name.kind} product")
    return []


def _check_fits(copy: Copy, name: ProductName, row: models.Model | None) -> list:
    hdus = parse("fitsfile:read", copy)["hdus"]
    kinds = {one["kind"] for one in hdus}
    needed = "table" if name.suffix in CATALOGS else "image"
    if needed not in kinds and (needed == "table" or not kinds - {"none"}):
        raise RefusedError(f"{copy.name}: the file holds no {needed}")
    programs = []
    for number, one in enumerate(hdus):
        cards: Mapping = one["cards"]
        identity.agree(name, cards, f"{copy.name}[{number}]")
        if "PROGRMID" in cards:
            programs.append(cards["PROGRMID"])
        if isinstance(row, ScienceImage):
            _require_same_time(row, cards, copy.name)
    return programs


def _require_same_time(row: ScienceImage, cards: Mapping, file: str) -> None:
    jd = cards.get("OBSJD")
    if jd is None:
        return
    if isinstance(jd, bool) or not isinstance(jd, (int, float)) or not abs(jd - row.obsjd) * SECONDS_PER_DAY < 1:
        raise RefusedError(f"{file}: OBSJD is {jd!r} in the header, {row.obsjd} in that of its science image")


def _check_text(copy: Copy, name: ProductName, ending: str) -> None:
    known = {
        "txt": Text(_identity(name), "the number of its exposure, field or night"),
        "tbl": Text(("|",), "a table's header, | between its columns"),
        "reg": Text(("fk5", "icrs", "image", "physical", "galactic"), "a coordinate system of a region file"),
        "psf": Text(("GAUSSIAN", "MOFFAT15", "MOFFAT25", "LORENTZ", "PENNY1", "PENNY2"), "a model that DAOPHOT knows"),
    }[ending]
    if not parse("texts:read_text", copy, digits=list(known.words))["words"]:
        raise RefusedError(f"{copy.name}: names nowhere {known.what}: {', '.join(known.words)}")


def _identity(name: ProductName) -> tuple[str, ...]:
    if name.filefracday is not None:
        return (str(name.filefracday),)
    if name.nightdate is not None:
        return (str(name.nightdate),)
    return (f"{name.field:0{DIGITS}d}",)
