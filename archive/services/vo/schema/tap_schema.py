"""TAP_SCHEMA: its own five tables, declared like all others, and how it is filled from the declarations."""

from __future__ import annotations

from collections.abc import Iterator

from archive.services.vo.adql import as_written
from archive.services.vo.schema.published import SCHEMAS, Published, describe_types, publish_query, published
from archive.tables.dictionary import Column, Table

SCHEMA_TABLES = (
    Table(
        "tap_schema.schemas",
        "The schemas",
        (
            Column("schema_name", "char", "Name of the schema", principal=True),
            Column("utype", "char", "Role in a data model"),
            Column("description", "char", "What the schema holds", principal=True),
            Column("schema_index", "int", "Order in lists"),
        ),
    ),
    Table(
        "tap_schema.tables",
        "The tables of all schemas",
        (
            Column("schema_name", "char", "Schema that the table belongs to", principal=True),
            Column("table_name", "char", "Name of the table with its schema", principal=True),
            Column("table_type", "char", "table or view"),
            Column("utype", "char", "Role in a data model"),
            Column("description", "char", "What the table holds", principal=True),
            Column("table_index", "int", "Order in lists"),
            Column("irsa_dbms", "int", "21: a table that IRSA's clients list"),
            Column("irsa_pos", "char", "y where the table has positions to search by, as IRSA gives it"),
        ),
    ),
    Table(
        "tap_schema.columns",
        "The columns of all tables",
        (
            Column("table_name", "char", "Table that the column belongs to", principal=True),
            Column("column_name", "char", "Name of the column", principal=True),
            Column("datatype", "char", "Type as VOTable names it", principal=True),
            Column("arraysize", "char", "Length of arrays and strings; * is any"),
            Column("xtype", "char", "Refinement of the type"),
            Column("size", "int", "Length of arrays and strings, as TAP 1.0 had it"),
            Column("description", "char", "What the column holds", principal=True),
            Column("utype", "char", "Role in a data model"),
            Column("unit", "char", "Unit", principal=True),
            Column("ucd", "char", "Unified content descriptor", principal=True),
            Column("indexed", "int", "1: there is an index"),
            Column("principal", "int", "1: belongs to the core of the table"),
            Column("std", "int", "1: defined by a standard"),
            Column("column_index", "int", "Order in lists"),
        ),
    ),
    Table(
        "tap_schema.keys",
        "How tables refer to each other",
        (
            Column("key_id", "char", "Identifier of the reference", principal=True),
            Column("from_table", "char", "Table that refers", principal=True),
            Column("target_table", "char", "Table that is referred to", principal=True),
            Column("description", "char", "What the reference means"),
            Column("utype", "char", "Role in a data model"),
        ),
    ),
    Table(
        "tap_schema.key_columns",
        "The columns of each reference",
        (
            Column("key_id", "char", "Identifier of the reference", principal=True),
            Column("from_column", "char", "Column that refers", principal=True),
            Column("target_column", "char", "Column that is referred to", principal=True),
        ),
    ),
)
KEYS: tuple[tuple[str, ...], ...] = (
    ("ztf_alerts_pid", "ztf.ztf_alerts", "pid", "ztf.ztf_current_meta_sci", "pid", "The science image of an alert"),
)
KEYS += tuple(
    (key, f"tap_schema.{table}", column, f"tap_schema.{target}", aim, text)
    for key, table, column, target, aim, text in (
        ("tap_schema_1", "tables", "schema_name", "schemas", "schema_name", "The schema of a table"),
        ("tap_schema_2", "columns", "table_name", "tables", "table_name", "The table of a column"),
        ("tap_schema_3", "keys", "from_table", "tables", "table_name", "The table that refers"),
        ("tap_schema_4", "keys", "target_table", "tables", "table_name", "The table that is referred to"),
        ("tap_schema_5", "key_columns", "key_id", "keys", "key_id", "The reference of a pair of columns"),
    )
)
"""References between published tables: id, table, column, target table, target column, meaning."""

IRSA_LISTED = 21  # irsa_dbms of the tables that astroquery's list_catalogs asks for
Row = tuple[object, ...]


def publish_schema() -> None:
    """Open TAP_SCHEMA itself to queries."""
    for table in SCHEMA_TABLES:
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        publish_query(table, f"SELECT {columns} FROM {table.name}", rows=1000, uses=(table.name,))


def contents(present: tuple[Published, ...] | None = None) -> dict[str, list[Row]]:
    """The rows of the five tables for the tables that are present, in the order of their columns."""
    tables = published() if present is None else present
    names = {one.table.name for one in tables}
    keys = [key for key in KEYS if {key[1], key[3]} <= names]
    schemas = [name for name in SCHEMAS if any(one.schema == name for one in tables)]
    return {
        "tap_schema.schemas": [(name, None, SCHEMAS[name], n) for n, name in enumerate(schemas, 1)],
        "tap_schema.tables": [_table_row(one, n) for n, one in enumerate(tables, 1)],
        "tap_schema.columns": [row for one in tables for row in column_rows(one)],
        "tap_schema.keys": [(key, table, target, text, None) for key, table, _, target, _, text in keys],
        "tap_schema.key_columns": [(key, column, aim) for key, _, column, _, aim, _ in keys],
    }


def column_rows(one: Published) -> Iterator[Row]:
    """The rows of TAP_SCHEMA.columns for one table."""
    xtypes = describe_types(one)
    standard = one.schema == "tap_schema"
    for number, column in enumerate(one.table.columns, 1):
        arraysize = "*" if column.datatype == "char" else None
        yield (
            one.table.name,
            as_written(column.name),
            column.datatype,
            arraysize,
            xtypes.get(column.name),
            None,
            column.description,
            column.utype or None,
            column.unit or None,
            column.ucd or None,
            int(column.indexed or (has_position(one) and column.name in ("ra", "dec"))),
            int(column.principal),
            int(column.std or standard),
            number,
        )


def has_position(one: Published) -> bool:
    """Whether the table is searched by position."""
    return {"ra", "dec"} <= {column.name for column in one.table.columns}


def _table_row(one: Published, number: int) -> Row:
    kind = "table" if one.schema == "tap_schema" else "view"
    position = "y" if has_position(one) else "n"
    return (
        one.schema,
        one.table.name,
        kind,
        one.table.utype or None,
        one.table.description,
        number,
        IRSA_LISTED,
        position,
    )
