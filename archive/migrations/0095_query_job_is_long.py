"""Query jobs that need a place among the long ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0094_plain_function_names")]

    operations = [
        migrations.AddField(
            "queryjob",
            "long",
            models.BooleanField(default=False, help_text="it did not end in TAP_SHORT_SECONDS, or cannot"),
        ),
    ]
