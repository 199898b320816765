"""manage.py ingest PATH…: take files, or all files of folders, into the archive."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from django.core.management.base import BaseCommand
from tqdm import tqdm

from archive.ingest import Refused, take
from archive.models.base import Origin


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Take raw frames, ZTF products, alert packets and metadata tables into the archive."

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="+", type=Path, help="files, or folders whose files are all taken")
        parser.add_argument("--origin", choices=Origin.values, default=Origin.OURS, help="who made the files")

    def handle(self, *args, paths, origin, **options):
        taken, refused = Counter(), []
        for path in tqdm(_science_images_first(paths), unit="file", disable=options["verbosity"] == 0):
            try:
                result = take(path, origin)
                taken[result.family] += result.rows
            except Refused as reason:
                refused.append(str(reason))
        for reason in refused:
            self.stderr.write(f"refused: {reason}")
        summary = ", ".join(f"{count} {family}" for family, count in sorted(taken.items())) or "nothing"
        self.stdout.write(f"taken: {summary}; refused: {len(refused)}")


def _science_images_first(paths: list[Path]) -> list[Path]:
    """All files below the paths, in order of name, science images before the masks and catalogs that need them."""
    files = []
    for path in paths:
        files += sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    return sorted(files, key=lambda file: not file.name.endswith("_sciimg.fits"))
