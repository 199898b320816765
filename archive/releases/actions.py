"""Freezing, publishing and withdrawing. Each is one transaction, recorded, and can be undone by the next."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import Count, Max, Min, Sum
from django.dispatch import Signal
from django.utils import timezone

from archive.access import audit
from archive.files import storage
from archive.models import ProductFile, Release, ReleaseFile, ReleaseItem, ScienceImage, UserJob
from archive.releases import manifest, orders, selection
from archive.releases.contents import KEPT, gather
from archive.releases.guard import one_at_a_time, write
from archive.releases.preview import parameters_of
from archive.releases.rights import Opening, close_rows, open_rows, openings

# Sent inside the transaction, with release and parameters (see `parameters_of`): whoever keeps more that depends on
# rights brings it in step.
released = Signal()
withdrew = Signal()

State = Release.State
TOLD = 5  # broken files that an error names
Progress = Callable[[int, int], None]


BadReleaseError = orders.BadOrderError


class FilesNotWholeError(ValueError):
    """A release that cannot be frozen because files of it are missing or damaged."""


def freeze(
    release: Release,
    by: audit.Actor,
    progress: Progress | None = None,
    check: Callable = storage.check_whole,
    job: UserJob | None = None,
) -> Release:
    """Fix what a draft holds for good: its items, its files, its statistics. Nothing becomes public by this.

    Parameters
    ----------
    progress : called with bytes checked and bytes in all
    check : called with (path, size, sha256) of every file; raises OSError for one that is not whole
    job : the order that this carries out, ended by it; None: done at once

    Raises
    ------
    BadReleaseError
        if it is no draft, holds nothing, or was changed while its files were read.
    FilesNotWholeError
    """
    with transaction.atomic():
        release = _locked(release, "freeze", job)
        asked = _asked(release)
        release.items.all().delete()
        release.files.all().delete()
        gather(release, KEPT)
        if not release.items.exists():
            raise BadReleaseError(
                f"release {release.name}: selects nothing; widen its nights, programs, families or cuts"
            )
    _check_files(release, check, progress)
    with transaction.atomic():
        release = _locked(release, "freeze", job)
        if _asked(release) != asked:
            raise BadReleaseError(f"release {release.name}: was changed while it was being frozen; freeze it again")
        release.statistics = statistics(release)
        release.manifest_sha256 = manifest.checksum(release)
        release.state, release.frozen = State.FROZEN, timezone.now()
        write(release, "statistics", "manifest_sha256", "state", "frozen")
        after = release.statistics | {"manifest_sha256": release.manifest_sha256}
        audit.record("release.freeze", release.name, by, {"state": State.DRAFT}, after, release.pk)
        orders.done(job, f"{release.name} is frozen: {release.statistics['items']}")
    return release


def publish(
    release: Release, by: audit.Actor, progress: Progress | None = None, job: UserJob | None = None
) -> dict[str, int]:
    """Open everything a frozen (or withdrawn) release holds to everybody; returns the number of rows opened by table.

    Raises
    ------
    BadReleaseError
        if it is a draft, or public already.
    """
    with transaction.atomic():
        release = _locked(release, "publish", job)
        before, parameters = release.state, parameters_of(release)
        release.state, release.published, release.withdrawn = State.PUBLIC, parameters["now"], None
        write(release, "state", "published", "withdrawn")
        opened = _each_table(release, open_rows, parameters, progress)
        released.send(sender=Release, release=release, parameters=parameters)
        after = {"state": State.PUBLIC, "opened": opened}
        audit.record("release.publish", release.name, by, {"state": before}, after, release.pk)
        orders.done(job, _told("publish", release, opened))
    return opened


def withdraw(
    release: Release, by: audit.Actor, progress: Progress | None = None, job: UserJob | None = None
) -> dict[str, int]:
    """Take a publication back: every row gets the rights that it has without this release.

    Returns the number of rows by table that nobody but their programs reads any more. What another release or its
    own date opens stays open.

    Raises
    ------
    BadReleaseError
        if it is not public.
    """
    with transaction.atomic():
        release = _locked(release, "withdraw", job)
        parameters = parameters_of(release)
        release.state, release.withdrawn = State.WITHDRAWN, parameters["now"]
        write(release, "state", "withdrawn")
        changed = _each_table(release, close_rows, parameters, progress)
        withdrew.send(sender=Release, release=release, parameters=parameters)
        before = {"state": State.PUBLIC, "published": release.published.isoformat()}
        after = {"state": State.WITHDRAWN, "changed": changed}
        audit.record("release.withdraw", release.name, by, before, after, release.pk)
        orders.done(job, _told("withdraw", release, changed))
    return changed


def statistics(release: Release) -> dict:
    """Counts, bytes and spans of what a release was found to hold, whoever may see it."""
    by_kind = release.items.order_by().values_list("kind").annotate(n=Count("key"))
    by_family = release.files.order_by().values_list("family").annotate(n=Count("file"), size=Sum("size"))
    keys = ReleaseItem.objects.filter(release=release, kind=ReleaseItem.Kind.IMAGE).values("key")
    images = ScienceImage.objects.filter(pk__in=keys).order_by()
    times = images.aggregate(first=Min("obsjd"), last=Max("obsjd"))
    return {
        "items": dict(by_kind),
        "files": {family: count for family, count, _ in by_family},
        "bytes": {family: int(size) for family, _, size in by_family},
        "filters": dict(images.values_list("filtercode").annotate(n=Count("pid"))),
        "programs": {str(one): n for one, n in images.values_list("programid").annotate(n=Count("pid"))},
        "obsjd": [times["first"], times["last"]],
    }


def _locked(release: Release, action: str, job: UserJob | None) -> Release:
    """The release, with no other release changing rights meanwhile, in a state that an action (and its order) needs."""
    one_at_a_time()
    release = Release.objects.using("default").select_for_update().get(pk=release.pk)
    states = orders.NEEDS[action]
    if release.state not in states:
        raise BadReleaseError(f"release {release.name} is {release.state}: it must be {' or '.join(states)} for this")
    orders.check(job, release)
    return release


def _each_table(
    release: Release, change: Callable[[Opening, dict], int], parameters: dict, progress: Progress | None
) -> dict[str, int]:
    """The numbers of rows that were changed, by table, in all tables that the release's families open."""
    concerned = [one for one in openings() if one.applies_to(release.families)]
    changed = {}
    for number, opening in enumerate(concerned, start=1):
        changed[opening.table] = change(opening, parameters)
        _tell(progress, number, len(concerned))
    return changed


def _told(action: str, release: Release, counts: dict[str, int]) -> str:
    return f"{action} {release.name}: " + ", ".join(f"{n} {table}" for table, n in counts.items() if n)


def _asked(release: Release) -> tuple:
    return (*(getattr(release, name) for name in Release.SELECTION), *selection.programs(release))


def _check_files(release: Release, check: Callable, progress: Progress | None) -> None:
    files = ReleaseFile.objects.filter(release=release)
    total, done, broken = files.aggregate(total=Sum("size"))["total"] or 0, 0, []
    places = dict(ProductFile.objects.exclude(stored_as="").values_list("pk", "stored_as"))  # few, if any
    for number, path, size, sha256 in files.order_by("path").values_list("file", "path", "size", "sha256").iterator():
        try:
            check(places.get(number, path), size, sha256)
        except OSError as error:
            broken.append(str(error))
        done += size
        _tell(progress, done, total)
    if broken:
        more = f" (and {len(broken) - TOLD} more)" if len(broken) > TOLD else ""
        raise FilesNotWholeError(f"release {release.name}: {'; '.join(broken[:TOLD])}{more}")


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
