"""The tables that ADQL reaches: each app publishes its own, declared once in the data dictionary.

From the same declarations come the views that PostgreSQL answers with, TAP_SCHEMA, VOSI tables, and the white list of
the ADQL translator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from django.core.exceptions import FieldDoesNotExist, ImproperlyConfigured
from django.db import models

from archive.services.vo import adql
from archive.services.vo.schema.openers import open_waiting
from archive.tables.dictionary import Column, Table
from archive.tables.fields import IRSA_TIME

POSTGRES = {
    "boolean": "boolean",
    "short": "smallint",
    "int": "integer",
    "long": "bigint",
    "float": "real",
    "double": "double precision",
    "char": "char",
}
SCHEMAS = {
    "ztf": "Images, alerts and light curves of the Zwicky Transient Facility",
    "ivoa": "All observations in the words of the Virtual Observatory",
    "caom": "The collections, as IRSA's clients ask for them",
    "tap_schema": "What tables and columns there are",
}

ABBREVIATED = {("tap_schema", name) for name in ("table_name", "from_table", "target_table")}
"""Columns of names of tables, which a condition may write without their schema, as FROM may."""
VIEWS = "tap_data"
"""PostgreSQL's schema of the views; a schema called ztf would be searched before `public` by the role of that name."""


@dataclass(frozen=True)
class Published:
    """A table open to queries.

    rows : a rough count at full size; in a crossmatch the larger table is the one whose sky index is used
    query : the SELECT whose columns bear the declared names; what each row needs of rights its tables enforce
    uses : the PostgreSQL tables that the query reads
    times : columns that are timestamps (UTC, without zone)
    as_irsa : whether these are written as IRSA writes times, not as DALI does
    regions : columns of footprints, and where the numbers of each stand
    indexable : computed columns, and what an index knows of each
    """

    table: Table
    rows: int
    query: str
    uses: tuple[str, ...]
    times: frozenset[str] = frozenset()
    as_irsa: bool = False
    regions: Mapping[str, adql.Region] = field(default_factory=dict)
    indexable: Mapping[str, adql.Shifted | adql.Parts] = field(default_factory=dict)

    @property
    def schema(self) -> str:
        return self.table.name.partition(".")[0]

    @property
    def name(self) -> str:
        return self.table.name.partition(".")[2]

    @property
    def physical(self) -> tuple[str, str]:
        """Schema and name in PostgreSQL."""
        return (self.schema if self.schema == "tap_schema" else VIEWS, self.name)

    def type_of(self, column: Column) -> str:
        """PostgreSQL's type of a column, as the translator reads it."""
        return "timestamp" if column.name in self.times else POSTGRES[column.datatype]


@dataclass
class _Registry:
    tables: dict[str, Published] = field(default_factory=dict)
    changing: list[Callable[[], tuple[Published, ...]]] = field(default_factory=list)


_registry = _Registry()


def publish(
    table: Table, model: type[models.Model], rows: int, indexable: Mapping[str, adql.Shifted] | None = None
) -> None:
    """Open a model's table to queries, with the columns that are declared for it; called by what `openers` names.

    `indexable` as Published has it.

    Raises
    ------
    ImproperlyConfigured
        for a column that is no field of the model.
    """
    columns, times = [], set()
    for column in table.columns:
        try:
            source = model._meta.get_field(column.attribute)
        except FieldDoesNotExist as error:
            raise ImproperlyConfigured(
                f"{table.name}.{column.name}: {model.__name__} has no field {column.attribute!r}; publish_query() "
                "takes a SELECT for columns that are not fields"
            ) from error
        expression = f'"{source.column}"'
        if isinstance(source, models.DateTimeField):
            expression = f"({expression} AT TIME ZONE 'UTC')"
            times.add(column.name)
        columns.append(f'{expression} AS "{column.name}"')
    query = f'SELECT {", ".join(columns)} FROM "{model._meta.db_table}"'
    _add(Published(table, rows, query, (model._meta.db_table,), frozenset(times), indexable=indexable or {}))


def publish_query(
    table: Table,
    query: str,
    rows: int,
    uses: tuple[str, ...],
    times: frozenset[str] = frozenset(),
    hidden: tuple[str, ...] = (),
    regions: Mapping[str, adql.Region] | None = None,
    indexable: Mapping[str, adql.Shifted | adql.Parts] | None = None,
    as_irsa: bool = False,
) -> None:
    """Open what a SELECT gives; its columns bear the declared names. Row-level security of its tables holds.

    `hidden` are further columns of the view, which no query may name; the others as Published has them.
    """
    names = ", ".join(f'q."{name}"' for name in (*(column.name for column in table.columns), *hidden))
    whole = f"SELECT {names} FROM ({query}) AS q"
    _add(Published(table, rows, whole, uses, times, as_irsa, regions or {}, indexable or {}))


def publish_changing(tables: Callable[[], tuple[Published, ...]]) -> None:
    """Open tables that come and go with rows of the archive; `tables` is asked whenever somebody asks what there is.

    Whoever changes those rows calls views.refresh() in the same transaction.
    """
    _registry.changing.append(tables)


def published() -> tuple[Published, ...]:
    """All tables that are open to queries, by name."""
    return tuple(sorted((*constant(), *changing()), key=lambda one: one.table.name))


def constant() -> tuple[Published, ...]:
    """The tables that are always there; the database is not asked."""
    open_waiting()
    return tuple(_registry.tables.values())


def changing() -> tuple[Published, ...]:
    """The tables that come and go with rows of the archive, as it is now."""
    open_waiting()
    return tuple(one for tables in _registry.changing for one in tables())


def adql_catalog() -> adql.Catalog:
    """The translator's white list of the tables that are always there."""
    open_waiting()
    return _adql_catalog()


@lru_cache(maxsize=1)
def _adql_catalog() -> adql.Catalog:
    return adql.Catalog(tuple(as_adql(one) for one in _registry.tables.values()))


def _add(one: Published) -> None:
    if one.schema not in SCHEMAS or not one.name or one.table.name != one.table.name.lower():
        raise ImproperlyConfigured(f"{one.table.name}: name a table in lower case, in one of {', '.join(SCHEMAS)}")
    unknown = {column.datatype for column in one.table.columns} - POSTGRES.keys()
    if unknown:
        raise ImproperlyConfigured(f"{one.table.name}: datatypes {sorted(unknown)} are not among {', '.join(POSTGRES)}")
    _registry.tables[one.table.name] = one
    _adql_catalog.cache_clear()


def as_adql(one: Published) -> adql.Table:
    """A table as the translator knows tables."""
    columns = tuple(
        adql.Column(
            column.name,
            one.type_of(column),
            column.unit or None,
            column.ucd or None,
            column.description,
            column.utype or None,
            IRSA_TIME if one.as_irsa and column.name in one.times else column.xtype or None,
            one.regions.get(column.name),
            one.indexable.get(column.name),
            adql.Abbreviated(whole_name) if (one.schema, column.name) in ABBREVIATED else None,
        )
        for column in one.table.columns
    )
    return adql.Table(one.schema, one.name, columns, one.rows, one.physical)


def whole_name(name: str) -> str | None:
    """The name with its schema of the only table that is called so in any schema; None for any other text."""
    found = [one.table.name for one in published() if one.name == name.lower()]
    return found[0] if len(found) == 1 else None


def describe_types(one: Published) -> Mapping[str, str]:
    """Column name -> xtype, for those that have one."""
    declared = {column.name: column.xtype for column in one.table.columns if column.xtype}
    return ({} if one.as_irsa else dict.fromkeys(one.times, "timestamp")) | declared
