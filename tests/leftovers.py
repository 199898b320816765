"""Rows that tests commit, and how the database comes to be as migrations left it."""

from __future__ import annotations

from django.db import connections

TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
OF_RELEASES = (
    "SELECT EXISTS (SELECT FROM pg_views WHERE schemaname = 'tap_data' AND starts_with(viewname, 'ztf_objects_'))"
)
"""Whether releases have tables in TAP, which go when they are withdrawn, not with their rows."""
WRITTEN_ONCE = "archive_auditentry"  # nobody takes rows away from it but its owner without its guard
_of_migrations: set[str] = set()


def filled() -> frozenset[str]:
    """The tables that hold rows."""
    with connections["default"].cursor() as cursor:
        cursor.execute(TABLES)
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names))
        return frozenset(name for (name,) in cursor.fetchall())


def is_made() -> bool:
    """Whether there is a database for tests; where none of them needs one there is not."""
    return connections["default"].settings_dict["NAME"].startswith("test_")


def note_what_migrations_left() -> None:
    """To be called before any test commits rows."""
    if is_made():
        _of_migrations.update(filled())


def empty() -> None:
    """Empty every table but those that migrations fill; one that such a table refers to is an error."""
    if not is_made() or filled() <= _of_migrations:
        return
    with connections["default"].cursor() as cursor:
        cursor.execute(TABLES)
        others = [name for (name,) in cursor.fetchall() if name not in _of_migrations]
        cursor.execute("SET lock_timeout = '60s'")  # somebody still reads: say so rather than wait for ever
        cursor.execute(f"ALTER TABLE {WRITTEN_ONCE} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(others)}")
        cursor.execute(f"ALTER TABLE {WRITTEN_ONCE} ENABLE TRIGGER USER")
        cursor.execute("RESET lock_timeout")
        cursor.execute(OF_RELEASES)
        left = cursor.fetchone()[0]
    if left:
        from lightcurves.tables.tap import follow_releases

        follow_releases()
