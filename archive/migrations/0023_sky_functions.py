"""Geometries of queries in PostgreSQL: arrays of two numbers (a point), three (a circle), six and more (a polygon).

ICRS degrees. A polygon's sides are great circles; its inside is the side that does not hold the antipode of its middle,
so that the order of its vertices does not matter; where it does not fit within a hemisphere the answer is NULL.
Everything is decided with unit vectors: at the poles and across RA 0 as anywhere else. Positions on a border lie inside
(vertices to 1e-9 degrees).
"""

from django.db import migrations

UNIT = """
CREATE FUNCTION ztf_unit(ra float8, decl float8) RETURNS float8[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ARRAY[cosd(decl) * cosd(ra), cosd(decl) * sind(ra), sind(decl)]
$$
"""
# The angle from the length of the chord is right for small angles and good to 1e-8 degrees at 180.
SEPARATION = """
CREATE FUNCTION ztf_separation(x float8, y float8, z float8, u float8, v float8, w float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT degrees(2 * asin(least(1, sqrt((x - u) * (x - u) + (y - v) * (y - v) + (z - w) * (z - w)) / 2)))
$$
"""
VERTICES = """
CREATE FUNCTION ztf_vertices(polygon float8[]) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    n int := array_length(polygon, 1) / 2;
    v float8[] := '{}';
BEGIN
    FOR i IN 1 .. n LOOP
        v := v || ztf_unit(polygon[2 * i - 1], polygon[2 * i]);
    END LOOP;
    RETURN v;
END $$
"""
# Gnomonic projection about the vertices' mean: great circles are straight lines, and a ray crosses an odd number of
# sides from an inner point.
INSIDE = """
CREATE FUNCTION ztf_inside(x float8, y float8, z float8, v float8[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    n int := array_length(v, 1) / 3;
    cx float8 := 0; cy float8 := 0; cz float8 := 0;
    ex float8; ey float8; ez float8; nx float8; ny float8; nz float8;
    w float8; px float8; py float8; ax float8; ay float8; qx float8; qy float8;
    odd boolean := false;
BEGIN
    FOR i IN 0 .. n - 1 LOOP
        cx := cx + v[3 * i + 1]; cy := cy + v[3 * i + 2]; cz := cz + v[3 * i + 3];
    END LOOP;
    IF abs(cx) <= abs(cy) AND abs(cx) <= abs(cz) THEN
        ex := 0; ey := cz; ez := -cy;
    ELSIF abs(cy) <= abs(cz) THEN
        ex := -cz; ey := 0; ez := cx;
    ELSE
        ex := cy; ey := -cx; ez := 0;
    END IF;
    nx := cy * ez - cz * ey; ny := cz * ex - cx * ez; nz := cx * ey - cy * ex;
    FOR i IN 0 .. n - 1 LOOP
        IF v[3 * i + 1] * cx + v[3 * i + 2] * cy + v[3 * i + 3] * cz <= 1e-9 THEN
            RETURN NULL;
        END IF;
    END LOOP;
    w := x * cx + y * cy + z * cz;
    IF w <= 1e-9 THEN
        RETURN false;
    END IF;
    px := (x * ex + y * ey + z * ez) / w; py := (x * nx + y * ny + z * nz) / w;
    w := v[3 * n - 2] * cx + v[3 * n - 1] * cy + v[3 * n] * cz;
    ax := (v[3 * n - 2] * ex + v[3 * n - 1] * ey + v[3 * n] * ez) / w;
    ay := (v[3 * n - 2] * nx + v[3 * n - 1] * ny + v[3 * n] * nz) / w;
    FOR i IN 0 .. n - 1 LOOP
        w := v[3 * i + 1] * cx + v[3 * i + 2] * cy + v[3 * i + 3] * cz;
        qx := (v[3 * i + 1] * ex + v[3 * i + 2] * ey + v[3 * i + 3] * ez) / w;
        qy := (v[3 * i + 1] * nx + v[3 * i + 2] * ny + v[3 * i + 3] * nz) / w;
        IF (ay > py) <> (qy > py) AND px < (qx - ax) * (py - ay) / (qy - ay) + ax THEN
            odd := NOT odd;
        END IF;
        ax := qx; ay := qy;
    END LOOP;
    RETURN odd;
END $$
"""
# A side is nearest where the perpendicular onto its great circle meets it, otherwise at one of its ends.
BORDER = """
CREATE FUNCTION ztf_border_distance(x float8, y float8, z float8, v float8[]) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    n int := array_length(v, 1) / 3;
    ax float8 := v[3 * n - 2]; ay float8 := v[3 * n - 1]; az float8 := v[3 * n];
    qx float8; qy float8; qz float8; mx float8; my float8; mz float8;
    length float8; found float8 := 180;
BEGIN
    FOR i IN 0 .. n - 1 LOOP
        qx := v[3 * i + 1]; qy := v[3 * i + 2]; qz := v[3 * i + 3];
        found := least(found, ztf_separation(x, y, z, qx, qy, qz));
        mx := ay * qz - az * qy; my := az * qx - ax * qz; mz := ax * qy - ay * qx;
        length := sqrt(mx * mx + my * my + mz * mz);
        IF length > 0
            AND (my * az - mz * ay) * x + (mz * ax - mx * az) * y + (mx * ay - my * ax) * z > 0
            AND (qy * mz - qz * my) * x + (qz * mx - qx * mz) * y + (qx * my - qy * mx) * z > 0
        THEN
            found := least(found, degrees(asin(least(1, abs(x * mx + y * my + z * mz) / length))));
        END IF;
        ax := qx; ay := qy; az := qz;
    END LOOP;
    RETURN found;
END $$
"""
# Two arcs cross where each one's ends lie on both sides of the other, on the same half of the sphere.
CROSS = """
CREATE FUNCTION ztf_borders_cross(v float8[], u float8[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    n int := array_length(v, 1) / 3; k int := array_length(u, 1) / 3;
    a int; b int; c int; d int;
    mx float8; my float8; mz float8; ox float8; oy float8; oz float8;
    s1 float8; s2 float8; s3 float8; s4 float8;
BEGIN
    FOR i IN 0 .. n - 1 LOOP
        a := 3 * i; b := 3 * ((i + 1) % n);
        mx := v[a + 2] * v[b + 3] - v[a + 3] * v[b + 2];
        my := v[a + 3] * v[b + 1] - v[a + 1] * v[b + 3];
        mz := v[a + 1] * v[b + 2] - v[a + 2] * v[b + 1];
        FOR j IN 0 .. k - 1 LOOP
            c := 3 * j; d := 3 * ((j + 1) % k);
            s1 := mx * u[c + 1] + my * u[c + 2] + mz * u[c + 3];
            s2 := mx * u[d + 1] + my * u[d + 2] + mz * u[d + 3];
            CONTINUE WHEN s1 * s2 >= 0;
            ox := u[c + 2] * u[d + 3] - u[c + 3] * u[d + 2];
            oy := u[c + 3] * u[d + 1] - u[c + 1] * u[d + 3];
            oz := u[c + 1] * u[d + 2] - u[c + 2] * u[d + 1];
            s3 := ox * v[a + 1] + oy * v[a + 2] + oz * v[a + 3];
            s4 := ox * v[b + 1] + oy * v[b + 2] + oz * v[b + 3];
            IF s3 * s4 < 0 AND s1 * s3 < 0 THEN
                RETURN true;
            END IF;
        END LOOP;
    END LOOP;
    RETURN false;
END $$
"""
IN_POLYGON = """
CREATE FUNCTION ztf_in_polygon(ra float8, decl float8, polygon float8[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS $$
DECLARE
    p float8[] := ztf_unit(ra, decl);
BEGIN
    RETURN ztf_inside(p[1], p[2], p[3], ztf_vertices(polygon));
END $$
"""
ALL_WITHIN = """
CREATE FUNCTION ztf_vertices_inside(v float8[], u float8[]) RETURNS int
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    found int := 0;
BEGIN
    FOR i IN 0 .. array_length(v, 1) / 3 - 1 LOOP
        IF ztf_inside(v[3 * i + 1], v[3 * i + 2], v[3 * i + 3], u)
            OR ztf_border_distance(v[3 * i + 1], v[3 * i + 2], v[3 * i + 3], u) <= 1e-9
        THEN
            found := found + 1;
        END IF;
    END LOOP;
    RETURN found;
END $$
"""
CONTAINS = """
CREATE FUNCTION ztf_contains(a float8[], b float8[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    n int := array_length(a, 1); k int := array_length(b, 1);
    p float8[]; q float8[]; v float8[]; u float8[]; far float8;
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
        RETURN ztf_inside(p[1], p[2], p[3], u)
            AND (n = 2 OR ztf_border_distance(p[1], p[2], p[3], u) >= a[3]);
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
INTERSECTS = """
CREATE FUNCTION ztf_intersects(a float8[], b float8[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    n int := array_length(a, 1); k int := array_length(b, 1);
    p float8[]; q float8[]; v float8[]; u float8[];
BEGIN
    IF n > k THEN
        RETURN ztf_intersects(b, a);
    ELSIF n = 2 THEN
        RETURN ztf_contains(a, b);
    ELSIF n IS NULL OR k IS NULL OR array_position(a, NULL) IS NOT NULL OR array_position(b, NULL) IS NOT NULL
        OR NOT (n = 3 OR n >= 6 AND n % 2 = 0) OR NOT (k = 3 OR k >= 6 AND k % 2 = 0)
    THEN
        RETURN NULL;
    END IF;
    p := ztf_unit(a[1], a[2]);
    IF k = 3 THEN
        q := ztf_unit(b[1], b[2]);
        RETURN ztf_separation(p[1], p[2], p[3], q[1], q[2], q[3]) <= a[3] + b[3];
    END IF;
    u := ztf_vertices(b);
    IF n = 3 THEN
        RETURN ztf_inside(p[1], p[2], p[3], u) OR ztf_border_distance(p[1], p[2], p[3], u) <= a[3];
    END IF;
    v := ztf_vertices(a);
    RETURN ztf_borders_cross(v, u) OR ztf_vertices_inside(v, u) > 0 OR ztf_vertices_inside(u, v) > 0;
END $$
"""
# Triangles from the middle to each side; their signed excess (Van Oosterom and Strackee 1983) adds up to the area.
AREA = """
CREATE FUNCTION ztf_area(a float8[]) RETURNS float8 LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS $$
DECLARE
    n int := array_length(a, 1) / 2;
    v float8[]; found float8 := 0; length float8;
    cx float8 := 0; cy float8 := 0; cz float8 := 0; i int; j int;
BEGIN
    IF array_length(a, 1) = 2 THEN
        RETURN 0;
    ELSIF array_length(a, 1) = 3 THEN
        RETURN 2 * pi() * 2 * power(sind(a[3] / 2), 2) * power(degrees(1), 2);
    ELSIF n < 3 OR array_length(a, 1) % 2 = 1 THEN
        RETURN NULL;
    END IF;
    v := ztf_vertices(a);
    FOR m IN 0 .. n - 1 LOOP
        cx := cx + v[3 * m + 1]; cy := cy + v[3 * m + 2]; cz := cz + v[3 * m + 3];
    END LOOP;
    length := sqrt(cx * cx + cy * cy + cz * cz);
    IF length < 1e-9 THEN
        RETURN NULL;
    END IF;
    cx := cx / length; cy := cy / length; cz := cz / length;
    FOR m IN 0 .. n - 1 LOOP
        i := 3 * m; j := 3 * ((m + 1) % n);
        found := found + 2 * atan2(
            cx * (v[i + 2] * v[j + 3] - v[i + 3] * v[j + 2]) + cy * (v[i + 3] * v[j + 1] - v[i + 1] * v[j + 3])
            + cz * (v[i + 1] * v[j + 2] - v[i + 2] * v[j + 1]),
            1 + v[i + 1] * v[j + 1] + v[i + 2] * v[j + 2] + v[i + 3] * v[j + 3]
            + cx * (v[i + 1] + v[j + 1]) + cy * (v[i + 2] + v[j + 2]) + cz * (v[i + 3] + v[j + 3]));
    END LOOP;
    RETURN abs(found) * power(degrees(1), 2);
END $$
"""
# The integral of the unit vector over a polygon is half the sum of its sides' lengths times their normals.
CENTROID = """
CREATE FUNCTION ztf_centroid(a float8[]) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 500 AS $$
DECLARE
    n int := array_length(a, 1) / 2;
    v float8[]; i int; j int; nx float8; ny float8; nz float8; length float8; angle float8;
    x float8 := 0; y float8 := 0; z float8 := 0; cx float8 := 0; cy float8 := 0; cz float8 := 0;
BEGIN
    IF array_length(a, 1) <= 3 THEN
        RETURN a[1:2];
    END IF;
    v := ztf_vertices(a);
    FOR m IN 0 .. n - 1 LOOP
        i := 3 * m; j := 3 * ((m + 1) % n);
        cx := cx + v[i + 1]; cy := cy + v[i + 2]; cz := cz + v[i + 3];
        nx := v[i + 2] * v[j + 3] - v[i + 3] * v[j + 2];
        ny := v[i + 3] * v[j + 1] - v[i + 1] * v[j + 3];
        nz := v[i + 1] * v[j + 2] - v[i + 2] * v[j + 1];
        length := sqrt(nx * nx + ny * ny + nz * nz);
        CONTINUE WHEN length = 0;
        angle := atan2(length, v[i + 1] * v[j + 1] + v[i + 2] * v[j + 2] + v[i + 3] * v[j + 3]);
        x := x + nx * angle / length; y := y + ny * angle / length; z := z + nz * angle / length;
    END LOOP;
    IF x * cx + y * cy + z * cz < 0 THEN
        x := -x; y := -y; z := -z;
    END IF;
    IF sqrt(x * x + y * y + z * z) < 1e-20 THEN
        x := cx; y := cy; z := cz;
    END IF;
    angle := atan2d(y, x);
    RETURN ARRAY[CASE WHEN angle < 0 THEN angle + 360 ELSE angle END, atan2d(z, sqrt(x * x + y * y))];
END $$
"""
# Source: ADQL 2.1, section on BOX: sides are great circles at right angles to the arms of a cross at the centre.
BOX = """
CREATE FUNCTION ztf_box(ra float8, decl float8, width float8, height float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 200 AS $$
DECLARE
    x float8; y float8; u float8; v float8; w float8; found float8[] := '{}'; angle float8;
BEGIN
    IF NOT (width > 0 AND width < 180 AND height > 0 AND height < 180) THEN
        RETURN NULL;
    END IF;
    FOR i IN 1 .. 4 LOOP
        x := CASE WHEN i IN (1, 4) THEN -1 ELSE 1 END * tand(width / 2);
        y := CASE WHEN i <= 2 THEN -1 ELSE 1 END * tand(height / 2);
        u := cosd(decl) * cosd(ra) - x * sind(ra) - y * sind(decl) * cosd(ra);
        v := cosd(decl) * sind(ra) + x * cosd(ra) - y * sind(decl) * sind(ra);
        w := sind(decl) + y * cosd(decl);
        angle := atan2d(v, u);
        found := found || ARRAY[CASE WHEN angle < 0 THEN angle + 360 ELSE angle END, atan2d(w, sqrt(u * u + v * v))];
    END LOOP;
    RETURN found;
END $$
"""
REGION = r"""
CREATE FUNCTION ztf_region(region text) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 300 AS $$
DECLARE
    words text[] := regexp_match(
        upper(region),
        '^\s*(POLYGON|CIRCLE|BOX|POINT|POSITION)((?:\s+[A-Z][A-Z0-9_]*)*)((?:\s+[-+]?[0-9.]+(?:E[-+]?[0-9]+)?)+)\s*$');
    a float8[];
BEGIN
    IF words IS NULL OR words[2] NOT IN ('', ' ICRS', ' ICRS GEOCENTER', ' ICRS BARYCENTER', ' ICRS TOPOCENTER') THEN
        RETURN NULL;
    END IF;
    a := regexp_split_to_array(trim(words[3]), '\s+')::float8[];
    RETURN CASE
        WHEN words[1] IN ('POINT', 'POSITION') AND array_length(a, 1) = 2 THEN a
        WHEN words[1] = 'CIRCLE' AND array_length(a, 1) = 3 THEN a
        WHEN words[1] = 'BOX' AND array_length(a, 1) = 4 THEN ztf_box(a[1], a[2], a[3], a[4])
        WHEN words[1] = 'POLYGON' AND array_length(a, 1) >= 6 AND array_length(a, 1) % 2 = 0 THEN a
    END;
END $$
"""
MADE = (
    (UNIT, "ztf_unit(float8, float8)"),
    (SEPARATION, "ztf_separation(float8, float8, float8, float8, float8, float8)"),
    (VERTICES, "ztf_vertices(float8[])"),
    (INSIDE, "ztf_inside(float8, float8, float8, float8[])"),
    (BORDER, "ztf_border_distance(float8, float8, float8, float8[])"),
    (CROSS, "ztf_borders_cross(float8[], float8[])"),
    (IN_POLYGON, "ztf_in_polygon(float8, float8, float8[])"),
    (ALL_WITHIN, "ztf_vertices_inside(float8[], float8[])"),
    (CONTAINS, "ztf_contains(float8[], float8[])"),
    (INTERSECTS, "ztf_intersects(float8[], float8[])"),
    (AREA, "ztf_area(float8[])"),
    (CENTROID, "ztf_centroid(float8[])"),
    (BOX, "ztf_box(float8, float8, float8, float8)"),
    (REGION, "ztf_region(text)"),
)


class Migration(migrations.Migration):
    dependencies = [("archive", "0023_release_listing")]
    operations = [migrations.RunSQL(sql, f"DROP FUNCTION {name}") for sql, name in MADE]
