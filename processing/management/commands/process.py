"""manage.py process NIGHT…: plan the jobs of nights, hand them to the workers, wait until all have ended."""

from __future__ import annotations

import time
from collections import Counter

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from tqdm import tqdm

from archive.models import Exposure
from archive.survey.identifiers import date_of_nid
from processing.executive.plan import PlanConfig, plan_night
from processing.executive.tasks import send_ready
from processing.models import Job

POLL_SECONDS = 0.5


class Command(BaseCommand):
    help = "Process nights whose raw files were taken in; without a night: all of them."

    def add_arguments(self, parser):
        parser.add_argument("nights", nargs="*", type=int, help="night identifiers (nid)")
        parser.add_argument("--reference-frames", type=int, default=PlanConfig.reference_frames)
        parser.add_argument("--no-wait", action="store_true", help="only plan and send")

    def handle(self, *args, nights, reference_frames, no_wait, **options):
        known = list(Exposure.objects.filter(origin="ours").values_list("nid", flat=True).distinct().order_by("nid"))
        unknown = set(nights) - set(known)
        if unknown:
            raise CommandError(f"no raw files of night {sorted(unknown)}; there are {known}")
        config = PlanConfig(reference_frames=reference_frames)
        for nid in nights or known:
            made = plan_night(nid, config)
            self.stdout.write(f"night {date_of_nid(nid):%Y-%m-%d} ({nid}): {len(made)} new jobs")
        send_ready()
        if not no_wait:
            self._wait(nights or known, quiet=options["verbosity"] == 0)

    def _wait(self, nights: list[int], quiet: bool) -> None:
        jobs = Job.objects.filter(nid__in=nights)
        with tqdm(total=jobs.count(), unit="job", disable=quiet) as bar:
            while True:
                states = Counter(dict(jobs.order_by().values_list("state").annotate(Count("pk"))))
                bar.n = sum(states[state] for state in Job.ENDED)
                running = jobs.filter(state=Job.State.RUNNING).values_list("pipeline", flat=True).distinct()
                bar.set_postfix_str(", ".join(sorted(running)))
                if not any(states[state] for state in Job.OPEN):
                    break
                time.sleep(POLL_SECONDS)
        summary = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        self.stdout.write(f"jobs: {summary}")
        for job in jobs.filter(state__in=(Job.State.FAILED, Job.State.QUARANTINED))[:20]:
            self.stderr.write(f"{job.state} {job}: {job.reason}")
