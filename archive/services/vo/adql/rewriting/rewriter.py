"""Rewrites a tree whose names are resolved into PostgreSQL's functions and conditions."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from archive.requests.numbers import real
from archive.requests.spelling import resembling
from archive.services.vo.adql.features import known_functions
from archive.services.vo.adql.functions import units
from archive.services.vo.adql.functions.standard import Function
from archive.services.vo.adql.functions.user_functions import Q3C_CONDITIONS
from archive.services.vo.adql.geometry.predicates import closer, contains, distance, intersects
from archive.services.vo.adql.geometry.reader import GEOMETRIES, GeometryReader
from archive.services.vo.adql.geometry.shapes import Circle, Point, area, as_array, constant_polygon
from archive.services.vo.adql.grammar.whitelist import NODES, refuse
from archive.services.vo.adql.names.types import KNOWN, SCALAR, describe, result_type
from archive.services.vo.adql.rewriting import moments
from archive.services.vo.adql.rewriting.abbreviations import spelled_out
from archive.services.vo.adql.rewriting.indexable import implied
from archive.services.vo.adql.sql import as_integer, both, bracketed, call, double, folded, number

PREDICATES = {"CONTAINS": contains, "INTERSECTS": intersects}
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_SEARCHED = (*_COMPARISONS, exp.Between, exp.In)
_ARITHMETIC = (exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div)
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE}
_TRUE = {"1": True, "0": False, "t": True, "f": False, "true": True, "false": False}


class Rewriter:
    """Rewrites one tree, in place; a node's type is asked for before its parts are rewritten."""

    def __init__(self) -> None:
        self.geometry = GeometryReader(self.rewrite, self._point_function)
        self._own: dict[str, Callable[[exp.Anonymous], exp.Expr]] = {
            "DISTANCE": lambda node: distance(*self._two_points(node)),
            "COORD1": self._coordinate,
            "COORD2": self._coordinate,
            "COORDSYS": self._frame,
            "AREA": lambda node: area(self.geometry.read(self._only(node, "geometry"))),
            "IN_UNIT": self._in_unit,
            "IVO_SPECCONV": self._spectral,
            "GAVO_SPECCONV": self._spectral,
            "IVO_HEALPIX_INDEX": self._healpix,
            "TIMESTAMP": self._timestamp,
        }

    def rewrite(self, node: exp.Expr) -> exp.Expr:
        """The node in PostgreSQL.

        Raises
        ------
        ADQLError
        """
        if not isinstance(node, NODES):
            refuse(node, f"{type(node).__name__} is not part of ADQL")
        if isinstance(node, _COMPARISONS):
            condition = self._comparison(node)
            if condition is not None:
                return condition
        if isinstance(node, _SEARCHED):
            node = spelled_out(node)
            more = implied(node, self.rewrite)
            return self._parts(node) if more is None else both(more, self._parts(node))
        if isinstance(node, exp.Not):
            return exp.Not(this=self._negated(node.this))
        if isinstance(node, exp.Anonymous):
            return self._function(node)
        if isinstance(node, _ARITHMETIC) and result_type(node) == "null":
            return exp.Null()  # PostgreSQL does not know which of its operators is meant
        if self._is_time_of_text(node):
            return moments.time_of(self.rewrite(node.this))
        if isinstance(node, exp.BitwiseNot):
            return exp.Paren(this=self._parts(node))  # binds closer in ADQL than in PostgreSQL
        if isinstance(node, exp.Select):
            self._widen(node)
        return self._parts(node)

    def _parts(self, node: exp.Expr) -> exp.Expr:
        for name, value in list(node.args.items()):
            if isinstance(value, exp.Expression):
                node.set(name, self.rewrite(value))
            elif isinstance(value, list):
                node.set(name, [self.rewrite(v) if isinstance(v, exp.Expression) else v for v in value])
        return node

    def _widen(self, node: exp.Select) -> None:
        """Make doubles of what PostgreSQL would give as exact decimal numbers: no VOTable has these."""
        for item in node.expressions:
            if result_type(item) == "numeric":
                item.set("this", exp.cast(item.this, "double precision"))

    # --- conditions -------------------------------------------------------------------------------------------
    def _negated(self, node: exp.Expr) -> exp.Expr:
        inner = node.unnest()
        if isinstance(inner, exp.EQ | exp.NEQ):
            condition = self._comparison(inner, indexed=False)
            if condition is not None:
                return exp.Paren(this=condition)
        return self.rewrite(node)

    def _comparison(self, node: exp.Expr, indexed: bool = True) -> exp.Expr | None:
        """CONTAINS(..) = 1 and DISTANCE(..) < r as conditions that the index answers; None for all others."""
        kind = type(node)
        for left, right, turned in ((node.this, node.expression, False), (node.expression, node.this, True)):
            function = left.unnest()
            name = function.name.upper() if isinstance(function, exp.Anonymous) else None
            if isinstance(node, exp.EQ | exp.NEQ) and (name in PREDICATES or name in Q3C_CONDITIONS):
                return self._truth(kind, function, right, indexed)
            if isinstance(node, exp.EQ | exp.NEQ) and self._is_boolean(left) and _as_boolean(right) is not None:
                return kind(this=self.rewrite(left), expression=exp.Boolean(this=_as_boolean(right)))
            compared = _TURNED.get(kind, kind) if turned else kind
            if name == "DISTANCE" and compared in (exp.LT, exp.LTE):
                a, b = self._two_points(function)
                return closer(a, b, folded(self.rewrite(right)), compared is exp.LTE)
        return None

    def _is_time_of_text(self, node: exp.Expr) -> bool:
        """Whether a text that is not known before is made a time of."""
        if not isinstance(node, exp.Cast) or isinstance(node.this.unnest(), exp.Literal):
            return False
        return result_type(node).startswith(moments.TIME) and result_type(node.this) in moments.TEXTS

    def _is_boolean(self, node: exp.Expr) -> bool:
        return isinstance(node.unnest(), exp.Column) and result_type(node) == "boolean"

    def _truth(self, kind: type, function: exp.Anonymous, value: exp.Expr, indexed: bool) -> exp.Expr | None:
        truth = _as_boolean(value)
        if truth is None:
            if isinstance(value.unnest(), exp.Literal):
                refuse(value, f"{function.name.upper()} is compared with {value.sql()}: it yields 1 or 0")
            return None
        holds = truth == (kind is exp.EQ)
        condition = self._condition(function, indexed and holds)
        return condition if holds else exp.Not(this=exp.Paren(this=condition))

    def _condition(self, node: exp.Anonymous, indexed: bool) -> exp.Expr:
        name = node.name.upper()
        if name in Q3C_CONDITIONS:
            return self._q3c(node, name, indexed)
        if len(node.expressions) != 2:
            refuse(node, f"{name} takes two geometries, {len(node.expressions)} given")
        left, right = (self.geometry.read(argument) for argument in node.expressions)
        return PREDICATES[name](node, left, right, indexed)

    def _q3c(self, node: exp.Anonymous, name: str, indexed: bool) -> exp.Expr:
        """Q3C's own conditions as CONTAINS writes them: with an index whichever way the arguments stand."""
        self._check_count(node, Q3C_CONDITIONS[name])
        if name == "Q3C_POLY_QUERY":
            point = Point(*(self.rewrite(argument) for argument in node.expressions[:2]))
            return contains(node, point, constant_polygon(_vertices(node, node.expressions[2])), indexed)
        ra, dec, ra2, dec2, radius = (folded(self.rewrite(argument)) for argument in node.expressions)
        return contains(node, Point(ra, dec), Circle(Point(ra2, dec2), radius), indexed)

    # --- functions --------------------------------------------------------------------------------------------
    def _function(self, node: exp.Anonymous) -> exp.Expr:
        name = node.name.upper()
        if name in PREDICATES:
            return as_integer(self._condition(node, indexed=False))
        if name in Q3C_CONDITIONS:
            return self._condition(node, indexed=True)
        if name in GEOMETRIES:
            return as_array(self.geometry.read(node))
        own = self._own.get(name)
        return own(node) if own else self._scalar(node, name)

    def _scalar(self, node: exp.Anonymous, name: str) -> exp.Expr:
        function = SCALAR.get(name)
        if function is None:
            nearest = resembling(name, known_functions())
            hint = f"did you mean {nearest}? Known" if nearest else "known"
            refuse(node, f"unknown function {node.name}: {hint} are {', '.join(known_functions())}")
        self._check_count(node, function)
        kinds = tuple(map(result_type, node.expressions)) if function.typed else ()
        arguments = [self.rewrite(argument) for argument in list(node.expressions)]
        return function.build(kinds, *arguments) if function.typed else function.build(*arguments)

    def _check_count(self, node: exp.Anonymous, function: Function) -> None:
        given = len(node.expressions)
        if given not in function.counts:
            expected = " or ".join(map(str, function.counts))
            signature = function.signature(node.name.upper()).partition(" -> ")[0]
            refuse(node, f"{node.name.upper()} takes {expected} arguments, {given} given: {signature}")

    def _point_function(self, node: exp.Anonymous) -> Callable | None:
        """The writer of a function that gives a point, or None."""
        function = KNOWN.get(node.name.upper())
        return self._function if function is not None and function.xtype == "point" else None

    def _only(self, node: exp.Anonymous, what: str) -> exp.Expr:
        if len(node.expressions) != 1:
            refuse(node, f"{node.name.upper()} takes one {what}, {len(node.expressions)} arguments given")
        return node.expressions[0]

    def _two_points(self, node: exp.Anonymous) -> tuple[Point, Point]:
        arguments = list(node.expressions)
        if len(arguments) == 4:
            ra, dec, ra2, dec2 = (folded(self.rewrite(argument)) for argument in arguments)
            return Point(ra, dec), Point(ra2, dec2)
        if len(arguments) != 2:
            refuse(node, f"DISTANCE takes two points or four numbers, {len(arguments)} arguments given")
        a, b = (self.geometry.point(argument, "DISTANCE") for argument in arguments)
        return a, b

    def _coordinate(self, node: exp.Anonymous) -> exp.Expr:
        point = self.geometry.point(self._only(node, "POINT"), node.name.upper())
        return double(point.parts[0 if node.name.upper() == "COORD1" else 1])

    def _frame(self, node: exp.Anonymous) -> exp.Expr:
        self.geometry.read(self._only(node, "geometry"))
        return exp.Literal.string("ICRS")

    def _healpix(self, node: exp.Anonymous) -> exp.Expr:
        if len(node.expressions) == 2 and self.geometry.is_geometry(node.expressions[1]):
            point = self.geometry.point(node.expressions[1], node.name.upper())
            order = self.rewrite(node.expressions[0])
            return SCALAR["IVO_HEALPIX_INDEX"].build(order, *point.parts)
        return self._scalar(node, "IVO_HEALPIX_INDEX")

    def _timestamp(self, node: exp.Anonymous) -> exp.Expr:
        value = self._only(node, "text").unnest()
        if isinstance(value, exp.Literal):
            if not value.is_string:
                refuse(value, f"TIMESTAMP({value.sql()}): {moments.HOW}")
            return self._scalar(node, "TIMESTAMP")
        return (
            moments.time_of(self.rewrite(value))
            if result_type(value) in moments.TEXTS
            else self._scalar(node, "TIMESTAMP")
        )

    def _in_unit(self, node: exp.Anonymous) -> exp.Expr:
        if len(node.expressions) != 2 or not _is_text(node.expressions[1]):
            refuse(node, "IN_UNIT takes a value with a unit, and a unit such as 'rad'")
        value, target = node.expressions
        unit = describe(value).unit
        if not unit:
            refuse(node, f"IN_UNIT: {value.sql()} has no unit")
        try:
            factor = units.factor(unit, target.this)
        except ValueError as error:
            refuse(target, f"IN_UNIT: {error}")
        return exp.Paren(this=exp.Mul(this=bracketed(self.rewrite(value)), expression=double(number(factor))))

    def _spectral(self, node: exp.Anonymous) -> exp.Expr:
        self._check_count(node, KNOWN[node.name.upper()])
        value, *texts = node.expressions
        if not all(map(_is_text, texts)):
            refuse(node, f"{node.name.upper()}: units are texts such as 'nm'")
        unit = texts[0].this if len(texts) == 2 else describe(value).unit
        if not unit:
            refuse(node, f"{node.name.upper()}: {value.sql()} has no unit; write it before the wanted one")
        try:
            factor, inverse = units.spectral(unit, texts[-1].this)
        except ValueError as error:
            refuse(texts[-1], f"{node.name.upper()}: {error}")
        given = double(self.rewrite(value))
        if inverse:
            return exp.Paren(this=exp.Div(this=double(number(factor)), expression=call("nullif", given, number(0))))
        return exp.Paren(this=exp.Mul(this=given, expression=double(number(factor))))


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def _as_boolean(node: exp.Expr) -> bool | None:
    """A constant that is compared with a condition: 1, 0, TRUE, FALSE, 't', 'f'."""
    node = node.unnest()
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    return _TRUE.get(node.this.lower()) if isinstance(node, exp.Literal) else None


def _vertices(node: exp.Expr, value: exp.Expr) -> list[tuple[float, float]]:
    """The vertices of a polygon written as a text of numbers."""
    words = value.this.strip("{}() ").replace(",", " ").split() if _is_text(value) else []
    numbers = [number for number in map(real, words) if number is not None]
    pairs = len(numbers) == len(words) >= 6 and len(numbers) % 2 == 0
    if not pairs or any(abs(dec) > 90 for dec in numbers[1::2]):
        refuse(node, "Q3C_POLY_QUERY: a text of three or more pairs of degrees expected: '{10, 20, 11, 20, 11, 21}'")
    return list(zip(numbers[::2], numbers[1::2], strict=True))
