"""Processing versions beside the current one, with the rights of their images."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

from archive.access.policies import let_readers_see, protect


def name_current(apps, schema_editor):
    """What is made without a version's name."""
    note = "What searches, light curves and queries show; made with the defaults of the code."
    apps.get_model("archive", "ProcessingVersion").objects.create(name="current", note=note)


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0004_calibration_validity"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProcessingVersion",
            fields=[
                (
                    "name",
                    models.CharField(
                        max_length=30,
                        primary_key=True,
                        serialize=False,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A[a-z][a-z0-9_-]{0,29}\\Z", "up to 30 of a-z, 0-9, _ and -, beginning with a letter"
                            )
                        ],
                    ),
                ),
                ("note", models.TextField(blank=True, help_text="what it is for")),
                (
                    "overrides",
                    models.JSONField(
                        default=dict, help_text="values that differ from the defaults, by pipeline and field"
                    ),
                ),
                ("config", models.JSONField(default=dict, help_text="every value, by pipeline")),
                ("config_sha256", models.CharField(blank=True, max_length=64)),
                (
                    "software",
                    models.CharField(blank=True, help_text="version of the code that first made it", max_length=40),
                ),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("created_by", models.CharField(blank=True, max_length=100)),
            ],
            options={
                "ordering": ["created"],
            },
        ),
        migrations.AlterField(
            model_name="productfile",
            name="family",
            field=models.CharField(
                choices=[
                    ("raw", "Raw"),
                    ("cal", "Cal"),
                    ("sci", "Sci"),
                    ("ref", "Ref"),
                    ("diff", "Diff"),
                    ("alert", "Alert"),
                    ("ver", "Version"),
                ],
                max_length=5,
            ),
        ),
        migrations.AlterField(
            model_name="productfile",
            name="product_id",
            field=models.BigIntegerField(help_text="expid, cid, pid, rfid or a version's row, by family"),
        ),
        migrations.CreateModel(
            name="ScienceVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("programid", models.SmallIntegerField(help_text="0 engineering, 1 public, 2 partnership, 3 Caltech")),
                (
                    "public_date",
                    models.DateTimeField(
                        blank=True, help_text="when everybody may see it; empty: not decided", null=True
                    ),
                ),
                ("infobits", models.IntegerField(default=0)),
                ("status", models.SmallIntegerField(default=1, help_text="1 usable, 0 bad")),
                ("seeing", models.FloatField(help_text="FWHM, arcsec", null=True)),
                ("maglimit", models.FloatField(help_text="5 sigma, mag", null=True)),
                ("magzp", models.FloatField(null=True)),
                ("magzpunc", models.FloatField(null=True)),
                ("magzprms", models.FloatField(null=True)),
                ("clrcoeff", models.FloatField(null=True)),
                ("clrcounc", models.FloatField(null=True)),
                ("nmatches", models.IntegerField(help_text="photometric calibrators", null=True)),
                ("quality", models.JSONField(default=dict, help_text="further measurements of the pipeline")),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("changed", models.DateTimeField(auto_now=True)),
                (
                    "image",
                    models.ForeignKey(
                        db_column="pid",
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="archive.scienceimage",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_column="version",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="science",
                        to="archive.processingversion",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("image", "version"), name="one_image_a_version")],
            },
        ),
        protect("archive_scienceversion"),
        let_readers_see("archive_processingversion"),
        migrations.RunPython(name_current, migrations.RunPython.noop),
    ]
