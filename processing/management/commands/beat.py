"""manage.py beat: the clock of everything that recurs; of all that are started, on whatever machines, one runs."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import Error, connection

log = structlog.get_logger("processing.beat")
BEAT_LOCK = 16  # class of our advisory locks
EVERY = 5.0  # s between two looks
STOP_SECONDS = 15


class Command(BaseCommand):
    help = "Send recurring tasks to the workers; a second one waits until the first has ended."
    requires_system_checks = ()

    def handle(self, *args, **options):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the clock itself ends too
        clock, told = None, False
        try:
            while True:
                if _has_lock():
                    if clock is None:
                        log.info("this is the clock now")
                        clock = _start()
                    elif clock.poll() is not None:
                        raise SystemExit(clock.returncode)
                elif clock is not None:  # the session with the lock is gone: another may tick already
                    _stop(clock)
                    clock = None
                elif not told:
                    log.info("another clock runs; waiting until it has ended")
                    told = True
                time.sleep(EVERY)
        finally:
            if clock is not None:
                _stop(clock)


def _has_lock() -> bool:
    """Whether this process's database session holds the lock; takes it where nobody does."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = 0 "
                "AND pid = pg_backend_pid()) OR pg_try_advisory_lock(%s, 0)",
                [BEAT_LOCK, BEAT_LOCK],
            )
            return cursor.fetchone()[0]
    except Error as error:
        log.warning("the database does not answer", reason=str(error))
        connection.close()
        return False


def _start() -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "portal", "beat", "--loglevel", "INFO", "--pidfile="],
        cwd=settings.BASE_DIR,
    )


def _stop(clock: subprocess.Popen) -> None:
    clock.terminate()
    try:
        clock.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        clock.kill()
        clock.wait()
