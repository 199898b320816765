"""Residuals of science images against their catalogs, with the rights of the images."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from archive.access.policies import protect


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0005_versions"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImageResiduals",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("programid", models.SmallIntegerField(help_text="0 engineering, 1 public, 2 partnership, 3 Caltech")),
                (
                    "public_date",
                    models.DateTimeField(
                        blank=True, help_text="when everybody may see it; empty: not decided", null=True
                    ),
                ),
                (
                    "ra",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(null=True),
                        help_text="frame minus catalog along right ascension, 0.1 mas",
                        size=None,
                    ),
                ),
                (
                    "dec",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(null=True),
                        help_text="frame minus catalog along declination, 0.1 mas",
                        size=None,
                    ),
                ),
                (
                    "places",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), help_text="stars behind ra and dec", size=None
                    ),
                ),
                (
                    "mag",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(null=True),
                        help_text="calibrated minus catalog magnitude, 0.1 mmag",
                        size=None,
                    ),
                ),
                (
                    "lights",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), help_text="stars behind mag", size=None
                    ),
                ),
                (
                    "by_mag",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(null=True),
                        help_text="the same by magnitude, 0.1 mmag",
                        size=None,
                    ),
                ),
                (
                    "by_mag_stars",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), help_text="stars behind by_mag", size=None
                    ),
                ),
                (
                    "by_colour",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(null=True),
                        help_text="the same by colour, 0.1 mmag",
                        size=None,
                    ),
                ),
                (
                    "by_colour_stars",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), help_text="stars behind by_colour", size=None
                    ),
                ),
                (
                    "image",
                    models.ForeignKey(
                        db_column="pid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="residuals",
                        to="archive.scienceimage",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_column="version",
                        default="current",
                        on_delete=django.db.models.deletion.PROTECT,
                        to="archive.processingversion",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "image residuals",
                "constraints": [
                    models.UniqueConstraint(fields=("image", "version"), name="one_set_of_residuals_a_version")
                ],
            },
        ),
        protect("archive_imageresiduals"),
    ]
