"""Exports that somebody orders: a user job writes the light curves of a public release as one tar, in an edition."""

from __future__ import annotations

from archive.access.memberships import reader_of_job
from archive.access.reading import Reader, reading
from archive.jobs import dependencies, user_jobs
from archive.models import Release, UserJob
from archive.products import bundles
from lightcurves.download.editions import EDITIONS, HATS, export
from lightcurves.hats.released import NothingToExportError


def order(name: str, reader: Reader, user=None, edition: str = "") -> UserJob:
    """Ask for the light curves of a public release, with the rights that whoever asks has now and keeps.

    edition : one of lightcurves.download.editions.EDITIONS; HATS where none is named

    Raises
    ------
    NothingToExportError
        if there is no such public release, or no such edition.
    """
    _release(name)
    edition = edition or HATS
    if edition not in EDITIONS:
        raise NothingToExportError(f"edition={edition!r}: use one of {', '.join(EDITIONS)}")
    asked = {"release": name} | ({"edition": edition} if edition != HATS else {})
    return user_jobs.submit("lightcurves", "lightcurves.download.hats_jobs.make", asked, user, reader.programs)


def make(job_id: str) -> None:
    """Write the tar of a job; started by the queue. Running it again gives the same file once."""
    user_jobs.carry_out(job_id, _make, (NothingToExportError, OSError))


def _make(job: UserJob) -> str:
    release = job.parameters["release"]
    dependencies.note(job, {"releases": [release]})
    edition = job.parameters.get("edition", HATS)
    with bundles.folder_as_result(job, f"ztf_{release}_lc") as folder, reading(reader_of_job(job)):
        done = export(_release(release), folder, edition, lambda now, total: _tell(job, now, total))
    return f"{done.objects} objects, {done.points} points"


def _release(name: str) -> Release:
    release = Release.objects.filter(name=name, state=Release.State.PUBLIC).first()
    if release is None:
        raise NothingToExportError(f"release={name!r}: there is no such public release; /releases/ lists them")
    return release


def _tell(job: UserJob, done: int, total: int) -> None:
    UserJob.objects.filter(pk=job.pk).update(done=done, total=total)
