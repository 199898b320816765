"""The contents of a release, as rows of two tables: items and files.

A frozen release's rows are kept; a draft's are found anew, in temporary tables of the same shape, so that both are
asked the same questions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connections, transaction
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from archive.models import Release, ReleaseFile, ReleaseItem
from archive.releases import selection

FILE_COLUMNS = ("path", "family", "product_id", "programid", "size", "sha256")


@dataclass(frozen=True)
class Contents:
    """The names of the tables that hold a release's items and files."""

    items: str = ReleaseItem._meta.db_table
    files: str = ReleaseFile._meta.db_table


KEPT = Contents()


@contextmanager
def contents_of(release: Release) -> Iterator[Contents]:
    """The tables of a release's contents; a draft's only within the block, which is one transaction."""
    if not release.is_draft:
        yield KEPT
        return
    found = Contents("draft_items", "draft_files")
    with transaction.atomic(using="default"), connections["default"].cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE {found.items} (LIKE {KEPT.items}) ON COMMIT DROP")
        cursor.execute(f"CREATE TEMPORARY TABLE {found.files} (LIKE {KEPT.files}) ON COMMIT DROP")
        gather(release, found)
        cursor.execute(f"ANALYZE {found.items}")
        yield found
        cursor.execute(f"DROP TABLE {found.items}, {found.files}")


def gather(release: Release, into: Contents) -> None:
    """Find what a draft selects and write it into the tables.

    Runs as the owner, whoever asks: what a release would open is hidden from most people by its nature. Only counts
    of it are shown, and only to those who may publish it.
    """
    with connections["default"].cursor() as cursor:
        for kind, keys in selection.items(release).items():
            if keys.query.is_empty():  # a family that the release has not
                continue
            found, parameters = _sql(keys)
            cursor.execute(
                f"INSERT INTO {into.items} (release_id, kind, key) SELECT %s, %s, key FROM ({found}) AS found (key)",
                [release.pk, kind, *parameters],
            )
        held: dict[str, RawSQL] = {kind: _keys(release, into, kind) for kind in ReleaseItem.Kind}
        found, parameters = _sql(selection.files(release, held).values_list("pk", flat=True))
        listed = ", ".join(FILE_COLUMNS)
        cursor.execute(
            f"INSERT INTO {into.files} (release_id, file_id, {listed}) SELECT %s, id, {listed} "
            f"FROM archive_productfile WHERE id IN ({found})",
            [release.pk, *parameters],
        )


def _keys(release: Release, into: Contents, kind: str) -> RawSQL:
    return RawSQL(f"SELECT key FROM {into.items} WHERE release_id = %s AND kind = %s", [release.pk, kind])


def _sql(rows: QuerySet) -> tuple[str, tuple]:
    return rows.using("default").order_by().query.sql_with_params()
