"""Packed light curves beside the rows of nights, and the list of images whose points were taken in."""

from django.db import migrations, models

from archive.rights import protect

# Bytes are compressed already: PostgreSQL need not try. Rows are deleted and written, never updated in place.
CHUNKS = """
CREATE TABLE lightcurves_chunk (
    oid bigint NOT NULL,
    public_date timestamptz,
    first_nid integer NOT NULL,
    last_nid integer NOT NULL,
    nobs integer NOT NULL,
    programid smallint NOT NULL,
    data bytea NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE lightcurves_chunk ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX lightcurves_chunk_oid ON lightcurves_chunk (oid);
"""
KNOWN = """
INSERT INTO lightcurves_appended (pid, nid, points)
SELECT pid, min(nid), count(*) FROM lightcurves_detection GROUP BY pid
"""


class Migration(migrations.Migration):
    dependencies = [("lightcurves", "0010_closed_sources")]
    operations = [
        migrations.CreateModel(
            name="Chunk",
            fields=[
                ("programid", models.SmallIntegerField(help_text="0 engineering, 1 public, 2 partnership, 3 Caltech")),
                (
                    "public_date",
                    models.DateTimeField(
                        blank=True, help_text="when everybody may see it; empty: not decided", null=True
                    ),
                ),
                ("oid", models.BigIntegerField(primary_key=True, serialize=False)),
                ("first_nid", models.IntegerField()),
                ("last_nid", models.IntegerField()),
                ("nobs", models.IntegerField()),
                ("data", models.BinaryField(help_text="see lightcurves.codec")),
            ],
            options={"db_table": "lightcurves_chunk", "managed": False},
        ),
        migrations.CreateModel(
            name="Appended",
            fields=[
                ("pid", models.BigIntegerField(primary_key=True, serialize=False)),
                ("nid", models.IntegerField(db_index=True)),
                ("points", models.IntegerField()),
            ],
        ),
        migrations.RunSQL(CHUNKS, "DROP TABLE lightcurves_chunk"),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        protect("lightcurves_chunk"),
    ]
