"""The white list of a query's tree: node classes, and the arguments that each may carry.

Everything that is not listed is refused, so a new feature of the parser is closed until somebody opens it.
"""

from __future__ import annotations

import re
from typing import NoReturn

from sqlglot import exp

from archive.requests.numbers import whole
from archive.services.vo.adql.errors import ADQLError

NODES = (
    exp.Select, exp.From, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset,
    exp.Join, exp.With, exp.CTE, exp.Subquery, exp.Union, exp.Except, exp.Intersect, exp.Table,
    exp.TableAlias,
    exp.Column, exp.Identifier, exp.Alias, exp.Literal, exp.Star, exp.Null, exp.Boolean, exp.Anonymous,
    exp.Count, exp.Avg, exp.Min, exp.Max, exp.Sum, exp.Coalesce, exp.Cast, exp.DataType, exp.DataTypeParam,
    exp.Case, exp.If, exp.Paren, exp.Neg, exp.Not, exp.And, exp.Or, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT,
    exp.GTE, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.DPipe, exp.Between, exp.Like, exp.ILike, exp.In, exp.Is,
    exp.Exists, exp.Distinct, exp.Nullif, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor, exp.BitwiseNot,
)  # fmt: skip

MOST_NODES, MOST_TABLES, MOST_QUERIES = 20_000, 24, 24
"""What one query may have: words of its tree, tables that it names, SELECTs."""

CAST_TYPES = frozenset(
    getattr(exp.DataType.Type, name)
    for name in ("INT", "SMALLINT", "BIGINT", "FLOAT", "DOUBLE", "CHAR", "VARCHAR", "TIMESTAMP")
)

_SELECT_ARGS = {
    "kind", "hint", "distinct", "expressions", "limit", "operation_modifiers", "from_", "from", "joins",
    "where",
    "group", "having", "order", "offset", "with_", "with",
}  # fmt: skip
_SETS_ARGS = {
    "this", "expression", "distinct", "by_name", "with_", "with", "order", "limit", "offset", "side", "kind",
    "on",
}  # fmt: skip
_ARGS = {
    exp.Select: _SELECT_ARGS,
    exp.Union: _SETS_ARGS,
    exp.Except: _SETS_ARGS,
    exp.Intersect: _SETS_ARGS,
    exp.Table: {"this", "db", "catalog", "alias", "joins"},
    exp.Subquery: {"this", "alias", "with_", "with", "joins", "order", "limit", "offset"},
    exp.Join: {"this", "on", "using", "side", "kind", "method"},
    exp.Distinct: {"expressions"},
    exp.Star: set(),
    exp.With: {"expressions"},
    exp.CTE: {"this", "alias"},
}
"""Arguments that may be set; classes not named here may carry any white-listed nodes."""


_AGGREGATES = (exp.Count, exp.Avg, exp.Min, exp.Max, exp.Sum)
_PARENTS = {
    exp.Distinct: (exp.Select, *_AGGREGATES),
    exp.Star: (exp.Select, exp.Column, exp.Count),
    exp.Alias: (exp.Select,),
    exp.Order: (exp.Query,),
    exp.Limit: (exp.Query,),
    exp.Offset: (exp.Query,),
    exp.If: (exp.Case,),
    exp.DataType: (exp.Cast,),
    exp.DataTypeParam: (exp.DataType,),
    exp.Table: (exp.From, exp.Join, exp.Subquery),
    exp.Identifier: (exp.Column, exp.Table, exp.TableAlias, exp.Alias, exp.Join),
}
"""Where alone nodes of a class may stand."""


LONGEST_TEXT = 10_485_760  # characters that PostgreSQL declares at most
_NUMBER = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def place_of(node: exp.Expr) -> tuple[int | None, int | None]:
    """Line and (1-based) column of the first word at or below a node, or (None, None)."""
    for part in node.walk():
        line = part.meta.get("line")
        if line:
            length = part.meta.get("end", 0) - part.meta.get("start", 0)
            return line, max(1, part.meta["col"] - length)
    return None, None


def refuse(node: exp.Expr, message: str) -> NoReturn:
    """Raise ADQLError at a node's place."""
    raise ADQLError(message, *place_of(node))


def _check_arguments(node: exp.Expr) -> None:
    allowed = _ARGS.get(type(node))
    if allowed is None:
        return
    for name, value in node.args.items():
        if value and name not in allowed:
            refuse(node, f"{name.rstrip('_').upper()} of {type(node).__name__.upper()} is not part of ADQL")


def _check_count(node: exp.Expr, word: str) -> None:
    value = node.expression
    if not isinstance(value, exp.Literal) or value.is_string or whole(value.this) is None:
        refuse(node, f"{word} {value.sql() if value else ''}: must be a whole number that is not negative")


def _check_size(tree: exp.Expr) -> None:
    """Refuse what a planner would spend long on: it tries the orders of tables, and each view has several."""
    tables = queries = 0
    for nodes, node in enumerate(tree.walk(), 1):
        tables += isinstance(node, exp.Table)
        queries += isinstance(node, exp.Select)
        for number, most, what in (
            (nodes, MOST_NODES, "words"), (tables, MOST_TABLES, "tables"), (queries, MOST_QUERIES, "SELECTs"),
        ):  # fmt: skip
            if number > most:
                refuse(node, f"the query has more than {most} {what}: divide it, or bring lists as a table of your own")


def check_tree(tree: exp.Expr) -> None:
    """Refuse whatever is not ADQL, or too much of it; `archive.services.vo.adql.names.resolver` checks the names.

    Raises
    ------
    ADQLError
    """
    _check_size(tree)
    for node in tree.walk():
        if not isinstance(node, NODES):
            refuse(node, f"{type(node).__name__} is not part of ADQL")
        _check_arguments(node)
        where = _PARENTS.get(type(node))
        if where is not None and not isinstance(node.parent, where):
            refuse(
                node, f"{node.sql() or type(node).__name__.upper()}: {type(node).__name__.upper()} has no meaning here"
            )
        if isinstance(node, exp.Cast) and node.to.this not in CAST_TYPES:
            names = "INTEGER, SMALLINT, BIGINT, REAL, DOUBLE PRECISION, CHAR, VARCHAR, TIMESTAMP"
            refuse(node, f"CAST to {node.to.sql()} is not part of ADQL: use one of {names}")
        if isinstance(node, exp.Select) and not node.expressions:
            refuse(node, "SELECT: expected a list of columns and expressions, or *")
        if isinstance(node, exp.AggFunc | exp.Coalesce) and node.this is None:
            refuse(node, f"{type(node).__name__.upper()}: expected an argument in its brackets")
        if isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null):
            refuse(node, "IS: expected NULL or NOT NULL after it")
        if isinstance(node, exp.Literal) and not node.is_string and not _NUMBER.fullmatch(node.this):
            refuse(node, f"{node.this} is not a number")
        if isinstance(node, exp.DataTypeParam) and not (
            isinstance(node.this, exp.Literal) and whole(node.this.this, 1, LONGEST_TEXT) is not None
        ):
            refuse(node, f"CAST: the length of a text is a whole number, not {node.sql()}")
        if isinstance(node, exp.Limit):
            _check_count(node, "TOP")
        if isinstance(node, exp.Offset):
            _check_count(node, "OFFSET")
        if isinstance(node, exp.Table):
            if not isinstance(node.this, exp.Identifier):
                refuse(node, f"{node.sql()} is not a table")
            if node.args.get("catalog"):
                refuse(node, f"{node.sql()}: write schema.table")
