"""The tables that a query may name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlglot.schema import MappingSchema


@dataclass(frozen=True)
class Column:
    """One column as TAP_SCHEMA describes it; `type` is a PostgreSQL type name such as "double precision"."""

    name: str
    type: str
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None


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


@dataclass(frozen=True)
class Catalog:
    """The white list: every table and column that ADQL may reach. Names compare without regard to case."""

    tables: tuple[Table, ...]
    _by_name: Mapping = field(init=False, repr=False, compare=False)
    _schema: MappingSchema = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        by_name = {(table.schema.lower(), table.name.lower()): table for table in self.tables}
        mapping = {}
        for (schema, name), table in by_name.items():
            mapping.setdefault(schema, {})[name] = {column.name: column.type for column in table.columns}
        object.__setattr__(self, "_by_name", by_name)
        object.__setattr__(self, "_schema", MappingSchema(mapping, dialect="postgres", normalize=False))

    def table(self, schema, name):
        """The table of that name, or None."""
        return self._by_name.get((schema.lower(), name.lower()))

    def column(self, table, name):
        """The column of a table, or None."""
        return next((column for column in table.columns if column.name == name), None) if table else None

    @property
    def schema(self):
        """The names in the form that sqlglot's name resolution reads."""
        return self._schema

    def describe(self):
        """All table names, for error messages."""
        return ", ".join(sorted(f"{table.schema}.{table.name}" for table in self.tables))
