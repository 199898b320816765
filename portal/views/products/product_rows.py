"""The rows of each family of products in a table of search results."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter

from django.db import models
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone

from archive.models import ProductFile
from archive.products.files import MAIN_FILE, main_file, why_no_files
from archive.tables.dictionary import Column
from archive.tables.pages.results import Row, cells
from portal.plots.sky_map import Outline

COLUMNS = {
    "sci": "obsdate field rcid filtercode seeing maglimit infobits ra dec programid origin",
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
KEYS = {"sci": "pid", "ref": "rfid", "alert": "candid"}
"""The column that names a product, of families whose rows can be chosen."""
THUMBNAIL = 256  # pixels wide


@dataclass(frozen=True)
class Open:
    """Numbers of the products of a page and of those with files for the reader; when the next ones become public."""

    products: int
    with_files: int
    next_date: datetime | None

    @property
    def closed(self) -> int:
        return self.products - self.with_files


def columns_of(family: str) -> tuple[str, ...]:
    """The names of the columns that a family's table of results shows unless others are asked for."""
    return tuple(COLUMNS[family].split())


def rows_of(
    family: str, products: Sequence[models.Model], columns: Sequence[Column], files: Mapping[Hashable, list]
) -> list[Row]:
    """The products of one page of results, with their files (archive.products.files.files_by_row)."""
    return [_row(family, one, columns, files.get(one.pk, [])) for one in products]


def open_of(products: Sequence[models.Model], files: Mapping[Hashable, list]) -> Open:
    """Counts of the products of a page that the reader may fetch."""
    closed = [one for one in products if not files.get(one.pk)]
    dates = [one.public_date for one in closed if one.public_date and one.public_date > timezone.now()]
    return Open(len(products), len(products) - len(closed), min(dates, default=None))


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


def _row(family: str, product: models.Model, columns: Sequence[Column], files: list[ProductFile]) -> Row:
    url = page_url(product, family)
    main = main_of(family, product, files) if family in MAIN_FILE else None
    return Row(
        _label(family, product),
        url,
        cells(columns, [_value(column, product) for column in columns]),
        str(product.pk) if family in KEYS else "",
        f"{reverse('picture', args=[main.path])}?width={THUMBNAIL}&form=jpeg" if main else "",
        [] if url else [link for file in files for link in _links(file)],
        "" if files else why_no_files(product),
    )


def _links(file: ProductFile) -> list[tuple[str, str, str]]:
    found = [(file.suffix, reverse("file", args=[file.path]), f"{file.name}, {filesizeformat(file.size)}")]
    if is_picture(file):
        found.append(("picture", f"{reverse('picture', args=[file.path])}?width=1024", file.name))
    return found


def _label(family: str, product: models.Model) -> str:
    if family == "raw":
        return f"{product.exposure_id} CCD {product.ccdid}"
    return product.name if family == "lc" else str(product.pk)


def _value(column: Column, product: models.Model) -> object:
    value = attrgetter(column.attribute)(product)
    return f"{value:%Y-%m-%d}" if isinstance(value, date) and not isinstance(value, datetime) else value


def main_of(family: str, product: models.Model, files: Sequence[ProductFile]) -> ProductFile | None:
    """The image itself among a product's files."""
    ending = main_file(family, product)
    return next((file for file in files if ending in (None, file.suffix)), None)
