"""A mirror from beginning to end: what is asked for and not here yet is fetched, file by file, and taken in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from archive.ingest import RefusedError, Source, ingest, values
from archive.ingest.door import largest
from archive.ingest.kinds import rows
from archive.ingest.mirror import curves
from archive.ingest.mirror.fetch import Fetched, FetchFailedError, NotThereError, fetch, forget
from archive.ingest.mirror.journal import Journal
from archive.ingest.mirror.remote import Remote, RemoteFailedError
from archive.ingest.mirror.request import AT_ONCE, MirrorRequest, Search
from archive.models import ProductFile, ScienceImage
from archive.models.base import Origin

MOST_FAILURES = 5  # files; then the server is left alone
AHEAD = 2  # files a connection, that wait to be taken in
KEYS = {"sci": "pid", "raw": "meta_id", "ref": "rfid", "cal": "cid"}


@dataclass(frozen=True)
class ListedFile:
    """A file that is to be fetched, and the row of metadata that it belongs to."""

    path: str
    family: str
    row: object

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass
class Plan:
    """The work that a request comes to: rows by family, files to fetch, those that are here, light curves."""

    rows: dict[str, pd.DataFrame] = field(default_factory=dict)
    to_fetch: list[ListedFile] = field(default_factory=list)
    answers: dict[str, tuple[str, pd.DataFrame]] = field(default_factory=dict)  # by the journal's name: family, table
    refused: list[str] = field(default_factory=list)
    here: int = 0
    ours: int = 0

    def sizes(self, remote: Remote) -> dict[tuple[str, str], int | None]:
        """Bytes of one file of each family and kind, as the server tells; with them `bytes_of` estimates the whole."""
        first: dict[tuple[str, str], ListedFile] = {}
        for one in self.to_fetch:
            first.setdefault(_kind(one), one)
        return {kind: remote.size(one.path) for kind, one in first.items()}

    def bytes_of(self, sizes: dict[tuple[str, str], int | None]) -> int:
        """About how many bytes are to be fetched."""
        return sum(sizes.get(_kind(one)) or 0 for one in self.to_fetch)


@dataclass
class Outcome:
    """Rows and files that a mirror took in, by family; files that are not there, refused, or failed, and why."""

    rows: Counter = field(default_factory=Counter)
    files: Counter = field(default_factory=Counter)
    received: int = 0
    points: int = 0
    absent: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def plan(request: MirrorRequest, remote: Remote, journal: Journal) -> Plan:
    """Ask for the metadata, and see what is missing here.

    Raises
    ------
    archive.ingest.mirror.remote.RemoteFailedError
    """
    made = Plan()
    for family in sorted(request.families, key=lambda name: name == "cal"):  # of the images found before
        searches = _of_calibrations(made) if family == "cal" else list(request.searches(family))
        tables = [
            journal.table(f"{family}-{n}", partial(remote.metadata, one.family, one.where, one.place, one.size))
            for n, one in enumerate(searches)
        ]
        made.answers |= {f"{family}-{n}": (family, table) for n, table in enumerate(tables)}
        filled = [table for table in tables if len(table)]
        table = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
        if len(table) and KEYS[family] not in table.columns:
            raise RemoteFailedError(f"{remote.server}: search of {family}: a table without {KEYS[family]} came")
        made.rows[family] = table.drop_duplicates(KEYS[family]) if len(table) else table
    _see_what_is_here(made, request)
    return made


def carry_out(
    made: Plan,
    request: MirrorRequest,
    remote: Remote,
    journal: Journal,
    seen: Callable[[int], None],
    origin: str = Origin.ZTF,
) -> Iterator[Outcome]:
    """Take the rows in, then fetch the files and take each in; gives the outcome after every file.

    Killed, it is started again with the same request: what is here is not fetched again, and a file that was cut off
    goes on.
    """
    outcome = Outcome(refused=list(made.refused))
    for family in ("sci", "raw", "ref", "cal"):
        if len(made.rows.get(family, ())):
            _take_rows(family, made, journal, origin, outcome)
    yield outcome
    for one, result in _fetched(made.to_fetch, remote, journal, seen):
        _take_in(one, result, remote, origin, outcome)
        yield outcome
    if request.light_curves:
        for n, place in enumerate(request.positions):
            try:
                outcome.points += _curves_at(place, n, request, remote, journal, origin)
            except RefusedError as reason:
                outcome.refused.append(str(reason))
            except KeyError as error:
                outcome.refused.append(f"light curves of {place}: a table without {error} came")
            yield outcome
    if not (outcome.failed or outcome.refused):
        journal.remove()


def _take_rows(family: str, made: Plan, journal: Journal, origin: str, outcome: Outcome) -> None:
    """The rows of a family in one transaction; its answers enter the journal when they are taken."""
    try:
        if family == "cal":  # these come with their files
            for row in made.rows[family].itertuples():
                rows.checked_calibration(row)
        else:
            outcome.rows[family] = rows.ingest(family, made.rows[family], origin)
    except (RefusedError, AttributeError) as reason:
        outcome.refused.append(f"rows of {family}: {reason}")
        return
    for name, (of, table) in made.answers.items():
        if of == family:
            journal.keep(name, table)


def _kind(one: ListedFile) -> tuple[str, str]:
    return one.family, one.name.rsplit("_", 1)[-1]


def _of_calibrations(made: Plan):
    """Searches for the calibrations of the nights and channels of the images found."""
    images = [made.rows[family] for family in ("sci",) if len(made.rows.get(family, ()))]
    if not images:
        return []
    table = pd.concat(images)
    nights, channels = sorted(set(table.nid.astype(int))), sorted(set(table.rcid.astype(int)))
    numbers = ", ".join(map(str, channels))
    return [
        Search("cal", f"nid IN ({', '.join(map(str, nights[n : n + AT_ONCE]))}) AND rcid IN ({numbers})")
        for n in range(0, len(nights), AT_ONCE)
    ]


def _see_what_is_here(made: Plan, request: MirrorRequest) -> None:
    listed = []
    for family, table in made.rows.items():
        for row in table.itertuples():
            try:
                listed += [ListedFile(path, family, row) for path in request.paths(family, row)]
            except (ValueError, TypeError, AttributeError, KeyError) as error:  # values that make no name
                made.refused.append(f"a row of {family} ({getattr(row, KEYS[family], '?')!s:.40}): {error!s:.200}")
    known: dict[str, str] = {}
    for n in range(0, len(listed), 1000):
        paths = [one.path for one in listed[n : n + 1000]]
        known |= dict(ProductFile.objects.filter(path__in=paths).values_list("path", "origin"))
    made.to_fetch = [one for one in listed if one.path not in known]
    made.ours = sum(origin == Origin.OURS for origin in known.values())
    made.here = len(known) - made.ours


def _fetched(files: list[ListedFile], remote: Remote, journal: Journal, seen) -> Iterator[tuple[ListedFile, Future]]:
    """Files as they come, a few at a time; a science image always before the others of its row."""
    first = [one for one in files if one.name.endswith("_sciimg.fits")]
    for group in (first, [one for one in files if not one.name.endswith("_sciimg.fits")]):
        yield from _some_at_a_time(group, remote, journal, seen)


def _some_at_a_time(
    files: list[ListedFile], remote: Remote, journal: Journal, seen
) -> Iterator[tuple[ListedFile, Future]]:
    running: dict[Future, ListedFile] = {}
    waiting = iter(files)
    with ThreadPoolExecutor(remote.rate.connections) as pool:
        try:
            while True:
                while len(running) < AHEAD * remote.rate.connections and (one := next(waiting, None)):
                    place = journal.file(one.name)
                    order = (remote.session, remote.url(one.path), place, seen, largest(one.name))
                    running[pool.submit(fetch, *order)] = one
                if not running:
                    return
                for done in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(done), done
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _take_in(one: ListedFile, result: Future, remote: Remote, origin: str, outcome: Outcome) -> None:
    try:
        fetched: Fetched = result.result()
    except NotThereError as reason:
        outcome.absent.append(str(reason))
        return
    except FetchFailedError as reason:
        outcome.failed.append(str(reason))
        if len(outcome.failed) == MOST_FAILURES:
            raise RemoteFailedError(f"{remote.server}: {MOST_FAILURES} files failed, the last: {reason}") from reason
        return
    outcome.received += fetched.received
    told = {"server": remote.server, "etag": fetched.etag.strip('"'), "fetched": time.strftime("%FT%TZ", time.gmtime())}
    try:
        rights = rows.rights_of(one.row) if one.family in ("sci", "raw") else None
        source = Source(origin, rights, {"mirror": told}, found_at=remote.url(one.path))
        if one.family == "cal":
            _take_calibration(one, fetched.path, source)
        else:
            ingest(fetched.path, source)
        outcome.files[one.family] += 1
    except RefusedError as reason:
        outcome.refused.append(str(reason))
    finally:
        forget(fetched.path)


def _take_calibration(one: ListedFile, path: Path, source: Source) -> None:
    """A file with its row, which goes again if it has no file."""
    row = rows.take_calibration(one.row, source.origin)
    try:
        ingest(path, source)
    except RefusedError:
        if not ProductFile.objects.filter(family=ProductFile.Family.CAL, product_id=row.pk).exists():
            row.delete()
        raise


def _curves_at(place, n: int, request: MirrorRequest, remote: Remote, journal: Journal, origin: str) -> int:
    """The light curves of one position, and the rows of the images that their points were measured on."""
    circle = (*place, request.curve_radius)
    table = journal.table(f"lc-{n}", lambda: remote.light_curves(circle, collection=request.collection))
    if table.empty:
        return 0
    points = curves.with_images(values.checked_table("curve", table[list(curves.COLUMNS)], f"light curves of {place}"))
    pids = sorted(set(points.pid))
    known = set(ScienceImage.objects.filter(pk__in=pids).values_list("pk", flat=True))
    missing = [pid for pid in pids if pid not in known]
    for start in range(0, len(missing), AT_ONCE):
        where = f"pid IN ({', '.join(map(str, missing[start : start + AT_ONCE]))})"
        images = journal.table(f"lc-{n}-{start}", partial(remote.metadata, "sci", where))
        rows.ingest("sci", images, origin)
        journal.keep(f"lc-{n}-{start}", images)
        known |= set(images.pid.astype(int)) if len(images) else set()
    taken = curves.ingest(points[points.pid.isin(known)], origin)
    journal.keep(f"lc-{n}", table)
    return taken
