"""The settled part of light curves: chunks of packed points (codec), one object and program in each.

Whoever changes them holds the lock of their place (a field's quadrant and filter), as whoever appends does, and moves
points within one transaction: at every moment a reader sees each point once, in one tier or the other.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connections, transaction
from django.utils import timezone

from archive.database import copy
from archive.models import Family
from archive.releases.rights import dates_of_family
from lightcurves.storage import codec, recent

PLACE_LOCK = 9  # class of our advisory locks: who adds objects or points to a field's quadrant and filter
NIGHT_OF_PID = 10**9  # see archive.survey.identifiers
MOST_POINTS = 4000  # a chunk of more is not packed again
GROWTH = 2  # a chunk is packed again when what comes to it is at least 1/GROWTH of it

LISTED = """
SELECT ctid::text, oid, programid, public_date IS NOT NULL, nobs FROM lightcurves_chunk
WHERE oid >= %s AND oid < %s AND nobs <= %s
"""
WITH_NIGHTS = """
SELECT ctid::text, oid, programid, public_date IS NOT NULL, data FROM lightcurves_chunk
WHERE oid >= %s AND oid < %s AND programid = ANY(%s) AND first_nid <= %s AND last_nid >= %s
"""
TAKE = """
DELETE FROM lightcurves_chunk WHERE ctid = ANY(%s::tid[])
RETURNING oid, programid, public_date IS NOT NULL, data
"""
KEPT = "SELECT oid, programid, public_date IS NOT NULL, data FROM lightcurves_chunk WHERE ctid = ANY(%s::tid[])"
PLACES = f"SELECT DISTINCT oid / {recent.OBJECTS_OF_PLACE} FROM lightcurves_detection WHERE nid <= %s"
COLUMNS = ("oid", "public_date", "first_nid", "last_nid", "nobs", "programid", "data")
_ROW = struct.Struct(">h iq iq ii ii ii ih i".replace(" ", ""))
_ROW_CLOSED = struct.Struct(">h iq i ii ii ii ih i".replace(" ", ""))


@dataclass(frozen=True)
class Points:
    """Points of several objects and programs: arrays (n,), keys oid, programid, public and those of codec.COLUMNS."""

    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.columns["oid"])

    def rows(self, chosen: np.ndarray) -> Points:
        return Points({name: values[chosen] for name, values in self.columns.items()})

    @staticmethod
    def joined(parts: Sequence[Points]) -> Points:
        return Points({name: np.concatenate([part.columns[name] for part in parts]) for name in parts[0].columns})


def lock(place: int) -> None:
    """Wait until nobody else adds to a place or packs it; held until the transaction ends."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [PLACE_LOCK, place])


def places(last_nid: int) -> list[int]:
    """The places that have rows of nights up to `last_nid`."""
    with connections["default"].cursor() as cursor:
        cursor.execute(PLACES, [last_nid])
        return sorted(place for (place,) in cursor.fetchall())


def pack_place(place: int, last_nid: int) -> dict[str, int]:
    """Move a place's rows up to a night into chunks, in one transaction; returns counts.

    Rows that wait for a public date stay rows until it has passed. Small chunks are packed again together with what
    comes to them, so that a point is written some log(n) times in its life.
    """
    with transaction.atomic():
        lock(place)
        with connections["default"].cursor() as cursor:
            fresh = _of_rows(recent.take(cursor, place, last_nid))
            if not len(fresh):
                return {"points": 0, "chunks": 0, "packed_again": 0}
            chosen = _small(cursor, place, fresh)
            cursor.execute(TAKE, [chosen])
            again = _of_chunks(cursor.fetchall())
            written = write(cursor, Points.joined([fresh, again]) if len(again) else fresh)
    return {"points": len(fresh), "chunks": written, "packed_again": len(again)}


def remove(place: int, pids: list[int]) -> int:
    """Take images' points out of a place's chunks (they are being appended again); returns how many."""
    with connections["default"].cursor() as cursor:
        touched = _touched(cursor, place, pids)
        if not touched:
            return 0
        cursor.execute(TAKE, [touched])
        points = _of_chunks(cursor.fetchall())
        theirs = np.isin(points.columns["pid"], pids)
        write(cursor, points.rows(~theirs))
    return int(theirs.sum())


def of_image(place: int, pid: int) -> Points:
    """The packed points of an image."""
    with connections["default"].cursor() as cursor:
        cursor.execute(KEPT, [_touched(cursor, place, [pid])])
        points = _of_chunks(cursor.fetchall())
    return points.rows(points.columns["pid"] == pid)


def follow_rights(place: int, pids: list[int]) -> list[int]:
    """After the public dates of images changed: pack anew the chunks that hold their points; returns their objects.

    What became public, and what did no more, leaves its chunk for another. A point whose date is still to come
    becomes a row again: only rows open by themselves.
    """
    with transaction.atomic():
        lock(place)
        with connections["default"].cursor() as cursor:
            touched = _touched(cursor, place, pids)
            if not touched:
                return []
            cursor.execute(TAKE, [touched])
            points = _of_chunks(cursor.fetchall())
            _sort_by_dates(cursor, points)
    return np.unique(points.columns["oid"]).tolist()


def _sort_by_dates(cursor, points: Points) -> None:
    dates = dates_of_family(np.unique(points.columns["pid"]).tolist(), str(Family.LIGHTCURVE))
    now = timezone.now()
    pid = points.columns["pid"]
    waiting = [image for image, date in dates.items() if date is not None and date > now]
    points.columns["public"] = np.isin(pid, [image for image, date in dates.items() if date and date <= now])
    later = np.isin(pid, waiting)
    for image in waiting:
        chosen = points.rows(pid == image)
        recent.make_room(cursor, image // NIGHT_OF_PID)
        recent.write(cursor, _to_rows(chosen), dates[image])
    write(cursor, points.rows(~later))


def _of_rows(rows: np.ndarray) -> Points:
    names = ("oid", "programid", "public", *codec.COLUMNS)
    return Points({name: rows[name].astype(rows.dtype[name].newbyteorder("=")) for name in names})


def _to_rows(points: Points) -> np.ndarray:
    rows = np.zeros(len(points), dtype=list(recent.COPIED))
    for name, _ in recent.COPIED:
        rows[name] = points.columns["pid"] // NIGHT_OF_PID if name == "nid" else points.columns[name]
    return rows


def _of_chunks(rows: list[tuple]) -> Points:
    """Points of (oid, programid, public, data), as they lie one after the other."""
    owners = [(oid, programid) for oid, programid, _, _ in rows]
    offsets, columns = codec.unpack(owners, [data for *_, data in rows])
    counts = np.diff(offsets)
    owner = np.array(owners, dtype=np.int64).reshape(-1, 2)
    columns["oid"], columns["programid"] = np.repeat(owner[:, 0], counts), np.repeat(owner[:, 1], counts)
    columns["public"] = np.repeat(np.array([public for _, _, public, _ in rows], dtype=np.bool_), counts)
    return Points(columns)


def _small(cursor, place: int, fresh: Points) -> list[str]:
    """The chunks (by ctid) to pack again with fresh points: of each object, smallest first, while none is much larger
    than what has come together."""
    group, counts = np.unique(_group(fresh), return_counts=True)
    together = dict(zip(group.tolist(), counts.tolist(), strict=True))
    cursor.execute(LISTED, [*recent.objects_of(place), MOST_POINTS])
    chosen = []
    for ctid, oid, programid, public, nobs in sorted(cursor.fetchall(), key=lambda row: row[4]):
        key = (oid * 4 + programid) * 2 + public
        if key in together and nobs <= GROWTH * together[key]:
            together[key] += nobs
            chosen.append(ctid)
    return chosen


def _touched(cursor, place: int, pids: list[int]) -> list[str]:
    """The chunks (by ctid) that hold points of some images."""
    nights = [pid // NIGHT_OF_PID for pid in pids]
    cursor.execute(WITH_NIGHTS, [*recent.objects_of(place), [0, 1, 2, 3], max(nights), min(nights)])
    rows = cursor.fetchall()
    owners = [(oid, programid) for _, oid, programid, _, _ in rows]
    offsets, columns = codec.unpack(owners, [data for *_, data in rows])
    theirs = np.flatnonzero(np.isin(columns["pid"], pids))
    return [rows[k][0] for k in np.unique(np.searchsorted(offsets, theirs, side="right") - 1).tolist()]


def _group(points: Points) -> np.ndarray:
    """Key of the chunk that a point belongs to: object, program, public or not."""
    return (points.columns["oid"] * 4 + points.columns["programid"]) * 2 + points.columns["public"]


def write(cursor, points: Points) -> int:
    """Pack points and write them as chunks; returns how many chunks. The caller holds the places' locks."""
    if not len(points):
        return 0
    group, pid = _group(points), points.columns["pid"]
    points = points.rows(np.lexsort((pid, group)))
    group = _group(points)
    first = np.flatnonzero(np.append(True, np.diff(group) != 0))
    offsets = np.append(first, len(points)).astype(np.int64)
    oid, programid, public = (points.columns[name][first] for name in ("oid", "programid", "public"))
    pieces = codec.pack(np.stack([oid, programid], axis=1).astype(np.int64), offsets, points.columns)
    nights = points.columns["pid"] // NIGHT_OF_PID
    rows = zip(
        oid.tolist(), programid.tolist(), public.tolist(), nights[first].tolist(), nights[offsets[1:] - 1].tolist(),
        np.diff(offsets).tolist(), pieces, strict=True,
    )  # fmt: skip
    _copy(cursor, rows)
    return len(pieces)


def _copy(cursor, rows) -> None:
    """The date of a public chunk is long ago (the moment 0 of PostgreSQL, 2000-01-01): it holds only points that are
    public already, and a reader whose transaction began before they were packed must not lose them."""

    parts = []
    for oid, programid, public, first, last, nobs, data in rows:
        if public:
            parts.append(_ROW.pack(7, 8, oid, 8, 0, 4, first, 4, last, 4, nobs, 2, programid, len(data)))
        else:
            parts.append(_ROW_CLOSED.pack(7, 8, oid, -1, 4, first, 4, last, 4, nobs, 2, programid, len(data)))
        parts.append(data)
    copy.write_binary(cursor, "lightcurves_chunk", COLUMNS, parts)
