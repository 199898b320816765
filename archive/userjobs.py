"""The life of a user job: ordered, carried out by the queue, ended with a result or with the reason why not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from archive.models import UserJob

log = structlog.get_logger("archive.userjobs")
ENDED = (UserJob.Phase.COMPLETED, UserJob.Phase.ERROR)


def place(kind: str, function: str, parameters: Mapping, user=None, programs: Collection[int] = ()) -> UserJob:
    """Order a job that `function` (dotted name, given the job's id) carries out; one without account has no owner.

    Job row and queue row are written in one transaction.
    """
    owner = user if user is not None and user.is_authenticated else None
    with transaction.atomic():
        job = UserJob.objects.create(kind=kind, owner=owner, parameters=dict(parameters), programs=sorted(programs))
        async_task(function, str(job.pk), task_name=f"{kind} {job.pk}")
    return job


def forget_old() -> int:
    """Remove jobs that ended long ago, with their results; returns how many.

    Results lie in JOB_ROOT or a folder of it, under names that begin with the job's id.
    """
    limit = timezone.now() - timedelta(days=settings.JOB_KEEP_DAYS)
    old = list(UserJob.objects.filter(phase__in=ENDED, ended__lt=limit).values_list("pk", flat=True))
    for pk in old:
        for path in (*settings.JOB_ROOT.glob(f"{pk}*"), *settings.JOB_ROOT.glob(f"*/{pk}*")):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        UserJob.objects.filter(pk=pk).delete()
    return len(old)


def carry_out(job_id: str, work: Callable[[UserJob], str | None], refusals: tuple[type[Exception], ...]) -> None:
    """Do a job's work and say how it ended; what has ended is not done again.

    `work` may return a message for people. One of `refusals` ends the job as an error with its text; anything else is
    the queue's to see.
    """
    job = UserJob.objects.get(pk=job_id)
    if job.phase in ENDED:
        return
    job.phase, job.started = UserJob.Phase.EXECUTING, timezone.now()
    job.save(update_fields=["phase", "started"])
    try:
        job.message = work(job) or ""
    except refusals as reason:
        log.warning("job refused", job=job_id, kind=job.kind, reason=str(reason))
        job.phase, job.message = UserJob.Phase.ERROR, str(reason)
    else:
        job.phase = UserJob.Phase.COMPLETED
    job.ended = timezone.now()
    job.save(update_fields=["phase", "message", "ended"])
