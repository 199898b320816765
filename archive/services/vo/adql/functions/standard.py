"""ADQL's functions in PostgreSQL. A name that is not in FUNCTIONS is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from archive.services.vo.adql.sql import DOUBLE, call, cast, double, number, numeric, text
from archive.survey.times import SECONDS_PER_DAY

INTEGERS = ("smallint", "integer", "bigint")
SAME = "same"


@dataclass(frozen=True)
class Function:
    """A function of the language.

    takes : names and types of its arguments, as its signature shows them; those in brackets may be left out
    build : PostgreSQL's expression from the rewritten arguments; with `typed` their types stand before them
    gives : PostgreSQL type of the result; SAME is the wider one of its arguments
    shown : the result's type in the signature, where it is not that of `gives`
    keeps : whether the result has the unit and UCD of the first argument
    """

    takes: tuple[str, ...]
    build: Callable[..., exp.Expr]
    description: str
    gives: str = DOUBLE
    shown: str = ""
    keeps: bool = False
    typed: bool = False
    unit: str | None = None
    ucd: str | None = None
    xtype: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def counts(self) -> list[int]:
        """The allowed numbers of arguments: with all that may be left out, or with none of them."""
        return sorted({sum("[" not in one for one in self.takes), len(self.takes)})

    def signature(self, name: str) -> str:
        """The form in which people read a function."""
        return f"{name}({', '.join(self.takes)}) -> {self.shown or self.gives.upper()}"

    def signatures(self, name: str) -> list[str]:
        """The forms in which services declare it, which know no arguments that may be left out."""
        needed = [one for one in self.takes if "[" not in one]
        every = [one.strip("[]") for one in self.takes]
        forms = [every] if needed == every else [needed, every]
        return [f"{name}({', '.join(form)}) -> {self.shown or self.gives.upper()}" for form in forms]


def _doubles(name: str) -> Callable[..., exp.Expr]:
    return lambda *arguments: call(name, *map(double, arguments))


def _math(name: str, description: str, *takes: str, **more) -> Function:
    return Function(takes or ("x DOUBLE PRECISION",), _doubles(name), description, **more)


def _mod(kinds: tuple[str, ...], a: exp.Expr, b: exp.Expr) -> exp.Expr:
    if all(kind in INTEGERS for kind in kinds):
        return call("mod", a, b)
    return double(call("mod", numeric(double(a)), numeric(double(b))))


def _rounded(name: str) -> Callable[..., exp.Expr]:
    def build(value: exp.Expr, *digits: exp.Expr) -> exp.Expr:
        return double(call(name, numeric(value), *(cast(one, "integer") for one in digits)))

    return build


def epoch_seconds(value: exp.Expr) -> exp.Expr:
    return call("date_part", text("epoch"), cast(value, "timestamp"))


def days_since(zero: float) -> Callable[[exp.Expr], exp.Expr]:
    """Days of a timestamp on a scale on which the Unix epoch is `zero`."""

    def build(value: exp.Expr) -> exp.Expr:
        days = exp.Div(this=epoch_seconds(value), expression=number(SECONDS_PER_DAY))
        return exp.Paren(this=exp.Add(this=days, expression=number(zero)))

    return build


DIGITS = ("x DOUBLE PRECISION", "[n INTEGER]")

FUNCTIONS = {
    "ABS": Function(("x DOUBLE PRECISION",), lambda a: call("abs", a), "Absolute value", SAME, "DOUBLE PRECISION",
        True),
    "CEILING": _math("ceiling", "Smallest whole number that is not less", keeps=True),
    "FLOOR": _math("floor", "Largest whole number that is not greater", keeps=True),
    "ROUND": Function(DIGITS, _rounded("round"), "Rounded to n decimal places, or to a whole number", keeps=True),
    "TRUNCATE": Function(DIGITS, _rounded("trunc"), "Cut off after n decimal places, or to a whole number", keeps=True),
    "SIGN": _math("sign", "-1, 0 or 1"),
    "MOD": Function(
        ("x DOUBLE PRECISION", "y DOUBLE PRECISION"), _mod, "Remainder of x / y, with the sign of x", SAME,
        "DOUBLE PRECISION", typed=True,
    ),
    "POWER": _math("power", "x to the power of y", "x DOUBLE PRECISION", "y DOUBLE PRECISION"),
    "SQRT": _math("sqrt", "Square root"),
    "EXP": _math("exp", "e to the power of x"),
    # LOG is the natural logarithm in ADQL and the decimal one in PostgreSQL
    "LOG": _math("ln", "Natural logarithm"),
    "LOG10": _math("log", "Decimal logarithm"),
    "PI": Function((), lambda: call("pi"), "3.14159..."),
    # PostgreSQL's random() takes no seed; setseed() would need a second statement
    "RAND": Function(("[seed INTEGER]",), lambda *_seed: call("random"), "Random number in 0 .. 1; a seed is ignored"),
    "DEGREES": _math("degrees", "Radians as degrees", unit="deg"),
    "RADIANS": _math("radians", "Degrees as radians", unit="rad"),
    "SIN": _math("sin", "Sine of an angle in radians"),
    "COS": _math("cos", "Cosine of an angle in radians"),
    "TAN": _math("tan", "Tangent of an angle in radians"),
    "COT": _math("cot", "Cotangent of an angle in radians"),
    "ASIN": _math("asin", "Arc sine, radians", unit="rad"),
    "ACOS": _math("acos", "Arc cosine, radians", unit="rad"),
    "ATAN": _math("atan", "Arc tangent, radians", unit="rad"),
    "ATAN2": _math("atan2", "Angle of (x, y), radians", "y DOUBLE PRECISION", "x DOUBLE PRECISION", unit="rad"),
    "LOWER": Function(("s TEXT",), lambda s: call("lower", s), "In lower case", "text", keeps=True),
    "UPPER": Function(("s TEXT",), lambda s: call("upper", s), "In upper case", "text", keeps=True),
    "TIMESTAMP": Function(("s TEXT",), lambda s: cast(s, "timestamp"), "A time, from ISO 8601 (UTC)", "timestamp"),
}  # fmt: skip
"""The language's own functions."""

AGGREGATES = {
    "COUNT": "Number of rows, or of values that are not NULL",
    "AVG": "Mean", "MIN": "Smallest value", "MAX": "Largest value", "SUM": "Sum",
}  # fmt: skip
CONDITIONAL = {
    "COALESCE": "The first argument that is not NULL",
    "NULLIF": "NULL where both arguments are equal, otherwise the first",
}
