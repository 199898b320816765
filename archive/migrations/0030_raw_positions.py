"""Where each raw frame looks, computed by the database from the telescope's axis and the CCD's place in the camera.

ObsCore is searched by the centres of all products; an index needs them in the rows themselves, whoever wrote them.
"""

import numpy as np
from django.db import migrations, models

from archive.access.policies import sky_index
from archive.models.base import has_position
from archive.sky.boxes import ccd_corners
from archive.survey.camera import CCD_IDS, Camera

# A corner at east e and north n (radians on the camera's tangent plane) is axis + e * east + n * north.
FUNCTION = """
CREATE FUNCTION archive_rawimage_place() RETURNS trigger LANGUAGE plpgsql AS $$
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
            e := east[NEW.ccdid][corner];
            n := north[NEW.ccdid][corner];
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
FOLLOW = """
CREATE FUNCTION archive_exposure_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE archive_rawimage SET ccdid = ccdid WHERE exposure_id = NEW.expid;
    RETURN NULL;
END $$
"""


def _places() -> dict[str, str]:
    """East and north of each CCD's corners and, last, of its centre, as PostgreSQL writes arrays."""
    corners = np.array([ccd_corners(Camera(), ccdid) for ccdid in CCD_IDS])
    places = np.concatenate([corners, corners.mean(axis=1, keepdims=True)], axis=1)
    rows = [["{" + ",".join(map(repr, map(float, row))) + "}" for row in places[..., axis]] for axis in (0, 1)]
    return {name: "{" + ",".join(one) + "}" for name, one in zip(("east", "north"), rows, strict=True)}


NAMES = ("ra", "dec", "ra1", "dec1", "ra2", "dec2", "ra3", "dec3", "ra4", "dec4", "radius")


class Migration(migrations.Migration):
    dependencies = [("archive", "0026_tend_queries")]
    operations = [
        *[migrations.AddField("rawimage", name, models.FloatField(null=True, editable=False)) for name in NAMES],
        migrations.RunSQL(
            [
                FUNCTION.format(ccds=len(CCD_IDS), **_places()),
                "CREATE TRIGGER place BEFORE INSERT OR UPDATE ON archive_rawimage "
                "FOR EACH ROW EXECUTE FUNCTION archive_rawimage_place()",
                FOLLOW,
                "CREATE TRIGGER moved AFTER UPDATE OF ra, dec ON archive_exposure FOR EACH ROW "
                "WHEN (OLD.ra IS DISTINCT FROM NEW.ra OR OLD.dec IS DISTINCT FROM NEW.dec) "
                "EXECUTE FUNCTION archive_exposure_moved()",
                "UPDATE archive_rawimage SET ccdid = ccdid",
            ],
            [
                "DROP TRIGGER moved ON archive_exposure",
                "DROP FUNCTION archive_exposure_moved()",
                "DROP TRIGGER place ON archive_rawimage",
                "DROP FUNCTION archive_rawimage_place()",
            ],
        ),
        migrations.AddConstraint("rawimage", has_position("rawimage")),
        sky_index("archive_rawimage"),
    ]
