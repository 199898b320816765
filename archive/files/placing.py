"""Names for files whose rows are committed, and what to do with those that an interruption left under private ones.

A row says where its file lies (`stored_as`) until the file has its own name. Whatever is interrupted, at any moment
the file that a row tells of is there with the row's checksum: the new one lies under its private name before the row
is written, the old one under its own until the row is committed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError, connections, transaction

from archive.files import storage
from archive.models import ProductFile

PATH_LOCK = 15  # class of our advisory locks
ABANDONED = 24 * 3600.0  # s; a private file that no row knows is being written for no longer

log = structlog.get_logger("archive.files.placing")


def lock(*paths: str) -> None:
    """Let nobody else register files of these names until the transaction ends."""
    ordered = sorted(set(paths))  # always in one order, so that two do not wait for each other
    sql = "SELECT pg_advisory_xact_lock(%s, hashtext(path)) FROM unnest(%s::text[]) AS path"
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, [PATH_LOCK, ordered])


def after_commit(rows: Iterable[ProductFile], before: Mapping[str, ProductFile]) -> None:
    """To be called in the transaction that registers files, with the rows that they replace by path: tidies up when it
    ends.
    """
    rows = list(rows)
    for row in rows:
        old = before.get(row.path)
        if old is not None and old.stored_as not in ("", row.stored_as):
            when_committed(partial(storage.discard, old.on_disk))
    if waiting := [row.path for row in rows if row.stored_as]:
        when_committed(partial(settle, *waiting))


def when_committed(todo: Callable[[], object]) -> None:
    """Do something when the transaction is committed; what then fails is logged and done by `settle_all` or `sweep`."""
    transaction.on_commit(todo, robust=True)


def settle(*paths: str) -> int:
    """Give the files of committed rows their own names; returns how many there were to be given."""
    with transaction.atomic():
        waiting = ProductFile.objects.select_for_update().filter(path__in=paths).exclude(stored_as="")
        rows = list(waiting.order_by("pk"))
        storage.give_names([(row.on_disk, row.path) for row in rows])
        ProductFile.objects.filter(pk__in=[row.pk for row in rows]).update(stored_as="")
    for row in rows:
        storage.discard(row.on_disk)
    return len(rows)


def discard_unregistered(*places: Path) -> None:
    """Remove private files, unless a row tells that it lies there; where the database does not say, `sweep` does."""
    private = {str(place.relative_to(settings.ARCHIVE_ROOT)): place for place in places}
    try:
        known = set(ProductFile.objects.filter(stored_as__in=private).values_list("stored_as", flat=True))
    except DatabaseError as error:
        log.warning("private files left", paths=list(private), reason=str(error))
        return
    for relative in private.keys() - known:
        storage.discard(private[relative])


def recover_orphans() -> None:
    """Settle or remove the files that interruptions left; a schedule runs it every hour."""
    settle_all()
    sweep()


def settle_all() -> int:
    """Give the files of all committed rows their names, after an interruption; returns how many.

    A file that cannot be given its name keeps the private one, where its row finds it, and is told of in the log.
    """
    count = 0
    for path in list(ProductFile.objects.exclude(stored_as="").values_list("path", flat=True)):
        try:
            count += settle(path)
        except OSError as error:
            log.error("a file keeps its private name", path=path, reason=str(error))
    return count


def sweep(abandoned: float = ABANDONED) -> int:
    """Remove private files that no row came to know, after an interruption; returns how many.

    Parameters
    ----------
    abandoned : s since the last change, from which on nobody is writing any more
    """
    removed = 0
    for folder in _folders():
        for place in list(folder.iterdir()):
            relative = str(place.relative_to(settings.ARCHIVE_ROOT))
            with suppress(FileNotFoundError):  # another process takes it just now
                old = time.time() - place.stat().st_mtime > abandoned
                if old and not ProductFile.objects.filter(stored_as=relative).exists():
                    storage.discard(place)
                    removed += 1
        with suppress(OSError):  # not empty, or gone
            if time.time() - folder.stat().st_mtime > abandoned:
                folder.rmdir()
    return removed


def _folders() -> list[Path]:
    root = storage.absolute(storage.INCOMING)
    return [one for one in root.iterdir() if one.is_dir()] if root.is_dir() else []
