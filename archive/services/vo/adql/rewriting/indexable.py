"""Predicate push-down: a condition on a computed column, repeated on the indexed columns that it is computed from.

A view computes some of what queries compare: a time of a Julian date, an identifier of a family and a number. No index
has these. What follows from such a condition about those columns is added to it: rows stay the same, whatever
stands around it, and only the plan changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from sqlglot import exp

from archive.services.vo.adql.catalog import Column, Parts, Shifted
from archive.services.vo.adql.functions.standard import days_since
from archive.services.vo.adql.names.types import COLUMN
from archive.services.vo.adql.sql import both, double, number

ROUNDING = 1e-3
"""By how much the indexed column may be off: days for times, which may be cut to seconds in one of the two."""
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE}
_FROM, _UP_TO = (exp.GT, exp.GTE, exp.EQ), (exp.LT, exp.LTE, exp.EQ)
_FIXED = (exp.Literal, exp.Paren, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Div)
_FIXED_FUNCTIONS = frozenset({"TIMESTAMP", "GAVO_TO_MJD", "GAVO_TO_JD"})
Rewrite = Callable[[exp.Expr], exp.Expr]


def implied(node: exp.Expr, rewrite: Rewrite) -> exp.Expr | None:
    """The condition on indexed columns that follows from a comparison, BETWEEN or IN; None where there is none.

    Parameters
    ----------
    node : with names resolved, not rewritten yet
    rewrite : turns a copy of a constant expression into PostgreSQL's
    """
    if not _chooses_rows(node):
        return None
    if isinstance(node, exp.Between):
        return _between(node.this, node.args["low"], node.args["high"], rewrite)
    if isinstance(node, exp.In):
        return _identified(node.this, node.expressions) if node.expressions else None
    kind = type(node)
    for column, value, compared in (
        (node.this, node.expression, kind),
        (node.expression, node.this, _TURNED.get(kind, kind)),
    ):
        found = _identified(column, [value]) if compared is exp.EQ else None
        if found is None and compared in (*_FROM, *_UP_TO):
            low, high = value if compared in _FROM else None, value if compared in _UP_TO else None
            found = _between(column, low, high, rewrite)
        if found is not None:
            return found
    return None


def _chooses_rows(node: exp.Expr) -> bool:
    """Whether a condition is in WHERE or ON, about that query's own tables; behind GROUP BY the columns are gone."""
    clause = node.find_ancestor(exp.Where, exp.Join, exp.Select, exp.Having, exp.Group, exp.Order)
    if not isinstance(clause, exp.Where | exp.Join):
        return False
    select = clause.find_ancestor(exp.Select)
    own = set(_names([select.args["from_"], *(select.args.get("joins") or ())])) if select is not None else set()
    return all(column.table in own for column in node.find_all(exp.Column))


def _names(items: list[exp.Expr]) -> Iterator[str]:
    """Names of the tables of a FROM, of those joined in brackets too."""
    for item in items:
        inner = item.this
        if isinstance(inner, exp.Subquery) and isinstance(inner.this, exp.Table):
            yield from _names([inner])
            yield from _names(inner.args.get("joins") or [])
        else:
            yield inner.alias_or_name
        yield from _names(inner.args.get("joins") or [])


def _between(node: exp.Expr, low: exp.Expr | None, high: exp.Expr | None, rewrite: Rewrite) -> exp.Expr | None:
    known = known_column(node)
    if known is None or not isinstance(known.indexable, Shifted) or not all(map(_fixed, filter(None, (low, high)))):
        return None
    computed, column, limits = known.indexable, _beside(node, known.indexable.column), []
    for value, compare, shift in (
        (low, exp.GTE, computed.offset - computed.span - ROUNDING),
        (high, exp.LTE, computed.offset + ROUNDING),
    ):
        if value is not None:
            given = rewrite(value.copy())
            given = days_since(0.0)(given) if known.type == "timestamp" else double(given)
            limits.append(compare(this=column.copy(), expression=exp.Add(this=given, expression=number(shift))))
    missing = exp.Is(this=column, expression=exp.Null())
    return exp.Paren(this=exp.Or(this=both(*limits), expression=missing))


def _identified(node: exp.Expr, values: Iterable[exp.Expr]) -> exp.Expr | None:
    known, texts = known_column(node), [value.unnest() for value in values]
    if known is None or not isinstance(known.indexable, Parts) or not all(map(_is_text, texts)):
        return None
    found = [parts for parts in (known.indexable.read(one.this) for one in texts) if parts is not None]
    if not found:
        return exp.Null()  # no row has it; and where the column is null, so is the condition
    return both(*(_one_of(_beside(node, name), [parts[name] for parts in found]) for name in found[0]))


def _one_of(column: exp.Column, values: list[str | int]) -> exp.Expr:
    literals = [exp.Literal.string(one) if isinstance(one, str) else number(one) for one in dict.fromkeys(values)]
    return exp.In(this=column, expressions=literals)


def known_column(node: exp.Expr) -> Column | None:
    """The column that a node names, as the catalog knows it; None for anything else."""
    node = node.unnest()
    return node.meta.get(COLUMN) if isinstance(node, exp.Column) else None


def _beside(node: exp.Expr, name: str) -> exp.Column:
    """Another column of the same table."""
    table = exp.to_identifier(node.unnest().text("table"), quoted=True)
    return exp.column(exp.to_identifier(name, quoted=True), table=table)


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


def _fixed(node: exp.Expr) -> bool:
    """Whether an expression has one value for all rows, and the same whenever it is asked for."""
    return all(
        isinstance(part, _FIXED) or (isinstance(part, exp.Anonymous) and part.name.upper() in _FIXED_FUNCTIONS)
        for part in node.walk()
    )
