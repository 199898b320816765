"""Orders of actions on releases, and workers that are killed while they carry one out.

Workers are real processes (forked without a connection), killed with SIGKILL at each of their steps.
"""

import os
import signal
import time
from datetime import date

from django.db import connections
from django_q.models import OrmQ

from archive.access.audit import Actor
from archive.files import storage
from archive.jobs import user_jobs
from archive.models import AuditEntry, OwnDate, ProductFile, Release, ScienceImage, UserJob
from archive.products import bundles
from archive.releases import actions, jobs, orders, redating
from tests import factories

NIGHT = date(2020, 9, 24)
ME = Actor("tester")
CLOSED = {"programid": 2, "public_date": None}


def new_release() -> Release:
    image = factories.science_image(factories.exposure(**CLOSED))
    path = f"sci/test/{image.pid}_orders.fits"
    with storage.new_file(path) as temporary:
        temporary.write_bytes(b"pixels")
    stored = storage.stored(path)
    factories.product_file(path=path, product_id=image.pid, size=stored.size, sha256=stored.sha256, **CLOSED)
    made = Release.objects.create(name="dr1", title="One", first_night=NIGHT, last_night=NIGHT, families=["sci"])
    made.programs.set([2])
    return made


def clear() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("TRUNCATE archive_release, archive_owndate, archive_productfile, archive_exposure CASCADE")
    UserJob.objects.all().delete()
    OrmQ.objects.all().delete()


class Killed:
    """A worker that begins with a job and is killed at its n-th step; `ended` if it came to its end before."""

    def __init__(self, run, job_id: str, step: int):
        connections.close_all()
        reads, writes = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reads)
            self._work(run, job_id, step, writes)
        os.close(writes)
        with os.fdopen(reads, "rb") as pipe:
            self.ended = pipe.read(1) == b""
        if not self.ended:
            os.kill(self.pid, signal.SIGKILL)
        status = os.waitpid(self.pid, 0)[1]
        assert not self.ended or status == 0, "the worker failed by itself"
        until(lambda: not working())

    def _work(self, run, job_id: str, step: int, pipe: int) -> None:
        code, count = 1, 0

        def at(*_, **__):
            nonlocal count
            count += 1
            if count == step:
                os.write(pipe, b".")
                time.sleep(600)

        def stops(owner, name: str, before: bool = False) -> None:
            original = getattr(owner, name)

            def wrapped(*arguments, **named):
                if before:
                    at()
                found = original(*arguments, **named)
                if not before:
                    at()
                return found

            setattr(owner, name, wrapped)

        try:
            for where in (True, False):
                stops(user_jobs, "_begin", where)
            stops(jobs._Progress, "__call__")
            stops(actions, "write")
            stops(redating, "_run")
            stops(bundles.ProductFile, "whole")
            stops(orders, "done")  # nothing is committed yet
            for where in (True, False):  # the action's transaction has ended
                stops(user_jobs, "_end", where)
            run(job_id)
            code = 0
        finally:
            os._exit(code)


def working() -> int:
    """Connections to this database besides one's own that are in a transaction or hold a lock on anything."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend' AND (state <> 'idle' OR pid IN "
            "(SELECT pid FROM pg_locks WHERE locktype = 'advisory'))"
        )
        return cursor.fetchone()[0]


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def order(action: str, release: Release, operator) -> UserJob:
    return jobs.order(action, release, operator, Actor(operator.username))


def carried_out(job: UserJob) -> UserJob:
    jobs.run(str(job.pk))
    job.refresh_from_db()
    return job


def everything() -> dict:
    """All that an action might change."""
    return {
        "releases": list(Release.objects.using("default").values()),
        "images": list(ScienceImage.objects.using("default").values_list("pk", "public_date")),
        "files": list(ProductFile.objects.using("default").values_list("pk", "public_date")),
        "own dates": list(OwnDate.objects.values_list("relation", "key", "public_date").order_by("relation", "key")),
        "audit": AuditEntry.objects.values_list("pk", flat=True).first(),
    }
