"""ADQL's functions in PostgreSQL. A name that is not in FUNCTIONS is refused."""

from sqlglot import exp


def call(name, *arguments):
    """A PostgreSQL function call."""
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def number(value):
    """A numeric literal."""
    return exp.Literal.number(repr(value))


def double(value):
    """CAST(value AS DOUBLE PRECISION)."""
    return exp.cast(value.copy(), "double precision")


def numeric(value):
    """CAST(value AS NUMERIC): PostgreSQL rounds and takes remainders of these only."""
    return exp.cast(value.copy(), "numeric")


def bracketed(value):
    """The value in brackets, so that it can stand in any arithmetic."""
    return exp.Paren(this=value.copy())


def _same(name):
    return lambda *arguments: call(name, *arguments)


def _to_mjd(value):
    """Days since 1858-11-17 of a timestamp (40587 is the Unix epoch)."""
    seconds = call("date_part", exp.Literal.string("epoch"), exp.cast(value.copy(), "timestamp"))
    days = exp.Div(this=seconds, expression=number(86400.0))
    return exp.Paren(this=exp.Add(this=days, expression=number(40587.0)))


_ONE_ARGUMENT = "ABS ACOS ASIN ATAN COS COT DEGREES EXP FLOOR RADIANS SIN SQRT TAN CEILING LOWER UPPER"

FUNCTIONS = {
    **{name: ((1,), _same(name.lower())) for name in _ONE_ARGUMENT.split()},
    "SIGN": ((1,), _same("sign")),
    "ATAN2": ((2,), _same("atan2")),
    "POWER": ((2,), _same("power")),
    "PI": ((0,), _same("pi")),
    # PostgreSQL's random() takes no seed; setseed() would need a second statement
    "RAND": ((0, 1), lambda *_seed: call("random")),
    # LOG is the natural logarithm in ADQL and the decimal one in PostgreSQL
    "LOG": ((1,), lambda a: call("ln", double(a))),
    "LOG10": ((1,), lambda a: call("log", double(a))),
    "MOD": ((2,), lambda a, b: call("mod", numeric(a), numeric(b))),
    "ROUND": ((1, 2), lambda a, *digits: double(call("round", numeric(a), *digits))),
    "TRUNCATE": ((1, 2), lambda a, *digits: double(call("trunc", numeric(a), *digits))),
    "IVO_STRING_AGG": ((2,), _same("string_agg")),
    "GAVO_TO_MJD": ((1,), _to_mjd),
}
"""ADQL name -> (allowed numbers of arguments, builder of the PostgreSQL expression)."""

GEOMETRIES = frozenset({"POINT", "CIRCLE", "POLYGON", "BOX"})
PREDICATES = frozenset({"CONTAINS", "INTERSECTS"})
GEOMETRIC = frozenset({"DISTANCE", "COORD1", "COORD2", "IN_UNIT"})


def known_functions():
    """Every function name that a query may use, sorted; for error messages and TAP capabilities."""
    aggregates = {"COUNT", "AVG", "MIN", "MAX", "SUM", "COALESCE"}
    return sorted(aggregates | set(FUNCTIONS) | GEOMETRIES | PREDICATES | GEOMETRIC)
