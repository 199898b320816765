"""Bundles: many files of the archive as one tar, made as a user job with progress."""

from __future__ import annotations

import csv
import io
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath

from django.conf import settings

from archive.access.memberships import reader_of_job
from archive.access.reading import Reader, reading
from archive.files.atomic import whole_file
from archive.jobs import dependencies, quotas, user_jobs
from archive.models import ProductFile, UserJob
from archive.products import files as products
from archive.search import query as search

LARGEST_BUNDLE = 20 * 1024**3  # bytes
UNCHOSEN = ("family", "order", "page", "page_size", "format", "centred", "intersect", "origin")
"""Parts of a search that choose nothing by themselves."""


class BundleRefusedError(ValueError):
    """A bundle that is not made; the message says why."""


def order(query: dict, reader: Reader, user=None) -> UserJob:
    """Ask for a bundle of all files of the images that answer a query.

    The job has the rights that its owner has now, and loses what they lose.

    Raises
    ------
    archive.search.query.BadQueryError, BundleRefusedError, archive.jobs.quotas.QuotaExceededError
    """
    search.query_of(query)
    if not any(search.was_given(value) for name, value in query.items() if name not in UNCHOSEN):
        raise BundleRefusedError("the search is empty: say which images, for example a position, a field or a night")
    return user_jobs.submit("bundle", "archive.products.bundles.make", query, user, reader.programs)


def make(job_id: str) -> None:
    """Write the tar of a job; started by the queue. Running it again gives the same file once."""
    user_jobs.carry_out(job_id, _make, (BundleRefusedError, search.BadQueryError, OSError))


def _make(job: UserJob) -> None:
    with reading(reader_of_job(job)):
        files = files_of(job.parameters)
    _write(job, files)


def result_path(job: UserJob) -> Path:
    """The path of a finished bundle."""
    return settings.JOB_ROOT / f"{job.pk}.tar"


def _result_file(job: UserJob) -> AbstractContextManager[Path]:
    """A temporary file that becomes a job's result; by its name it is known as that job's."""
    path = result_path(job)
    return whole_file(path, path.with_suffix(".part"))


@contextmanager
def folder_as_result(job: UserJob, name: str) -> Iterator[Path]:
    """A folder (not yet there) to be filled; when the block ends, its files are the job's result as a tar.

    They stand below `name` in the tar, or at its top. What an interrupted run left is removed first; nothing is left
    of one that fails.
    """
    folder = result_path(job).with_suffix(".folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        yield folder
        with _result_file(job) as temporary, tarfile.open(temporary, "w") as tar:
            for path in sorted(folder.iterdir()):
                tar.add(path, arcname=str(PurePosixPath(name, path.name)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def still_open(job: UserJob, reader: Reader) -> bool:
    """Whether the reader may still see all that a finished job's file holds: rights may have ended since.

    Asked within `reading(reader)`. A bundle names its files; other kinds note what they rest on.
    """
    if job.kind == "bundle":
        with tarfile.open(result_path(job)) as tar:
            first = tar.next()
            listing = tar.extractfile(first) if first is not None else None
            assert listing is not None
            lines = io.TextIOWrapper(listing, encoding="utf-8", newline="")
            paths = [row["path"] for row in csv.DictReader(lines)]
        return ProductFile.objects.filter(path__in=paths).count() == len(paths)
    return dependencies.job_is_open(job, reader)


def files_of(parameters: dict) -> list[ProductFile]:
    """The files of all images that answer a query, as far as the reader of the context may see them."""
    return products.files_of(search.query_of(parameters))


def _write(job: UserJob, files: list[ProductFile]) -> None:
    total = sum(file.size for file in files)
    if not files:
        raise BundleRefusedError("no files of this search are open to you")
    if total > LARGEST_BUNDLE:
        raise BundleRefusedError(f"{total} bytes: a bundle holds at most {LARGEST_BUNDLE}; narrow the search")
    quotas.check_room(job.asker, total)
    UserJob.objects.filter(pk=job.pk).update(total=total)
    done = 0
    with _result_file(job) as temporary, tarfile.open(temporary, "w") as tar:
        _add_manifest(tar, files)
        for file in files:
            tar.add(file.whole(), arcname=file.path, recursive=False)
            done += file.size
            UserJob.objects.filter(pk=job.pk).update(done=done)


def _add_manifest(tar: tarfile.TarFile, files: list[ProductFile]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "bytes", "sha256"])
    writer.writerows([file.path, file.size, file.sha256] for file in files)
    content = text.getvalue().encode()
    entry = tarfile.TarInfo("manifest.csv")
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
