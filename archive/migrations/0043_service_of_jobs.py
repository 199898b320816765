"""Jobs know the service that they are of: besides TAP's queries there are SODA's cutouts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0042_usertables")]
    operations = [
        migrations.AddField(
            "queryjob",
            "service",
            models.CharField(choices=[("tap", "query"), ("soda", "cutouts")], default="tap", max_length=4),
        ),
    ]
