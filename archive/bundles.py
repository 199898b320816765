"""Bundles: many files of the archive as one tar, made as a user job with progress."""

from __future__ import annotations

import csv
import io
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from django.conf import settings

from archive import products, search, storage, userjobs
from archive.access import Reader, reading
from archive.members import reader_of_job
from archive.models import AuditEntry, ProductFile, UserJob

LARGEST_BUNDLE = 20 * 1024**3  # bytes


class BundleRefused(ValueError):
    """A bundle that is not made; the message says why."""


def order(query: dict, reader: Reader, user=None) -> UserJob:
    """Ask for a bundle of all files of the images that answer a query.

    The job has the rights that its owner has now, and loses what they lose.

    Raises
    ------
    archive.search.BadQuery, BundleRefused
    """
    search.query_of(query)
    return userjobs.place("bundle", "archive.bundles.make", query, user, reader.programs)


def make(job_id: str) -> None:
    """Write the tar of a job; started by the queue. Running it again gives the same file once."""
    userjobs.carry_out(job_id, _make, (BundleRefused, search.BadQuery, OSError))


def _make(job: UserJob) -> None:
    with reading(reader_of_job(job)):
        files = files_of(job.parameters)
    _write(job, files)


def result_path(job: UserJob) -> Path:
    """Where a finished bundle lies."""
    return settings.JOB_ROOT / f"{job.pk}.tar"


@contextmanager
def folder_as_result(job: UserJob, name: str) -> Iterator[Path]:
    """A folder (not yet there) to be filled; when the block ends, its files are the job's result as a tar.

    They stand below `name` in the tar, or at its top. What an interrupted run left is removed first; nothing is left
    of one that fails.
    """
    path = result_path(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    folder, temporary = path.with_suffix(".folder"), path.with_suffix(".part")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
        with tarfile.open(temporary, "w") as tar:
            for one in sorted(folder.iterdir()):
                tar.add(one, arcname=str(PurePosixPath(name, one.name)))
        temporary.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        temporary.unlink(missing_ok=True)


def still_open(job: UserJob, reader: Reader) -> bool:
    """Whether the reader may still see all that a finished job's file holds: rights may have ended since.

    A bundle names its files. Of other kinds it is only known whose rights they were made with, so that any release
    that was withdrawn since makes them out of date.
    """
    if job.kind == "bundle":
        with tarfile.open(result_path(job)) as tar:
            lines = io.TextIOWrapper(tar.extractfile(tar.next()), encoding="utf-8", newline="")
            paths = [row["path"] for row in csv.DictReader(lines)]
        return ProductFile.objects.filter(path__in=paths).count() == len(paths)
    withdrawn = AuditEntry.objects.filter(action="release.withdraw", moment__gte=job.started)
    return set(job.programs) <= reader.programs and not withdrawn.exists()


def files_of(parameters: dict) -> list[ProductFile]:
    """The files of all images that answer a query, as far as the reader of the context may see them."""
    return products.files_of(search.query_of(parameters))


def _write(job: UserJob, files: list[ProductFile]) -> None:
    total = sum(file.size for file in files)
    if not files:
        raise BundleRefused("no file that you may see answers this query")
    if total > LARGEST_BUNDLE:
        raise BundleRefused(f"{total} bytes: a bundle holds at most {LARGEST_BUNDLE}; narrow the search")
    UserJob.objects.filter(pk=job.pk).update(total=total)
    path = result_path(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    done = 0
    with tarfile.open(temporary, "w") as tar:
        _add_manifest(tar, files)
        for file in files:
            tar.add(storage.absolute(file.path), arcname=file.path, recursive=False)
            done += file.size
            UserJob.objects.filter(pk=job.pk).update(done=done)
    temporary.replace(path)


def _add_manifest(tar: tarfile.TarFile, files: list[ProductFile]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "bytes", "sha256"])
    writer.writerows([file.path, file.size, file.sha256] for file in files)
    content = text.getvalue().encode()
    entry = tarfile.TarInfo("manifest.csv")
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
