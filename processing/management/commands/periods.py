"""manage.py periods: search all variable stars of places, or chosen objects, for their periods."""

from __future__ import annotations

import time

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from processing.executive import queue
from processing.executive.plan import Selection
from processing.executive.plan_periods import plan_objects, plan_places
from processing.executive.tasks import send
from processing.models import Job

POLL_SECONDS = 0.5


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Search light curves for periods; without an option: all places that have light curves."

    def add_arguments(self, parser):
        for name, what in (("field", "ZTF field"), ("ccd", "CCD, 1 to 16"), ("quadrant", "quadrant, 1 to 4")):
            parser.add_argument(f"--{name}", type=int, action="append", default=[], help=f"only this {what}")
        parser.add_argument("--object", type=int, action="append", default=[], help="only this object (oid)")
        parser.add_argument("--redo", action="store_true", help="search again what was searched")
        parser.add_argument("--no-wait", action="store_true", help="only plan and send")

    def handle(self, *args, field, ccd, quadrant, redo, no_wait, **options):
        if options["object"]:
            if field or ccd or quadrant:
                raise CommandError("--object: names single objects; leave --field, --ccd and --quadrant out")
            try:
                jobs = [plan_objects(options["object"])]
            except ValueError as error:
                raise CommandError(str(error)) from error
        else:
            jobs = plan_places(Selection(frozenset(field), frozenset(ccd), frozenset(quadrant)))
        if not jobs:
            raise CommandError("no light curves there: process a night of that place first")
        if redo:
            queue.again(jobs)
        ids = [job.pk for job in jobs]
        send(list(Job.objects.filter(pk__in=ids, state=Job.State.READY).values_list("pk", flat=True)))
        if not no_wait:
            self._wait(ids, quiet=options["verbosity"] == 0)

    def _wait(self, ids: list[int], quiet: bool) -> None:
        """Watch the jobs; a running one tells how many stars it has searched."""
        with tqdm(total=len(ids), unit="job", disable=quiet) as bar:
            while True:
                jobs = list(Job.objects.filter(pk__in=ids))
                bar.n = sum(job.state in Job.ENDED for job in jobs)
                stars = [job.measurements for job in jobs if "stars" in job.measurements]
                bar.set_postfix_str(f"{sum(one.get('searched', one['stars']) for one in stars)} stars")
                if bar.n == len(ids):
                    break
                time.sleep(POLL_SECONDS)
        found = sum(job.measurements.get("periods", 0) for job in jobs)
        self.stdout.write(f"{len(jobs)} jobs, {found} periods")
        for job in jobs:
            if job.state != Job.State.DONE:
                self.stderr.write(f"{job.state} {job}: {job.reason}")
