"""Migration operations that put access rules and sky indexes on tables."""

from __future__ import annotations

from django.db import migrations

from archive.access import READER_ROLE, VISIBLE


def let_readers_see(table: str) -> migrations.RunSQL:
    """Every reader may read the whole table."""
    return migrations.RunSQL(
        f"GRANT SELECT ON {table} TO {READER_ROLE}",
        f"REVOKE SELECT ON {table} FROM {READER_ROLE}",
    )


def protect(table: str, visible: str = VISIBLE) -> migrations.RunSQL:
    """Readers see the rows for which `visible` (SQL) holds; the owner sees all."""
    return migrations.RunSQL(
        [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"CREATE POLICY readers ON {table} FOR SELECT TO {READER_ROLE} USING ({visible})",
            f"GRANT SELECT ON {table} TO {READER_ROLE}",
        ],
        [
            f"REVOKE SELECT ON {table} FROM {READER_ROLE}",
            f"DROP POLICY readers ON {table}",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ],
    )


def sky_index(table: str) -> migrations.RunSQL:
    """An index for searches by position on the table's `ra` and `dec`."""
    return migrations.RunSQL(
        f"CREATE INDEX {table}_q3c ON {table} (q3c_ang2ipix(ra, dec))",
        f"DROP INDEX {table}_q3c",
    )
