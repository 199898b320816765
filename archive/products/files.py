"""The files that belong to the rows that a search finds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

from django.db import models
from django.utils import timezone

from archive.models import ProductFile
from archive.search.query import ImageQuery, images
from archive.survey.filenames import CALTYPE_STEMS, NotAZtfProductError, parse


@dataclass(frozen=True)
class Belonging:
    """The columns by which files and rows of a family find each other.

    families : of the files (ProductFile.Family); empty: the rows name their files by key
    row, file : what a row and its files have in common
    """

    families: tuple[str, ...]
    row: Callable[[models.Model], Hashable] = lambda row: row.pk
    file: Callable[[ProductFile], Hashable] = lambda file: file.product_id


def _ccd_of(file: ProductFile) -> Hashable:
    """Raw files of an exposure are told apart by their names."""
    try:
        return file.product_id, parse(file.name).ccdid
    except NotAZtfProductError:
        return None


BELONGING = {
    "sci": Belonging(("sci", "diff")),
    "raw": Belonging(("raw",), lambda row: (row.exposure_id, row.ccdid), _ccd_of),
    "cal": Belonging(("cal",)),
    "ref": Belonging(("ref",)),
    "deep": Belonging(("deep",)),
    "diff": Belonging(("diff",)),
    "alert": Belonging((), lambda row: row.packet_id, lambda file: file.pk),
    "lc": Belonging((), lambda row: row.pk, lambda file: file.pk),
}
MAIN_FILE = {"sci": "sciimg.fits", "ref": "refimg.fits", "deep": "refimg.fits", "diff": "scimrefdiffimg.fits.fz"}
"""The image itself, by the end of its file's name; of calibrations it depends on their type."""


def main_file(family: str, row: models.Model) -> str | None:
    """The end of the name of a row's image; None where any file of it is the one."""
    return f"{CALTYPE_STEMS[row.caltype]}.fits" if family == "cal" else MAIN_FILE.get(family)


def files_by_row(
    family: str, rows: Iterable[models.Model], suffix: str | None = None
) -> dict[Hashable, list[ProductFile]]:
    """The files of rows, by the rows' primary keys, in order of their paths; as far as the reader may see them.

    suffix : those alone whose names end so
    """
    belonging = BELONGING[family]
    keys: dict[Hashable, list] = {}
    for row in rows:
        keys.setdefault(belonging.row(row), []).append(row.pk)
    found: dict[Hashable, list[ProductFile]] = {}
    candidates = _candidates(belonging, list(keys)).order_by("path")
    if suffix is not None:
        candidates = candidates.filter(suffix=suffix).defer("provenance")  # which nobody asks of a list's images
    for file in candidates:
        for pk in keys.get(belonging.file(file), ()):
            found.setdefault(pk, []).append(file)
    return found


def why_no_files(row: models.Model) -> str:
    """The reason that a product whose row the reader sees has no file for them: when it becomes public."""
    if row.public_date is None:
        return "not public, and no date is set from when they are"
    if row.public_date > timezone.now():
        return f"public from {row.public_date:%Y-%m-%d %H:%M} UTC"
    return "not in this archive, or not open to you"


def files_of(query: ImageQuery) -> list[ProductFile]:
    """The files of all products that answer a query, each once, in order of their paths."""
    found = files_by_row(query.family, images(query).order_by())
    return sorted({file.pk: file for files in found.values() for file in files}.values(), key=lambda file: file.path)


def _candidates(belonging: Belonging, keys: list) -> models.QuerySet:
    if not belonging.families:
        return ProductFile.objects.filter(pk__in=keys)
    numbers = {key[0] if isinstance(key, tuple) else key for key in keys}
    return ProductFile.objects.filter(family__in=belonging.families, product_id__in=numbers)
