"""From the catalog of an image to points of light curves: seeding sources, matching, and sources born anew."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from django.db import connections, transaction
from django.utils import timezone

from archive.database.upsert import upsert
from archive.models import PanstarrsStar, ReferenceImage, ScienceImage
from archive.releases.rights import own_date
from archive.sky.sphere import mean_direction, separation
from archive.survey.bits import InfoBit
from archive.survey.camera import ccd_quadrant
from archive.survey.identifiers import BadIdentifierError, make_oid
from lightcurves.models import Source, ToldCurve
from lightcurves.photometry.match import UNMATCHED, match_sky
from lightcurves.storage import chunks, healpix, read, store
from lightcurves.updates.known_sources import KnownSources, expected, known

UNFIT = InfoBit.NO_PHOTCAL | InfoBit.NO_ASTROMETRY | InfoBit.NO_PSF | InfoBit.BAD_PHOTOMETRIC_QUALITY
DRAWN = 10**8 // 2  # numbers of a place from here on are drawn by lot
MARGIN = 0.02  # deg around the sources, for the stars that tell their colours


class CameAsFilesError(ValueError):
    """A place whose light curves came as files: points of images would stand beside them under one number."""


@dataclass(frozen=True)
class MatchConfig:
    """Configuration of matching; arcsec, magnitudes."""

    radius: float = 1.0  # of a detection from its source
    isolation: float = 3.0  # a detection with no source and no other detection this near may become a source
    moved: float = 3.0  # a lone source may have moved this far, if it is missing where it was ...
    moved_mag: float = 0.5  # ... and the detection is as bright as it was in the reference
    least_snr: float = 5.0  # of a detection that becomes a source


@dataclass(frozen=True)
class Catalog:
    """PSF photometry of one image: arrays (n,); degrees, magnitudes for colour zero, mask bits under the source."""

    ra: np.ndarray
    dec: np.ndarray
    mag: np.ndarray
    magerr: np.ndarray
    snr: np.ndarray
    chi: np.ndarray
    sharp: np.ndarray
    flags: np.ndarray

    def __len__(self) -> int:
        return len(self.ra)

    def rows(self, chosen: np.ndarray) -> Catalog:
        """Some of its sources."""
        return Catalog(**{name: values[chosen] for name, values in vars(self).items()})


def catalog(table: Mapping[str, np.ndarray], magzp: float) -> Catalog:
    """A PSF catalog (columns of psfcat) with its zero point; sources without position or magnitude are left out."""

    def column(name: str) -> np.ndarray:
        return np.asarray(table[name], dtype=np.float64)

    everything = Catalog(
        ra=column("ra") % 360,
        dec=column("dec"),
        mag=column("mag") + magzp,
        magerr=column("sigmag"),
        snr=column("snr"),
        chi=column("chi"),
        sharp=column("sharp"),
        flags=np.asarray(table["flags"]).astype(np.int64),
    )
    whole = [getattr(everything, name) for name in ("ra", "dec", "mag", "magerr")]
    return everything.rows(np.all(np.isfinite(whole), axis=0) & (everything.magerr > 0))


def seed(image: ReferenceImage | ScienceImage, found: Catalog, rfid: int | None) -> int:
    """Make sources of what a reference (or, before there is one, an image) shows; returns how many are new.

    Those that are known already within a match radius stay as they are, so seeding again adds nothing.
    """
    with transaction.atomic():
        _lock(image)
        return _seed(image, found, rfid)


def add_points(
    image: ScienceImage,
    found: Catalog,
    config: MatchConfig = MatchConfig(),  # noqa: B008 (frozen)
) -> dict[str, int]:
    """Match an image's catalog to its sources, make new sources of what stands alone, append the points.

    Sources of known high proper motion are looked for where they are at the image's time. A source that is missing
    where it was, with a lone detection of its brightness nearby, has moved: that detection is its point.
    Returns counts: detections, matched, ambiguous, moved, born, points.
    """
    with transaction.atomic():
        _lock(image)
        sources = expected(image)
        matches = sources.ordered.match(found.ra, found.dec, config.radius)
        born = _alone(image, found, matches.index, sources, config)
        made = _seed(image, found.rows(born), None, measured=False)
        if made:
            sources = expected(image)
            matches = sources.ordered.match(found.ra, found.dec, config.radius)
        rows = _nearest(matches)
        index = matches.index[rows]
        moved, whose = _moved(image, found, matches.index, sources, config)
        rows, index = np.append(rows, moved), np.append(index, whose)
        seen = sources.oid[index]
        _open_with(image, seen)
        points = _points(image, found.rows(rows), sources, index)
        written = store.append(image, points)
        if own_date(image) != image.public_date:
            settle(seen.tolist())
        return {
            "detections": len(found),
            "matched": int(np.sum(matches.index != UNMATCHED)),
            "ambiguous": int(np.sum(matches.ambiguous)),
            "moved": len(moved),
            "born": made,
            "points": written,
        }


def is_bad(image: ScienceImage) -> bool:
    """Whether an image as a whole is unfit for photometry."""
    return image.status == 0 or bool(image.infobits & UNFIT)


def open_sources(oids: list[int], programs: list[int], public_date) -> int:
    """Open sources that were closed, because somebody may now see points of them; returns how many.

    What was measured on a closed reference does not become public with them, unless its program does.
    """
    with connections["default"].cursor() as cursor:
        cursor.execute(OPEN_SOURCES, {"oids": oids, "programs": programs, "public": public_date})
        return cursor.rowcount


OPEN_SOURCES = """
UPDATE lightcurves_source SET
    public_date = %(public)s,
    rfid = CASE WHEN programid = ANY(%(programs)s) THEN rfid END,
    refmag = CASE WHEN programid = ANY(%(programs)s) THEN refmag END,
    refmagerr = CASE WHEN programid = ANY(%(programs)s) THEN refmagerr END,
    refchi = CASE WHEN programid = ANY(%(programs)s) THEN refchi END,
    refsharp = CASE WHEN programid = ANY(%(programs)s) THEN refsharp END,
    refsnr = CASE WHEN programid = ANY(%(programs)s) THEN refsnr END
WHERE oid = ANY(%(oids)s) AND (public_date IS NULL OR public_date > greatest(now(), %(public)s))
"""


REFERENCE = ("rfid", "refmag", "refmagerr", "refchi", "refsharp", "refsnr")
_KEPT = ", ".join(("public_date", *REFERENCE))
RESTORE = f"""
WITH kept AS (DELETE FROM lightcurves_closedsource WHERE oid = ANY(%(oids)s) RETURNING oid, {_KEPT})
UPDATE lightcurves_source AS s SET ({_KEPT}) = (SELECT {_KEPT} FROM kept WHERE kept.oid = s.oid)
FROM kept AS k WHERE k.oid = s.oid
"""
SEEN = """
SELECT oid, min(public_date) AS since, array_agg(DISTINCT programid) AS programs FROM (
    SELECT oid, public_date, programid FROM lightcurves_detection WHERE oid = ANY(%(oids)s)
    UNION ALL SELECT oid, public_date, programid FROM lightcurves_chunk WHERE oid = ANY(%(oids)s)
    UNION ALL SELECT oid, public_date, programid FROM lightcurves_toldcurve WHERE oid = ANY(%(oids)s)
) AS points WHERE public_date <= now() GROUP BY oid
"""
KEEP = f"""
INSERT INTO lightcurves_closedsource (oid, {_KEPT})
SELECT s.oid, {", ".join(f"s.{name}" for name in ("public_date", *REFERENCE))}
FROM lightcurves_source AS s JOIN ({SEEN}) AS seen ON seen.oid = s.oid
WHERE s.public_date IS NULL OR s.public_date > now()
"""
OPEN_SEEN = f"""
UPDATE lightcurves_source AS s SET public_date = seen.since,
    {", ".join(f"{name} = CASE WHEN s.programid = ANY(seen.programs) THEN s.{name} END" for name in REFERENCE)}
FROM ({SEEN}) AS seen WHERE seen.oid = s.oid AND (s.public_date IS NULL OR s.public_date > now())
"""


def settle(oids: list[int]) -> None:
    """Open sources of which there are public points; close those whose points a release showed and shows no more."""
    with connections["default"].cursor() as cursor:
        for statement in (RESTORE, KEEP, OPEN_SEEN):
            cursor.execute(statement, {"oids": oids})


def lock_place(field: int, rcid: int, fid: int) -> None:
    """Wait until nobody else adds to this field's quadrant and filter; held until the transaction ends."""
    chunks.lock(store.place_of(field, rcid, fid))


def require_no_files(field: int, rcid: int, fid: int) -> None:
    """See that the light curves of a place did not come as files.

    Raises
    ------
    CameAsFilesError
    """
    first, last = store.objects_of(field, rcid, fid)
    if ToldCurve.objects.filter(oid__gte=first, oid__lt=last).exists():
        ccdid, qid = ccd_quadrant(rcid)
        raise CameAsFilesError(
            f"field {field}, channel {rcid}, {read.FILTERS[fid]}: has light curves that came as files; "
            f"manage.py lightcurves forget {field} {ccdid} {qid} --filter {read.FILTERS[fid]} makes room for others"
        )


def _lock(image) -> None:
    lock_place(image.field, image.rcid, image.fid)
    require_no_files(image.field, image.rcid, image.fid)


def _seed(image, found: Catalog, rfid: int | None, measured: bool = True) -> int:
    if not len(found):
        return 0
    sources = known(image.field, image.rcid, image.fid)
    new = found.rows(sources.ordered.match(found.ra, found.dec, MatchConfig.radius).index == UNMATCHED)
    if not len(new):
        return 0
    table = pd.DataFrame({"oid": _numbers(image, sources.oid, len(new)), "ra": new.ra, "dec": new.dec})
    for name in ("field", "ccdid", "qid", "rcid", "fid", "filtercode", "programid"):
        table[name] = getattr(image, name)
    table["public_date"] = own_date(image)  # what a release opens besides is settled when points are there
    table["rfid"] = rfid
    seen = {"refmag": new.mag, "refmagerr": new.magerr, "refchi": new.chi, "refsharp": new.sharp, "refsnr": new.snr}
    for name, values in seen.items():
        table[name] = values if measured else None
    table["colour"] = colours(new.ra, new.dec, image.filtercode)
    table = table.assign(**healpix.numbers(new.ra, new.dec))
    return upsert(Source, table)


def _numbers(image, taken: np.ndarray, count: int) -> np.ndarray:
    """Numbers for new objects of a place: in a row for those that everybody sees, by lot for others.

    The numbers that are seen would otherwise count those that are not. What is drawn lies in the upper half of a
    place's numbers; the rows of the lower half grow by public objects only.
    """
    base = make_oid(image.field, image.fid, image.ccdid, image.qid, 0)
    own = own_date(image)
    if own is not None and own <= timezone.now():
        low = taken[taken < base + DRAWN]
        first = int(low.max()) + 1 if len(low) else base
        if first + count > base + DRAWN:
            raise BadIdentifierError(f"{count} more objects: half of a place's numbers is for {DRAWN} public ones")
        return np.arange(first, first + count)
    draw = np.random.default_rng(secrets.randbits(128))
    fresh = np.zeros(0, dtype=np.int64)
    while len(fresh) < count:
        drawn = base + DRAWN + draw.integers(0, DRAWN, size=2 * (count - len(fresh)))
        fresh = np.union1d(fresh, np.setdiff1d(drawn, taken))
    return draw.permutation(fresh)[:count]


def colours(ra: np.ndarray, dec: np.ndarray, filtercode: str) -> np.ndarray:
    """Pan-STARRS colour (g-r; r-i for zi) of the star at each position, NaN where none is known."""
    blue, red = ("rmag", "imag") if filtercode == "zi" else ("gmag", "rmag")
    middle = mean_direction(ra, dec)
    radius = float(np.max(separation(*middle, ra, dec))) + MARGIN
    rows = PanstarrsStar.objects.within(*middle, radius).order_by().values_list("ra", "dec", blue, red)
    stars = np.array(list(rows), dtype=float).reshape(-1, 4)
    index = match_sky(ra, dec, stars[:, 0], stars[:, 1], MatchConfig.radius).index
    result = np.full(len(ra), np.nan)
    seen = index != UNMATCHED
    result[seen] = stars[index[seen], 2] - stars[index[seen], 3]
    return result


def _alone(image, found: Catalog, index: np.ndarray, sources: KnownSources, config: MatchConfig) -> np.ndarray:
    """Mask of the detections that become sources: unmatched, well measured, in a good image, with nothing near."""
    good = (index == UNMATCHED) & (found.flags == 0) & (found.snr >= config.least_snr)
    if is_bad(image) or not good.any():
        return np.zeros(len(found), dtype=bool)
    near_source = sources.ordered.match(found.ra, found.dec, config.isolation).index != UNMATCHED
    # Every detection finds itself; a second one within the radius makes it ambiguous.
    crowded = match_sky(found.ra, found.dec, found.ra, found.dec, config.isolation).ambiguous
    return good & ~near_source & ~crowded


def _moved(
    image, found: Catalog, index: np.ndarray, sources: KnownSources, config: MatchConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Rows of detections and of the sources that moved there: each the other's only candidate, of equal brightness."""
    lost = np.setdiff1d(np.arange(len(sources)), index[index != UNMATCHED])
    rows = np.flatnonzero((index == UNMATCHED) & (found.flags == 0) & (found.snr >= config.least_snr))
    none = np.zeros(0, dtype=np.int64)
    if is_bad(image) or not len(lost) or not len(rows):
        return none, none
    near = sources.ordered.match(found.ra[rows], found.dec[rows], config.moved)
    alone = (near.index != UNMATCHED) & ~near.ambiguous & np.isin(near.index, lost)
    rows, whose = rows[alone], near.index[alone]
    oids = sources.oid[whose].tolist()
    measured = Source.objects.filter(pk__in=oids, refmag__isnull=False) if oids else Source.objects.none()
    brightness = dict(measured.values_list("pk", "refmag"))
    refmag = np.array([brightness.get(oid, np.nan) for oid in oids], dtype=float)
    same = np.abs(refmag - found.mag[rows]) <= config.moved_mag
    return rows[same], whose[same]


def _nearest(matches) -> np.ndarray:
    """Rows of the detections that are matched; of two that claim one source, the nearer."""
    rows = np.flatnonzero(matches.index != UNMATCHED)
    by_source = rows[np.lexsort((matches.separation[rows], matches.index[rows]))]
    _, first = np.unique(matches.index[by_source], return_index=True)
    return by_source[first]


def _open_with(image: ScienceImage, oids: np.ndarray) -> None:
    own = own_date(image)
    if own is not None:
        open_sources(oids.tolist(), [image.programid], own)


def _points(image, found: Catalog, sources: KnownSources, index) -> store.Points:
    ra, dec = sources.ra[index], sources.dec[index]
    east = (found.ra - ra + 180) % 360 - 180
    return store.Points(
        oid=sources.oid[index],
        mag=found.mag,
        magerr=found.magerr,
        chi=found.chi,
        sharp=found.sharp,
        catflags=found.flags & 0x7FFF | (store.BAD_IMAGE if is_bad(image) else 0),
        dra=np.rint(east * np.cos(np.radians(dec)) / read.MAS).astype(np.int64),
        ddec=np.rint((found.dec - dec) / read.MAS).astype(np.int64),
    )
