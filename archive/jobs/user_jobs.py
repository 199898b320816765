"""The life of a user job: ordered, carried out by the queue, ended with a result or with the reason why not."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db import OperationalError, connections, transaction
from django.db.models import F, Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ
from django_q.signals import post_spawn
from django_q.tasks import async_task

from archive.access import audit
from archive.files.storage import DamagedFileError
from archive.jobs import attempts, quotas, turns, worker_locks
from archive.models import ProductFile, QueryJob, UserJob
from archive.models.phases import ENDED, WAITING

log = structlog.get_logger("archive.jobs.user_jobs")
SAME_FOR = timedelta(minutes=10)
NEXT = "archive.jobs.user_jobs.take_turn"
LOST_AFTER = 3600.0  # s, after which a file of no job is removed
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NEXT = """
SELECT j.id FROM archive_userjob AS j CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM archive_userjob AS r WHERE r.phase = 'EXECUTING' AND r.asker = j.asker
) AS running
WHERE j.phase = 'QUEUED' AND (running.n < %s OR j.asker = '') ORDER BY running.n, j.created LIMIT 1
"""


def submit(
    kind: str, function: str, parameters: Mapping, user=None, programs: Collection[int] = (), once: bool = False
) -> UserJob:
    """Order a job that `function` (dotted name, given the job's id) carries out; one without account has no owner.

    Job row and queue row are written in one transaction. Who orders the same again while it waits, or shortly after it
    was made, is given the job that there is, unless the archive changed since.

    once : whether the job is not begun again when its worker died

    Raises
    ------
    archive.jobs.quotas.QuotaExceededError
    """
    values = _values(kind, parameters, user, programs)
    if not once and (same := _same(values)) is not None:
        return same
    return _submit([values], function, once)[0]


def submit_all(
    kind: str, function: str, orders: Sequence[Mapping], user=None, programs: Collection[int] = ()
) -> list[UserJob]:
    """Order many jobs of a kind at once, one for each mapping of parameters; all of them, or none.

    Raises
    ------
    archive.jobs.quotas.QuotaExceededError
    """
    common = _values(kind, {}, user, programs)
    return _submit([common | {"parameters": dict(parameters)} for parameters in orders], function, once=False)


def _values(kind: str, parameters: Mapping, user, programs: Collection[int]) -> dict:
    owner = user if user is not None and user.is_authenticated else None
    return {
        "kind": kind, "owner": owner, "parameters": dict(parameters), "programs": sorted(programs),
        "made_of": _archive_now(),
    }  # fmt: skip


def _submit(orders: Sequence[Mapping], function: str, once: bool) -> list[UserJob]:
    kind, asker = orders[0]["kind"], quotas.asker_of(orders[0]["owner"])
    with quotas.admission(asker, kind, len(orders)):
        jobs = [UserJob.objects.create(function=function, once=once, asker=asker, **values) for values in orders]
        for job in jobs:
            async_task(NEXT, task_name=f"{kind} {job.pk}")
    return jobs


def _same(values: Mapping) -> UserJob | None:
    """The job of the same order that waits, or whose result is still what it would be if it were made now."""
    recent = timezone.now() - SAME_FOR
    alike = UserJob.objects.filter(**values).filter(
        Q(phase__in=WAITING) | Q(phase=UserJob.Phase.COMPLETED, ended__gte=recent)
    )
    return alike.order_by("-created").first()


def _archive_now() -> str:
    """A text that differs once rights were changed, or a file was added, or replaced, or registered again.

    It is compared, not set against a job's time: a file's row may be written before a job is ordered and be committed
    after it.
    """
    files = ProductFile.objects.using("default")
    newest = files.order_by("-pk").values_list("pk", flat=True).first()
    changed = files.order_by("-changed").values_list("changed", flat=True).first()
    return f"rights {audit.epoch()}, file {newest or 0}, changed {changed.isoformat() if changed else 'never'}"


def take_turn() -> None:
    """Carry out the job whose turn it is: of those who have the fewest running, the one that waits longest.

    It is long work; when no place is free, whoever leaves one calls the next job.
    """
    with turns.turn() as turn:
        job = _next_job() if turn.long else None
        if job is None:
            return
        turn.used = True
        function = _function_of(job)
        if function is not None:
            function(str(job.pk))


def _function_of(job: UserJob) -> Callable[[str], None] | None:
    """The function that carries a job out; None where this version of the archive has it no more, which ends the job.

    Otherwise it would be the next one again and again, and nobody else's turn would come.
    """
    try:
        return import_string(job.function)
    except ImportError as error:
        log.error("job of a kind that is not known", job=str(job.pk), kind=job.kind, reason=str(error))
        told = "this archive does not know how to carry it out any more; order it again"
        waiting = UserJob.objects.filter(pk=job.pk, phase=UserJob.Phase.QUEUED)
        waiting.update(phase=UserJob.Phase.ERROR, message=told, ended=timezone.now())
        return None


def _next_job() -> UserJob | None:
    with connections["default"].cursor() as cursor:
        cursor.execute(_NEXT, [settings.JOBS_AT_ONCE])
        found = cursor.fetchone()
    return UserJob.objects.get(pk=found[0]) if found else None


def forget_old() -> int:
    """Remove jobs that ended long ago, with their results; returns how many.

    Results lie in JOB_ROOT or a folder of it, under names that begin with the job's id.
    """
    limit = timezone.now() - timedelta(days=settings.JOB_KEEP_DAYS)
    old = list(UserJob.objects.filter(phase__in=ENDED, ended__lt=limit).values_list("pk", flat=True))
    for pk in old:
        _remove_files(pk)
        UserJob.objects.filter(pk=pk).delete()
    return len(old)


def carry_out(job_id: str, work: Callable[[UserJob], str | None], refusals: tuple[type[Exception], ...]) -> None:
    """Do a job's work and say how it ended. What has ended, or runs elsewhere, is not done again.

    `work` may return a message for people, or end the job itself. One of `refusals` ends the job as an error with its
    text; after anything else the job was interrupted, and the exception is the queue's to see.
    """
    ended_by: tuple[type[Exception], ...] = (*refusals, quotas.QuotaExceededError, DamagedFileError)
    with worker_locks.working(UUID(str(job_id))) as mine:
        job = _begin(job_id) if mine else None
        if job is None:
            return
        try:
            message = work(job) or ""
            quotas.check_room(job.asker, _size(job.pk))
            _end(job, UserJob.Phase.COMPLETED, message)
        except ended_by as reason:
            log.warning("job refused", job=job_id, kind=job.kind, reason=str(reason))
            _remove_files(job.pk)
            _end(job, UserJob.Phase.ERROR, str(reason))
        except BaseException as error:
            if connections["default"].in_atomic_block:  # somebody's larger transaction, which this takes with it
                raise
            interrupted(job, attempts.failure(error))
            raise


def _begin(job_id: str) -> UserJob | None:
    """A job that now runs; None for one that has ended or was removed, or that another worker left."""
    waiting = UserJob.objects.filter(pk=job_id, phase=UserJob.Phase.QUEUED)
    values = {"phase": UserJob.Phase.EXECUTING, "started": timezone.now(), "attempts": F("attempts") + 1}
    if waiting.update(**values):
        return UserJob.objects.get(pk=job_id)
    for job in UserJob.objects.filter(pk=job_id, phase=UserJob.Phase.EXECUTING):
        interrupted(job)
    return None


def _end(job: UserJob, phase: str, message: str) -> None:
    running = UserJob.objects.filter(pk=job.pk, phase=UserJob.Phase.EXECUTING, started=job.started)
    running.update(phase=phase, message=message, ended=timezone.now(), size=_size(job.pk))


def interrupted(job: UserJob, why: str = attempts.DIED) -> None:
    """Say of a job that runs nowhere that it was interrupted; what may begin again waits for that."""
    log.warning("job interrupted", job=str(job.pk), kind=job.kind, attempts=job.attempts, reason=why)
    again = attempts.begins_again(job.attempts, job.once)
    if again:
        told = f"interrupted: {why} before it was done; it begins again ({job.attempts + 1} of {attempts.ATTEMPTS})"
        values = {"phase": UserJob.Phase.QUEUED, "message": told}
    else:
        told = f"interrupted: {why} before it was done, and nothing of it counts; order it again"
        values = {"phase": UserJob.Phase.ERROR, "message": told, "ended": timezone.now()}
    with transaction.atomic():
        running = UserJob.objects.filter(pk=job.pk, phase=UserJob.Phase.EXECUTING, started=job.started)
        if not running.update(**values):
            return
        if again:
            async_task(NEXT, task_name=f"{job.kind} {job.pk}")
        else:
            transaction.on_commit(partial(_remove_files, job.pk))


def recover_orphans() -> int:
    """Begin the jobs of no living worker again, or end them; returns how many there were. Runs every minute."""
    found = 0
    for job in UserJob.objects.filter(phase=UserJob.Phase.EXECUTING):
        with transaction.atomic():
            if worker_locks.is_left(job.pk):
                interrupted(job)
                found += 1
    if not OrmQ.objects.exists() and _next_job() is not None:  # whatever became of the queue's own row
        async_task(NEXT, task_name="next job")
    return found


@receiver(post_spawn)
def recover_at_the_start(sender, proc_name: str, **kwargs) -> None:
    """Recovery when the queue starts: what ran before runs no more. Every process of the queue comes here."""
    try:
        recover_orphans()
    except OperationalError as error:  # the schedule looks again, every minute
        log.warning("interrupted jobs were not looked for", reason=str(error))
    connections.close_all()


@receiver(post_delete, sender=UserJob)
def remove_files(sender, instance: UserJob, **kwargs) -> None:
    """However a job's row goes, also with its owner's account, its result goes once that is certain."""
    transaction.on_commit(partial(_remove_files, instance.pk))


def sweep() -> int:
    """Remove results of jobs that no row knows any more, however that came; returns how many.

    What is younger than an hour may be of a job whose row is being written.
    """
    latest, removed = time.time() - LOST_AFTER, 0
    known = {str(pk) for model in (UserJob, QueryJob) for pk in model.objects.values_list("pk", flat=True)}
    for path in (*settings.JOB_ROOT.glob("*"), *settings.JOB_ROOT.glob("*/*")):
        name = _ID.match(path.name)
        if name and name[0] not in known and path.lstat().st_mtime < latest:
            log.warning("result of no job removed", path=str(path))
            _remove(path)
            removed += 1
    return removed


def _remove_files(pk: UUID) -> None:
    for path in _files(pk):
        _remove(path)


def _files(pk: UUID) -> list[Path]:
    return [*settings.JOB_ROOT.glob(f"{pk}*"), *settings.JOB_ROOT.glob(f"*/{pk}*")]


def _size(pk: UUID) -> int:
    """Bytes of a job's result on disk."""
    found = [one for path in _files(pk) for one in ([path] if path.is_file() else path.rglob("*")) if one.is_file()]
    return sum(one.stat().st_size for one in found)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
