from django.db import migrations

ON_BORDER = """
CREATE FUNCTION ztf_on_border(ra float8, decl float8, polygon float8[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS $$
DECLARE
    p float8[] := ztf_unit(ra, decl);
BEGIN
    RETURN ztf_border_distance(p[1], p[2], p[3], ztf_vertices(polygon)) <= 1e-9;
END $$
"""
# A point on a polygon's border is within it, as a polygon's vertex is (ztf_vertices_inside).
POINT_WITHIN = """
CREATE OR REPLACE FUNCTION ztf_contains(a float8[], b float8[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    n int := array_length(a, 1); k int := array_length(b, 1);
    p float8[]; q float8[]; v float8[]; u float8[]; far float8; inside boolean; border float8;
BEGIN
    IF n IS NULL OR k IS NULL OR array_position(a, NULL) IS NOT NULL OR array_position(b, NULL) IS NOT NULL
        OR NOT (n IN (2, 3) OR n >= 6 AND n % 2 = 0) OR NOT (k IN (2, 3) OR k >= 6 AND k % 2 = 0)
    THEN
        RETURN NULL;
    END IF;
    p := ztf_unit(a[1], a[2]); q := ztf_unit(b[1], b[2]);
    IF k = 2 THEN
        RETURN n = 2 AND p = q;
    ELSIF k = 3 AND n <= 3 THEN
        far := CASE n WHEN 3 THEN a[3] ELSE 0 END;
        RETURN b[3] >= 180 OR ztf_separation(p[1], p[2], p[3], q[1], q[2], q[3]) + far <= b[3];
    ELSIF n <= 3 THEN
        u := ztf_vertices(b);
        inside := ztf_inside(p[1], p[2], p[3], u); border := ztf_border_distance(p[1], p[2], p[3], u);
        RETURN CASE n WHEN 2 THEN inside OR border <= 1e-9 ELSE inside AND border >= a[3] END;
    END IF;
    v := ztf_vertices(a);
    IF k = 3 AND b[3] > 90 THEN
        -- within a circle larger than a hemisphere is what does not touch the circle opposite to it
        RETURN NOT ztf_inside(-q[1], -q[2], -q[3], v)
            AND ztf_border_distance(-q[1], -q[2], -q[3], v) >= 180 - b[3];
    ELSIF k = 3 THEN
        FOR i IN 0 .. n / 2 - 1 LOOP
            IF ztf_separation(v[3 * i + 1], v[3 * i + 2], v[3 * i + 3], q[1], q[2], q[3]) > b[3] THEN
                RETURN false;
            END IF;
        END LOOP;
        RETURN true;
    END IF;
    u := ztf_vertices(b);
    RETURN ztf_vertices_inside(v, u) = n / 2 AND NOT ztf_borders_cross(v, u);
END $$
"""


class Migration(migrations.Migration):
    """Vertices and border of a polygon are inside."""

    dependencies = [("archive", "0081_tend_files")]
    operations = [
        migrations.RunSQL(ON_BORDER, "DROP FUNCTION ztf_on_border(float8, float8, float8[])"),
        migrations.RunSQL(POINT_WITHIN, migrations.RunSQL.noop),
    ]
