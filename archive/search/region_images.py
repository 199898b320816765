"""The images of a region or of a probability map that somebody brings, and how much of it they cover."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from archive.access.streams import limited
from archive.models import ScienceImage
from archive.search.query import ImageQuery, images
from archive.sky.skymaps import GivenRegion, covered
from archive.tables.dictionary import Column, Table

MOST_IMAGES = 5000  # the newest in a circle around the region
MARGIN = 0.7  # deg, from an image's centre to its corners
WIDEST = 90.0  # deg, of a search's circle
FILTERS = ("zg", "zr", "zi")

REGION_IMAGES = Table(
    "region_images",
    "Science images in a region, with the part of it that each covers",
    (
        Column("pid", "long", "Science image identifier", ucd="meta.id;meta.main", principal=True),
        Column("part", "double", "Part of the region, or probability, within the image", "", "stat.probability"),
        Column("obsdate", "char", "UTC at the start of the exposure", ucd="time.start", source="image.obsdate"),
        Column("obsjd", "double", "Julian date (UTC) at the start", "d", "time.start", source="image.obsjd"),
        Column("filtercode", "char", "Filter: zg, zr, zi", ucd="meta.id;instr.filter", source="image.filtercode"),
        Column("field", "int", "ZTF field number", source="image.field"),
        Column("rcid", "int", "Readout channel (0..63)", source="image.rcid"),
        Column("seeing", "double", "Seeing, FWHM", "arcsec", "instr.obsty.seeing", source="image.seeing"),
        Column("maglimit", "double", "5-sigma limit", "mag", "phot.mag;stat.max", source="image.maglimit"),
        Column("ra", "double", "Right ascension of the centre", "deg", "pos.eq.ra", source="image.ra"),
        Column("dec", "double", "Declination of the centre", "deg", "pos.eq.dec", source="image.dec"),
    ),
)


@dataclass(frozen=True)
class RegionImage:
    """An image that covers `part` of a region."""

    image: ScienceImage
    part: float

    @property
    def pid(self) -> int:
        return self.image.pid

    @property
    def percent(self) -> float:
        return 100 * self.part


@dataclass(frozen=True)
class Summary:
    """The images in a filter together: how many cover some of a region, in how many nights, and how much of it."""

    filtercode: str
    images: int
    nights: int
    part: float

    @property
    def percent(self) -> float:
        return 100 * self.part


@dataclass(frozen=True)
class RegionImages:
    """The images that cover some of a region, most first; not `complete` where older ones were left out."""

    images: list[RegionImage]
    summaries: list[Summary]
    complete: bool


def images_in(
    region: GivenRegion, filtercode: str | None = None, since: datetime | None = None, until: datetime | None = None
) -> RegionImages:
    """The newest science images in a region, for the reader of the context.

    Raises
    ------
    archive.access.streams.QueryFailedError
        where the search takes too long.
    """
    ra, dec, radius = region.circle
    asked = ImageQuery(family="sci", filtercode=filtercode or None, since=since, until=until, order="-obsjd")
    if radius + MARGIN < WIDEST:
        asked = replace(asked, ra=ra, dec=dec, radius=radius + MARGIN)
    with limited("reader"):
        rows = list(images(asked)[: MOST_IMAGES + 1])
    complete, rows = len(rows) <= MOST_IMAGES, rows[:MOST_IMAGES]
    if not rows:
        return RegionImages([], [], complete)
    parts = covered(region, np.array([one.corners for one in rows])).parts
    found = [RegionImage(one, float(part)) for one, part in zip(rows, parts, strict=True) if part > 0]
    summaries = [one for code in FILTERS if (one := _summary(region, code, found)) is not None]
    return RegionImages(sorted(found, key=lambda one: -one.part), summaries, complete)


def _summary(region: GivenRegion, code: str, found: list[RegionImage]) -> Summary | None:
    of_filter = [one.image for one in found if one.image.filtercode == code]
    if not of_filter:
        return None
    seen = covered(region, np.array([one.corners for one in of_filter])).cells
    nights = len({one.obsdate.date() for one in of_filter})
    return Summary(code, len(of_filter), nights, float(region.parts[seen].sum()))
