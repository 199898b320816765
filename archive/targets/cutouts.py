"""The cutouts for each target: which part of which file, as far as the reader may see it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from archive.given.times import BadTimeError, in_order
from archive.models import ProductFile, ReferenceImage, ScienceImage
from archive.search import query
from archive.targets.lists import Target

FAMILIES = {"sci": ("sci", "sciimg.fits"), "diff": ("sci", "scimrefdiffimg.fits"), "ref": ("ref", "refimg.fits")}
LARGEST_SIZE = 0.25  # deg
DEFAULT_SIZE = 0.02  # deg
CONTENTS = {"fits": "FITS files", "png": "pictures (PNG)", "gif": "movies (GIF)"}
MOST_PIECES = 20_000
MOST_BYTES = 20 * 1024**3
BYTES_PER_PIXEL, HEADER_BYTES = 4, 30_000
PIXEL = 1.0 / 3600  # deg, about


class CutoutsRefusedError(ValueError):
    """Cutouts that are not made; the message says why and what would do."""


@dataclass(frozen=True)
class CutoutRequest:
    """A request for cutouts around each target.

    family : sci, diff or ref; filtercode, since, until : as in archive.search.query
    size : full width, deg
    newest : images of a target at most, the newest ones; all where not given
    content : what a tar holds: fits (as in the archive), png (North up, one stretch for a target in a filter), gif (a
        movie of each target in each filter)
    """

    family: str = "sci"
    filtercode: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    size: float = DEFAULT_SIZE
    newest: int | None = None
    content: str = "fits"

    def __post_init__(self):
        if self.family not in FAMILIES:
            raise CutoutsRefusedError(f"family={self.family!r}: use one of {', '.join(FAMILIES)}")
        if not 0 < self.size <= LARGEST_SIZE:
            raise CutoutsRefusedError(f"size={self.size}: give positive degrees up to {LARGEST_SIZE}, for example 0.02")
        try:
            in_order(self.since, self.until)
        except BadTimeError as error:
            raise CutoutsRefusedError(str(error)) from error
        if self.newest is not None and self.newest < 1:
            raise CutoutsRefusedError(f"newest={self.newest}: give a positive number of images")
        if self.content not in CONTENTS:
            raise CutoutsRefusedError(f"content={self.content!r}: use one of {', '.join(CONTENTS)}")

    @property
    def bytes_each(self) -> float:
        """About how many bytes one cutout has."""
        return (self.size / PIXEL) ** 2 * BYTES_PER_PIXEL + HEADER_BYTES


@dataclass(frozen=True)
class Piece:
    """One cutout to be made: `image` covers the target, `file` has its pixels; both None where no image does."""

    number: int
    target: Target
    image: ScienceImage | ReferenceImage | None
    file: ProductFile | None

    @property
    def path(self) -> str:
        """Its path in the tar."""
        assert self.file is not None
        folder = f"{self.number:04}_{re.sub(r'[^A-Za-z0-9.+-]+', '_', self.target.name).strip('_.') or 'target'}"
        return f"{folder}/{self.file.name.removesuffix('.fz')}"


def pieces(targets: Iterable[Target], request: CutoutRequest, most: int = MOST_PIECES) -> list[Piece]:
    """All cutouts of a list of targets, in their order, newest image first.

    Raises
    ------
    CutoutsRefusedError
        if they are more than `most`, or larger than MOST_BYTES together.
    """
    found = []
    for number, target in enumerate(targets, 1):
        found += of_target(target, request, number)
        real = sum(piece.file is not None for piece in found) if len(found) > most else 0
        if real > most:
            raise CutoutsRefusedError(
                f"targets: more than {most} cutouts at target {number} ({target.name}); "
                "give fewer targets, a filter, dates, or newest=10"
            )
    check_total(found, request)
    return found


def check_total(found: Iterable[Piece], request: CutoutRequest) -> None:
    """Refuse cutouts that are larger than MOST_BYTES together.

    Raises
    ------
    CutoutsRefusedError
    """
    total = request.bytes_each * sum(piece.file is not None for piece in found)
    if total > MOST_BYTES:
        raise CutoutsRefusedError(
            f"size={request.size}: about {total:.2g} bytes, {MOST_BYTES:.2g} at most; give a smaller size"
        )


def of_target(target: Target, request: CutoutRequest, number: int = 1) -> list[Piece]:
    """The cutouts of one target; one without image and file where nothing covers it."""
    images = _images(target, request)
    if request.newest is not None:
        images = images[: request.newest]
    images = list(images)
    by_image = {file.product_id: file for file in main_files(request.family, [image.pk for image in images])}
    made = [Piece(number, target, image, by_image[image.pk]) for image in images if image.pk in by_image]
    return made or [Piece(number, target, None, None)]


def _images(target: Target, request: CutoutRequest):
    family, _ = FAMILIES[request.family]
    asked = query.ImageQuery(
        family=family, ra=target.ra, dec=target.dec, filtercode=request.filtercode or None,
        since=request.since, until=request.until,
    )  # fmt: skip
    return query.images(asked)


def main_files(family: str, numbers: list[int]) -> Iterable[ProductFile]:
    """The files with the pixels of products, that the reader may see."""
    suffix = FAMILIES[family][1]
    return ProductFile.objects.filter(family=family, product_id__in=numbers, suffix__in=(suffix, f"{suffix}.fz"))
