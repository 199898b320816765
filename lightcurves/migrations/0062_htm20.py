"""The triangle of the hierarchical triangular mesh of each source, as IRSA's object tables have it."""

from django.db import migrations, models

from archive.sky import htm

AT_ONCE = 50_000
FILL = """
UPDATE lightcurves_source AS s SET htm20 = t.htm20
FROM unnest(%s::bigint[], %s::bigint[]) AS t (oid, htm20) WHERE s.oid = t.oid
"""
HELP = "triangle of level 20 of the hierarchical triangular mesh"


def fill(apps, schema_editor) -> None:
    with schema_editor.connection.cursor() as cursor:
        last = -1
        while True:
            cursor.execute(
                "SELECT oid, ra, dec FROM lightcurves_source WHERE oid > %s ORDER BY oid LIMIT %s", [last, AT_ONCE]
            )
            rows = cursor.fetchall()
            if not rows:
                return
            oids, ra, dec = zip(*rows, strict=True)
            cursor.execute(FILL, [list(oids), htm.number(ra, dec).tolist()])
            last = oids[-1]


class Migration(migrations.Migration):
    dependencies = [("lightcurves", "0061_told_curves")]
    operations = [
        migrations.AddField("source", "htm20", models.BigIntegerField(null=True, help_text=HELP)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField("source", "htm20", models.BigIntegerField(help_text=HELP)),
    ]
