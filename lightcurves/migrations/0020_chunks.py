"""Packed light curves beside the rows of nights, and what their images know, once for each image."""

from django.db import migrations, models

from archive.access.policies import protect

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
INSERT INTO lightcurves_image (pid, programid, public_date, nid, points, expid, mjd, filefracday, field, ccdid, qid,
    limitmag, magzp, magzprms, clrcoeff, clrcounc, exptime, airmass, tdb_mid, observer_x, observer_y, observer_z)
SELECT i.pid, i.programid, d.public_date, i.nid, d.points, i.expid, i.obsjd - 2400000.5, i.filefracday, i.field,
    i.ccdid, i.qid, i.maglimit, i.magzp, i.magzprms, i.clrcoeff, i.clrcounc, i.exptime, i.airmass, e.tdb_mid,
    e.observer_x, e.observer_y, e.observer_z
FROM (SELECT pid, min(public_date) AS public_date, count(*) AS points FROM lightcurves_detection GROUP BY pid) AS d
JOIN archive_scienceimage AS i USING (pid) JOIN archive_exposure AS e USING (expid)
"""


class Migration(migrations.Migration):
    dependencies = [("lightcurves", "0030_periods"), ("archive", "0009_exposure_positions")]
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
                ("data", models.BinaryField(help_text="see lightcurves.storage.codec")),
            ],
            options={"db_table": "lightcurves_chunk", "managed": False},
        ),
        migrations.CreateModel(
            name="Image",
            fields=[
                ("programid", models.SmallIntegerField(help_text="0 engineering, 1 public, 2 partnership, 3 Caltech")),
                (
                    "public_date",
                    models.DateTimeField(
                        blank=True, help_text="when everybody may see it; empty: not decided", null=True
                    ),
                ),
                ("pid", models.BigIntegerField(primary_key=True, serialize=False)),
                ("nid", models.IntegerField(db_index=True)),
                ("points", models.IntegerField(help_text="that it gave")),
                ("expid", models.BigIntegerField()),
                ("mjd", models.FloatField(help_text="start of the exposure (UTC)")),
                ("filefracday", models.BigIntegerField()),
                ("field", models.IntegerField()),
                ("ccdid", models.SmallIntegerField()),
                ("qid", models.SmallIntegerField()),
                ("limitmag", models.FloatField(null=True)),
                ("magzp", models.FloatField(null=True)),
                ("magzprms", models.FloatField(null=True)),
                ("clrcoeff", models.FloatField(null=True)),
                ("clrcounc", models.FloatField(null=True)),
                ("exptime", models.FloatField()),
                ("airmass", models.FloatField(null=True)),
                ("tdb_mid", models.FloatField()),
                ("observer_x", models.FloatField()),
                ("observer_y", models.FloatField()),
                ("observer_z", models.FloatField()),
            ],
            options={"abstract": False},
        ),
        migrations.RunSQL(CHUNKS, "DROP TABLE lightcurves_chunk"),
        migrations.RunSQL(KNOWN, migrations.RunSQL.noop),
        protect("lightcurves_chunk"),
        protect("lightcurves_image"),
    ]
