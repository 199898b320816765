"""Exports that somebody orders: a user job writes the light curves of a public release as one tar of a HATS catalog."""

from __future__ import annotations

from archive import bundles, userjobs
from archive.access import Reader, reading
from archive.members import reader_of_job
from archive.models import Release, UserJob
from lightcurves.export import NothingToExport, export


def order(name: str, reader: Reader, user=None) -> UserJob:
    """Ask for the light curves of a public release, with the rights that whoever asks has now and keeps.

    Raises
    ------
    NothingToExport
        if there is no such public release.
    """
    _release(name)
    return userjobs.place("lightcurves", "lightcurves.exportjobs.make", {"release": name}, user, reader.programs)


def make(job_id: str) -> None:
    """Write the tar of a job; started by the queue. Running it again gives the same file once."""
    userjobs.carry_out(job_id, _make, (NothingToExport, OSError))


def _make(job: UserJob) -> str:
    release = job.parameters["release"]
    with bundles.folder_as_result(job, f"ztf_{release}_lc") as folder, reading(reader_of_job(job)):
        done = export(_release(release), folder, lambda now, total: _tell(job, now, total))
    return f"{done.objects} objects, {done.points} points"


def _release(name: str) -> Release:
    release = Release.objects.filter(name=name, state=Release.State.PUBLIC).first()
    if release is None:
        raise NothingToExport(f"release={name!r}: there is no such public release; /releases/ lists them")
    return release


def _tell(job: UserJob, done: int, total: int) -> None:
    UserJob.objects.filter(pk=job.pk).update(done=done, total=total)
