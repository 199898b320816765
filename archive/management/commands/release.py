"""manage.py release ACTION NAME: releases as the admin pages have them."""

from datetime import date

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.text import capfirst

from archive.access.audit import Actor, record
from archive.models import Family, Program, Release
from archive.releases import BadReleaseError, FilesNotWholeError, freeze, manifest, preview, publish, withdraw


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Create, preview, freeze, publish or withdraw a release, or write its manifest."

    def add_arguments(self, parser):
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="a draft")
        create.add_argument("name")
        create.add_argument("--title", default="")
        create.add_argument("--programs", type=int, nargs="+", required=True)
        create.add_argument("--nights", type=date.fromisoformat, nargs=2, required=True, metavar=("FIRST", "LAST"))
        create.add_argument("--families", nargs="+", choices=Family.values, default=list(Family.values))
        create.add_argument("--rejected-bits", type=int, default=0)
        create.add_argument("--largest-seeing", type=float, help="arcsec")
        create.add_argument("--least-maglimit", type=float, help="mag")
        create.add_argument("--listed", action="store_true", help="list the images that it does not open")
        for name, text in {
            "preview": "what publishing would change",
            "freeze": "fix what it holds; its files are read and compared with their checksums",
            "publish": "open it to everybody",
            "withdraw": "take the publication back",
            "manifest": "its files, as CSV on the standard output",
        }.items():
            actions.add_parser(name, help=text).add_argument("name")

    def handle(self, *args, action, name, **options):
        try:
            if action == "create":
                return self.create(name, options)
            release = Release.objects.get(name=name)
            return getattr(self, action)(release)
        except Release.DoesNotExist:
            known = ", ".join(Release.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"name={name!r}: there is no such release; there are: {known}") from None
        except (BadReleaseError, FilesNotWholeError) as reason:
            raise CommandError(str(reason)) from reason
        except ValidationError as reason:
            raise CommandError("; ".join(reason.messages)) from reason

    def create(self, name, options):
        known = set(Program.objects.values_list("pk", flat=True))
        if unknown := set(options["programs"]) - known:
            raise CommandError(f"programs={sorted(unknown)}: there are {sorted(known)}")
        first, last = options["nights"]
        cuts = {key: options[key] for key in ("families", "rejected_bits", "largest_seeing", "least_maglimit")}
        title = options["title"] or capfirst(name)
        listed = options["listed"]
        release = Release(name=name, title=title, first_night=first, last_night=last, listed=listed, **cuts)
        release.full_clean()
        release.save(force_insert=True)
        release.programs.set(options["programs"])
        record("release.create", name, Actor.on_this_machine(), after={"programs": options["programs"]})
        self.stdout.write(f"{name}: a draft of programs {options['programs']}, {first} to {last}")

    def preview(self, release):
        found = preview(release, mapped=0)
        self.stdout.write(f"{release.name} ({release.state}) holds {found.files} files, {found.size} bytes")
        self.stdout.write(f"publishing would open {found.opened_files} files, {found.opened_size} bytes, and rows:")
        self.tell(found.opened)

    def freeze(self, release):
        done = freeze(release, Actor.on_this_machine())
        self.stdout.write(f"{release.name} is frozen; manifest SHA-256 {done.manifest_sha256}")

    def publish(self, release):
        self.tell(publish(release, Actor.on_this_machine()))

    def withdraw(self, release):
        self.tell(withdraw(release, Actor.on_this_machine()))

    def manifest(self, release):
        for piece in manifest.as_csv(release):
            self.stdout.write(piece.decode(), ending="")

    def tell(self, counts):
        for table, count in counts.items():
            self.stdout.write(f"{count:>12} {table}")
