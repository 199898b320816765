"""Tables that people keep: who sees them, their rows and what TAP_SCHEMA says of them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from archive.access.policies import protect
from archive.access.reading import READER_ROLE

# Owned by who owns the tables, so that row-level security does not apply within: it is what row-level security asks.
OPEN_TABLES = """
CREATE FUNCTION archive_open_tables() RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.id FROM public.archive_usertable AS t,
        (SELECT NULLIF(current_setting('ztf.person', true), '')::integer AS id) AS me
    WHERE me.id > 0 AND (
        t.owner_id = me.id OR t.everybody
        OR EXISTS (SELECT FROM public.archive_usertable_people AS p WHERE p.usertable_id = t.id AND p.user_id = me.id)
        OR EXISTS (
            SELECT FROM public.archive_usertable_groups AS g
            JOIN public.archive_groupmembership AS m ON m.group_id = g.readergroup_id
            WHERE g.usertable_id = t.id AND m.user_id = me.id AND m.since <= now()
                AND (m.until IS NULL OR m.until > now())))
$$
"""
MINE = "IN (SELECT id FROM archive_open_tables() AS id)"
DESCRIBED = {
    "schemas": (
        "person integer",
        "person IS NULL OR schema_name IN (SELECT t.schema_name FROM tap_schema.tables AS t)",
    ),
    "tables": ("usertable bigint", f"usertable IS NULL OR usertable {MINE}"),
    "columns": ("usertable bigint", f"usertable IS NULL OR usertable {MINE}"),
}


def describe_for_those_who_may(table: str) -> list[migrations.RunSQL]:
    """Lines of TAP_SCHEMA about what people keep are seen by those who see the tables themselves."""
    column, visible = DESCRIBED[table]
    return [
        migrations.RunSQL(
            f"ALTER TABLE tap_schema.{table} ADD COLUMN {column}",
            [
                f"DELETE FROM tap_schema.{table} WHERE {column.split()[0]} IS NOT NULL",
                f"ALTER TABLE tap_schema.{table} DROP COLUMN {column.split()[0]}",
            ],
        ),
        protect(f"tap_schema.{table}", visible),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0041_forget_jobs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UserTable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("schema", models.CharField(help_text="user_ and the owner's name", max_length=80)),
                ("name", models.CharField(max_length=60)),
                ("description", models.TextField(blank=True)),
                ("columns", models.JSONField(help_text="name, type, unit, ucd, description, utype, xtype of each")),
                ("rows", models.BigIntegerField(default=0)),
                ("bytes", models.BigIntegerField(default=0, help_text="on disk, with its indexes")),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("everybody", models.BooleanField(default=False, help_text="whether all who sign in may read it")),
                ("groups", models.ManyToManyField(blank=True, related_name="shared_tables", to="archive.readergroup")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tables", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "people",
                    models.ManyToManyField(blank=True, related_name="shared_tables", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "ordering": ["schema", "name"],
                "constraints": [models.UniqueConstraint(fields=("schema", "name"), name="one_usertable_of_a_name")],
            },
        ),
        migrations.RunSQL(
            ["CREATE SCHEMA tap_user", f"GRANT USAGE ON SCHEMA tap_user TO {READER_ROLE}"],
            "DROP SCHEMA tap_user CASCADE",
        ),
        migrations.RunSQL(
            [
                OPEN_TABLES,
                "REVOKE EXECUTE ON FUNCTION archive_open_tables() FROM PUBLIC",
                f"GRANT EXECUTE ON FUNCTION archive_open_tables() TO {READER_ROLE}",
            ],
            "DROP FUNCTION archive_open_tables()",
        ),
        protect("archive_usertable", f"id {MINE}"),
        *[one for table in ("columns", "tables", "schemas") for one in describe_for_those_who_may(table)],
    ]
