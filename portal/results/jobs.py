"""A job of the asker's."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from archive.models import UserJob


def job_of(request: HttpRequest, job_id) -> UserJob:
    """A job of this person's, or one that nobody owns: its unguessable id is the key."""
    job = get_object_or_404(UserJob, pk=job_id)
    if job.owner_id is not None and job.owner_id != request.user.pk:
        raise Http404("no such job")
    return job
