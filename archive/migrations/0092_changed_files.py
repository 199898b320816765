import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """When a file was registered last, and what the archive was when a job was ordered."""

    dependencies = [("archive", "0091_smaller_cameras")]
    operations = [
        migrations.AddField(
            "productfile",
            "changed",
            models.DateTimeField(
                auto_now=True,
                db_index=True,
                default=django.utils.timezone.now,
                help_text="when it was registered last",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            "userjob",
            "made_of",
            models.CharField(
                blank=True,
                default="",
                help_text="what the archive was when it was ordered (archive.jobs.user_jobs)",
                max_length=100,
            ),
        ),
    ]
