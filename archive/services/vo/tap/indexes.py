"""Indexes of kept tables, made by jobs as CADC's clients order them (pyvo's create_index)."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import connection, transaction
from psycopg2 import sql

from archive.models import QueryJob, UserTable
from archive.services.vo.tap import uws
from archive.services.vo.tap.user_tables import TableNotKeptError, keep_within, told_of

ASKED = ("TABLE", "INDEX", "UNIQUE")


def order(user: User, table: UserTable, column: str, unique: bool) -> QueryJob:
    """A job, not started yet, that makes an index on a column of somebody's own table.

    Raises
    ------
    TableNotKeptError, archive.jobs.quotas.QuotaExceededError
    """
    _column(table, column)
    return uws.create({"TABLE": table.full_name, "INDEX": column, "UNIQUE": str(unique).lower()}, {}, "", user)


def is_order(parameters: Mapping[str, str]) -> bool:
    """Whether a job's parameters ask for an index rather than a query."""
    return "INDEX" in parameters and "TABLE" in parameters and "QUERY" not in parameters


def carry_out(job: QueryJob) -> dict:
    """Make the index that a job asks for; gives what becomes of the job.

    Raises
    ------
    TableNotKeptError
        for a table that its owner does not have any more, values that are not unique or too long for an index.
    """
    schema, _, name = job.parameters["TABLE"].replace('"', "").partition(".")
    table = UserTable.objects.using("default").filter(owner=job.owner, schema=schema, name=name).first()
    if table is None:
        raise TableNotKeptError(f"TABLE={job.parameters['TABLE']}: is not here any more")
    number = _column(table, job.parameters["INDEX"])
    unique = job.parameters["UNIQUE"] == "true"
    column = table.columns[number]["name"]
    statement = sql.SQL("CREATE {} INDEX IF NOT EXISTS {} ON {} ({})").format(
        sql.SQL("UNIQUE" if unique else ""),
        sql.Identifier(f"t{table.pk}_{number}{'_unique' if unique else ''}"),
        sql.Identifier(*table.physical),
        sql.Identifier(column),
    )
    with told_of(f"{table.full_name}.{column}"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute(
            "UPDATE tap_schema.columns SET indexed = 1 WHERE usertable = %s AND replace(column_name, '\"', '') = %s",
            [table.pk, column],
        )
        keep_within(cursor, table)
    return {"phase": QueryJob.Phase.COMPLETED, "size": 0}


def _column(table: UserTable, name: str) -> int:
    """The number of a column, by its name in any case.

    Raises
    ------
    TableNotKeptError
    """
    names = [column["name"] for column in table.columns]
    found = [number for number, one in enumerate(names) if one.lower() == name.replace('"', "").lower()]
    if len(found) != 1:
        raise TableNotKeptError(f"index={name}: {table.full_name} has no such column; it has {', '.join(names)}")
    return found[0]
