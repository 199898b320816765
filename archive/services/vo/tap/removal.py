"""Removal of what goes with removed rows: files of query jobs, tables that people kept."""

from __future__ import annotations

import shutil

from django.db import connection, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from psycopg2 import sql

from archive.models import QueryJob, UserTable


@receiver(post_delete, sender=QueryJob)
def remove_files(sender, instance: QueryJob, **kwargs) -> None:
    """However a job's row goes, also with its owner's account, its folder goes once that is certain."""
    folder = instance.folder  # while it has a number
    transaction.on_commit(lambda: shutil.rmtree(folder, ignore_errors=True))


@receiver(post_delete, sender=UserTable)
def drop_with_its_row(sender, instance: UserTable, **kwargs) -> None:
    """However a table's row goes, also with its owner's account: the rows and the lines in TAP_SCHEMA go with it."""
    table = instance
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(*table.physical)))
        for name in ("columns", "tables"):
            cursor.execute(f"DELETE FROM tap_schema.{name} WHERE usertable = %s", [table.pk])
        cursor.execute(
            "DELETE FROM tap_schema.schemas AS s WHERE s.schema_name = %s AND NOT EXISTS "
            "(SELECT FROM tap_schema.tables AS t WHERE t.schema_name = s.schema_name)",
            [table.schema],
        )
