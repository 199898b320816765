"""manage.py refcat CATALOG FILE: load a reference catalog from Parquet, CSV or FITS."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from archive.refcats import CATALOGS, BadCatalog, load


class Command(BaseCommand):
    help = "Load stars into a reference catalog that calibration is done against."

    def add_arguments(self, parser):
        parser.add_argument("catalog", choices=CATALOGS)
        parser.add_argument("file", type=Path)

    def handle(self, *args, catalog, file, **options):
        try:
            count = load(catalog, file)
        except BadCatalog as error:
            raise CommandError(f"{file}: {error}") from error
        self.stdout.write(f"{catalog}: {count} sources")
