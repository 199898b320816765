"""HEALPix (nested), proper motion and histograms in PostgreSQL, for the functions of the IVOA's catalogue in ADQL.

HEALPix follows Gorski et al. 2005 (ApJ 622, 759), section 5; near the poles with 1 - sin(dec) = 2 cos^2(45 deg + dec/2),
which loses no digits.
"""

from django.db import migrations

SPREAD = """
CREATE FUNCTION ztf_spread_bits(v bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    v := (v | (v << 16)) & 281470681808895;
    v := (v | (v << 8)) & 71777214294589695;
    v := (v | (v << 4)) & 1085102592571150095;
    v := (v | (v << 2)) & 3689348814741910323;
    RETURN (v | (v << 1)) & 6148914691236517205;
END $$
"""
GATHER = """
CREATE FUNCTION ztf_gather_bits(v bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    v := v & 6148914691236517205;
    v := (v | (v >> 1)) & 3689348814741910323;
    v := (v | (v >> 2)) & 1085102592571150095;
    v := (v | (v >> 4)) & 71777214294589695;
    v := (v | (v >> 8)) & 281470681808895;
    RETURN (v | (v >> 16)) & 4294967295;
END $$
"""
INDEX = """
CREATE FUNCTION ztf_healpix_index(healpix_order int, ra float8, decl float8) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 300 AS $$
DECLARE
    nside bigint; z float8; t float8; a float8; b float8; face bigint; x bigint; y bigint; quarter int; i bigint; j bigint;
BEGIN
    IF healpix_order NOT BETWEEN 0 AND 29 THEN
        RAISE EXCEPTION 'ivo_healpix_index: order % must lie in 0 .. 29', healpix_order USING ERRCODE = '22023';
    ELSIF NOT (decl BETWEEN -90 AND 90) OR ra IN ('Infinity', '-Infinity', 'NaN') THEN
        RETURN NULL;
    END IF;
    nside := 1::bigint << healpix_order;
    z := sind(decl);
    t := ra / 90 - 4 * floor(ra / 360);
    IF t >= 4 THEN
        t := 0;
    END IF;
    IF abs(z) <= 2.0::float8 / 3 THEN
        a := nside * (0.5 + t); b := nside * z * 0.75;
        i := floor(a - b); j := floor(a + b);
        face := CASE WHEN i >> healpix_order = j >> healpix_order THEN (i >> healpix_order) & 3 | 4
                     WHEN i >> healpix_order < j >> healpix_order THEN (i >> healpix_order) & 3
                     ELSE ((j >> healpix_order) & 3) + 8 END;
        x := j & (nside - 1); y := nside - (i & (nside - 1)) - 1;
    ELSE
        quarter := least(3, floor(t));
        a := nside * sqrt(6.0::float8) * cosd(45 + abs(decl) / 2);
        i := least(nside - 1, floor((t - quarter) * a));
        j := least(nside - 1, floor((1 - (t - quarter)) * a));
        face := CASE WHEN z > 0 THEN quarter ELSE quarter + 8 END;
        x := CASE WHEN z > 0 THEN nside - j - 1 ELSE i END;
        y := CASE WHEN z > 0 THEN nside - i - 1 ELSE j END;
    END IF;
    RETURN (face << (2 * healpix_order)) | ztf_spread_bits(x) | (ztf_spread_bits(y) << 1);
END $$
"""
CENTER = """
CREATE FUNCTION ztf_healpix_center(healpix_order int, pixel bigint) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 300 AS $$
DECLARE
    nside bigint; face int; x bigint; y bigint; ring bigint; n bigint; t bigint; decl float8; ra float8;
    rows int[] := ARRAY[2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]; columns int[] := ARRAY[1, 3, 5, 7, 0, 2, 4, 6, 1, 3, 5, 7];
BEGIN
    IF healpix_order NOT BETWEEN 0 AND 29 THEN
        RAISE EXCEPTION 'ivo_healpix_center: order % must lie in 0 .. 29', healpix_order USING ERRCODE = '22023';
    END IF;
    nside := 1::bigint << healpix_order;
    IF pixel NOT BETWEEN 0 AND 12 * nside * nside - 1 THEN
        RETURN NULL;
    END IF;
    face := pixel >> (2 * healpix_order);
    x := ztf_gather_bits(pixel & (nside * nside - 1));
    y := ztf_gather_bits((pixel & (nside * nside - 1)) >> 1);
    ring := rows[face + 1] * nside - x - y - 1;
    IF ring < nside THEN
        n := ring; decl := 90 - 2 * asind(ring / (nside * sqrt(6.0::float8)));
    ELSIF ring > 3 * nside THEN
        n := 4 * nside - ring; decl := 2 * asind(n / (nside * sqrt(6.0::float8))) - 90;
    ELSE
        n := nside; decl := asind((2 * nside - ring) * 2.0::float8 / (3 * nside));
    END IF;
    t := columns[face + 1] * n + x - y;
    ra := 45 * (t::float8 / n);
    RETURN ARRAY[ra - 360 * floor(ra / 360), decl];
END $$
"""
# The star moves along a straight line in space: at a distance of one, by the angles of its proper motion.
APPLY_PM = """
CREATE FUNCTION ztf_apply_pm(ra float8, decl float8, pmra float8, pmdec float8, years float8) RETURNS float8[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ztf_epoch_prop_pos(ra, decl, NULL, pmra * 3.6e6, pmdec * 3.6e6, NULL, 0, years)
$$
"""
# 4.740470463533349 km/s is one astronomical unit a Julian year; without a parallax radial velocity has no effect.
EPOCH_PROP = """
CREATE FUNCTION ztf_epoch_prop_pos(
    ra float8, decl float8, parallax float8, pmra float8, pmdec float8, rv float8, since float8, until float8
) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 200 AS $$
DECLARE
    t float8 := until - since;
    e float8 := radians(coalesce(pmra, 0) / 3.6e6) * t; n float8 := radians(coalesce(pmdec, 0) / 3.6e6) * t;
    r float8 := 1 + coalesce(rv, 0) / 4.740470463533349 * radians(coalesce(parallax, 0) / 3.6e6) * t;
    x float8 := r * cosd(decl) * cosd(ra) - e * sind(ra) - n * sind(decl) * cosd(ra);
    y float8 := r * cosd(decl) * sind(ra) + e * cosd(ra) - n * sind(decl) * sind(ra);
    z float8 := r * sind(decl) + n * cosd(decl);
    angle float8 := atan2d(y, x);
BEGIN
    IF ra IS NULL OR decl IS NULL OR t IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY[CASE WHEN angle < 0 THEN angle + 360 ELSE angle END, atan2d(z, sqrt(x * x + y * y))];
END $$
"""
BIN = """
CREATE FUNCTION ztf_histogram_add(counts int[], value float8, lower float8, upper float8, bins int) RETURNS int[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    place int;
BEGIN
    IF counts IS NULL THEN
        IF NOT (bins BETWEEN 1 AND 10000) OR NOT (lower < upper) THEN
            RAISE EXCEPTION 'ivo_histogram: % bins from % to %: expected 1 .. 10000 bins and a lower limit below the upper',
                bins, lower, upper USING ERRCODE = '22023';
        END IF;
        counts := array_fill(0, ARRAY[bins + 2]);
    END IF;
    IF value IS NULL OR value = 'NaN' THEN
        RETURN counts;
    END IF;
    place := CASE WHEN value < lower THEN 0 WHEN value >= upper THEN bins + 1
        ELSE least(bins, 1 + floor((value - lower) / (upper - lower) * bins)) END;
    counts[place + 1] := counts[place + 1] + 1;
    RETURN counts;
END $$
"""
HISTOGRAM = """
CREATE AGGREGATE ztf_histogram(float8, float8, float8, int) (SFUNC = ztf_histogram_add, STYPE = int[], PARALLEL = SAFE)
"""
MADE = (
    (SPREAD, "FUNCTION ztf_spread_bits(bigint)"),
    (GATHER, "FUNCTION ztf_gather_bits(bigint)"),
    (INDEX, "FUNCTION ztf_healpix_index(int, float8, float8)"),
    (CENTER, "FUNCTION ztf_healpix_center(int, bigint)"),
    (EPOCH_PROP, "FUNCTION ztf_epoch_prop_pos(float8, float8, float8, float8, float8, float8, float8, float8)"),
    (APPLY_PM, "FUNCTION ztf_apply_pm(float8, float8, float8, float8, float8)"),
    (BIN, "FUNCTION ztf_histogram_add(int[], float8, float8, float8, int)"),
    (HISTOGRAM, "AGGREGATE ztf_histogram(float8, float8, float8, int)"),
)


class Migration(migrations.Migration):
    dependencies = [("archive", "0023_sky_functions")]
    operations = [migrations.RunSQL(sql, f"DROP {name}") for sql, name in MADE]
