"""Celery's tasks. A message carries the id of a job that is ready; PostgreSQL decides whether it still is."""

from __future__ import annotations

import structlog
from celery import shared_task
from celery.signals import worker_init, worker_process_init
from django.utils.module_loading import import_string

from archive.services.hips import sync
from lightcurves.updates import releases
from processing.executive import queue, runners, upkeep, warmup
from processing.executive.products.files import remove_unregistered
from processing.models import Job
from processing.science.errors import ScienceError

log = structlog.get_logger("processing.executive")


@worker_init.connect
def load_runs(**kwargs) -> None:
    """Load every pipeline's run before the worker forks: its processes share them, and a wrong name ends it at once."""
    for name in runners.RUNNERS.values():
        import_string(name)


@worker_process_init.connect
def warm_up(**kwargs) -> None:
    """Compile the kernels before the first job, so that no job pays for it."""
    warmup.warm_up()


@shared_task
def run(job_id: int) -> None:
    """Run one job, and send those that it made ready."""
    job = queue.claim(job_id)
    if job is None:
        return
    with structlog.contextvars.bound_contextvars(job=job.pk, pipeline=job.pipeline, key=job.key):
        try:
            ready = run_claimed(job)
        finally:
            queue.release(job.pk)
    send(ready)


def run_claimed(job: Job) -> list[int]:
    """Run a job that this process has claimed and say how it ended; returns the jobs that it made ready."""
    try:
        outcome = runners.run(job)
        ready = _finish(job, outcome)
    except ScienceError as reason:
        log.warning("quarantined", reason=str(reason))
        return queue.quarantine(job, str(reason), reason.measurements)
    except Exception as error:  # noqa: BLE001 (recorded with the job, tried again, then given up: never lost)
        log.exception("failed")
        return queue.fail(job, f"{type(error).__name__}: {error}")
    log.info("done", seconds=round(sum(outcome.seconds.values()), 2))
    return ready


def _finish(job: Job, outcome: queue.Outcome) -> list[int]:
    """Record a run; files that then nobody knows are removed, so that nothing half made stays in the tree."""
    try:
        return queue.finish(job, outcome)
    except BaseException:
        remove_unregistered(outcome.paths)
        raise


def send(job_ids: list[int]) -> None:
    """Hand ready jobs to the workers; a second message for a job does nothing."""
    for job_id in job_ids:
        run.delay(job_id)


@shared_task
def reconcile() -> None:
    """Bring back what was lost with a worker or the broker: the job rows say what should be running."""
    queue.reap()
    send_ready()


@shared_task
def follow_dates() -> None:
    """Bring in step what depends on public dates that have merely passed."""
    releases.follow_dates()
    sync.follow_dates()


@shared_task
def compact() -> None:
    """Pack the light curves of nights that are settled."""
    send(upkeep.plan_compaction())


def send_ready() -> int:
    """Send every job that is ready; returns how many."""
    ready = list(Job.objects.filter(state=Job.State.READY).order_by("pk").values_list("pk", flat=True))
    send(ready)
    return len(ready)
