"""manage.py release NAME: make a release public, as the admin page does."""

from django.core.management.base import BaseCommand, CommandError

from archive.models import Release
from archive.releases import ReleaseNotDraft, publish


class Command(BaseCommand):
    help = "Open everything a release holds to everybody."

    def add_arguments(self, parser):
        parser.add_argument("name")

    def handle(self, *args, name, **options):
        try:
            opened = publish(Release.objects.get(name=name))
        except Release.DoesNotExist:
            known = ", ".join(Release.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"name={name!r}: there is no such release; there are: {known}") from None
        except ReleaseNotDraft as reason:
            raise CommandError(str(reason)) from reason
        for table, count in opened.items():
            self.stdout.write(f"{count:>9} {table}")
