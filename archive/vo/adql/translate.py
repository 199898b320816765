"""ADQL to PostgreSQL: parse, check against the white lists, resolve names, rewrite functions and geometry."""

import re
from dataclasses import dataclass

from astropy import units
from sqlglot import errors, exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from archive.vo.adql.catalog import Column
from archive.vo.adql.errors import ADQLError
from archive.vo.adql.functions import (
    FUNCTIONS,
    GEOMETRIES,
    PREDICATES,
    bracketed,
    known_functions,
    number,
)
from archive.vo.adql.geometry import (
    GeometryReader,
    Point,
    as_array,
    contains,
    distance,
    folded,
    tables_of,
    within,
)
from archive.vo.adql.grammar import ADQLDialect, parse
from archive.vo.adql.types import COLUMN, ROWS, annotate, described
from archive.vo.adql.whitelist import NODES, check_tree, refuse

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)
_CLOSER = (exp.LT, exp.LTE)


@dataclass(frozen=True)
class Translation:
    """A query that PostgreSQL runs, and what its result columns are.

    sql : one SELECT, without comments and without parameters
    columns : tuple of Column in order; unit, ucd and description where a column comes straight from a table
    limit : rows that the query itself asks for at most (TOP), or None
    """

    sql: str
    columns: tuple[Column, ...]
    limit: int | None


def translate(adql, catalog, maxrec=None):
    """Translate one ADQL 2.1 query.

    Parameters
    ----------
    adql : str
    catalog : Catalog
        The tables and columns that may be named.
    maxrec : int or None
        Rows to hand out at most; one more is asked for, so that an overflow is seen.

    Returns
    -------
    Translation

    Raises
    ------
    ADQLError
        with what was expected, and line and column where known.
    """
    if maxrec is not None and maxrec < 0:
        raise ValueError(f"maxrec={maxrec}: must be a number of rows that is not negative")
    try:
        tree = parse(adql)
        check_tree(tree, catalog)
        tree = _resolve(tree, catalog)
        _check_scopes(tree, catalog)
        annotate(tree, catalog)
        columns = _result_columns(tree)
        limit = _row_limit(tree)
        tree = _Rewriter(catalog).rewrite(tree)
        tree = _limited(_nulls_last(tree), limit, maxrec)
        return Translation(sql=tree.sql(dialect="postgres", comments=False), columns=columns, limit=limit)
    except RecursionError as error:
        raise ADQLError("the query is nested too deeply") from error


def _nulls_last(tree):
    """Rows without a value come last in either order; PostgreSQL would put them first when descending."""
    for ordered in tree.find_all(exp.Ordered):
        ordered.set("nulls_first", False)
    return tree


def _resolve(tree, catalog):
    """Give every column its table and every star its columns."""
    try:
        return qualify(
            tree,
            schema=catalog.schema,
            dialect=ADQLDialect,
            quote_identifiers=True,
            validate_qualify_columns=True,
        )
    except errors.OptimizeError as error:
        text = str(error).splitlines()[0]
        place = re.search(r"Line: (\d+), Col: (\d+)", str(error))
        line, column = map(int, place.groups()) if place else (None, None)
        name = re.search(r"'([^']*)' could not be resolved", text)
        if name:
            word = name.group(1).split(".")[-1].strip('"')
            column = column - len(word) + 1 if column else None
            raise ADQLError(f"unknown or ambiguous column {word!r}", line, column) from error
        raise ADQLError(text.split(". Line")[0], line, column) from error


def _check_scopes(tree, catalog):
    """Refuse a table that is only named like a WITH query out of its reach: PostgreSQL has its own."""
    for scope in traverse_scope(tree):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and catalog.table(source.db, source.name) is None:
                refuse(source, f"unknown table {source.name}: known are {catalog.describe()}")


def _result_columns(tree):
    return tuple(described(item.unalias(), item.alias_or_name) for item in tree.selects)


def _row_limit(tree):
    limit = tree.args.get("limit")
    return int(limit.expression.this) if limit is not None else None


def _limited(tree, limit, maxrec):
    """Ask for one row more than maxrec, unless the query itself asks for fewer."""
    if maxrec is None or (limit is not None and limit <= maxrec):
        return tree
    return tree.limit(maxrec + 1, copy=False)


def _size_of(columns):
    """Rows of the largest table that columns come from."""
    return max((column.meta.get(ROWS, 0) for column in columns), default=0)


class _Rewriter:
    """Rewrites one resolved and annotated tree."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.geometry = GeometryReader(self.rewrite)

    def rewrite(self, node):
        """The node in PostgreSQL; the tree is changed in place."""
        if not isinstance(node, NODES):
            refuse(node, f"{type(node).__name__} is not part of ADQL")
        if isinstance(node, _COMPARISONS):
            condition = self._comparison(node)
            if condition is not None:
                return condition
        if isinstance(node, exp.Anonymous):
            return self._function(node)
        if isinstance(node, exp.Table):
            return self._physical(node)
        for name, value in list(node.args.items()):
            if isinstance(value, exp.Expression):
                node.set(name, self.rewrite(value))
            elif isinstance(value, list):
                node.set(name, [self.rewrite(v) if isinstance(v, exp.Expression) else v for v in value])
        return node

    def _physical(self, node):
        """The table's name in PostgreSQL; the alias that qualify gave keeps the rest of the query valid."""
        table = self.catalog.table(node.db, node.name)
        if node.db and table is not None:
            schema, name = table.physical or (table.schema, table.name)
            node.set("db", exp.to_identifier(schema, quoted=True))
            node.set("this", exp.to_identifier(name, quoted=True))
        joins = node.args.get("joins")
        if joins:
            node.set("joins", [self.rewrite(join) for join in joins])
        return node

    def _comparison(self, node):
        """CONTAINS(..) = 1 and DISTANCE(..) < r as conditions that the index answers; None for all others."""
        for left, right, swapped in ((node.this, node.expression, False), (node.expression, node.this, True)):
            function = left
            while isinstance(function, exp.Paren):
                function = function.this
            name = function.name.upper() if isinstance(function, exp.Anonymous) else None
            if name in PREDICATES and isinstance(node, exp.EQ | exp.NEQ):
                return self._predicate_is(node, function, right)
            closer = isinstance(node, _CLOSER) != swapped and not isinstance(node, exp.EQ | exp.NEQ)
            if name == "DISTANCE" and closer:
                a, b = self._two_points(function)
                radius = folded(self.rewrite(right))
                if not tables_of(radius):
                    return within(a, b, radius, _size_of)
                return exp.LT(this=distance(a, b), expression=bracketed(radius))
        return None

    def _predicate_is(self, node, function, value):
        wanted = value.this if isinstance(value, exp.Literal) and not value.is_string else None
        if wanted not in ("0", "1"):
            refuse(function, f"{function.name.upper()} is compared with {value.sql()}: it yields 1 or 0")
        condition = self._predicate(function)
        return condition if (wanted == "1") == isinstance(node, exp.EQ) else exp.Not(this=condition)

    def _predicate(self, node):
        if len(node.expressions) != 2:
            refuse(node, f"{node.name.upper()} takes two geometries, {len(node.expressions)} given")
        left, right = (self.geometry.read(argument) for argument in node.expressions)
        return contains(node, left, right, _size_of)

    def _two_points(self, node):
        arguments = node.expressions
        if len(arguments) == 4:
            ra, dec, ra2, dec2 = (self.rewrite(argument) for argument in list(arguments))
            return Point(ra, dec), Point(ra2, dec2)
        if len(arguments) != 2:
            refuse(node, f"DISTANCE takes two points or four numbers, {len(arguments)} arguments given")
        points = [self.geometry.read(argument) for argument in arguments]
        if not all(isinstance(point, Point) for point in points):
            refuse(node, "DISTANCE takes two points")
        return points

    def _function(self, node):
        name = node.name.upper()
        if name in PREDICATES:
            case = exp.If(this=self._predicate(node), true=number(1))
            return exp.Case(ifs=[case], default=number(0))
        if name in GEOMETRIES:
            return as_array(self.geometry.read(node))
        if name == "DISTANCE":
            return distance(*self._two_points(node))
        if name in ("COORD1", "COORD2"):
            return self._coordinate(node, name)
        if name == "IN_UNIT":
            return self._in_unit(node)
        if name not in FUNCTIONS:
            refuse(node, f"unknown function {node.name}: known are {', '.join(known_functions())}")
        counts, build = FUNCTIONS[name]
        if len(node.expressions) not in counts:
            expected = " or ".join(map(str, counts))
            refuse(node, f"{name} takes {expected} arguments, {len(node.expressions)} given")
        return build(*[self.rewrite(argument) for argument in list(node.expressions)])

    def _coordinate(self, node, name):
        point = self.geometry.read(node.expressions[0]) if len(node.expressions) == 1 else None
        if not isinstance(point, Point):
            refuse(node, f"{name} takes one POINT")
        return bracketed(point.parts()[0 if name == "COORD1" else 1])

    def _in_unit(self, node):
        if len(node.expressions) != 2:
            refuse(node, "IN_UNIT takes a column and a unit such as 'rad'")
        column, wanted = node.expressions
        known = column.meta.get(COLUMN) if isinstance(column, exp.Column) else None
        if known is None or not known.unit:
            refuse(node, f"IN_UNIT: {column.sql()} is not a column with a unit")
        try:
            factor = units.Unit(known.unit).to(units.Unit(wanted.this, format="vounit"))
        except (ValueError, TypeError, units.UnitsError) as error:
            message = f"IN_UNIT: cannot convert {known.unit!r} to {wanted.sql()}"
            raise ADQLError(message) from error
        return exp.Paren(this=exp.Mul(this=self.rewrite(column), expression=number(float(factor))))
