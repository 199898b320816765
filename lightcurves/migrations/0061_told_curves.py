"""Light curves that came as files, packed, with their own epochs; seen by program and date as every point is."""

from django.db import migrations, models

from archive.access.policies import protect


class Migration(migrations.Migration):
    dependencies = [("lightcurves", "0060_motion"), ("archive", "0091_smaller_cameras")]
    operations = [
        migrations.CreateModel(
            name="ToldCurve",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("programid", models.SmallIntegerField(help_text="0 engineering, 1 public, 2 partnership, 3 Caltech")),
                (
                    "public_date",
                    models.DateTimeField(
                        blank=True, help_text="when everybody may see it; empty: not decided", null=True
                    ),
                ),
                ("oid", models.BigIntegerField()),
                ("nobs", models.IntegerField()),
                (
                    "observed",
                    models.DateTimeField(
                        help_text="when its last point was taken: its program's rule counts from there"
                    ),
                ),
                (
                    "by_exposure",
                    models.BooleanField(help_text="whether the file told the exposure of each point, or times only"),
                ),
                ("file", models.CharField(help_text="name of the file that came last", max_length=255)),
                ("data", models.BinaryField(help_text="see lightcurves.told.codec")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("oid", "programid"), name="told_once")],
            },
        ),
        migrations.RunSQL(  # bytes are compressed already: PostgreSQL need not try
            "ALTER TABLE lightcurves_toldcurve ALTER COLUMN data SET STORAGE EXTERNAL", migrations.RunSQL.noop
        ),
        protect("lightcurves_toldcurve"),
    ]
