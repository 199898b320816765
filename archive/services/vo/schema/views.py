"""Keeping PostgreSQL in step with the declarations: the views behind TAP and the rows of TAP_SCHEMA.

Views hold on to the columns they read, so they go before migrations run and are made anew after them. They are
`security_invoker`: row-level security of the tables below applies to whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from django.db import connections, transaction

from archive.access.reading import READER_ROLE
from archive.services.vo.schema.published import VIEWS, Published, published
from archive.services.vo.schema.tap_schema import SCHEMA_TABLES, contents

OURS = {
    "tap_schema.schemas": "person IS NULL",
    "tap_schema.tables": "usertable IS NULL",
    "tap_schema.columns": "usertable IS NULL",
}
"""The rows that are made from declarations; the others describe what people keep."""
log = structlog.get_logger("archive.services.vo.schema")
IN_POSTGRES = "tap_schema"  # these are tables themselves, made by a migration


def drop_views(using: str = "default", plan: Iterable = (), **kwargs) -> None:
    """Before migrations: let go of the tables (nothing is done where nothing is to be migrated)."""
    if using != "default" or not plan:
        return
    with connections[using].cursor() as cursor:
        for one in published() if _exists(cursor, VIEWS) else ():
            if one.schema != IN_POSTGRES:
                cursor.execute(f"DROP VIEW IF EXISTS {_name(one)} CASCADE")


def make_views(using: str = "default", **kwargs) -> None:
    """After migrations: one view for each published table whose tables are there, and TAP_SCHEMA's rows."""
    if using != "default":
        return
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if not all(_exists(cursor, schema) for schema in (VIEWS, IN_POSTGRES)):
            return  # the migration that makes the schemas has not run (yet, or it was undone)
        present = [one for one in published() if _ready(cursor, one)]
        for one in present:
            if one.schema != IN_POSTGRES:
                _make_view(cursor, one)
        _fill(cursor, tuple(present))


def refresh(prefix: str) -> None:
    """Make the views whose names begin so anew, and TAP_SCHEMA: tables of these names come and go with rows.

    It belongs into the transaction that changes those rows.
    """
    with transaction.atomic(using="default"), connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT viewname FROM pg_views WHERE schemaname = %s AND starts_with(viewname, %s)", [VIEWS, prefix]
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP VIEW "{VIEWS}"."{name}"')
        present = [one for one in published() if _ready(cursor, one)]
        for one in present:
            if one.schema != IN_POSTGRES and one.name.startswith(prefix):
                _make_view(cursor, one)
        _fill(cursor, tuple(present))


def _make_view(cursor, one: Published) -> None:
    name = _name(one)
    cursor.execute(f"DROP VIEW IF EXISTS {name} CASCADE")
    cursor.execute(f"CREATE VIEW {name} WITH (security_invoker = true) AS {one.query}")
    cursor.execute(f"GRANT SELECT ON {name} TO {READER_ROLE}")


def _fill(cursor, present: tuple[Published, ...]) -> None:
    rows = contents(present)
    for table in reversed(SCHEMA_TABLES):
        cursor.execute(f"DELETE FROM {table.name} WHERE {OURS.get(table.name, 'true')}")
    for table in SCHEMA_TABLES:
        places = ", ".join(["%s"] * len(table.columns))
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({places})", rows[table.name])


def _name(one: Published) -> str:
    return '"{}"."{}"'.format(*one.physical)


def _exists(cursor, schema: str) -> bool:
    cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [schema])
    return cursor.fetchone()[0]


def _ready(cursor, one: Published) -> bool:
    """Whether all tables of a published table are there; migrations of single apps may run alone."""
    cursor.execute("SELECT bool_and(to_regclass(name) IS NOT NULL) FROM unnest(%s::text[]) AS name", [list(one.uses)])
    ready = cursor.fetchone()[0]
    if not ready:
        log.warning("not open to queries: its tables are not there", table=one.table.name, needs=one.uses)
    return ready
