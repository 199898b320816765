"""A job of the asker's, and whether its result is still open to them."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from archive.access.reading import Reader
from archive.jobs import dependencies
from archive.models import QueryJob, UserJob
from archive.products import bundles
from processing.forced import jobs as forced


def job_of(request: HttpRequest, job_id) -> UserJob:
    """A job of this person's, or one that nobody owns: its unguessable id is the key."""
    job = get_object_or_404(UserJob, pk=job_id)
    if job.owner_id is not None and job.owner_id != request.user.pk:
        raise Http404("no such job")
    return job


def result_is_open(job: UserJob | QueryJob, reader: Reader) -> bool:
    """Whether a job has a result that this reader would be given now; asked within `reading(reader)`.

    No page or answer leads to a result of which this does not hold: it says that it is closed in the link's place.
    """
    if job.phase != job.Phase.COMPLETED:
        return False
    if isinstance(job, QueryJob):
        return dependencies.job_is_open(job, reader)
    if job.kind == forced.KIND:
        found = forced.result(job)
        return found is not None and found.open_to_current_reader()
    return job.has_file and bundles.still_open(job, reader)


def result_is_closed(job: UserJob | QueryJob, reader: Reader) -> bool:
    """Whether a job has a result that this reader would not be given any more."""
    has_one = job.phase == job.Phase.COMPLETED and (isinstance(job, QueryJob) or job.has_file)
    return has_one and not result_is_open(job, reader)
