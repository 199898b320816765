"""Queries that people keep become searches of any page."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

KINDS = [
    ("query", "queries"),
    ("images", "images"),
    ("alerts", "alerts"),
    ("objects", "light curves"),
    ("moving", "moving objects"),
]


class Migration(migrations.Migration):
    dependencies = [("archive", "0095_query_job_is_long"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.RenameModel("SavedQuery", "SavedSearch"),
        migrations.AlterModelOptions(
            "savedsearch", options={"ordering": ["name"], "verbose_name_plural": "saved searches"}
        ),
        migrations.AddField("savedsearch", "kind", models.CharField(choices=KINDS, default="query", max_length=8)),
        migrations.AlterField(
            "savedsearch",
            "owner",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="saved_searches",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
