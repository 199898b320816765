"""The table of detections, the index on the sphere, and who may read what, from the first row on."""

from django.db import migrations

from archive.access.policies import protect, sky_index

# No primary key: on a partitioned table it would have to hold the night too, and cost as much as the row. That an
# image has one point per source is seen to where points are written. Points of one image lie together on disk, so a
# BRIN index of a few pages finds them again.
DETECTIONS = """
CREATE TABLE lightcurves_detection (
    oid bigint NOT NULL,
    pid bigint NOT NULL,
    public_date timestamptz,
    nid integer NOT NULL,
    mag real NOT NULL,
    magerr real NOT NULL,
    chi real NOT NULL,
    sharp real NOT NULL,
    catflags integer NOT NULL,
    dra smallint NOT NULL,
    ddec smallint NOT NULL,
    programid smallint NOT NULL
) PARTITION BY RANGE (nid);
CREATE INDEX lightcurves_detection_oid ON lightcurves_detection (oid);
CREATE INDEX lightcurves_detection_pid ON lightcurves_detection USING brin (pid) WITH (autosummarize = on);
"""
# A tier of statistics holds unreleased points of its programs: it is for those who may see all of them.
WITHIN_PROGRAMS = "programs <@ (SELECT current_setting('ztf.programs'))::smallint[]"


class Migration(migrations.Migration):
    dependencies = [("lightcurves", "0001_initial"), ("archive", "0002_rights")]
    operations = [
        migrations.RunSQL(DETECTIONS, "DROP TABLE lightcurves_detection"),
        sky_index("lightcurves_source"),
        protect("lightcurves_source"),
        protect("lightcurves_detection"),
        protect("lightcurves_imagecorrection"),
        protect("lightcurves_sourcestatistics", WITHIN_PROGRAMS),
    ]
