"""What a release of the archive means for light curves: its points, corrections and sources open with its images."""

from __future__ import annotations

from datetime import datetime

from django.db import connections
from django.dispatch import receiver
from django_q.tasks import async_task

from archive.releases import released
from lightcurves.sources import open_sources

OPEN_POINTS = """
UPDATE lightcurves_detection SET public_date = %(now)s
WHERE nid BETWEEN %(first)s AND %(last)s AND programid = ANY(%(programs)s)
    AND (public_date IS NULL OR public_date > %(now)s)
RETURNING oid
"""
OPEN_CORRECTIONS = """
UPDATE lightcurves_imagecorrection c SET public_date = i.public_date
FROM archive_scienceimage i
WHERE i.pid = c.pid AND i.nid BETWEEN %(first)s AND %(last)s AND i.programid = ANY(%(programs)s)
    AND c.public_date IS DISTINCT FROM i.public_date
"""
PLACES = "SELECT DISTINCT field, rcid, fid FROM lightcurves_source WHERE oid = ANY(%s)"


@receiver(released)
def open_light_curves(sender, nids: tuple[int, int], programs: list[int], now: datetime, **kwargs) -> None:
    """Open the points of a release and their sources; their public statistics are made anew in the queue."""
    selection = {"first": nids[0], "last": nids[1], "programs": programs, "now": now}
    with connections["default"].cursor() as cursor:
        cursor.execute(OPEN_CORRECTIONS, selection)
        cursor.execute(OPEN_POINTS, selection)
        oids = sorted({oid for (oid,) in cursor.fetchall()})
        open_sources(oids, programs, now)
        cursor.execute(PLACES, [oids])
        for field, rcid, fid in cursor.fetchall():
            name = f"statistics {field:06}-rc{rcid:02}-f{fid}"
            async_task("lightcurves.statistics.refresh", field, rcid, fid, task_name=name)
