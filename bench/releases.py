"""Freezing, publishing and withdrawing a release of millions of images, and coverage of all images, as a visitor.

The table of `bench archive` is filled in a database of its own; the release holds the half that is of program 2.
"""

from __future__ import annotations

import time
from datetime import date

from bench import archive
from bench.report import Figure, report

NEEDS = ("postgres",)

FULL_ROWS, QUICK_ROWS = 5_000_000, 200_000
COVERAGES = 3
NIGHTS = (date(2017, 1, 1), date(2019, 12, 31))
FAMILIES = ["sci"]


def run(quick: bool) -> None:
    """Fill, open, close, print, and remove the database again."""
    archive.with_filled(QUICK_ROWS if quick else FULL_ROWS, lambda rows: report("releases", *_measure(rows), quick))


def _measure(rows: int) -> tuple[dict[str, Figure], str]:
    from django.db import connection

    from archive.access.audit import Actor
    from archive.access.reading import ANYONE, reading
    from archive.models import Release, ScienceImage
    from archive.releases import freeze, preview, publish, withdraw

    release = Release.objects.create(
        name="all", title="All", first_night=NIGHTS[0], last_night=NIGHTS[1], families=FAMILIES
    )
    release.programs.set([2])
    actor, figures = Actor("bench"), {}
    for verb in (lambda: freeze(release, actor), lambda: preview(release), lambda: publish(release, actor)):
        name = ("freeze", "preview", "publish")[len(figures)]
        figures[name] = Figure(_seconds(verb), "s")
        release.refresh_from_db()
    with connection.cursor() as cursor:  # the database does it by itself, minutes after so many rows have changed
        cursor.execute("VACUUM ANALYZE archive_scienceimage")
    with reading(ANYONE):
        assert ScienceImage.objects.count() == rows
        searched = archive.point_search()
        coverages = [_seconds(lambda: _coverage("zr")) for _ in range(COVERAGES)]
    figures["withdraw"] = Figure(_seconds(lambda: withdraw(release, actor)), "s")
    figures |= searched.figures("point search after publishing", 10, 50)
    figures["coverage of a filter, first"] = Figure(coverages[0], "s")
    figures["coverage of a filter, again"] = Figure(min(coverages[1:]), "s")
    return figures, f"{rows} images, {release.statistics['items']}"


def _seconds(action) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _coverage(filtercode: str) -> None:
    from archive.services.hips.images import of_images

    of_images("sci", filtercode)
