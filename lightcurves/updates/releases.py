"""Effects of releases and of passing dates on light curves: all that is made of points follows its images."""

from __future__ import annotations

from datetime import datetime

from django.db import connections, transaction
from django.utils import timezone
from django_q.tasks import async_task

from archive.models import Family, PeriodChange, Program, Release
from lightcurves.models import Followed
from lightcurves.storage import chunks, store
from lightcurves.told import taking
from lightcurves.updates.sources import settle

PACKED_OF_RELEASE = """
SELECT i.field, i.rcid, i.fid, array_agg(i.pid) FROM lightcurves_image AS a
JOIN archive_scienceimage AS i ON i.pid = a.pid
JOIN archive_releaseitem AS r ON r.key = a.pid AND r.kind = 'sci'
WHERE r.release_id = %(release)s AND i.programid = ANY(%(programs)s)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
OF_RELEASE = """
SELECT DISTINCT d.oid FROM lightcurves_detection AS d
JOIN archive_releaseitem AS i ON i.key = d.pid AND i.kind = 'sci'
WHERE i.release_id = %(release)s AND d.nid BETWEEN %(first)s AND %(last)s AND d.programid = ANY(%(programs)s)
"""
CHANGED = "archive_olddate AS o ON o.relation = 'archive_scienceimage' AND o.change_id = %(change)s AND o.key = {}.pid"
OF_CHANGE = f"SELECT DISTINCT d.oid FROM lightcurves_detection AS d JOIN {CHANGED.format('d')}"
PACKED_OF_CHANGE = f"""
SELECT i.field, i.rcid, i.fid, array_agg(i.pid) FROM lightcurves_image AS a
JOIN archive_scienceimage AS i ON i.pid = a.pid JOIN {CHANGED.format("a")}
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
TOLD_OF_CHANGE = """
SELECT DISTINCT t.oid FROM lightcurves_toldcurve AS t JOIN archive_olddate AS o
    ON o.relation = 'lightcurves_toldcurve' AND o.change_id = %(change)s AND o.key = t.id
"""
PLACES = "SELECT DISTINCT field, rcid, fid FROM lightcurves_source WHERE oid = ANY(%s) ORDER BY 1, 2, 3"
FORGET_STATISTICS = "DELETE FROM lightcurves_sourcestatistics WHERE oid = ANY(%s)"
FORGET_PERIODS = "DELETE FROM lightcurves_sourceperiod WHERE star && %s::bigint[]"
CLOSED_SOURCES = """
SELECT oid FROM lightcurves_source
WHERE (field, rcid, fid) IN %s AND (public_date IS NULL OR public_date > now())
"""
DATED_ANEW = """
SELECT s.field, s.rcid, s.fid, array_agg(s.pid) FROM lightcurves_image AS i JOIN archive_scienceimage AS s USING (pid)
WHERE i.programid = %s AND i.public_date >= %s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
OPENED_BY_DATE = """
SELECT DISTINCT i.field, i.rcid, i.fid FROM archive_scienceimage AS i
WHERE i.public_date > %(since)s AND i.public_date <= %(now)s
    AND EXISTS (SELECT FROM lightcurves_image AS a WHERE a.pid = i.pid)
UNION
SELECT s.field, s.rcid, s.fid FROM lightcurves_toldcurve AS t JOIN lightcurves_source AS s USING (oid)
WHERE t.public_date > %(since)s AND t.public_date <= %(now)s
ORDER BY 1, 2, 3
"""
FOLLOW = "public dates"


def open_sources_of(release: Release, parameters: dict) -> None:
    """Open the sources of a release's points; their public statistics are made anew in the queue."""
    if Family.LIGHTCURVE in release.families:
        _follow(parameters, stale=False)


def close_sources_of(release: Release, parameters: dict) -> None:
    """Close what only a release had opened. Statistics that its points went into go at once, not when remade."""
    if Family.LIGHTCURVE in release.families:
        _follow(parameters, stale=True)


def unpack_dated(program: Program, now: datetime) -> None:
    """Packed points that got a date become rows again, which open when it passes (or are packed with what is open)."""
    with connections["default"].cursor() as cursor:
        cursor.execute(DATED_ANEW, [program.pk, now])
        for field, rcid, fid, pids in cursor.fetchall():
            chunks.follow_rights(store.place_of(field, rcid, fid), pids)
    taking.follow_program(program.pk)


def close_taken_back(program: Program, change: PeriodChange) -> None:
    """A change of a period was undone: points are closed as by a release that is withdrawn."""
    taking.follow_program(program.pk)
    _follow({"change": change.pk}, stale=True, of=f"{OF_CHANGE} UNION {TOLD_OF_CHANGE}", packed=PACKED_OF_CHANGE)


def _follow(parameters: dict, stale: bool, of: str = OF_RELEASE, packed: str = PACKED_OF_RELEASE) -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(of, parameters)
        oids = {oid for (oid,) in cursor.fetchall()}
        cursor.execute(packed, parameters)
        for field, rcid, fid, pids in cursor.fetchall():
            oids.update(chunks.follow_rights(store.place_of(field, rcid, fid), pids))
        changed = sorted(oids)
        settle(changed)
        if stale:
            cursor.execute(FORGET_STATISTICS, [changed])
            cursor.execute(FORGET_PERIODS, [changed])
        cursor.execute(PLACES, [changed])
        _refresh(cursor.fetchall())


@transaction.atomic
def follow_dates() -> int:
    """Make the statistics anew to which dates that merely passed have opened points; returns how many places.

    Called every few minutes. Rows themselves open when their date passes; what is computed from them is computed for
    each set of closed programs, and that set has become smaller. A source opens with the first of its points.
    """
    now = timezone.now()
    mark, _ = Followed.objects.select_for_update().get_or_create(what=FOLLOW, defaults={"until": now})
    with connections["default"].cursor() as cursor:
        cursor.execute(OPENED_BY_DATE, {"since": mark.until, "now": now})
        places = cursor.fetchall()
        if places:
            cursor.execute(CLOSED_SOURCES, [tuple(places)])
            settle([oid for (oid,) in cursor.fetchall()])
    _refresh(places)
    mark.until = now
    mark.save(update_fields=["until"])
    return len(places)


def _refresh(places: list[tuple[int, int, int]]) -> None:
    for field, rcid, fid in places:
        name = f"statistics {field:06}-rc{rcid:02}-f{fid}"
        async_task("lightcurves.updates.statistics.refresh", field, rcid, fid, task_name=name)
