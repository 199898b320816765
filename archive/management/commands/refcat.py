"""manage.py refcat load|fetch CATALOG …: reference catalogs from files, or from the network."""

from dataclasses import replace
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.ingest.reference_catalogs import servers
from archive.ingest.reference_catalogs.refcats import KINDS, BadCatalogError, load


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Bring stars into a reference catalog that calibration is done against (psc: scores of stars known already)."

    def add_arguments(self, parser):
        actions = parser.add_subparsers(dest="action", required=True)
        files = actions.add_parser("load", help="from Parquet, CSV or FITS files")
        files.add_argument("catalog", choices=KINDS)
        files.add_argument("files", nargs="+", type=Path)
        network = actions.add_parser("fetch", help="from the archives, tile by tile; can be stopped and resumed")
        network.add_argument("catalog", choices=KINDS)
        network.add_argument("--field", type=int, help="all that the camera sees of a ZTF field")
        for name, what in (("ra", "ICRS, deg"), ("dec", "ICRS, deg"), ("radius", "deg")):
            network.add_argument(f"--{name}", type=float, help=what)
        network.add_argument("--limit", type=float, help="faintest magnitude (Gaia G, Pan-STARRS r)")
        network.add_argument("--server", help="another address than the archive's own")
        network.add_argument("--again", action="store_true", help="fetch what is here already too")

    def handle(self, *args, action, catalog, **options):
        if action == "load":
            self._load(catalog, options["files"])
        else:
            self._fetch(catalog, options)

    def _load(self, catalog: str, files: list[Path]) -> None:
        for file in files:
            try:
                done = load(catalog, file)
            except (BadCatalogError, OSError) as error:
                raise CommandError(f"{file}: {error}") from error
            self.stdout.write(f"{catalog}: {done.rows} sources of {file.name}")
            for reason, count in done.left_out.items():
                self.stdout.write(f"    {count} rows left out: {reason}")

    def _fetch(self, catalog: str, options: dict) -> None:
        region = _region(options)
        given = {"limit": options["limit"], "address": options["server"]}
        known = servers.SERVERS[catalog]
        server = replace(known, **{name: value for name, value in given.items() if value is not None})
        try:
            with tqdm(unit="tile", disable=options["verbosity"] == 0) as bar:
                for done, total in servers.fetch(catalog, region, server, again=options["again"]):
                    bar.total, bar.n = total, done
                    bar.refresh()
        except (servers.FetchFailedError, BadCatalogError) as error:
            raise CommandError(str(error)) from error
        except ValueError as error:
            raise CommandError(f"region: {error}") from error
        self.stdout.write(f"{catalog}: {total} tiles of the region are here")


def _region(options: dict) -> tuple[float, float, float]:
    place = [options[name] for name in ("ra", "dec", "radius")]
    if options["field"] is not None and place == [None] * 3:
        try:
            return servers.region_of_field(options["field"])
        except LookupError as error:
            raise CommandError(str(error)) from error
    if options["field"] is None and None not in place:
        return tuple(place)
    raise CommandError("region: give either --field, or --ra, --dec and --radius (deg), for example --field 655")
