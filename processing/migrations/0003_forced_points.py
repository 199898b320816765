"""Points of forced photometry that came as files; seen by program and date, found by position."""

from django.db import migrations, models

from archive.access.policies import protect, sky_index


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0002_rounds"),
        ("archive", "0091_smaller_cameras"),
    ]

    operations = [
        migrations.CreateModel(
            name="ForcedPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("programid", models.SmallIntegerField(help_text="0 engineering, 1 public, 2 partnership, 3 Caltech")),
                (
                    "public_date",
                    models.DateTimeField(
                        blank=True, help_text="when everybody may see it; empty: not decided", null=True
                    ),
                ),
                ("ra", models.FloatField(help_text="ICRS, deg")),
                ("dec", models.FloatField(help_text="ICRS, deg")),
                ("pid", models.BigIntegerField(help_text="image at ZTF")),
                ("file", models.CharField(help_text="name of the file that came last", max_length=255)),
                ("field", models.IntegerField()),
                ("ccdid", models.SmallIntegerField()),
                ("qid", models.SmallIntegerField(help_text="counted from 0, as the service does")),
                ("filter", models.CharField(max_length=5)),
                ("infobitssci", models.IntegerField()),
                ("jd", models.FloatField(help_text="start of the exposure (UTC)")),
                ("rfid", models.BigIntegerField(null=True)),
                ("ncalmatches", models.IntegerField(null=True)),
                ("procstatus", models.CharField(blank=True, max_length=40)),
                ("sciinpseeing", models.FloatField(null=True)),
                ("scibckgnd", models.FloatField(null=True)),
                ("scisigpix", models.FloatField(null=True)),
                ("zpmaginpsci", models.FloatField(null=True)),
                ("zpmaginpsciunc", models.FloatField(null=True)),
                ("zpmaginpscirms", models.FloatField(null=True)),
                ("clrcoeff", models.FloatField(null=True)),
                ("clrcoeffunc", models.FloatField(null=True)),
                ("exptime", models.FloatField(null=True)),
                ("adpctdif1", models.FloatField(null=True)),
                ("adpctdif2", models.FloatField(null=True)),
                ("diffmaglim", models.FloatField(null=True)),
                ("zpdiff", models.FloatField(null=True)),
                ("forcediffimflux", models.FloatField(null=True)),
                ("forcediffimfluxunc", models.FloatField(null=True)),
                ("forcediffimsnr", models.FloatField(null=True)),
                ("forcediffimchisq", models.FloatField(null=True)),
                ("forcediffimfluxap", models.FloatField(null=True)),
                ("forcediffimfluxuncap", models.FloatField(null=True)),
                ("forcediffimsnrap", models.FloatField(null=True)),
                ("aperturecorr", models.FloatField(null=True)),
                ("dnearestrefsrc", models.FloatField(null=True)),
                ("nearestrefmag", models.FloatField(null=True)),
                ("nearestrefmagunc", models.FloatField(null=True)),
                ("nearestrefchi", models.FloatField(null=True)),
                ("nearestrefsharp", models.FloatField(null=True)),
                ("refjdstart", models.FloatField(null=True)),
                ("refjdend", models.FloatField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("dec__gte", -90), ("dec__lte", 90), ("ra__gte", 0), ("ra__lt", 360)),
                        name="forcedpoint_position",
                    ),
                    models.UniqueConstraint(fields=("ra", "dec", "pid"), name="forced_point_once"),
                ],
            },
        ),
        sky_index("processing_forcedpoint"),
        protect("processing_forcedpoint"),
    ]
