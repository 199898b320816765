"""Functions beyond the language's own: those that the IVOA's catalogue lists, GAVO's names for them, and Q3C's."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from archive.services.vo.adql.functions.standard import Function, days_since
from archive.services.vo.adql.sql import as_integer, both, bracketed, call, cast, double, number, text
from archive.survey.times import JD_UNIX_EPOCH, MJD_UNIX_EPOCH

RA_DEC = ("ra DOUBLE PRECISION", "dec DOUBLE PRECISION")
POINT_TYPE = "double precision[]"


def _flag(condition: Callable[..., exp.Expr]) -> Callable[..., exp.Expr]:
    return lambda *arguments: as_integer(condition(*arguments))


def _has_word(haystack: exp.Expr, needle: exp.Expr) -> exp.Expr:
    document, words = call("to_tsvector", text("english"), haystack), call("plainto_tsquery", text("english"), needle)
    return call("ts_match_vq", document, words)


def _in_hash_list(words: exp.Expr, word: exp.Expr) -> exp.Expr:
    position = call("array_position", call("string_to_array", call("lower", words), text("#")), call("lower", word))
    return exp.Not(this=exp.Is(this=position, expression=exp.Null()))


def _overlap(*limits: exp.Expr) -> exp.Expr:
    low, high, low2, high2 = map(bracketed, limits)
    return both(exp.LTE(this=low, expression=high2), exp.LTE(this=low2, expression=high))


def _normal(mean: exp.Expr, sigma: exp.Expr) -> exp.Expr:
    """Box and Muller's transformation; 1 - random() is never zero."""
    length = call(
        "sqrt",
        exp.Mul(
            this=number(-2.0),
            expression=call("ln", exp.Paren(this=exp.Sub(this=number(1.0), expression=call("random")))),
        ),
    )
    angle = call("cosd", exp.Mul(this=number(360.0), expression=call("random")))
    scaled = exp.Mul(this=exp.Mul(this=double(sigma), expression=length), expression=angle)
    return exp.Paren(this=exp.Add(this=double(mean), expression=scaled))  # fmt: skip


def _healpix(order: exp.Expr, ra: exp.Expr, dec: exp.Expr) -> exp.Expr:
    return call("ztf_healpix_index", cast(order, "integer"), double(ra), double(dec))


def _epoch_prop(*arguments: exp.Expr) -> exp.Expr:
    if len(arguments) == 6:
        ra, dec, pmra, pmdec, since, until = arguments
        arguments = (ra, dec, exp.Null(), pmra, pmdec, exp.Null(), since, until)
    return call("ztf_epoch_prop_pos", *map(double, arguments))


def _histogram(*arguments: exp.Expr) -> exp.Expr:
    *limits, bins = arguments
    return call("ztf_histogram", *map(double, limits), cast(bins, "integer"))


_EPOCH = ("pmra DOUBLE PRECISION", "pmdec DOUBLE PRECISION", "ref_epoch DOUBLE PRECISION", "out_epoch DOUBLE PRECISION")

USER_FUNCTIONS = {
    "IVO_HEALPIX_INDEX": Function(
        ("order INTEGER", *RA_DEC), _healpix,
        "Number of the HEALPix pixel (nested) of a position, orders 0 to 29; also of a POINT: (order, point)",
        "bigint", ucd="pos.healpix",
    ),
    "IVO_HEALPIX_CENTER": Function(
        ("order INTEGER", "index BIGINT"),
        lambda order, index: call("ztf_healpix_center", cast(order, "integer"), cast(index, "bigint")),
        "Centre of a HEALPix pixel (nested)", POINT_TYPE, "POINT", unit="deg", ucd="pos.eq", xtype="point",
    ),
    "IVO_SIMPLE_RANDOM": Function((), lambda: call("random"), "Random number, uniform in 0 .. 1"),
    "IVO_NORMAL_RANDOM": Function(
        ("mu DOUBLE PRECISION", "sigma DOUBLE PRECISION"), _normal, "Random number of a normal distribution",
        aliases=("GAVO_NORMAL_RANDOM",),
    ),
    "IVO_STRING_AGG": Function(
        ("expression TEXT", "delimiter TEXT"), lambda s, delimiter: call("string_agg", cast(s, "text"), delimiter),
        "All values of a group, joined by the delimiter", "text",
    ),
    "IVO_HASWORD": Function(
        ("haystack TEXT", "needle TEXT"), _flag(_has_word),
        "1 where the words of the second text are in the first, whatever their case and ending", "integer",
    ),
    "IVO_NOCASEMATCH": Function(
        ("value TEXT", "pattern TEXT"), _flag(lambda value, pattern: exp.ILike(this=value, expression=pattern)),
        "1 where the text matches a pattern of LIKE, whatever its case", "integer",
    ),
    "IVO_HASHLIST_HAS": Function(
        ("hashlist TEXT", "item TEXT"), _flag(_in_hash_list), "1 where a word is in a list of words joined by #",
        "integer",
    ),
    "IVO_INTERVAL_OVERLAPS": Function(
        tuple(f"{one} DOUBLE PRECISION" for one in ("l1", "h1", "l2", "h2")), _flag(_overlap),
        "1 where the intervals l1 .. h1 and l2 .. h2 have a value in common", "integer",
    ),
    "IVO_HISTOGRAM": Function(
        ("val DOUBLE PRECISION", "lower DOUBLE PRECISION", "upper DOUBLE PRECISION", "nbins INTEGER"), _histogram,
        "Counts of a group's values: below lower, in nbins bins up to upper, and from upper on", "integer[]",
        "INTEGER[]", aliases=("GAVO_HISTOGRAM",),
    ),
    "IVO_APPLY_PM": Function(
        (*RA_DEC, "pmra DOUBLE PRECISION", "pmdec DOUBLE PRECISION", "epdist DOUBLE PRECISION"),
        lambda *arguments: call("ztf_apply_pm", *map(double, arguments)),
        "Position after epdist years of proper motion in degrees a year; pmra contains cos(dec)",
        POINT_TYPE, "POINT", unit="deg", ucd="pos.eq", xtype="point", aliases=("GAVO_APPLY_PM",),
    ),
    "IVO_EPOCH_PROP_POS": Function(
        (*RA_DEC, "[parallax DOUBLE PRECISION]", *_EPOCH[:2], "[radial_velocity DOUBLE PRECISION]", *_EPOCH[2:]),
        _epoch_prop,
        "Position at another epoch (Julian years): degrees, mas, mas a year, km/s; parallax and radial velocity "
        "may be left out together", POINT_TYPE, "POINT", unit="deg", ucd="pos.eq", xtype="point",
    ),
    "GAVO_TO_MJD": Function(
        ("d TIMESTAMP",), days_since(MJD_UNIX_EPOCH), "Modified Julian date of a time", unit="d", ucd="time.epoch",
    ),
    "GAVO_TO_JD": Function(
        ("d TIMESTAMP",), days_since(JD_UNIX_EPOCH), "Julian date of a time", unit="d", ucd="time.epoch",
    ),
    "Q3C_DIST": Function(
        ("ra1 DOUBLE PRECISION", "dec1 DOUBLE PRECISION", "ra2 DOUBLE PRECISION", "dec2 DOUBLE PRECISION"),
        lambda *arguments: call("q3c_dist", *map(double, arguments)), "Distance of two positions, degrees",
        unit="deg", ucd="pos.angDistance",
    ),
}  # fmt: skip
"""Name -> function; names with a prefix as the field's other services have them."""

CONVERSIONS = {
    "IVO_SPECCONV": Function(
        ("expr DOUBLE PRECISION", "[expr_unit TEXT]", "dest_unit TEXT"), call,
        "A wavelength, frequency or energy in another unit; the unit of a column is known and need not be given",
        aliases=("GAVO_SPECCONV",),
    ),
}  # fmt: skip
"""Functions whose factor follows from units (archive.services.vo.adql.functions.units)."""

Q3C_CONDITIONS = {
    "Q3C_JOIN": Function(
        ("ra1 DOUBLE PRECISION", "dec1 DOUBLE PRECISION", "ra2 DOUBLE PRECISION", "dec2 DOUBLE PRECISION",
         "radius DOUBLE PRECISION"),
        call, "True where two positions are no farther from each other than the radius (deg)", "boolean",
    ),
    "Q3C_RADIAL_QUERY": Function(
        ("ra DOUBLE PRECISION", "dec DOUBLE PRECISION", "ra0 DOUBLE PRECISION", "dec0 DOUBLE PRECISION",
         "radius DOUBLE PRECISION"),
        call, "True where a position lies within the radius (deg) of another", "boolean",
    ),
    "Q3C_POLY_QUERY": Function(
        (*RA_DEC, "vertices TEXT"), call,
        "True where a position lies in a polygon, written as '{ra1, dec1, ra2, dec2, ra3, dec3}' (deg)", "boolean",
    ),
}  # fmt: skip
"""Conditions as Q3C's users write them; translated as CONTAINS is, so that an index is used in every form."""


def named(functions: dict[str, Function]) -> dict[str, Function]:
    """The same with every alias as a name."""
    return functions | {alias: one for one in functions.values() for alias in one.aliases}
