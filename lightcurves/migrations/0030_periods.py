"""Periods of stars, once for every set of closed programs that matters, and who may read which."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

import lightcurves.models
from archive.access.policies import protect

# A tier's period was found with unreleased points of its programs: it is for those who may see all of them.
WITHIN_PROGRAMS = "programs <@ (SELECT current_setting('ztf.programs'))::smallint[]"


class Migration(migrations.Migration):
    dependencies = [
        ("lightcurves", "0010_closed_sources"),
    ]

    operations = [
        migrations.CreateModel(
            name="SourcePeriod",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "oid", "programs", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("oid", models.BigIntegerField()),
                (
                    "programs",
                    django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None),
                ),
                ("period", models.FloatField(help_text="days")),
                ("perioderr", models.FloatField(help_text="days, one standard deviation")),
                ("confidence", lightcurves.models.RealField(help_text="chance that the period is right")),
                (
                    "log10fap",
                    lightcurves.models.RealField(
                        help_text="log10 of the chance that noise makes the highest Lomb-Scargle peak"
                    ),
                ),
                (
                    "amplitude",
                    lightcurves.models.RealField(help_text="of the folded curve in the filter with most points, mag"),
                ),
                ("rival", models.FloatField(help_text="the next best period that is no multiple, days", null=True)),
                ("nobs", models.IntegerField(help_text="points that were searched")),
                ("nbands", models.SmallIntegerField(help_text="filters and quadrants that were searched")),
                (
                    "star",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="all sources whose points were searched",
                        size=None,
                    ),
                ),
                ("searched", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(fields=["star"], name="lightcurves_star_d944b5_gin")
                ],
            },
        ),
        protect("lightcurves_sourceperiod", WITHIN_PROGRAMS),
    ]
