"""Tables that people keep: made from uploads or from results of their queries, shared, dropped.

Each is a table of PostgreSQL's schema tap_user under row-level security: the read-only role sees its rows, its row in
the list and its lines in TAP_SCHEMA where `archive_open_tables()` names it for the person of the session.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import psycopg2
from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import Sum
from psycopg2 import sql

from archive.access.memberships import reader_of
from archive.access.reading import READER_ROLE, Reader, all_rows, reading
from archive.access.streams import sqlstate_and_message
from archive.models import QueryJob, ReaderGroup, UserTable
from archive.services.vo import adql
from archive.services.vo.schema.published import POSTGRES, Published
from archive.services.vo.schema.tap_schema import SCHEMA_TABLES, column_rows
from archive.services.vo.tap.uploads import (
    BadUploadError,
    Upload,
    UploadColumn,
    as_adql,
    declared,
    fill,
    upload_of,
)
from archive.tables.dictionary import Column, Table

SCHEMA = "tap_user"
LONGEST_NAME = 60  # characters
_NOT_IN_A_NAME = re.compile(r'[\x00-\x1f\x7f./\\"]|^\s|\s$|^$')
_DATATYPES = {kind: name for name, kind in POSTGRES.items()} | {
    "timestamp": "char",
    "text": "char",
    "numeric": "double",
}
_OF_VALUES = ("22", "23", "54")
"""Classes of SQLSTATE: values that no column or index can hold, that are there already, or that are too many."""


class TableNotKeptError(ValueError):
    """A table that is not made or not shared; the message says why."""


@contextmanager
def told_of(name: str) -> Iterator[None]:
    """Within this block what the database has against somebody's values becomes TableNotKeptError."""
    try:
        yield
    except (psycopg2.Error, DatabaseError) as error:
        state, message = sqlstate_and_message(error)
        if not state.startswith(_OF_VALUES):
            raise
        raise TableNotKeptError(f"{name}: {message}") from error


def schema_of(user: User) -> str:
    """The schema of somebody's tables: user_, the name, the account's number, which no later account has again."""
    plain = re.sub(r"[^a-z0-9_]", "_", user.get_username().lower())
    return f"user_{plain[:60]}_{user.pk}"


def create(
    user: User,
    name: str,
    upload: Upload,
    description: str = "",
    programs: Collection[int] | None = None,
    releases: Collection[str] = (),
) -> UserTable:
    """Keep a table.

    Parameters
    ----------
    programs : whose data it may hold: only who reads all of them reads it; None: all that its owner reads now
    releases : that may have opened what it holds

    Raises
    ------
    TableNotKeptError
        for a name that is none or is taken, an array column, or more than the account's share of disk.
    """
    if name.lower().startswith(f"{schema_of(user)}."):
        name = name[len(schema_of(user)) + 1 :].strip('"')
    _check(user, name, upload)
    with told_of(name), transaction.atomic(), connection.cursor() as cursor:
        table = UserTable.objects.create(
            owner=user,
            schema=schema_of(user),
            name=name,
            description=description,
            columns=[asdict(column) for column in upload.columns],
            rows=upload.rows,
            programs=sorted(reader_of(user).programs if programs is None else programs),
            releases=sorted(releases),
        )
        _make(cursor, table, upload)
        _tell(cursor, table)
        keep_within(cursor, table)
    return table


def from_job(user: User, name: str, job: QueryJob, description: str = "") -> UserTable:
    """Keep the result of a query job.

    Raises
    ------
    TableNotKeptError, archive.services.vo.tap.uploads.BadUploadError
    """
    if not job.result:
        raise TableNotKeptError(f"JOB={job.pk}: it is {job.phase} and has no result")
    if not job.result.endswith((".vot", ".xml", ".csv", ".fits", ".parquet", ".tbl")):
        raise TableNotKeptError(
            f"JOB={job.pk}: its result is {job.result}; ask the query as VOTable, CSV, FITS, Parquet or IPAC"
        )
    if (job.size or 0) > settings.TAP_UPLOAD_BYTES:
        raise TableNotKeptError(
            f"JOB={job.pk}: its result has {job.size} bytes; at most {settings.TAP_UPLOAD_BYTES} are kept"
        )
    upload = upload_of(name, (job.folder / job.result).read_bytes())
    return create(user, name, upload, description, job.programs, (job.rests or {}).get("releases", ()))


def append(table: UserTable, upload: Upload, programs: Collection[int] | None = None) -> None:
    """Add rows, whose columns bear the table's names, and which may hold data of these programs (see `create`).

    Raises
    ------
    TableNotKeptError
    """
    names = {column["name"] for column in table.columns}
    unknown = [column.name for column in upload.columns if column.name not in names]
    if unknown:
        raise TableNotKeptError(f"{table.full_name}: has no column {unknown[0]}; it has {', '.join(sorted(names))}")
    listed = sql.SQL(", ").join(sql.Identifier(column.name) for column in upload.columns)
    target = sql.SQL("{} ({})").format(sql.Identifier(*table.physical), listed)
    with told_of(table.full_name), transaction.atomic(), connection.cursor() as cursor:
        fill(cursor, target, Upload(upload.name, upload.columns, 0, upload.text))
        held = UserTable.objects.using("default").select_for_update().get(pk=table.pk)
        added = reader_of(table.owner).programs if programs is None else programs
        values = {"rows": held.rows + upload.rows, "programs": sorted({*held.programs, *added})}
        UserTable.objects.filter(pk=table.pk).update(**values)
        keep_within(cursor, table)


def drop(table: UserTable) -> None:
    """Remove a table with all that is known of it."""
    with transaction.atomic():
        table.delete()


def share(table: UserTable, people: Collection[str], groups: Collection[str], everybody: bool) -> None:
    """Say who may read a table besides its owner: these people and groups (by name), or everybody who signs in.

    Raises
    ------
    TableNotKeptError
    """
    found = User.objects.filter(username__in=people, is_active=True)
    listed = ReaderGroup.objects.filter(name__in=groups, members__user=table.owner).distinct()
    for what, wanted, known in (
        ("people", people, [one.username for one in found]),
        ("groups", groups, [one.name for one in listed]),
    ):
        missing = sorted(set(wanted) - set(known))
        if missing:
            raise TableNotKeptError(
                f"{what}={missing[0]}: there is no such account, or no group of yours, of that name"
            )
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
    return as_adql(Upload(table.name, columns, table.rows, b""), table.schema, table.physical)


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
    if _NOT_IN_A_NAME.search(name) or len(name) > LONGEST_NAME:
        raise TableNotKeptError(
            f"{name[:80]!r} is no table name: use up to {LONGEST_NAME} characters without quotes, points and slashes, "
            "no blank first or last"
        )
    with all_rows():  # also one that its owner may not read any more
        taken = UserTable.objects.filter(owner=user, name__iexact=name).exists()
    if taken:
        raise TableNotKeptError(f"{name}: you have a table of that name; drop it first")
    arrays = [column.name for column in upload.columns if column.type.endswith("[]")]
    if arrays:
        raise TableNotKeptError(f"{name}: column {arrays[0]} holds arrays, which kept tables do not")


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
        [table.schema, one.table.name, one.table.description, table.pk],
    )
    names = [column.name for column in next(t for t in SCHEMA_TABLES if t.name == "tap_schema.columns").columns]
    listed, places = ", ".join(f'"{name}"' for name in names), ", ".join(["%s"] * (len(names) + 1))
    cursor.executemany(
        f"INSERT INTO tap_schema.columns ({listed}, usertable) VALUES ({places})",
        [(*row, table.pk) for row in column_rows(one)],
    )


def keep_within(cursor, table: UserTable) -> None:
    """Note how large a table has become, and refuse what is beyond its owner's share."""
    cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [".".join(table.physical)])
    UserTable.objects.filter(pk=table.pk).update(bytes=cursor.fetchone()[0])
    held = UserTable.objects.using("default").filter(owner=table.owner_id).aggregate(sum=Sum("bytes"))["sum"]
    if held > settings.TAP_USER_BYTES:
        raise TableNotKeptError(
            f"{table.full_name}: your tables would take {held} bytes of {settings.TAP_USER_BYTES}; drop some"
        )


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
        "programs": one.programs,
        "releases": one.releases,
    }


def _readers(one: UserTable) -> dict:
    return {
        "everybody": one.everybody,
        "people": [person.get_username() for person in one.people.all()],
        "groups": [group.name for group in one.groups.all()],
    }


__all__ = [
    "BadUploadError",
    "TableNotKeptError",
    "append",
    "as_catalog",
    "as_published",
    "create",
    "describe",
    "drop",
    "from_job",
    "open_to",
    "schema_of",
    "share",
]
