"""Statements that PostgreSQL plans once a session: where finding rows takes less time than planning how to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

MOST_VALUES = 1000  # in the first value, if it is an array; for longer ones a plan of their own is worth its time
_KNOWN = "_statements_prepared"  # on Django's connection: the session, and the names that it knows


@dataclass(frozen=True)
class Statement:
    """A query with parameters $1, $2 of these types; `name` is unique in the system."""

    name: str
    query: str
    types: tuple[str, ...]


def execute(connection: BaseDatabaseWrapper, cursor, statement: Statement, values: Sequence) -> None:
    """Run a statement; its first value is what is looked up, or the array of it."""
    if isinstance(values[0], list) and len(values[0]) > MOST_VALUES:
        marks = re.sub(r"\$([0-9])", lambda found: f"%(p{found[1]})s", statement.query)
        cursor.execute(marks, {f"p{number}": value for number, value in enumerate(values, start=1)})
        return
    session, names = getattr(connection, _KNOWN, (None, frozenset()))
    if session is not connection.connection:
        names = frozenset()
    if statement.name not in names:
        # In a transaction that is rolled back the statement stays: PREPARE is the session's, not the transaction's.
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name = %s", [statement.name])
        if not cursor.fetchone()[0]:
            cursor.execute(f"PREPARE {statement.name} ({', '.join(statement.types)}) AS {statement.query}")
        setattr(connection, _KNOWN, (connection.connection, names | {statement.name}))
    cursor.execute(f"EXECUTE {statement.name} ({', '.join(['%s'] * len(values))})", values)
