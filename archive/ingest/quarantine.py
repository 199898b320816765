"""Quarantine: what was not taken, with its reason; the copy stays for a look until somebody removes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.db.models import F, Sum
from django.utils import timezone

from archive.files import storage
from archive.files.atomic import put_in_place
from archive.ingest.door import Copy
from archive.ingest.errors import RefusedError
from archive.models import QuarantinedFile

FOLDER = ".quarantine"
LARGEST_COPY = 1 << 30  # bytes; of what is larger only the row is kept
LONGEST_REASON = 2000  # characters

log = structlog.get_logger("archive.ingest")


def put(found_at: str, reason: RefusedError, origin: str, copy: Copy | None = None) -> None:
    """Write down that a file was not taken; a copy that there is moves into quarantine.

    A fault of the disk or the database while this is written is logged: the next file is to be tried all the same.
    """
    log.warning("refused", file=found_at, reason=str(reason)[:300])
    try:
        with transaction.atomic():
            row = _row(found_at, reason, origin, copy)
            if copy is not None and not row.stored_as:
                row.stored_as = _keep(copy, row.pk)
                row.save(update_fields=["stored_as"])
    except (OSError, DatabaseError) as error:
        log.error("not written down", file=found_at, error=str(error)[:300])
        connections["default"].close_if_unusable_or_obsolete()


def remove(rows: Iterable[QuarantinedFile]) -> int:
    """Remove rows and their copies; returns how many."""
    count = 0
    for row in rows:
        with transaction.atomic():
            stored_as = row.stored_as
            row.delete()
        if stored_as:
            storage.absolute(stored_as).unlink(missing_ok=True)
        count += 1
    return count


def older_than(days: float):
    """Rows that were last seen so many days ago."""
    return QuarantinedFile.objects.filter(last_seen__lt=timezone.now() - timedelta(days=days))


def _row(found_at: str, reason: RefusedError, origin: str, copy: Copy | None) -> QuarantinedFile:
    said = {"reason": _plain(str(reason))[:LONGEST_REASON], "ours": reason.ours, "origin": origin}
    known = {"found_at": _plain(found_at), "sha256": copy.sha256 if copy else ""}
    name = _plain(Path(found_at).name)[-255:]
    row, made = QuarantinedFile.objects.update_or_create(
        **known, defaults=said, create_defaults=said | {"name": name, "size": copy.size if copy else None}
    )
    if not made:
        QuarantinedFile.objects.filter(pk=row.pk).update(times=F("times") + 1)
    return row


def _keep(copy: Copy, number: int) -> str:
    held = QuarantinedFile.objects.exclude(stored_as="").aggregate(bytes=Sum("size"))["bytes"] or 0
    if copy.size > LARGEST_COPY or held + copy.size > settings.QUARANTINE_BYTES:
        return ""
    relative = f"{FOLDER}/{number}"
    place = storage.absolute(relative)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    put_in_place(copy.place, place)  # what lies there is of a row that was rolled back
    return relative


def _plain(text: str) -> str:
    """Text that PostgreSQL and a terminal take: names of files may hold any byte."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
