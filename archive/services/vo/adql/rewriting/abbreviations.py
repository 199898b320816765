"""Names in conditions on TAP_SCHEMA that are written without their schema: the whole name is looked for as well."""

from __future__ import annotations

from sqlglot import exp

from archive.services.vo.adql.rewriting.indexable import known_column
from archive.services.vo.adql.sql import text


def spelled_out(node: exp.Expr) -> exp.Expr:
    """A condition `column = 'name'` or `column IN ('name', ...)` with the whole names beside the short ones.

    Any other condition, and names that are whole already, stay as they are.
    """
    if isinstance(node, exp.In) and node.expressions:
        more = _whole_names(node.this, node.expressions)
        return exp.In(this=node.this, expressions=[*node.expressions, *more]) if more else node
    if isinstance(node, exp.EQ):
        for column, value in ((node.this, node.expression), (node.expression, node.this)):
            if more := _whole_names(column, [value]):
                return exp.In(this=column, expressions=[value, *more])
    return node


def _whole_names(column: exp.Expr, values: list[exp.Expr]) -> list[exp.Expr]:
    known = known_column(column)
    if known is None or known.abbreviated is None:
        return []
    literals = (one.unnest() for one in values)
    names = [one.this for one in literals if isinstance(one, exp.Literal) and one.is_string]
    return [text(found) for found in map(known.abbreviated.whole, names) if found is not None]
