"""The rows of each family of products in a table of search results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db import models
from django.urls import reverse

from archive.models import ProductFile
from archive.products.files import files_by_row, main_file, why_no_files
from archive.search.families import FAMILIES
from archive.tables.dictionary import Column
from portal.plots.sky_map import Outline

COLUMNS = {
    "sci": "obsjd field rcid filtercode seeing maglimit infobits ra dec programid origin",
    "raw": "obsjd field ccdid filtercode imgtypecode exptime airmass telra teldec programid origin",
    "cal": "caltype nightdate ccdid qid filtercode nframes origin",
    "ref": "rfid field rcid filtercode nframes maglimit ra dec programid origin",
    "deep": "rfid field rcid filtercode nframes maglimit ra dec programid origin",
    "diff": "obsjd field rcid filtercode diffmaglim ncandidates infobits ra dec programid origin",
    "alert": "jd objectid fid field rcid magpsf sigmapsf rb ra dec ssnamenr programid origin",
    "lc": "field rcid filtercode suffix size programid origin",
}
"""What the table shows, by family; all of it can be sorted by."""
PAGES = {"sci": "image", "ref": "reference", "diff": "image", "alert": "alert"}
"""The pages of single products; of other families the table shows the files."""
PICTURES = (".fits", ".fits.fz")
NO_PICTURES = ("cat", "psf", "cand", "stamp")
DECIMALS = {"deg": 4, "mag": 2, "arcsec": 2, "s": 1, "d": 5}


@dataclass(frozen=True)
class File:
    """A file of a product, as the table offers it."""

    file: ProductFile
    picture: bool


@dataclass(frozen=True)
class Row:
    """One product in the table."""

    label: str
    url: str
    filtercode: str
    cells: list[str]
    files: list[File]
    closed: str  # why there are no files


def columns_of(family: str) -> list[Column]:
    """The columns of a family's table of results."""
    known = {column.name: column for column in FAMILIES[family].page.columns}
    return [known[name] for name in COLUMNS[family].split()]


def rows_of(family: str, products: Sequence[models.Model]) -> list[Row]:
    """The products of one page of results."""
    columns = columns_of(family)
    files = {} if family in PAGES else files_by_row(family, products)
    return [_row(family, one, columns, files.get(one.pk, [])) for one in products]


def page_url(product: models.Model, family: str | None = None) -> str:
    """The address of a product's page; empty where its family has no pages."""
    family = family or {"ReferenceImage": "ref", "Alert": "alert"}.get(type(product).__name__, "sci")
    return reverse(PAGES[family], args=[product.pk]) if family in PAGES else ""


def outline(product: models.Model) -> Outline:
    """An image's footprint for the map."""
    place = getattr(product, "science", product)
    return Outline(tuple(place.corners), f"{product.pk} {place.filtercode}", page_url(product), place.filtercode)


def is_picture(file: ProductFile) -> bool:
    """Whether a file holds an image that can be drawn."""
    return file.suffix.endswith(PICTURES) and not any(part in file.suffix for part in NO_PICTURES)


def _row(family: str, product: models.Model, columns: list[Column], files: list[ProductFile]) -> Row:
    values = {column.name: attrgetter(column.attribute)(product) for column in columns}
    cells = [_cell(column, values[column.name], product) for column in columns]
    listed = [File(file, is_picture(file)) for file in files]
    return Row(
        _label(family, product),
        page_url(product, family),
        str(values.get("filtercode", "")),
        cells,
        listed,
        _why(product, files),
    )


def _why(product: models.Model, files: list[ProductFile]) -> str:
    return "" if files else why_no_files(product)


def _label(family: str, product: models.Model) -> str:
    if family == "raw":
        return f"{product.exposure_id} CCD {product.ccdid}"
    return product.name if family == "lc" else str(product.pk)


def _cell(column: Column, value: object, product: models.Model) -> str:
    if column.name == "obsjd":  # sorted by, and readable
        value = getattr(product, "science", getattr(product, "exposure", product)).obsdate
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.{DECIMALS.get(column.unit, 2)}f}"
    return str(value)


def main_of(family: str, product: models.Model, files: Sequence[ProductFile]) -> ProductFile | None:
    """The image itself among a product's files."""
    ending = main_file(family, product)
    return next((file for file in files if ending in (None, file.suffix)), None)
