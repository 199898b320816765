"""An index by time that a page far down in the search needs alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0096_saved_searches")]
    operations = [
        migrations.AddIndex(
            "scienceimage",
            models.Index(
                models.OrderBy(models.F("obsjd"), descending=True),
                "pid",
                include=["nid", "programid", "public_date"],
                name="archive_sci_obsjd_newest",
            ),
        ),
        migrations.RemoveIndex("scienceimage", "archive_sci_obsjd_b78f56_idx"),
    ]
