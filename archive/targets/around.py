"""The search around every position of a list: one statement, whose inner part the index of the sphere answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from archive.access.reading import Reader, current_reader
from archive.access.streams import Rows, stream
from archive.search.families import FAMILIES
from archive.search.query import ImageQuery, images_at_each
from archive.sky.boxes import AXES, LISTED, axes_of
from archive.tables.dictionary import Column, Table
from archive.targets.lists import Target

MATCHED = (
    Column("in_row_id", "int", "Row of the list, from 1", ucd="meta.record"),
    Column("in_name", "char", "Name of that row, or its number", ucd="meta.id"),
    Column("in_ra", "double", "Right ascension of that row", "deg", "pos.eq.ra"),
    Column("in_dec", "double", "Declination of that row", "deg", "pos.eq.dec"),
)
_FROM = f"""FROM unnest(%s::int[], %s::text[], %s::float8[], %s::float8[]{", %s::float8[]" * len(AXES)})
    AS {LISTED} (n, name, ra, dec, {", ".join(AXES)})"""
# OFFSET 0 keeps the planner from turning the two around: rows come position by position, each found by the index.
_MATCHES = (
    f"SELECT {LISTED}.n, {LISTED}.name, {LISTED}.ra, {LISTED}.dec, found.* {_FROM} "  # noqa: S608
    "CROSS JOIN LATERAL ({found} OFFSET 0) AS found"
)
_COUNTS = (
    f"SELECT count(found.*) {_FROM} LEFT JOIN LATERAL ({{found}} OFFSET 0) AS found ON true "  # noqa: S608
    f"GROUP BY {LISTED}.n ORDER BY {LISTED}.n"
)


@dataclass(frozen=True)
class AtEach:
    """A statement for archive.access.streams: `rows` (of `images_at_each`) around every target."""

    template: str
    rows: models.QuerySet
    targets: Sequence[Target]

    def as_sql(self, connection: BaseDatabaseWrapper) -> tuple[str, list]:
        found, parameters = self.rows.query.get_compiler(connection=connection).as_sql()
        ra, dec = np.array([(one.ra, one.dec) for one in self.targets]).T
        columns = [list(range(1, len(self.targets) + 1)), [one.name for one in self.targets]]
        columns += [column.tolist() for column in (ra, dec, *axes_of(ra, dec))]
        return self.template.format(found=found), [*columns, *parameters]


def table_of(family: str, names: Iterable[str] | None = None) -> Table:
    """The columns of the answer: those of the list, then the family's as IBE has them."""
    table = FAMILIES[family].table
    chosen = table if names is None else table.only(table.name, " ".join(names))
    return Table(f"{family}_at_positions", table.description, (*MATCHED, *chosen.columns))


def matches(query: ImageQuery, targets: Sequence[Target], reader: Reader, names: Sequence[str] | None = None) -> Rows:
    """The products around each target, in the order of the list, as rows of `table_of`; streamed.

    Parameters
    ----------
    query : without a position of its own
    names : columns of the family (archive.search.families); all where not given

    Raises
    ------
    archive.search.query.BadQueryError
        for a family without a place on the sky.
    archive.access.streams.QueryFailedError
    """
    family = FAMILIES[query.family]
    rows = images_at_each(query)
    if not query.centred:
        rows = rows.order_by("pk")
    annotations = {f"found_{name}": family.expressions[name] for name in names or family.expressions}
    rows = rows.annotate(**annotations).values_list(*annotations)
    return stream([((), AtEach(_MATCHES, rows, targets))], reader)


def counts(query: ImageQuery, targets: Sequence[Target]) -> list[int]:
    """Numbers of products around each target, for the reader of the context."""
    rows = images_at_each(query)
    rows = (rows if query.centred else rows.order_by()).values_list("pk")
    connection = connections["default" if current_reader() is None else "reader"]
    try:
        statement = AtEach(_COUNTS, rows, targets).as_sql(connection)
    except EmptyResultSet:  # Django sees that no row can answer, and writes no SQL
        return [0] * len(targets)
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        return [count for (count,) in cursor.fetchall()]
