"""Changes of proprietary periods within bounds, with the dates before; what rests on one closes when it is undone."""

from importlib import import_module

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

OPEN_TABLES = import_module("archive.migrations.0072_tables_rest").OPEN_TABLES
TAKEN_BACK = """
        AND NOT EXISTS (
            SELECT FROM public.archive_periodchange AS c
            WHERE 'period:' || c.id = ANY (t.releases) AND c.taken_back IS NOT NULL
                AND c.program_id <> ALL (me.programs))
        AND (
            t.owner_id = me.id OR t.everybody"""
BOUNDED = """
UPDATE archive_program SET proprietary_days = CASE WHEN proprietary_days < 0 THEN NULL ELSE 36525 END
WHERE proprietary_days NOT BETWEEN 0 AND 36525
"""


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0072_tables_rest"),
    ]

    operations = [
        migrations.RunSQL(BOUNDED, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="PeriodChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="period_changes",
                        to="archive.program",
                    ),
                ),
                ("before", models.PositiveIntegerField(help_text="days", null=True)),
                ("after", models.PositiveIntegerField(help_text="days", null=True)),
                ("made", models.DateTimeField()),
                ("taken_back", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="OldDate",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "change", "relation", "key", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "change",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="old_dates",
                        to="archive.periodchange",
                    ),
                ),
                ("relation", models.CharField(help_text="table", max_length=40)),
                ("key", models.BigIntegerField(help_text="its primary key")),
                ("public_date", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AlterField(
            model_name="program",
            name="proprietary_days",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="days from observation until public, at most 36525; empty: until a release opens them",
                null=True,
                validators=[django.core.validators.MaxValueValidator(36525)],
            ),
        ),
        migrations.AddConstraint(
            model_name="program",
            constraint=models.CheckConstraint(
                condition=models.Q(("proprietary_days__range", (0, 36525))), name="program_period"
            ),
        ),
        migrations.RunSQL(
            OPEN_TABLES.replace(
                """
        AND (
            t.owner_id = me.id OR t.everybody""",
                TAKEN_BACK,
            ),
            OPEN_TABLES,
        ),
    ]
