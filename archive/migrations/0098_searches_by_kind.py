"""A name belongs to one search of each kind."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0097_newest_images")]
    operations = [
        migrations.RemoveConstraint("savedsearch", "saved_query_once"),
        migrations.AddConstraint(
            "savedsearch", models.UniqueConstraint(fields=["owner", "kind", "name"], name="saved_search_once")
        ),
    ]
