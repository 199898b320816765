"""Raw files are searched by where the telescope pointed: an index on it, and positions that lie on the sphere."""

from django.db import migrations, models

from archive.access.policies import sky_index


class Migration(migrations.Migration):
    dependencies = [("archive", "0008_calibration_types")]
    operations = [
        migrations.AddConstraint(
            model_name="exposure",
            constraint=models.CheckConstraint(
                condition=models.Q(("dec__gte", -90), ("dec__lte", 90), ("ra__gte", 0), ("ra__lt", 360)),
                name="exposure_position",
            ),
        ),
        sky_index("archive_exposure"),
    ]
