"""manage.py quarantine: the files that were not taken, and why; removes them when somebody has looked."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from archive.ingest import quarantine
from archive.models import QuarantinedFile


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "List files that were not taken into the archive, or remove them from quarantine."

    def add_arguments(self, parser):
        parser.add_argument("--name", default="", help="only files whose name holds this")
        parser.add_argument("--limit", type=int, default=100, help="rows that are listed (100)")
        parser.add_argument("--remove", nargs="+", type=int, metavar="ID", help="remove these")
        parser.add_argument("--remove-older", type=float, metavar="DAYS", help="remove what was last refused before")

    def handle(self, *args, name, limit, remove, remove_older, **options):
        if remove or remove_older is not None:
            rows = QuarantinedFile.objects.filter(pk__in=remove) if remove else quarantine.older_than(remove_older)
            self.stdout.write(f"removed: {quarantine.remove(list(rows))}")
            return
        if limit < 1:
            raise CommandError(f"limit={limit}: give 1 or more")
        rows = QuarantinedFile.objects.filter(name__icontains=name)
        for row in rows[:limit]:
            self.stdout.write(f"{row.pk}  {row.last_seen:%F %T}  {row.times}x  {row.found_at}\n    {row.reason}")
        self.stdout.write(f"{rows.count()} files in quarantine")
