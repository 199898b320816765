"""Sources of a field's quadrant and filter, in the order that matching needs, kept between the images of a worker.

Reading and ordering a quadrant's sources takes longer than matching an image to them. A worker keeps those of the
quadrants that it matched last; a hash over the rows, which the database makes, tells whether they still stand as they
were read, whoever changed them and whether or not that was rolled back.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np
from django.db import connections

from archive.models import ScienceImage
from archive.survey.times import MJD_ZERO
from lightcurves.photometry.match import Catalogue
from lightcurves.photometry.motion import FAST, MIDDLE, MOTION, is_fast, place_at
from lightcurves.storage import store

MOST_KEPT = 2_000_000
"""Sources that a worker keeps at most, of all quadrants together; each takes some 70 bytes."""

_PLACE = "FROM lightcurves_source WHERE field = %s AND rcid = %s AND fid = %s"
_HASH = "count(*), bit_xor(hashfloat8extended(ra, hashfloat8extended(dec, oid)))"
# The conditions are those of the partial index.
_FAST = f"""
lightcurves_sourcestatistics WHERE oid >= %s AND oid < %s
    AND (pmra > {FAST / 2} OR pmra < {-FAST / 2} OR pmdec > {FAST / 2} OR pmdec < {-FAST / 2})
"""
FINGERPRINT = f"SELECT {_HASH}, EXISTS (SELECT 1 FROM {_FAST}) {_PLACE}"
# One statement, so that the hash is that of the rows that are read.
SOURCES = f"""
SELECT {_HASH}, string_agg(int8send(oid) || float8send(ra) || float8send(dec), ''::bytea ORDER BY oid) {_PLACE}
"""
RECORD = np.dtype([("oid", ">i8"), ("ra", ">f8"), ("dec", ">f8")])
FAST_SOURCES = f"""
SELECT DISTINCT ON (oid) oid, {", ".join((*MIDDLE, *MOTION))} FROM {_FAST} ORDER BY oid, cardinality(programs) DESC
"""


@dataclass(frozen=True)
class KnownSources:
    """Sources of one field, quadrant and filter: arrays (n,), by oid; degrees.

    ordered : the same for matching, with those of high proper motion where they are at a time
    """

    oid: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    ordered: Catalogue

    def __len__(self) -> int:
        return len(self.oid)


_kept: OrderedDict[tuple[int, int, int], tuple[list, KnownSources]] = OrderedDict()
_guard = Lock()


def known(field: int, rcid: int, fid: int) -> KnownSources:
    """The sources at their catalogued positions, as they stand now in this transaction."""
    return _known_and_whether_fast(field, rcid, fid)[0]


def _known_and_whether_fast(field: int, rcid: int, fid: int) -> tuple[KnownSources, bool]:
    """The same, and whether any may have a high proper motion."""
    place = (field, rcid, fid)
    with connections["default"].cursor() as cursor:
        cursor.execute(FINGERPRINT, [*store.objects_of(*place), *place])
        *fingerprint, fast = cursor.fetchone()
        with _guard:
            before = _kept.get(place)
            if before is not None and before[0] == fingerprint:
                _kept.move_to_end(place)
                return before[1], fast
        cursor.execute(SOURCES, place)
        *fingerprint, data = cursor.fetchone()
    rows = np.frombuffer(data or b"", dtype=RECORD)
    oid, ra, dec = rows["oid"].astype(np.int64), rows["ra"].astype(np.float64), rows["dec"].astype(np.float64)
    sources = KnownSources(oid, ra, dec, Catalogue(ra, dec))
    _keep(place, fingerprint, sources)
    return sources, fast


def expected(image: ScienceImage) -> KnownSources:
    """The sources, ordered by where they are at the time of an image: fast ones where they have gone by then."""
    sources, fast = _known_and_whether_fast(image.field, image.rcid, image.fid)
    if not fast:
        return sources
    with connections["default"].cursor() as cursor:
        cursor.execute(FAST_SOURCES, store.objects_of(image.field, image.rcid, image.fid))
        rows = np.array(cursor.fetchall(), dtype=float).reshape(-1, 8)
    rows = rows[is_fast(*rows[:, 4:].T) & np.isin(rows[:, 0].astype(np.int64), sources.oid)]
    if not len(rows):
        return sources
    row = np.searchsorted(sources.oid, rows[:, 0].astype(np.int64))
    moved = sources.ordered.moved(row, *place_at(image.obsjd - MJD_ZERO, *rows[:, 1:6].T))
    return KnownSources(sources.oid, sources.ra, sources.dec, moved)


def clear() -> None:
    """Keep nothing."""
    with _guard:
        _kept.clear()


def _keep(place: tuple[int, int, int], fingerprint: list, sources: KnownSources) -> None:
    """Keep a quadrant's sources, and let go of those that were used longest ago where they are too many."""
    with _guard:
        _kept[place] = fingerprint, sources
        _kept.move_to_end(place)
        while len(_kept) > 1 and sum(len(other) for _, other in _kept.values()) > MOST_KEPT:
            _kept.popitem(last=False)
