"""The rows that a kept result rests on: it is closed when they are, and stays open when something else is closed.

A result rests on programs (those of whom it was made for), and on files or on releases: the public ones that may have
opened what it was made of to somebody who does not read all of their programs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Q

from archive.access.reading import Reader, all_rows
from archive.models import AuditEntry, Family, PeriodChange, ProductFile, QueryJob, Release, UserJob
from archive.releases.redating import OBSERVED
from archive.releases.rights import openings

LIGHTCURVES = "lightcurves_"
PERIOD = "period:"  # before the number of a change of a program's period, which can be taken back as releases are


def on_files(paths: Iterable[str]) -> dict:
    """A result that is made of these files."""
    return {"paths": sorted(set(paths))}


def on_tables(relations: Collection[str], reader: Reader) -> dict:
    """A result that is made of rows of these tables of PostgreSQL, for somebody."""
    found = []
    with all_rows():
        for release in Release.objects.filter(state=Release.State.PUBLIC).prefetch_related("programs"):
            opened = {one.table for one in openings() if one.applies_to(release.families)}
            touched = opened & set(relations) or (
                Family.LIGHTCURVE in release.families and any(one.startswith(LIGHTCURVES) for one in relations)
            )
            if touched and not {one.pk for one in release.programs.all()} <= reader.programs:
                found.append(release.pk)
        if any(one in OBSERVED or one.startswith(LIGHTCURVES) for one in relations):
            changes = PeriodChange.objects.filter(taken_back=None).exclude(program__in=reader.programs)
            found += [f"{PERIOD}{one.pk}" for one in changes]
    return {"releases": sorted(found)}


def is_open(rests: dict, reader: Reader) -> bool:
    """Whether somebody may still see all that a result rests on. Asked within `reading(reader)`."""
    paths = rests.get("paths", ())
    if ProductFile.objects.filter(path__in=paths).count() != len(paths):
        return False
    with all_rows():
        numbers = [name.removeprefix(PERIOD) for name in rests.get("releases", ()) if name.startswith(PERIOD)]
        changes = PeriodChange.objects.filter(pk__in=numbers).exclude(taken_back=None)
        if changes.exclude(program__in=reader.programs).exists():
            return False
        gone = Release.objects.filter(~Q(state=Release.State.PUBLIC), pk__in=rests.get("releases", ()))
        return all(
            {one.pk for one in release.programs.all()} <= reader.programs
            for release in gone.prefetch_related("programs")
        )


def job_is_open(job: UserJob | QueryJob, reader: Reader) -> bool:
    """Whether a job's result may still be shown: rights that it was made with may have ended since.

    Of one that noted nothing, any withdrawal since is enough to close it.
    """
    if not set(job.programs) <= reader.programs:
        return False
    if job.rests is not None:
        return is_open(job.rests, reader)
    withdrawn = AuditEntry.objects.filter(action="release.withdraw", moment__gte=job.started or job.created)
    return not withdrawn.exists()


def note(job: UserJob | QueryJob, rests: dict) -> None:
    """Write down what a job's result rests on, besides what is noted: at its beginning, and again at its end.

    What was public at any time between may have gone in.
    """
    known = job.rests or {}
    rests = {name: sorted({*known.get(name, ()), *rests.get(name, ())}) for name in {*known, *rests}}
    job.rests = rests
    type(job).objects.filter(pk=job.pk).update(rests=rests)
