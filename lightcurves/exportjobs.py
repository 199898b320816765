"""Exports that somebody orders: a user job writes the light curves of a public release as one tar of a HATS catalog."""

from __future__ import annotations

import shutil
import tarfile

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
    path = bundles.result_path(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder, temporary = path.with_suffix(".hats"), path.with_suffix(".part")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was interrupted
    try:
        with reading(reader_of_job(job)):
            done = export(_release(job.parameters["release"]), folder, lambda now, total: _tell(job, now, total))
        with tarfile.open(temporary, "w") as tar:
            tar.add(folder, arcname=f"ztf_{job.parameters['release']}_lc")
        temporary.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return f"{done.objects} objects, {done.points} points"


def _release(name: str) -> Release:
    release = Release.objects.filter(name=name, state=Release.State.PUBLIC).first()
    if release is None:
        raise NothingToExport(f"release={name!r}: there is no such public release; /releases/ lists them")
    return release


def _tell(job: UserJob, done: int, total: int) -> None:
    UserJob.objects.filter(pk=job.pk).update(done=done, total=total)
