"""manage.py lightcurves ACTION: pack the settled nights of light curves, export a release as Parquet, write the files
of a release that are served, write the matchfiles of a place, or forget what came of it as files.
"""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.access.reading import Reader, reading
from archive.models import Release
from archive.survey.camera import FILTER_BY_CODE
from archive.survey.identifiers import make_oid
from lightcurves.download import served
from lightcurves.download.editions import EDITIONS, HATS, export
from lightcurves.download.matchfiles import NoMatchfileError, Place
from lightcurves.download.matchfiles import write as write_matchfile
from lightcurves.hats.released import NothingToExportError
from lightcurves.storage import chunks, recent
from lightcurves.told.taking import OBJECTS_OF_PLACE, forget_place


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Compact light curves, export or serve those of a release, write matchfiles, forget what came as files."

    def add_arguments(self, parser):
        actions = parser.add_subparsers(dest="action", required=True)
        compact = actions.add_parser("compact", help="move the points of nights into packed chunks")
        compact.add_argument("--last-night", type=int, required=True, metavar="NID", help="night number, included")
        write = actions.add_parser("export", help="write a release's light curves as Parquet")
        write.add_argument("release")
        write.add_argument("folder", type=Path)
        write.add_argument(
            "--edition", choices=EDITIONS, default=HATS, help="; ".join(f"{k}: {v}" for k, v in EDITIONS.items())
        )
        write.add_argument(
            "--programs", type=int, nargs="*", default=[], help="whose unreleased points go in besides public ones"
        )
        files = actions.add_parser("files", help="write, or renew, the served files of a public release")
        files.add_argument("release")
        match = actions.add_parser("matchfile", help="write a matchfile (HDF5) for each filter of a field's quadrant")
        for name in ("field", "ccdid", "qid"):
            match.add_argument(name, type=int)
        match.add_argument("folder", type=Path)
        match.add_argument("--filter", nargs="*", default=["zg", "zr", "zi"], choices=["zg", "zr", "zi"])
        match.add_argument(
            "--programs", type=int, nargs="*", default=[], help="whose unreleased points go in besides public ones"
        )

        forget = actions.add_parser("forget", help="take out the light curves of a field's quadrant that came as files")
        for name in ("field", "ccdid", "qid"):
            forget.add_argument(name, type=int)
        forget.add_argument("--filter", nargs="*", default=["zg", "zr", "zi"], choices=["zg", "zr", "zi"])

    def handle(self, *args, action, **options):
        getattr(self, action)(options)

    def compact(self, options):
        last, points = options["last_night"], 0
        for place in tqdm(chunks.places(last), unit="place", disable=None):
            points += chunks.pack_place(place, last)["points"]
        nights = recent.drop_empty(last)
        self.stdout.write(f"{points} points packed, {len(nights)} nights empty and dropped")

    def export(self, options):
        release = Release.objects.filter(name=options["release"]).first()
        if release is None:
            known = ", ".join(Release.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"release={options['release']!r}: there is no such release; there are: {known}")
        try:
            with reading(Reader(frozenset(options["programs"]))), tqdm(unit="object", disable=None) as bar:
                folder, edition = options["folder"].resolve(), options["edition"]
                done = export(release, folder, edition, lambda now, total: self._tell(bar, now, total))
        except (NothingToExportError, FileExistsError, ValueError) as reason:
            raise CommandError(str(reason)) from reason
        self.stdout.write(f"{done.objects} objects, {done.points} points, {done.files} files, {done.size} bytes")

    def files(self, options):
        try:
            with tqdm(unit="object", disable=None) as bar:
                found = served.write(options["release"], lambda now, total: self._tell(bar, now, total))
        except (NothingToExportError, served.NotServedError) as reason:
            raise CommandError(str(reason)) from reason
        for kind, one in found.items():
            self.stdout.write(
                f"{kind}: {one.objects} objects, {one.points} points, {one.files} files, {one.size} bytes"
            )

    def forget(self, options):
        count = 0
        for code in options["filter"]:
            oid = make_oid(options["field"], FILTER_BY_CODE[code].fid, options["ccdid"], options["qid"], 0)
            count += forget_place(oid // OBJECTS_OF_PLACE)
        self.stdout.write(f"{count} objects forgotten")

    def matchfile(self, options):
        options["folder"].mkdir(parents=True, exist_ok=True)
        for code in options["filter"]:
            place = Place(options["field"], options["ccdid"], options["qid"], FILTER_BY_CODE[code].fid)
            path = options["folder"].resolve() / place.name
            try:
                with reading(Reader(frozenset(options["programs"]))), tqdm(unit="object", disable=None) as bar:
                    done = write_matchfile(place, path, lambda now, total: self._tell(bar, now, total))
            except (NoMatchfileError, ValueError) as reason:
                self.stderr.write(str(reason))
                continue
            self.stdout.write(f"{path.name}: {done.exposures} exposures, {done.objects} objects, {done.points} points")

    @staticmethod
    def _tell(bar, now: int, total: int) -> None:
        bar.total = total
        bar.update(now - bar.n)
