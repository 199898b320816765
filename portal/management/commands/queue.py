"""The queue of user jobs, as django-q's qcluster; what jobs use is loaded once, before workers are forked."""

from __future__ import annotations

from django_q.management.commands import qcluster

from portal.warm import load_jobs


class Command(qcluster.Command):
    help = "Run the queue of user jobs (qcluster) with everything loaded that a job may need"

    def handle(self, *args, **options) -> None:
        load_jobs()
        super().handle(*args, **options)
