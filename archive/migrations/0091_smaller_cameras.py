import importlib

from django.db import migrations, models

from archive.survey.camera import CCD_IDS, FULL_NX

places = importlib.import_module("archive.migrations.0030_raw_positions")._places
# As in migration 0030, but for a camera that is the real one shrunk to quadrants of `nx` columns.
FUNCTION = """
CREATE OR REPLACE FUNCTION archive_rawimage_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    east CONSTANT float8[] := '{east}';
    north CONSTANT float8[] := '{north}';
    axis record;
    lon float8[];
    lat float8[];
    x float8; y float8; z float8; e float8; n float8; angle float8;
BEGIN
    SELECT radians(ra) AS a, radians(dec) AS d INTO axis FROM archive_exposure WHERE expid = NEW.exposure_id;
    IF axis.a IS NOT NULL AND NEW.ccdid BETWEEN 1 AND {ccds} THEN
        FOR corner IN 1..5 LOOP
            e := east[NEW.ccdid][corner] * NEW.nx / {full}.0;
            n := north[NEW.ccdid][corner] * NEW.nx / {full}.0;
            x := cos(axis.d) * cos(axis.a) - e * sin(axis.a) - n * sin(axis.d) * cos(axis.a);
            y := cos(axis.d) * sin(axis.a) + e * cos(axis.a) - n * sin(axis.d) * sin(axis.a);
            z := sin(axis.d) + n * cos(axis.d);
            angle := degrees(atan2(y, x));
            angle := angle - 360 * floor(angle / 360);
            lon[corner] := CASE WHEN angle >= 360 THEN 0 ELSE angle END;
            lat[corner] := degrees(atan2(z, sqrt(x * x + y * y)));
        END LOOP;
    END IF;
    NEW.ra1 := lon[1]; NEW.ra2 := lon[2]; NEW.ra3 := lon[3]; NEW.ra4 := lon[4]; NEW.ra := lon[5];
    NEW.dec1 := lat[1]; NEW.dec2 := lat[2]; NEW.dec3 := lat[3]; NEW.dec4 := lat[4]; NEW.dec := lat[5];
    NEW.radius := greatest(q3c_dist(lon[5], lat[5], lon[1], lat[1]), q3c_dist(lon[5], lat[5], lon[2], lat[2]),
        q3c_dist(lon[5], lat[5], lon[3], lat[3]), q3c_dist(lon[5], lat[5], lon[4], lat[4]));
    RETURN NEW;
END $$
"""


class Migration(migrations.Migration):
    """Raw frames of a smaller camera lie where its science images lie.

    Rows that were there before learn their size when their files are taken in again.
    """

    dependencies = [("archive", "0090_border")]
    operations = [
        migrations.AddField(
            "rawimage",
            "nx",
            models.SmallIntegerField(default=FULL_NX, help_text="columns of each quadrant; fewer: a smaller camera"),
        ),
        migrations.RunSQL(FUNCTION.format(ccds=len(CCD_IDS), full=FULL_NX, **places()), migrations.RunSQL.noop),
    ]
