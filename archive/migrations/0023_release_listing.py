"""A release may list the metadata of images that it does not open."""

from django.db import migrations, models

from archive.access.policies import list_images_of_releases

NIGHTS = {
    "archive_exposure": "nid",
    "archive_rawimage": "exposure_id / 100000",
    "archive_scienceimage": "nid",
    "archive_referenceimage": "((endobsdate AT TIME ZONE 'UTC')::date - DATE '2017-01-01')",
    "archive_differenceimage": "pid / 1000000000",
}


class Migration(migrations.Migration):
    dependencies = [("archive", "0022_saved_queries")]
    operations = [
        migrations.AddField(
            model_name="release",
            name="listed",
            field=models.BooleanField(
                default=False,
                help_text="while it is public, everybody sees the metadata of its programs' images of its nights, also "
                "of those that it does not open; never their files",
                verbose_name="list unreleased images",
            ),
        ),
        *[list_images_of_releases(table, night) for table, night in NIGHTS.items()],
    ]
