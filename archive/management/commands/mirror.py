"""manage.py mirror: fetch metadata, files and light curves from an IRSA-compatible server."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.given.times import moment
from archive.ingest.keepers import NoKeeperError
from archive.ingest.mirror.http import RateLimit, credentials
from archive.ingest.mirror.journal import AlreadyRunningError, Journal
from archive.ingest.mirror.remote import IRSA, Remote
from archive.ingest.mirror.request import BadMirrorRequestError, MirrorRequest, Quadrant
from archive.ingest.mirror.run import Outcome, Plan, carry_out, plan
from archive.models.base import Origin
from archive.search.name_services import locate
from archive.search.names import NameNotFoundError
from archive.survey.times import julian_date
from archive.targets.lists import read

EPILOG = """Credentials for data that are not public: ZTF_USER and ZTF_PASSWORD, or ZTF_TOKEN, in the environment or in
the file of --credentials (lines such as ZTF_USER=name; readable by you alone). Started again after it was stopped, it
goes on."""


class Command(BaseCommand):
    requires_system_checks = ()  # they would load every page
    help = "Fetch metadata, files and light curves of an IRSA-compatible server into this archive."

    def create_parser(self, *args, **options):
        return super().create_parser(*args, epilog=EPILOG, **options)

    def add_arguments(self, parser):
        place = parser.add_argument_group("where")
        place.add_argument("--position", help='a position or name: "55.06 33.35", "03:40:14 +33:21:00", "M 31"')
        place.add_argument("--list", type=Path, help="positions: text, CSV, VOTable or IPAC table")
        place.add_argument("--radius", type=float, default=0.0, help="deg; without it images that cover the position")
        place.add_argument("--field", type=int, help="a ZTF field; of it all, or:")
        for name in ("ccd", "quadrant"):
            place.add_argument(f"--{name}", type=int)
        place.add_argument("--filter", choices=("zg", "zr", "zi"))
        what = parser.add_argument_group("what")
        what.add_argument("--families", default="sci", help="of sci, ref, raw, cal; with commas (sci)")
        what.add_argument(
            "--suffixes", help="files, with commas, for example sciimg.fits,mskimg.fits; none: metadata only"
        )
        what.add_argument("--where", default="", help="condition on the metadata of sci and raw, in SQL")
        what.add_argument("--since", help="UTC, JD or MJD")
        what.add_argument("--until", help="UTC, JD or MJD")
        what.add_argument("--light-curves", action="store_true", help="of the positions")
        what.add_argument("--curve-radius", type=float, default=2.0, help="arcsec (2)")
        what.add_argument("--collection", default="", help="of light curves, for example ztf_dr24; the newest without")
        how = parser.add_argument_group("how")
        how.add_argument("--server", default=IRSA, help=f"another server than {IRSA}")
        how.add_argument("--credentials", type=Path, help="file with ZTF_USER, ZTF_PASSWORD or ZTF_TOKEN")
        how.add_argument("--cookie", action="store_true", help="sign in by login.do once, not with each request")
        how.add_argument("--origin", choices=Origin.values, default=Origin.ZTF, help="who made what comes (ztf)")
        how.add_argument("--connections", type=int, default=2, choices=range(1, 5))
        how.add_argument("--delay", type=float, default=0.2, help="s between two requests (0.2)")
        how.add_argument("--attempts", type=int, default=6, choices=range(1, 21), help="of a request (6)")
        how.add_argument("--dry-run", action="store_true", help="count rows, files and bytes; fetch and change nothing")

    def handle(self, *args, **options):
        try:
            request = _request(options)
            who = credentials(options["credentials"])
            rate = RateLimit(**{name: options[name] for name in ("connections", "delay", "attempts")})
            remote = Remote(options["server"], who, rate, options["cookie"])
            with Journal(remote.server, request.digest).opened() as journal:
                made = plan(request, remote, journal)
                sizes = made.sizes(remote)
                self._say(made, remote, made.bytes_of(sizes))
                if options["dry_run"]:
                    journal.remove()
                    return
                outcome = self._run(made, made.bytes_of(sizes), request, remote, journal, options)
        except (ValueError, NameNotFoundError, NoKeeperError, AlreadyRunningError, OSError) as error:
            raise CommandError(str(error)) from error
        self._report(outcome)

    def _say(self, made: Plan, remote: Remote, size: int) -> None:
        counts = ", ".join(f"{len(table)} {family}" for family, table in made.rows.items())
        files = f"{len(made.to_fetch)} files to fetch (about {size} bytes), {made.here} here"
        self.stdout.write(f"{remote.server}: {counts or 'no'} rows; {files}")
        if made.ours:
            self.stdout.write(f"{made.ours} files were made here and stay")

    def _run(
        self, made: Plan, size: int, request: MirrorRequest, remote: Remote, journal: Journal, options: dict
    ) -> Outcome:
        outcome = Outcome()
        with tqdm(total=size or None, unit="B", unit_scale=True, disable=options["verbosity"] == 0) as bar:
            for outcome in carry_out(made, request, remote, journal, bar.update, options["origin"]):
                bar.set_postfix(files=sum(outcome.files.values()), of=len(made.to_fetch), refresh=False)
        return outcome

    def _report(self, outcome: Outcome) -> None:
        for what, reasons in (("refused", outcome.refused), ("failed", outcome.failed)):
            for reason in reasons:
                self.stderr.write(f"{what}: {reason}")
        taken = {f"{family} rows": n for family, n in outcome.rows.items()}
        taken |= {f"{family} files": n for family, n in outcome.files.items()}
        taken |= {"points of light curves": outcome.points} if outcome.points else {}
        listed = ", ".join(f"{n} {what}" for what, n in taken.items()) or "nothing"
        self.stdout.write(f"taken in: {listed}; {outcome.received} bytes; not there: {len(outcome.absent)}")
        if outcome.refused or outcome.failed:
            raise CommandError(
                f"{len(outcome.refused)} files refused, {len(outcome.failed)} failed; run it again to try them again"
            )


def _request(options: dict) -> MirrorRequest:
    suffixes = options["suffixes"]
    quadrant = Quadrant(options["field"], options["ccd"], options["quadrant"], options["filter"])
    if options["field"] is None and (options["ccd"] or options["quadrant"] or options["filter"]):
        raise BadMirrorRequestError("ccd, quadrant and filter are parts of a field: give --field too; or use --where")
    return MirrorRequest(
        families=_words(options["families"]),
        suffixes=None if suffixes is None else () if suffixes == "none" else _words(suffixes),
        positions=tuple(_positions(options)),
        radius=options["radius"],
        quadrants=() if options["field"] is None else (quadrant,),
        where=options["where"],
        since=_jd(options["since"]),
        until=_jd(options["until"]),
        light_curves=options["light_curves"],
        curve_radius=options["curve_radius"] / 3600,
        collection=options["collection"],
    )


def _positions(options: dict) -> list[tuple[float, float]]:
    found = []
    if options["position"]:
        place = locate(options["position"])
        if place.ra is None or place.dec is None:
            raise BadMirrorRequestError(f"position={options['position']}: moves; give a position")
        found.append((place.ra, place.dec))
    if options["list"]:
        found += [(one.ra, one.dec) for one in read(options["list"].read_bytes())]
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _jd(text: str | None) -> float | None:
    return None if text is None else julian_date(moment(text))
