"""manage.py demo: the main job end to end, on simulated nights (and real ZTF data, where they are beside us)."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal import demo
from portal.demo.places import places

REAL_DATA = (
    "images",
    "alerts",
    "metadata/irsa_ref_metadata.csv.gz",
    "lightcurves*/*.csv",
    "lightcurves/*.parquet",
    "lightcurves/*.pytable",
    "forcedphot",
)  # in the folder of real data


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Simulate nights, process them into an archive, and say what was made."

    def add_arguments(self, parser):
        parser.add_argument("--nights", type=int, default=demo.PLAN.nights)
        parser.add_argument("--summary", action="store_true", help="only say what there is and where")
        parser.add_argument("--compare", action="store_true", help="fail if there is more here than the demo made")

    def handle(self, *args, nights, summary, compare, **options):
        if compare:
            self._compare()
        elif not summary:
            self._run(nights)
        else:
            self._say()

    def _run(self, nights: int) -> None:
        started = time.monotonic()
        step = self._step
        step("1/6 Sky, telescope and raw frames")
        raw = demo.simulate(nights, settings.VAR / "demo")
        step("2/6 Reference catalogs of that sky")
        demo.load_reference_catalogs(raw)
        step("3/6 Raw frames into the archive")
        call_command("ingest", raw.folder / "raw")
        step("4/6 Processing: calibration, images, references, differences, alerts, light curves")
        call_command("process", reference_frames=demo.REFERENCE_FRAMES)
        step("5/6 Real ZTF data into the same archive")
        self._real_data(Path(os.environ.get("ZTF_REAL_DATA", settings.BASE_DIR.parent / "shared" / "data")))
        step("6/6 A release, and people who sign in")
        demo.publish_first_nights()
        demo.provide_people()
        demo.remember()
        self.stdout.write(f"Done in {time.monotonic() - started:.0f} s.")

    def _real_data(self, folder: Path) -> None:
        present = [part for pattern in REAL_DATA for part in sorted(folder.glob(pattern))]
        if not present:
            self.stdout.write(f"None at {folder}: skipped. ZTF_REAL_DATA names another folder.")
            return
        try:
            call_command("ingest", *present, origin="ztf")
        except CommandError as refused:  # among them are old sample packets, and copies of one candidate
            self.stdout.write(str(refused))

    def _compare(self) -> None:
        if differences := demo.differences():
            raise CommandError("; ".join(differences))

    def _say(self) -> None:
        write = self.stdout.write
        write("\nIn the archive:")
        for name, count in demo.holdings():
            write(f"  {count:>9,} {name}")
        address = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
        write("\nOpen:")
        for name, path in places():
            write(f"  {address}{path:38} {name}")
        write("\nSign in as:")
        for name, password, what in demo.people():
            write(f"  {name:8} {password:24} {what}")
        write(f'\nFrom Python:\n  pyvo.dal.TAPService("{address}/tap").search("SELECT TOP 5 * FROM ztf.ztf_objects")\n')

    def _step(self, text: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"== {text}"))
