"""Tables that people keep: made from uploads or from results of their queries, shared, dropped.

Each is a table of PostgreSQL's schema tap_user under row-level security: the read-only role sees its rows, its row in
the list and its lines in TAP_SCHEMA where `archive_open_tables()` names it for the person of the session.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict

import psycopg2
from django.conf import settings
from django.contrib.auth.models import User
from django.db import DataError, connection, transaction
from django.db.models import Sum
from psycopg2 import sql

from archive.access import READER_ROLE, Reader, reading
from archive.models import QueryJob, ReaderGroup, UserTable
from archive.tables import Column, Table
from archive.vo import adql
from archive.vo.catalog_schema import SCHEMA_TABLES, column_rows
from archive.vo.catalog_tables import POSTGRES, Published
from archive.vo.uploads import BadUpload, Upload, UploadColumn, as_adql, declared, fill, upload_of

SCHEMA = "tap_user"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_DATATYPES = {kind: name for name, kind in POSTGRES.items()} | {
    "timestamp": "char",
    "text": "char",
    "numeric": "double",
}


class NotKept(ValueError):
    """A table that is not made or not shared; the message says why."""


def schema_of(user: User) -> str:
    """The schema of somebody's tables: user_ and the name, with the account's number where the name has other signs."""
    plain = re.sub(r"[^a-z0-9_]", "_", user.get_username().lower())
    return f"user_{plain}" if plain == user.get_username() else f"user_{plain}_{user.pk}"


def create(user: User, name: str, upload: Upload, description: str = "") -> UserTable:
    """Keep a table.

    Raises
    ------
    NotKept
        for a name that is none or is taken, an array column, or more than the account's share of disk.
    """
    name = name.lower().removeprefix(f"{schema_of(user)}.")
    _check(user, name, upload)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            table = UserTable.objects.create(
                owner=user,
                schema=schema_of(user),
                name=name,
                description=description,
                columns=[asdict(column) for column in upload.columns],
                rows=upload.rows,
            )
            _make(cursor, table, upload)
            _tell(cursor, table)
            _keep_within(cursor, table)
    except (psycopg2.DataError, DataError) as error:
        raise NotKept(f"{name}: {str(error).splitlines()[0]}") from error
    return table


def from_job(user: User, name: str, job: QueryJob, description: str = "") -> UserTable:
    """Keep the result of a query job.

    Raises
    ------
    NotKept, archive.vo.uploads.BadUpload
    """
    if not job.result:
        raise NotKept(f"JOB={job.pk}: it is {job.phase} and has no result")
    if not job.result.endswith((".vot", ".xml", ".csv", ".fits", ".parquet", ".tbl")):
        raise NotKept(f"JOB={job.pk}: its result is {job.result}; ask the query as VOTable, CSV, FITS, Parquet or IPAC")
    return create(user, name, upload_of(name, (job.folder / job.result).read_bytes()), description)


def append(table: UserTable, upload: Upload) -> None:
    """Add rows, whose columns bear the table's names.

    Raises
    ------
    NotKept
    """
    names = {column["name"] for column in table.columns}
    unknown = [column.name for column in upload.columns if column.name not in names]
    if unknown:
        raise NotKept(f"{table.full_name}: has no column {unknown[0]}; it has {', '.join(sorted(names))}")
    listed = sql.SQL(", ").join(sql.Identifier(column.name) for column in upload.columns)
    target = sql.SQL("{} ({})").format(sql.Identifier(*table.physical), listed)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            fill(cursor, target, Upload(upload.name, upload.columns, 0, upload.text))
            UserTable.objects.filter(pk=table.pk).update(rows=table.rows + upload.rows)
            _keep_within(cursor, table)
    except (psycopg2.DataError, DataError) as error:
        raise NotKept(f"{table.full_name}: {str(error).splitlines()[0]}") from error


def drop(table: UserTable) -> None:
    """Remove a table with all that is known of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(*table.physical)))
        for name in ("columns", "tables"):
            cursor.execute(f"DELETE FROM tap_schema.{name} WHERE usertable = %s", [table.pk])
        cursor.execute(
            "DELETE FROM tap_schema.schemas AS s WHERE s.schema_name = %s AND NOT EXISTS "
            "(SELECT FROM tap_schema.tables AS t WHERE t.schema_name = s.schema_name)",
            [table.schema],
        )
        table.delete()


def share(table: UserTable, people: Collection[str], groups: Collection[str], everybody: bool) -> None:
    """Say who may read a table besides its owner: these people and groups (by name), or everybody who signs in.

    Raises
    ------
    NotKept
    """
    found = User.objects.filter(username__in=people, is_active=True)
    listed = ReaderGroup.objects.filter(name__in=groups, members__user=table.owner).distinct()
    for what, wanted, known in (
        ("people", people, [one.username for one in found]),
        ("groups", groups, [one.name for one in listed]),
    ):
        missing = sorted(set(wanted) - set(known))
        if missing:
            raise NotKept(f"{what}={missing[0]}: there is no such account, or no group of yours, of that name")
    with transaction.atomic():
        UserTable.objects.filter(pk=table.pk).update(everybody=everybody)
        table.people.set(found)
        table.groups.set(listed)


def open_to(reader: Reader) -> list[UserTable]:
    """The tables that somebody may read: their own and those shared with them."""
    if not reader.person:
        return []
    with reading(reader):
        return list(UserTable.objects.all())


def as_catalog(table: UserTable) -> adql.Table:
    """A table as the translator knows tables."""
    columns = tuple(UploadColumn(**column) for column in table.columns)
    return as_adql(Upload(table.name, columns, table.rows, ""), table.schema, table.physical)


def as_published(table: UserTable) -> Published:
    """A table as TAP_SCHEMA and VOSI describe tables."""
    columns = tuple(
        Column(
            one["name"],
            _DATATYPES[one["type"]],
            one["description"] or "",
            unit=one["unit"] or "",
            ucd=one["ucd"] or "",
        )
        for one in table.columns
    )
    times = frozenset(one["name"] for one in table.columns if one["type"] == "timestamp")
    described = Table(table.full_name, table.description or f"Table of {table.owner_id}", columns)
    return Published(described, table.rows, "", (), times)


def _check(user: User, name: str, upload: Upload) -> None:
    if not _NAME.fullmatch(name):
        raise NotKept(f"{name!r} is no table name: use up to 60 letters, digits and _, a letter first")
    if UserTable.objects.filter(owner=user, name=name).exists():
        raise NotKept(f"{name}: you have a table of that name; drop it first")
    arrays = [column.name for column in upload.columns if column.type.endswith("[]")]
    if arrays:
        raise NotKept(f"{name}: column {arrays[0]} holds arrays, which kept tables do not")


def _make(cursor, table: UserTable, upload: Upload) -> None:
    target, number = sql.Identifier(*table.physical), sql.Literal(table.pk)
    cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(target, declared(upload)))
    fill(cursor, target, upload)
    cursor.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(target))
    cursor.execute(
        sql.SQL(
            "CREATE POLICY readers ON {} FOR SELECT TO {} USING ({} IN (SELECT id FROM archive_open_tables() AS id))"
        ).format(target, sql.Identifier(READER_ROLE), number)
    )
    cursor.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(target, sql.Identifier(READER_ROLE)))


def _tell(cursor, table: UserTable) -> None:
    """Write a table into TAP_SCHEMA, where those see it who may."""
    one = as_published(table)
    text = f"Tables of {table.owner.get_username()}"
    cursor.execute(
        "INSERT INTO tap_schema.schemas (schema_name, description, person) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [table.schema, text, table.owner_id],
    )
    cursor.execute(
        "INSERT INTO tap_schema.tables (schema_name, table_name, table_type, description, usertable) "
        "VALUES (%s, %s, 'table', %s, %s)",
        [table.schema, table.full_name, one.table.description, table.pk],
    )
    names = [column.name for column in next(t for t in SCHEMA_TABLES if t.name == "tap_schema.columns").columns]
    listed, places = ", ".join(f'"{name}"' for name in names), ", ".join(["%s"] * (len(names) + 1))
    cursor.executemany(
        f"INSERT INTO tap_schema.columns ({listed}, usertable) VALUES ({places})",
        [(*row, table.pk) for row in column_rows(one)],
    )


def _keep_within(cursor, table: UserTable) -> None:
    """Note how large a table has become, and refuse what is beyond its owner's share."""
    cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [".".join(table.physical)])
    UserTable.objects.filter(pk=table.pk).update(bytes=cursor.fetchone()[0])
    held = UserTable.objects.using("default").filter(owner=table.owner_id).aggregate(sum=Sum("bytes"))["sum"]
    if held > settings.TAP_USER_BYTES:
        raise NotKept(f"{table.full_name}: your tables would take {held} bytes of {settings.TAP_USER_BYTES}; drop some")


def describe(tables: Sequence[UserTable], user: User) -> list[dict]:
    """Tables for programs; their owner learns who may read them."""
    return [_described(one) | (_readers(one) if one.owner_id == user.pk else {}) for one in tables]


def _described(one: UserTable) -> dict:
    return {
        "name": one.full_name,
        "owner": one.owner.get_username(),
        "description": one.description,
        "rows": one.rows,
        "bytes": one.bytes,
        "created": one.created.isoformat(),
        "columns": one.columns,
    }


def _readers(one: UserTable) -> dict:
    return {
        "everybody": one.everybody,
        "people": [person.get_username() for person in one.people.all()],
        "groups": [group.name for group in one.groups.all()],
    }


__all__ = [
    "BadUpload", "NotKept", "append", "as_catalog", "as_published", "create", "describe", "drop", "from_job", "open_to",
    "schema_of", "share",
]  # fmt: skip
