"""manage.py hips [FILTER…]: make the HiPS of the references show what is public now."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from archive.services.hips import images, survey
from archive.services.hips.config import FILTERS


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Bring the HiPS of the public references up to date: new, changed, withdrawn ones; only tiles they touch."

    def add_arguments(self, parser):
        parser.add_argument("filters", nargs="*", metavar="FILTER", help="all filters where none is named")

        parser.add_argument(
            "--anew", action="store_true", help="make every tile again, for example when some were lost"
        )

    def handle(self, *args, filters, anew, **options):
        if unknown := set(filters) - set(FILTERS):
            raise CommandError(f"FILTER={' '.join(sorted(unknown))}: use {', '.join(FILTERS)}")
        for filtercode in filters or FILTERS:
            made = survey.refresh(filtercode, anew=anew)
            images.keep(filtercode)
            self.stdout.write(
                f"{filtercode}: {made.references} references changed, {made.tiles} tiles written, "
                f"{made.removed} without data"
            )
