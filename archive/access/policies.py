"""Migration operations that put access rules and sky indexes on tables."""

from __future__ import annotations

from django.db import migrations

from archive.access.reading import READER_ROLE, VISIBLE

MINE = "(SELECT current_setting('ztf.programs'))::smallint[]"
# Asked once a query, not once a row; what an admin decides holds from the next query on, on every path.
LISTED = "programid = ANY (ARRAY(SELECT p.programid FROM archive_program p WHERE p.listed))"

# Program and night in one number, so that what releases list is found once a query. Row-level security of
# archive_release holds within: a release lists while it is public.
LISTED_NIGHTS = """
({night} + programid::bigint * 1000000) <@ (
    SELECT range_agg(int8range(
        p.program_id::bigint * 1000000 + (r.first_night - DATE '2017-01-01'),
        p.program_id::bigint * 1000000 + (r.last_night - DATE '2017-01-01'), '[]'))
    FROM archive_release r JOIN archive_release_programs p ON p.release_id = r.name
    WHERE r.listed AND r.state = 'public')
"""


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


def list_images(table: str) -> migrations.RunSQL:
    """Besides what is theirs, readers see the rows of programs whose images are listed before they are public."""
    return migrations.RunSQL(
        f"CREATE POLICY listed ON {table} FOR SELECT TO {READER_ROLE} USING ({LISTED})",
        f"DROP POLICY listed ON {table}",
    )


def list_images_of_releases(table: str, night: str) -> migrations.RunSQL:
    """Besides what is theirs, readers see the rows of programs and nights that a public release lists.

    night : SQL, days from 2017-01-01
    """
    return migrations.RunSQL(
        f"CREATE POLICY listed_by_release ON {table} FOR SELECT TO {READER_ROLE} "
        f"USING ({LISTED_NIGHTS.format(night=night)})",
        f"DROP POLICY listed_by_release ON {table}",
    )


def write_once(table: str) -> migrations.RunSQL:
    """Rows are added and stay as they are, whoever asks: the owner's role could take back a mere REVOKE."""
    function = f"{table}_stays"
    return migrations.RunSQL(
        [
            f"""
            CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION '{table}: rows are only added' USING ERRCODE = 'restrict_violation';
            END $$
            """,
            f"CREATE TRIGGER stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
        ],
        [f"DROP TRIGGER stays ON {table}", f"DROP FUNCTION {function}()"],
    )
