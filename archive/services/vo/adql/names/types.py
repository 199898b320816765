"""Types of expressions: PostgreSQL type, unit, UCD; read from a tree with resolved names, before it is rewritten."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from archive.requests.numbers import whole
from archive.services.vo.adql.catalog import Column
from archive.services.vo.adql.functions.standard import FUNCTIONS, INTEGERS, SAME, Function
from archive.services.vo.adql.functions.user_functions import CONVERSIONS, Q3C_CONDITIONS, USER_FUNCTIONS, named

COLUMN, ROWS = "adql_column", "adql_rows"
"""Keys of a column node's meta: the Column it is, and the rows of its table."""

SCALAR = FUNCTIONS | named(USER_FUNCTIONS)
KNOWN = SCALAR | named(CONVERSIONS) | Q3C_CONDITIONS

_FLOATS = ("real", "double precision")
_ALIASES = {
    "int": "integer", "float": "real", "double": "double precision", "int8": "bigint", "int4": "integer",
    "int2": "smallint", "float4": "real", "float8": "double precision", "character varying": "varchar",
}  # fmt: skip
_PREDICATES = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or, exp.Not, exp.In, exp.Is, exp.Like,
    exp.ILike, exp.Between, exp.Exists, exp.Boolean,
)  # fmt: skip
_BITWISE = (exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor)
_TEXTS = ("text", "varchar", "char")
_DEGREES = "double precision"

GEOMETRY_RESULTS = {
    "POINT": Column("", "double precision[]", "deg", "pos.eq", xtype="point"),
    "CENTROID": Column("", "double precision[]", "deg", "pos.eq", xtype="point"),
    "CIRCLE": Column("", "double precision[]", "deg", "pos.outline;obs.field", xtype="circle"),
    "BOX": Column("", "double precision[]", "deg", "pos.outline;obs.field", xtype="polygon"),
    "POLYGON": Column("", "double precision[]", "deg", "pos.outline;obs.field", xtype="polygon"),
    "REGION": Column("", "double precision[]", "deg", "pos.outline;obs.field"),
    "CONTAINS": Column("", "integer"),
    "INTERSECTS": Column("", "integer"),
    "DISTANCE": Column("", _DEGREES, "deg", "pos.angDistance"),
    "AREA": Column("", _DEGREES, "deg**2", "phys.angArea"),
    "COORD1": Column("", _DEGREES, "deg", "pos.eq.ra"),
    "COORD2": Column("", _DEGREES, "deg", "pos.eq.dec"),
    "COORDSYS": Column("", "text", ucd="pos.frame"),
    "IN_UNIT": Column("", _DEGREES),
}
"""What the geometry functions and IN_UNIT give."""


def base_type(name: str) -> str:
    """PostgreSQL's long name of a type, without its length."""
    short = name.lower().split("(")[0].strip()
    return _ALIASES.get(short, short)


def wider(left: str, right: str) -> str:
    """The type that holds values of both."""
    if left == right or right == "null":
        return left
    if left == "null":
        return right
    if "numeric" in (left, right):
        other = right if left == "numeric" else left
        return "double precision" if other in _FLOATS else "numeric"
    ladder = INTEGERS + _FLOATS
    if left not in ladder or right not in ladder:
        return "text" if left in _TEXTS and right in _TEXTS else next((one for one in (left, right) if one in ladder or
            one.startswith("timestamp")), "text")  # fmt: skip
    if (left in _FLOATS) != (right in _FLOATS) or "double precision" in (left, right):
        return "double precision"
    return max(left, right, key=ladder.index)


def result_type(node: exp.Expr) -> str:
    """PostgreSQL type name of an expression; `numeric` where only PostgreSQL's arithmetic makes it one."""
    return describe(node).type


def describe(node: exp.Expr) -> Column:
    """A nameless Column of an expression: its type, and unit, UCD and the rest where they follow."""
    if isinstance(node, exp.Column):
        known = node.meta.get(COLUMN)
        return replace(known, name="", type=base_type(known.type)) if known else Column("", "text")
    if isinstance(node, exp.Paren | exp.Alias | exp.Neg):
        return describe(node.this)
    if isinstance(node, exp.Literal):
        return Column("", _literal(node))
    if isinstance(node, exp.Null):
        return Column("", "null")
    if isinstance(node, exp.Anonymous):
        return _function(node)
    if isinstance(node, exp.Count | exp.Avg | exp.Min | exp.Max | exp.Sum):
        return _aggregate(node)
    if isinstance(node, exp.Coalesce):
        return replace(describe(node.this), type=_widest([node.this, *node.expressions]))
    if isinstance(node, exp.Nullif):
        return describe(node.this)
    if isinstance(node, exp.Cast):
        known = describe(node.this)
        return replace(
            known,
            type=base_type(node.to.sql(dialect="postgres")),
            xtype=None,
            region=None,
            indexable=None,
            abbreviated=None,
        )
    if isinstance(node, exp.Add | exp.Sub):
        return _sum(describe(node.this), describe(node.expression))
    return Column("", _plain_type(node))


def _plain_type(node: exp.Expr) -> str:
    """Type of an expression of which no more is known."""
    if isinstance(node, (exp.Mul, exp.Div, *_BITWISE)):
        return wider(result_type(node.this), result_type(node.expression))
    if isinstance(node, exp.BitwiseNot):
        return result_type(node.this)
    if isinstance(node, exp.Subquery):
        return result_type(node.this.selects[0].unalias()) if node.this.selects else "text"
    if isinstance(node, exp.Case):
        results = [one.args["true"] for one in node.args["ifs"]] + [node.args["default"]] * bool(
            node.args.get("default")
        )
        return _widest(results)
    return "boolean" if isinstance(node, _PREDICATES) else "text"


def _widest(nodes: list[exp.Expr]) -> str:
    found = result_type(nodes[0])
    for one in nodes[1:]:
        found = wider(found, result_type(one))
    return found


def _literal(node: exp.Literal) -> str:
    if node.is_string:
        return "text"
    number = whole(node.this)
    if number is None:
        return "numeric"
    return "integer" if number < 2**31 else "bigint"


def _sum(left: Column, right: Column) -> Column:
    """The sum or difference of two values keeps a unit that both have."""
    return Column("", wider(left.type, right.type), left.unit if left.unit == right.unit else None)


_STATISTICS: dict[type[exp.Expr], str] = {exp.Avg: "stat.mean", exp.Min: "stat.min", exp.Max: "stat.max"}


def _aggregate(node: exp.Expr) -> Column:
    """The smallest, largest and mean value keep unit and UCD; a count is a number."""
    if isinstance(node, exp.Count):
        return Column("", "bigint", ucd="meta.number")
    inner = describe(node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this)
    kind = inner.type
    if isinstance(node, exp.Sum):
        kind = {"smallint": "bigint", "integer": "bigint", "bigint": "numeric"}.get(kind, kind)
        return Column("", kind, inner.unit)
    if isinstance(node, exp.Avg):
        kind = "numeric" if kind in INTEGERS + ("numeric",) else "double precision"
    ucd = f"{inner.ucd.removesuffix(';meta.main')};{_STATISTICS[type(node)]}" if inner.ucd else None
    return Column("", kind, inner.unit, ucd, inner.description, xtype=inner.xtype)


def _function(node: exp.Anonymous) -> Column:
    name = node.name.upper()
    if name in GEOMETRY_RESULTS:
        found = GEOMETRY_RESULTS[name]
        if name == "IN_UNIT" and len(node.expressions) == 2:
            return replace(describe(node.expressions[0]), type=found.type, unit=node.expressions[1].name)
        return found
    function = KNOWN.get(name)
    return Column("", "text") if function is None else _of(function, node.expressions)


def _of(function: Function, arguments: list[exp.Expr]) -> Column:
    kind = function.gives
    if kind == SAME:
        kind = _widest(arguments) if arguments else "double precision"
        kind = "double precision" if kind == "numeric" and function.typed else kind
    if function.keeps and arguments:
        return replace(describe(arguments[0]), type=kind, xtype=None, region=None, indexable=None, abbreviated=None)
    return Column("", kind, function.unit, function.ucd, xtype=function.xtype)


def described(node: exp.Expr, name: str) -> Column:
    """Column of a result: an expression under its name. What it is computed from stays behind."""
    known = describe(node)
    kind = {"numeric": "double precision", "null": "text"}.get(known.type, known.type)
    original = node.meta.get(COLUMN) if isinstance(node, exp.Column) else None
    return replace(
        known, name=name, type=original.type if original else kind, region=None, indexable=None, abbreviated=None
    )
