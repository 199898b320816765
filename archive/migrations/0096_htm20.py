"""The trixel of level 20 of the hierarchical triangular mesh, as catalogs at IRSA have it (column htm20).

Kunszt, Szalay & Thakar 2001, "The hierarchical triangular mesh": eight spherical triangles, each cut into four by the
middles of its sides; two bits a level are added to the number of the first triangle (8 to 15).
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION ztf_htm20(alpha float8, delta float8) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    p float8[] := ARRAY[cosd(alpha) * cosd(delta), sind(alpha) * cosd(delta), sind(delta)];
    v CONSTANT float8[][] := ARRAY[[0, 0, 1], [1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, -1]];
    -- corners of the triangles 8 to 15, as rows of v
    roots CONSTANT integer[][] := ARRAY[[2, 6, 3], [3, 6, 4], [4, 6, 5], [5, 6, 2],
                                        [2, 1, 5], [5, 1, 4], [4, 1, 3], [3, 1, 2]];
    root integer;
    a float8[]; b float8[]; c float8[];
    ab float8[]; bc float8[]; ca float8[];
    id bigint;
BEGIN
    -- the octant, with borders where the mesh has them: south 0 to 3 by right ascension, north the other way
    root := CASE WHEN p[3] < 0 THEN CASE WHEN p[2] >= 0 THEN CASE WHEN p[1] > 0 THEN 1 ELSE 2 END
                                         ELSE CASE WHEN p[1] < 0 THEN 3 ELSE 4 END END
                 ELSE CASE WHEN p[2] >= 0 THEN CASE WHEN p[1] > 0 THEN 8 ELSE 7 END
                           ELSE CASE WHEN p[1] < 0 THEN 6 ELSE 5 END END END;
    id := 7 + root;
    a := ARRAY[v[roots[root][1]][1], v[roots[root][1]][2], v[roots[root][1]][3]];
    b := ARRAY[v[roots[root][2]][1], v[roots[root][2]][2], v[roots[root][2]][3]];
    c := ARRAY[v[roots[root][3]][1], v[roots[root][3]][2], v[roots[root][3]][3]];
    FOR level IN 1..20 LOOP
        bc := ztf_htm_middle(b, c);
        ca := ztf_htm_middle(c, a);
        ab := ztf_htm_middle(a, b);
        IF ztf_htm_side(ab, ca, p) > 0 THEN  -- beyond the side that cuts off a: in the corner at a
            id := 4 * id; b := ab; c := ca;
        ELSIF ztf_htm_side(bc, ab, p) > 0 THEN
            id := 4 * id + 1; a := b; b := bc; c := ab;
        ELSIF ztf_htm_side(ca, bc, p) > 0 THEN
            id := 4 * id + 2; a := c; b := ca; c := bc;
        ELSE
            id := 4 * id + 3; a := bc; b := ca; c := ab;
        END IF;
    END LOOP;
    RETURN id;
END
$$;
"""
MIDDLE = """
CREATE FUNCTION ztf_htm_middle(a float8[], b float8[]) RETURNS float8[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ARRAY[s.x / s.n, s.y / s.n, s.z / s.n] FROM (
        SELECT x, y, z, sqrt(x * x + y * y + z * z) AS n
        FROM (SELECT a[1] + b[1] AS x, a[2] + b[2] AS y, a[3] + b[3] AS z) AS sum
    ) AS s
$$;
"""
SIDE = """
CREATE FUNCTION ztf_htm_side(a float8[], b float8[], p float8[]) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (a[2] * b[3] - a[3] * b[2]) * p[1] + (a[3] * b[1] - a[1] * b[3]) * p[2] + (a[1] * b[2] - a[2] * b[1]) * p[3]
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("archive", "0095_query_job_is_long")]

    operations = [
        migrations.RunSQL(MIDDLE, "DROP FUNCTION ztf_htm_middle(float8[], float8[])"),
        migrations.RunSQL(SIDE, "DROP FUNCTION ztf_htm_side(float8[], float8[], float8[])"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION ztf_htm20(float8, float8)"),
    ]
