"""Many rows at once: COPY into a temporary table, then into the table itself in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import connection, models, transaction

from archive.database import copy

if TYPE_CHECKING:
    import pandas as pd


def upsert(model: type[models.Model], table: pd.DataFrame, new: Mapping | None = None) -> int:
    """Write rows; those whose primary key is known already are replaced. Returns how many.

    Parameters
    ----------
    table : DataFrame
        Columns named as the model's database columns; the primary key among them, each once. NaN and NaT are null.
    new : further columns (values or arrays) for rows that are new; known ones keep what they have
    """
    if table.empty:
        return 0
    replaced, table = list(table.columns), table.assign(**(new or {}))
    name, key = model._meta.db_table, model._meta.pk.column
    listed = ", ".join(table.columns)
    updates = ", ".join(f"{column} = excluded.{column}" for column in replaced if column != key)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE incoming (LIKE {name} INCLUDING DEFAULTS) ON COMMIT DROP")
        copy.write_frame(cursor, "incoming", table)
        cursor.execute(
            f"INSERT INTO {name} ({listed}) SELECT {listed} FROM incoming ON CONFLICT ({key}) DO UPDATE SET {updates}"
        )
        cursor.execute("DROP TABLE incoming")
    return len(table)
