"""Footprints against regions of the sky, for searches by shape (archive.services.vo.obscore.overlap)."""

from django.db import migrations

CORNERS = ", ".join(f"{axis}{n} float8" for n in (1, 2, 3, 4) for axis in ("ra", "dec"))
POINT = """format('(%s,%s)',
    cosd(dec{n}) * sind(ra{n} - ra0) / nullif(w{n}, 0),
    (cosd(dec0) * sind(dec{n}) - sind(dec0) * cosd(dec{n}) * cosd(ra{n} - ra0)) / nullif(w{n}, 0))"""
W = "sind(dec0) * sind(dec{n}) + cosd(dec0) * cosd(dec{n}) * cosd(ra{n} - ra0) AS w{n}"
PLANE = f"""
CREATE FUNCTION vo_on_plane(ra0 float8, dec0 float8, {CORNERS}) RETURNS polygon
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ('(' || concat_ws(',', {", ".join(POINT.format(n=n) for n in (1, 2, 3, 4))}) || ')')::polygon
    FROM (SELECT {", ".join(W.format(n=n) for n in (1, 2, 3, 4))}) AS depth
$$
"""
OFFSET = "(ra{n} - ra) - 360 * round((ra{n} - ra) / 360)"
# A footprint that may hold a pole is compared by declination alone.
RANGE = f"""
CREATE FUNCTION vo_in_range(ra float8, "dec" float8, radius float8, west float8, east float8, south float8, north float8,
    {CORNERS}) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs("dec") + radius >= 90
        THEN "dec" - radius <= north AND "dec" + radius >= south
        ELSE least("dec", dec1, dec2, dec3, dec4) <= north AND greatest("dec", dec1, dec2, dec3, dec4) >= south
            AND (east - west >= 360 OR first + least(0, {", ".join(OFFSET.format(n=n) for n in (1, 2, 3, 4))}) <= east - west
                OR first + greatest(0, {", ".join(OFFSET.format(n=n) for n in (1, 2, 3, 4))}) >= 360)
        END
    FROM (SELECT (ra - west) - 360 * floor((ra - west) / 360) AS first) AS place
$$
"""


class Migration(migrations.Migration):
    dependencies = [("archive", "0030_raw_positions")]
    operations = [
        migrations.RunSQL(PLANE, "DROP FUNCTION vo_on_plane"),
        migrations.RunSQL(RANGE, "DROP FUNCTION vo_in_range"),
    ]
