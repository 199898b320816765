"""Where columns come from: type, unit and size of each, through sub-queries and WITH."""

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from archive.vo.adql.catalog import Column

COLUMN, ROWS = "adql_column", "adql_rows"
"""Keys of a column node's meta: the Column it is, and the rows of its table."""

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


def _function(node):
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
        return result_type(node.expressions[0])
    return "double precision"


def result_type(node):
    """PostgreSQL type name of an annotated ADQL expression, before its functions are rewritten."""
    if isinstance(node, exp.Column):
        known = node.meta.get(COLUMN)
        return known.type if known else "text"
    if isinstance(node, exp.Subquery):
        return result_type(node.this.selects[0].unalias()) if node.this.selects else "text"
    if isinstance(node, exp.Literal):
        return _literal(node)
    if isinstance(node, exp.Count):
        return "bigint"
    if isinstance(node, exp.Avg):
        return "double precision"
    if isinstance(node, exp.Sum):
        inner = result_type(node.this)
        return {"smallint": "bigint", "integer": "bigint", "bigint": "numeric"}.get(inner, inner)
    if isinstance(node, exp.Min | exp.Max | exp.Paren | exp.Neg | exp.Coalesce):
        return result_type(node.this)
    if isinstance(node, exp.Cast):
        name = node.to.sql(dialect="postgres").lower().split("(")[0]
        return _ALIASES.get(name, name)
    if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div):
        pair = (result_type(side) for side in (node.this, node.expression))
        return _wider(*[_ALIASES.get(name, name) for name in pair])
    if isinstance(node, exp.Case) and node.args.get("ifs"):
        return result_type(node.args["ifs"][0].args["true"])
    if isinstance(node, exp.Anonymous):
        return _function(node)
    if isinstance(node, _PREDICATES + (exp.Boolean,)):
        return "boolean"
    return "text"


def described(node, name):
    """Column of a result: an annotated expression under its name."""
    known = node.meta.get(COLUMN) if isinstance(node, exp.Column) else None
    if known is None:
        return Column(name, result_type(node))
    return Column(name, known.type, known.unit, known.ucd, known.description)


def annotate(tree, catalog):
    """Write into the meta of every column of a resolved tree what it is and how large its table is.

    Scopes come innermost first, so the columns of a sub-query are known when its user is reached.
    """
    for scope in traverse_scope(tree):
        for column in scope.columns:
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table):
                table = catalog.table(source.db, source.name)
                known = catalog.column(table, column.name)
                rows = table.rows if table else 0
            elif isinstance(source, Scope):
                known, rows = _from_query(source.expression, column.name)
            else:
                known, rows = None, 0
            column.meta[ROWS] = rows
            if known is not None:
                column.meta[COLUMN] = known


def _from_query(query, name):
    """Column of a sub-query, and the rows of the table behind it."""
    item = next((item for item in query.selects if item.alias_or_name == name), None)
    if item is None:
        return None, 0
    inner = item.unalias()
    return described(inner, name), inner.meta.get(ROWS, 0)
