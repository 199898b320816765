"""Rows that tests commit, and how the database comes to be as it was found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
WRITTEN_ONCE = "archive_auditentry"  # nobody takes rows away from it but its owner without its guard


def filled() -> frozenset[str]:
    """The tables that hold rows, as migrations leave some."""
    with connections["default"].cursor() as cursor:
        cursor.execute(TABLES)
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names))
        return frozenset(name for (name,) in cursor.fetchall())


def empty(kept: frozenset[str]) -> None:
    """Empty every table but those kept; one that a kept table refers to is an error."""
    with connections["default"].cursor() as cursor:
        cursor.execute(TABLES)
        others = [name for (name,) in cursor.fetchall() if name not in kept]
        cursor.execute("SET lock_timeout = '60s'")  # somebody still reads: say so rather than wait for ever
        cursor.execute(f"ALTER TABLE {WRITTEN_ONCE} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(others)}")
        cursor.execute(f"ALTER TABLE {WRITTEN_ONCE} ENABLE TRIGGER USER")
        cursor.execute("RESET lock_timeout")


@contextmanager
def left_as_found() -> Iterator[None]:
    """What is committed inside is gone afterwards."""
    kept = filled()
    yield
    empty(kept)
