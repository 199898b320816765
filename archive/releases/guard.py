"""The guard of what a release's rights hang on: actions change it, and nothing else; PostgreSQL refuses all others.

The trigger `guard` (migration 0070) lets the columns that actions own, and what a release selects once it is frozen,
change only inside `acting`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from archive.models import Release

ACTIONS_LOCK = 12  # class of our advisory locks


def one_at_a_time() -> None:
    """Until the transaction ends, nobody else changes rights, or what a release says of itself."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [ACTIONS_LOCK])


@contextmanager
def acting(release: str) -> Iterator[None]:
    """Within this block, which lies in one transaction, an action changes this release (by name)."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT set_config('ztf.acting', %s, true)", [release])
        yield
        cursor.execute("SELECT set_config('ztf.acting', '', true)")


def write(release: Release, *columns: str) -> None:
    """Write what an action changed of a release that it holds locked."""
    with acting(release.pk):
        release.save(update_fields=columns)
