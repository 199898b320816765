"""Which pieces of sky of a reference catalog were fetched."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0006_residuals"),
    ]

    operations = [
        migrations.CreateModel(
            name="RefcatTile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("catalog", models.CharField(help_text="gaia, panstarrs or psc", max_length=12)),
                ("depth", models.SmallIntegerField(help_text="HEALPix order")),
                ("cell", models.BigIntegerField()),
                ("limit", models.FloatField(help_text="faintest magnitude that was asked for")),
                ("rows", models.IntegerField()),
                ("server", models.CharField(max_length=200)),
                ("fetched", models.DateTimeField(auto_now=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("catalog", "depth", "cell"), name="one_tile_a_cell")],
            },
        ),
    ]
