"""manage.py lightcurves ACTION: pack the settled nights of light curves, or export a release as HATS Parquet."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.access import Reader, reading
from archive.models import Release
from lightcurves import chunks, hot
from lightcurves.export import NothingToExport, export


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Compact light curves, or export those of a release."

    def add_arguments(self, parser):
        actions = parser.add_subparsers(dest="action", required=True)
        compact = actions.add_parser("compact", help="move the points of nights into packed chunks")
        compact.add_argument("--last-night", type=int, required=True, metavar="NID", help="night number, included")
        write = actions.add_parser("export", help="write a release's light curves as a HATS catalog")
        write.add_argument("release")
        write.add_argument("folder", type=Path)
        write.add_argument(
            "--programs", type=int, nargs="*", default=[], help="whose unreleased points go in besides public ones"
        )

    def handle(self, *args, action, **options):
        getattr(self, action)(options)

    def compact(self, options):
        last, points = options["last_night"], 0
        for place in tqdm(chunks.places(last), unit="place", disable=None):
            points += chunks.pack_place(place, last)["points"]
        nights = hot.drop_empty(last)
        self.stdout.write(f"{points} points packed, {len(nights)} nights empty and dropped")

    def export(self, options):
        release = Release.objects.filter(name=options["release"]).first()
        if release is None:
            known = ", ".join(Release.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"release={options['release']!r}: there is no such release; there are: {known}")
        try:
            with reading(Reader(frozenset(options["programs"]))), tqdm(unit="object", disable=None) as bar:
                done = export(release, options["folder"].resolve(), lambda now, total: self._tell(bar, now, total))
        except (NothingToExport, FileExistsError, ValueError) as reason:
            raise CommandError(str(reason)) from reason
        self.stdout.write(f"{done.objects} objects, {done.points} points, {done.files} files, {done.size} bytes")

    @staticmethod
    def _tell(bar, now: int, total: int) -> None:
        bar.total = total
        bar.update(now - bar.n)
