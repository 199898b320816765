"""TAP_SCHEMA's irsa_dbms is a number, as at IRSA: its clients compare it with 21 when they list the tables."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("archive", "0020_product_families")]
    operations = [
        migrations.RunSQL(
            [
                "UPDATE tap_schema.tables SET irsa_dbms = NULL",
                "ALTER TABLE tap_schema.tables ALTER irsa_dbms TYPE integer USING irsa_dbms::integer",
            ],
            ["ALTER TABLE tap_schema.tables ALTER irsa_dbms TYPE text"],
        )
    ]
