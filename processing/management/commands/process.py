"""manage.py process: plan the jobs of nights, hand them to the workers, wait until all have ended."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count
from tqdm import tqdm

from archive.models.versions import CURRENT
from archive.products.versions import BadVersionError
from archive.survey.identifiers import date_of_nid, nid_of_date
from processing.executive import queue, versions
from processing.executive.plan import PlanConfig, Selection, plan_night, plan_version, redo_night
from processing.executive.tasks import send_ready
from processing.models import Job
from processing.pipelines.configure import BadConfigError

POLL_SECONDS = 0.5
FIRST_DATE = 10_000_000  # numbers from here on are dates, smaller ones count nights
REDO_FROM = {"bias": ("bias", "flat", "science"), "flat": ("flat", "science"), "science": ("science",)}


def night(text: str) -> int:
    """A night as YYYYMMDD or as its number (nid)."""
    number = int(text)
    return nid_of_date(datetime.strptime(text, "%Y%m%d").date()) if number >= FIRST_DATE else number  # noqa: DTZ007


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Process nights whose raw files were taken in; without a night: all of them."

    def add_arguments(self, parser):
        parser.add_argument("nights", nargs="*", type=night, help="nights: nid or YYYYMMDD (UT)")
        parser.add_argument("--night", type=night, action="append", default=[], help="as a position; may be repeated")
        for name, what in (
            ("field", "ZTF field"),
            ("ccd", "CCD, 1 to 16"),
            ("quadrant", "quadrant, 1 to 4"),
            ("exposure", "exposure (expid)"),
        ):
            parser.add_argument(f"--{name}", type=int, action="append", default=[], help=f"only this {what}")
        parser.add_argument("--version", dest="version_name", default=CURRENT, help="make this version beside the old")
        parser.add_argument("--config", action="append", default=[], metavar="PIPELINE.FIELD=VALUE")
        parser.add_argument("--config-file", type=Path, help="TOML, one table a pipeline")
        parser.add_argument("--note", default="", help="what a new version is for")
        parser.add_argument("--redo", action="store_true", help="run again what was done, for example with newer flats")
        parser.add_argument("--redo-from", choices=REDO_FROM, default="science", help="first pipeline that is redone")
        parser.add_argument("--reference-frames", type=int, default=PlanConfig.reference_frames)
        parser.add_argument("--no-wait", action="store_true", help="only plan and send")

    def create_parser(self, prog_name, subcommand, **kwargs):
        """Django's own --version would say Django's version; here it names ours."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def handle(self, *args, nights, night, version_name, redo, no_wait, **options):
        selection = _selection(options)
        nights = self._nights({*nights, *night}, selection)
        self._require_config_for_version(version_name, options)
        if version_name == CURRENT:
            config = PlanConfig(reference_frames=options["reference_frames"])
            for nid in nights:
                self._say(nid, f"{len(plan_night(nid, config, selection))} new jobs")
                if redo:
                    count = len(redo_night(nid, REDO_FROM[options["redo_from"]], selection))
                    self._say(nid, f"{count} jobs once more")
        else:
            self._plan_version(nights, version_name, redo, selection, options)
        send_ready()
        if not no_wait:
            self._wait(nights, version_name, quiet=options["verbosity"] == 0)

    def _plan_version(self, nights: list[int], name: str, redo: bool, selection: Selection, options: dict) -> None:
        try:
            overrides = versions.read_overrides(options["config"], options["config_file"])
            version = versions.named(name, overrides, options["note"])
        except (BadConfigError, BadVersionError) as error:
            raise CommandError(str(error)) from error
        for nid in nights:
            jobs = plan_version(nid, version.name, selection)
            again = queue.again(jobs) if redo else []
            self._say(nid, f"{len(jobs)} jobs of version {version.name}, {len(again)} of them once more")

    def _require_config_for_version(self, name: str, options: dict) -> None:
        if name == CURRENT and (options["config"] or options["config_file"] or options["note"]):
            raise CommandError("--config, --config-file and --note need --version NAME: the current version has none")

    def _nights(self, chosen: set[int], selection: Selection) -> list[int]:
        known = selection.nights()
        unknown = chosen - set(known)
        if unknown:
            raise CommandError(f"no raw files of night {sorted(unknown)} that were asked for; there are {known}")
        return [nid for nid in known if not chosen or nid in chosen]

    def _say(self, nid: int, text: str) -> None:
        self.stdout.write(f"night {date_of_nid(nid):%Y-%m-%d} ({nid}): {text}")

    def _wait(self, nights: list[int], version: str, quiet: bool) -> None:
        jobs = Job.objects.filter(nid__in=nights)
        jobs = jobs.filter(key__endswith=f"@{version}") if version != CURRENT else jobs.exclude(key__contains="@")
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


def _selection(options: dict) -> Selection:
    return Selection(
        fields=frozenset(options["field"]),
        ccdids=frozenset(options["ccd"]),
        qids=frozenset(options["quadrant"]),
        expids=frozenset(options["exposure"]),
    )
