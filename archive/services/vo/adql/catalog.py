"""The tables that a query may name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from archive.requests.spelling import resembling


@dataclass(frozen=True)
class Region:
    """The columns in PostgreSQL of a polygon's corners: its text need not be read, and an index helps.

    corners : names of the columns (ra1, dec1, ra2, dec2, ...), ICRS degrees, in order around the polygon; they may
        be hidden from users
    centre : names of the two columns on which the table has its sky index
    radius : degrees; no corner lies farther than this from the centre
    """

    corners: tuple[str, ...]
    centre: tuple[str, str]
    radius: float


@dataclass(frozen=True)
class Shifted:
    """The source of a computed column of times or numbers: another column of the table, which has an index.

    column : its name; it may be hidden from users
    offset, span : where a row's value is v (a timestamp counts as its days since 1970), that column's lies between
        v + offset - span and v + offset, or is null
    """

    column: str
    offset: float
    span: float = 0.0


@dataclass(frozen=True)
class Parts:
    """The parts of a composed column of texts: other columns of the table, which have indexes.

    read : gives the values of these columns by their names, or None for a text that no row has
    """

    read: Callable[[str], Mapping[str, str | int] | None]


@dataclass(frozen=True)
class Abbreviated:
    """Names in a column that a condition may write shorter, as a table's without its schema.

    whole : gives the whole name of a short one, or None where that is not one name's
    """

    whole: Callable[[str], str | None]


@dataclass(frozen=True)
class Column:
    """One column as TAP_SCHEMA describes it; `type` is a PostgreSQL type name such as "double precision".

    xtype : DALI's; columns of point, circle, polygon (arrays of numbers, or text as DALI or STC-S write it) and region
        (text) are geometries
    region : for a column of polygons whose corners stand in columns of their own
    indexable : for a computed column, what it is computed from
    abbreviated : for a column of names that may be written shorter
    longest, made : for a query's column, characters that its value has at most, and that are made to compute it
        (archive.services.vo.adql.names.lengths)
    """

    name: str
    type: str
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None
    utype: str | None = None
    xtype: str | None = None
    region: Region | None = None
    indexable: Shifted | Parts | None = None
    abbreviated: Abbreviated | None = None
    longest: int | None = field(default=None, compare=False)
    made: int = field(default=1, compare=False)


@dataclass(frozen=True)
class Table:
    """A table: `rows` is a rough count (the larger side of a crossmatch is the one whose index is used).

    physical : (schema, table) in PostgreSQL, where they differ from the ADQL names.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    rows: int = 0
    physical: tuple[str, str] | None = None

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Column, ...]]:
        """Columns by their names in lower case; several if they differ by case only."""
        found: dict[str, tuple[Column, ...]] = {}
        for column in self.columns:
            key = column.name.lower()
            found[key] = (*found.get(key, ()), column)
        return found


@dataclass(frozen=True)
class Catalog:
    """The white list: every table and column that ADQL may reach. Names of tables compare without regard to case."""

    tables: tuple[Table, ...]
    base: Catalog | None = None
    _by_name: Mapping[tuple[str, str], Table] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        by_name = {(table.schema.lower(), table.name.lower()): table for table in self.tables}
        object.__setattr__(self, "_by_name", by_name)

    def extended(self, tables: Iterable[Table]) -> Catalog:
        """A catalog that has these tables besides (uploads, a user's own); costs next to nothing."""
        return Catalog(tuple(tables), self)

    @property
    def every(self) -> tuple[Table, ...]:
        """All tables; those that were added later come first."""
        return self.tables + (self.base.every if self.base else ())

    def table(self, schema: str, name: str) -> Table | None:
        """The table of that name; without a schema the only one of that name in any schema; or None."""
        if not schema:
            found = self.called(name)
            return found[0] if len(found) == 1 else None
        one = self._by_name.get((schema.lower(), name.lower()))
        return self.base.table(schema, name) if one is None and self.base else one

    def called(self, name: str) -> list[Table]:
        """The tables of that name in all schemas."""
        own = [table for (_, known), table in self._by_name.items() if known == name.lower()]
        return own + (self.base.called(name) if self.base else [])

    def describe(self) -> str:
        """All table names, for error messages."""
        return ", ".join(sorted(table.full_name for table in self.every))

    def like(self, name: str) -> str | None:
        """The table whose name resembles a misspelt one, or None."""
        return resembling(name, [table.full_name for table in self.every])
