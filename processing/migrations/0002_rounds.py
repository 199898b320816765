"""Jobs may be run again, in another round of attempts."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("processing", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="job",
            name="attempts_before",
            field=models.SmallIntegerField(default=0, help_text="attempts of earlier rounds, before it was redone"),
        ),
    ]
