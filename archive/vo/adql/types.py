"""The PostgreSQL type of a result column that is computed rather than read."""

from sqlglot import exp

_INTEGER_FUNCTIONS = frozenset({"CONTAINS", "INTERSECTS"})
_TEXT_FUNCTIONS = frozenset({"UPPER", "LOWER", "IVO_STRING_AGG"})
_ARRAY_FUNCTIONS = frozenset({"POINT", "CIRCLE", "BOX", "POLYGON"})
_SAME_AS_ARGUMENT = frozenset({"ABS", "SIGN"})
_INTEGERS = ("smallint", "integer", "bigint")
_FLOATS = ("real", "double precision")
_ALIASES = {"int": "integer", "float": "real", "double": "double precision", "int8": "bigint"}
_PREDICATES = (
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or, exp.Not, exp.In, exp.Is, exp.Like,
    exp.ILike, exp.Between, exp.Exists,
)  # fmt: skip


def _wider(left, right):
    ladder = _INTEGERS + _FLOATS
    if left not in ladder or right not in ladder:
        return left if left == right else "text"
    if (left == "real") != (right == "real") and "double precision" not in (left, right):
        return "double precision"
    return max(left, right, key=ladder.index)


def _literal(node):
    if node.is_string:
        return "text"
    return "bigint" if node.this.isdigit() and int(node.this) > 2**31 - 1 else (
        "integer" if node.this.isdigit() else "double precision"
    )  # fmt: skip


def _function(node, sources, catalog):
    name = node.name.upper()
    if name in _INTEGER_FUNCTIONS:
        return "integer"
    if name in _TEXT_FUNCTIONS:
        return "text"
    if name in _ARRAY_FUNCTIONS:
        return "double precision[]"
    if name == "MOD":
        return "numeric"
    if name in _SAME_AS_ARGUMENT and node.expressions:
        return result_type(node.expressions[0], sources, catalog)
    return "double precision"


def _column(node, sources, catalog):
    source = sources.get(node.table)
    known = catalog.column(catalog.table(source.db, source.name), node.name) if source is not None else None
    return known.type if known else "text"


def result_type(node, sources, catalog):
    """PostgreSQL type name of an ADQL expression, before its functions are rewritten.

    sources : table alias -> exp.Table; columns of sub-queries are reported as text.
    """
    if isinstance(node, exp.Column):
        return _column(node, sources, catalog)
    if isinstance(node, exp.Literal):
        return _literal(node)
    if isinstance(node, exp.Count):
        return "bigint"
    if isinstance(node, exp.Avg):
        return "double precision"
    if isinstance(node, exp.Sum):
        inner = result_type(node.this, sources, catalog)
        return {"smallint": "bigint", "integer": "bigint", "bigint": "numeric"}.get(inner, inner)
    if isinstance(node, exp.Min | exp.Max | exp.Paren | exp.Neg | exp.Coalesce):
        return result_type(node.this, sources, catalog)
    if isinstance(node, exp.Cast):
        name = node.to.sql(dialect="postgres").lower().split("(")[0]
        return _ALIASES.get(name, name)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div):
        pair = (result_type(side, sources, catalog) for side in (node.this, node.expression))
        return _wider(*[_ALIASES.get(name, name) for name in pair])
    if isinstance(node, exp.Case) and node.args.get("ifs"):
        return result_type(node.args["ifs"][0].args["true"], sources, catalog)
    if isinstance(node, exp.Anonymous):
        return _function(node, sources, catalog)
    if isinstance(node, _PREDICATES + (exp.Boolean,)):
        return "boolean"
    return "text"
