"""Schemas for queries: `tap_data` for the views, `tap_schema` for what describes them (filled after each migration).

The views' schema must not be called `ztf` as in ADQL: a role finds the schema of its own name before `public`, and the
database's owner is called so.
"""

from django.db import migrations

from archive.access.reading import READER_ROLE

TAP_SCHEMA = [
    """CREATE TABLE tap_schema.schemas (
        schema_name text PRIMARY KEY, utype text, description text, schema_index integer)""",
    """CREATE TABLE tap_schema.tables (
        schema_name text NOT NULL REFERENCES tap_schema.schemas, table_name text PRIMARY KEY, table_type text NOT NULL,
        utype text, description text, table_index integer, irsa_dbms text, irsa_pos text)""",
    """CREATE TABLE tap_schema.columns (
        table_name text NOT NULL REFERENCES tap_schema.tables, column_name text NOT NULL, datatype text NOT NULL,
        arraysize text, xtype text, "size" integer, description text, utype text, unit text, ucd text,
        indexed integer NOT NULL, principal integer NOT NULL, std integer NOT NULL, column_index integer,
        PRIMARY KEY (table_name, column_name))""",
    """CREATE TABLE tap_schema.keys (
        key_id text PRIMARY KEY, from_table text NOT NULL REFERENCES tap_schema.tables,
        target_table text NOT NULL REFERENCES tap_schema.tables, description text, utype text)""",
    """CREATE TABLE tap_schema.key_columns (
        key_id text NOT NULL REFERENCES tap_schema.keys, from_column text NOT NULL, target_column text NOT NULL)""",
]


class Migration(migrations.Migration):
    dependencies = [("archive", "0002_rights")]
    operations = [
        migrations.RunSQL(
            [
                "CREATE SCHEMA tap_data",
                "CREATE SCHEMA tap_schema",
                *TAP_SCHEMA,
                f"GRANT USAGE ON SCHEMA tap_data, tap_schema TO {READER_ROLE}",
                f"GRANT SELECT ON ALL TABLES IN SCHEMA tap_schema TO {READER_ROLE}",
            ],
            ["DROP SCHEMA tap_data CASCADE", "DROP SCHEMA tap_schema CASCADE"],
        )
    ]
