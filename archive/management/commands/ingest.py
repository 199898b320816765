"""manage.py ingest PATH…: take files, or all files of folders, into the archive."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.access.reading import PROGRAMS, PUBLIC
from archive.files import placing
from archive.ingest import RefusedError, Source, door, ingest_each
from archive.models.base import Origin

TOLD = 20  # refusals that are printed


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = (
        "Take raw frames, ZTF products, light curves (Parquet of a data release, matchfiles, tables of points, forced "
        "photometry), alert packets (also tars of them) and metadata tables into the archive. "
        "What is not taken goes into quarantine, and the exit code is 1."
    )

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="+", type=Path, help="files, or folders whose files are all taken")
        parser.add_argument("--origin", choices=Origin.values, default=Origin.OURS, help="who made the files")
        given = parser.add_mutually_exclusive_group()
        given.add_argument(
            "--public",
            action="store_const",
            const=PUBLIC,
            dest="program",
            help="files that name no program are public (a data release's light curves); without it they are closed",
        )
        given.add_argument(
            "--program", type=int, choices=PROGRAMS, help="files that name no program are of this one (1 is public)"
        )
        parser.add_argument(
            "--may-open", action="store_true", help="let these files open what is closed here; without it it stays so"
        )

    def handle(self, *args, paths, origin, program, may_open, **options):
        placing.settle_all()
        placing.sweep()
        source = Source(origin, program=program, may_open=may_open)
        taken: Counter[str] = Counter()
        refused: list[str] = []
        found = door.found(paths)
        for result in tqdm(
            ingest_each(found, source), "taken", len(found), unit="file", disable=not options["verbosity"]
        ):
            if isinstance(result, RefusedError):
                refused.append(str(result))
            else:
                taken[result.family] += result.rows
                refused += result.refused
                for what in result.left_out:
                    self.stderr.write(f"left out: {what}")
        self._report(taken, refused)

    def _report(self, taken: Counter, refused: list[str]) -> None:
        for reason in refused[:TOLD]:
            self.stderr.write(f"refused: {reason}")
        if len(refused) > TOLD:
            self.stderr.write(f"… and {len(refused) - TOLD} more: manage.py quarantine")
        summary = ", ".join(f"{count} {family}" for family, count in sorted(taken.items())) or "nothing"
        self.stdout.write(f"taken: {summary}; refused: {len(refused)}")
        if refused:
            raise CommandError(f"{len(refused)} files were not taken; manage.py quarantine tells which and why")
