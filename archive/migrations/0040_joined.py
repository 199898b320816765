"""What came side by side, in one line again."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0023_release_listing"),
        ("archive", "0024_healpix"),
        ("archive", "0026_tend_queries"),
        ("archive", "0031_regions"),
    ]
    operations = []
