"""Exposures that cover an object's place, and the reason why one gave no point.

The database's row-level security decides what is seen: of an exposure that the reader may not see there is no word,
and an image whose points they may not see counts as not measured, whatever it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archive.search.query import ImageQuery, images
from archive.survey.bits import MASK_DESCRIPTIONS
from archive.survey.times import MJD_ZERO, date_of_jd, utc_text
from archive.tables.dictionary import Column, Table
from lightcurves.models import Image, Source
from lightcurves.storage.read import LightCurves
from lightcurves.storage.store import BAD_IMAGE
from lightcurves.tables.dictionary import point_rows

DETECTED, FLAGGED, LIMIT, UNPROCESSED = "detected", "flagged", "not detected", "not measured"
STATES = {
    DETECTED: "a point of the light curve",
    FLAGGED: "a point with flags, left out at first",
    LIMIT: "the image was measured and shows nothing here: an upper limit",
    UNPROCESSED: "not processed, or its points are not open to you",
}
NO_SOURCE = "the reference image of this field and filter has no source here"
NOT_ADDED = "calibrated; no points of it are here for you"
ONLY_RAW = "raw file only; not calibrated here"
FAINT = "nothing above the image's limit within 1.5″"
IN_IMAGE = ("pid", "exposure_id", "obsjd", "filtercode", "field", "rcid", "maglimit", "programid")
IN_RAW = ("exposure_id", "exposure__obsjd", "exposure__filtercode", "exposure__field", "programid")
WIDTH = 1000.0  # units of the strip
BANDS = {"zg": (0, 6), "zr": (7, 13), "zi": (14, 20)}  # within a lane: from, to

EXPOSURES = Table(
    "exposures",
    "Exposures that cover an object's place, and what came of each",
    (
        Column("state", "char", f"{'; '.join(f'{name}: {says}' for name, says in STATES.items())}"),
        Column("obsjd", "double", "Julian date (UTC) at the start", "d", "time.start"),
        Column("obsdate", "char", "UTC at the start of the exposure", ucd="time.start"),
        Column("filtercode", "char", "Filter: zg, zr, zi", ucd="meta.id;instr.filter"),
        Column("field", "int", "ZTF field number"),
        Column("mag", "double", "Magnitude of the point", "mag", "phot.mag"),
        Column("magerr", "double", "Its uncertainty", "mag", "stat.error;phot.mag"),
        Column("limitmag", "double", "5-sigma limit of the image", "mag", "phot.mag;stat.max"),
        Column("catflags", "int", "Flags of the point", ucd="meta.code.qual"),
        Column("reason", "char", "Why it is so, in words"),
        Column("pid", "long", "Science image identifier", ucd="meta.id"),
        Column("expid", "long", "Exposure identifier"),
        Column("programid", "int", "Program: 1 public, 2 partnership, 3 Caltech"),
    ),
)


@dataclass(frozen=True)
class Epoch:
    """One exposure at an object's place."""

    state: str
    obsjd: float
    filtercode: str
    field: int | None
    reason: str
    expid: int | None
    pid: int | None = None
    mag: float | None = None
    magerr: float | None = None
    limitmag: float | None = None
    catflags: int | None = None
    programid: int | None = None

    @property
    def obsdate(self):
        return date_of_jd(self.obsjd)

    @property
    def utc(self) -> str:
        return utc_text(self.obsjd)


@dataclass(frozen=True)
class Lane:
    """One state's marks in the strip: a path for each filter."""

    state: str
    says: str
    count: int
    paths: dict[str, str]


@dataclass(frozen=True)
class Strip:
    """Lanes over time; ticks: dates with their place in per cent."""

    lanes: list[Lane]
    ticks: list[tuple[float, str]]
    summary: str


def epochs_at(source: Source, together: Sequence[Source], curves: LightCurves) -> list[Epoch]:
    """Every exposure at an object's place that the reader may see, in order of time."""
    points = {row.pid or -row.key: row for row in point_rows(curves)}
    covering = list(images(ImageQuery(ra=source.ra, dec=source.dec)).order_by("obsjd").values(*IN_IMAGE))
    measured = set(Image.objects.filter(pid__in=[row["pid"] for row in covering]).values_list("pid", flat=True))
    seeded = {(one.field, one.rcid, one.filtercode) for one in together}
    found = [_of_point(row) for row in points.values()]
    for row in covering:
        if row["pid"] not in points:
            found.append(_of_image(row, row["pid"] in measured, seeded))
    known = {one.expid for one in found}
    raw = images(ImageQuery(family="raw", ra=source.ra, dec=source.dec)).filter(exposure__imgtypecode="o")
    found += [_of_raw(row) for row in raw.order_by().values(*IN_RAW) if row["exposure_id"] not in known]
    return sorted(found, key=lambda one: (one.obsjd, one.pid or 0))


def _of_point(row) -> Epoch:
    flags = row.catflags or 0
    jd = row.mjd + MJD_ZERO if row.mjd is not None else row.hjd
    return Epoch(
        FLAGGED if flags else DETECTED, jd, row.filtercode, row.field, ", ".join(flag_words(flags)), row.expid,
        row.pid, row.mag, row.magerr, row.limitmag, flags, row.programid,
    )  # fmt: skip


def _of_image(row: dict, measured: bool, seeded: set) -> Epoch:
    if measured:
        here = (row["field"], row["rcid"], row["filtercode"]) in seeded
        state, reason = LIMIT, FAINT if here else NO_SOURCE
    else:
        state, reason = UNPROCESSED, NOT_ADDED
    return Epoch(
        state, row["obsjd"], row["filtercode"], row["field"], reason, row["exposure_id"], row["pid"],
        limitmag=row["maglimit"], programid=row["programid"],
    )  # fmt: skip


def _of_raw(row: dict) -> Epoch:
    return Epoch(
        UNPROCESSED, row["exposure__obsjd"], row["exposure__filtercode"], row["exposure__field"], ONLY_RAW,
        row["exposure_id"], programid=row["programid"],
    )  # fmt: skip


def flag_words(flags: int) -> list[str]:
    """The names of a point's flags."""
    words = [text.lower() for bit, text in MASK_DESCRIPTIONS.items() if flags & bit]
    return words + (["whole image is bad"] if flags & BAD_IMAGE else [])


def strip_of(epochs: Sequence[Epoch]) -> Strip | None:
    """The strip over time; None without exposures."""
    if not epochs:
        return None
    first, last = epochs[0].obsjd, epochs[-1].obsjd
    span = max(last - first, 0.5)
    lanes = [Lane(state, says, *_marks([one for one in epochs if one.state == state], first, span))
             for state, says in STATES.items()]  # fmt: skip
    counts = ", ".join(f"{lane.count} {lane.state}" for lane in lanes)
    ticks = [(round(100 * part, 1), f"{date_of_jd(first + part * span):%Y-%m-%d}") for part in (0, 0.5, 1)]
    return Strip(
        lanes,
        ticks,
        f"{len(epochs)} exposures from {date_of_jd(first):%Y-%m-%d} to {date_of_jd(last):%Y-%m-%d}: {counts}",
    )


def _marks(epochs: Iterable[Epoch], first: float, span: float) -> tuple[int, dict[str, str]]:
    paths: dict[str, set[str]] = {}
    count = 0
    for one in epochs:
        count += 1
        low, high = BANDS.get(one.filtercode, (0, 20))
        x = 4 + (one.obsjd - first) / span * (WIDTH - 8)
        paths.setdefault(one.filtercode, set()).add(f"M{x:.1f} {low}V{high}")
    return count, {band: "".join(sorted(marks)) for band, marks in sorted(paths.items())}
