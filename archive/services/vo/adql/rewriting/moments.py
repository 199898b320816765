"""Times that a query writes as texts: read as ISO 8601, their offsets honoured; PostgreSQL would drop an offset."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from archive.given.times import BadTimeError, calendar
from archive.services.vo.adql.grammar.whitelist import refuse
from archive.services.vo.adql.names.types import KNOWN, result_type
from archive.services.vo.adql.sql import call, cast, text

HOW = "write 'YYYY-MM-DD' or 'YYYY-MM-DDThh:mm:ss.sss', UTC or with an offset such as +02:00"
TIME, TEXTS = "timestamp", ("text", "varchar", "char")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE)


def read_times(tree: exp.Expr) -> None:
    """Write every text that stands for a time as UTC without an offset.

    Raises
    ------
    ADQLError
        for one that is no time, or a day and month that may be exchanged.
    """
    for node in list(tree.find_all(exp.Literal)):
        if node.is_string and _is_time(node):
            try:
                moment = calendar(node.this)
            except BadTimeError as error:
                refuse(node, f"{str(error).partition('; give ')[0]}; {HOW}")
            node.set("this", moment.strftime("%Y-%m-%d %H:%M:%S.%f").zfill(26))


def time_of(value: exp.Expr) -> exp.Expr:
    """The time of a text that is not known before: ISO 8601 alone, with its offset; the query ends at another."""
    only = call("regexp_replace", value, text(r"^(?!\s*[0-9]{4}-[0-9]{2}-[0-9]{2}).*$"), text(r"no ISO 8601 time: \&"))
    return call("timezone", text("UTC"), cast(only, "timestamptz"))


def _is_time(node: exp.Literal) -> bool:
    """Whether a text stands where a time is wanted."""
    inner: exp.Expr = node
    while isinstance(inner.parent, exp.Paren):
        inner = inner.parent
    parent = inner.parent
    if isinstance(parent, exp.Anonymous):
        function, index = KNOWN.get(parent.name.upper()), parent.expressions.index(inner)
        takes = function.takes[index] if function and index < len(function.takes) else ""
        return parent.name.upper() == "TIMESTAMP" or takes.upper().rstrip("]").endswith("TIMESTAMP")
    if isinstance(parent, exp.Cast):
        return result_type(parent).startswith(TIME)
    if isinstance(parent, exp.If) and inner is parent.this:  # CASE operand WHEN this THEN ...
        operand = parent.parent.this if parent.parent is not None else None
        return operand is not None and result_type(operand).startswith(TIME)
    return any(result_type(one).startswith(TIME) for one in _beside(parent, inner) if one is not inner)


def _beside(parent: exp.Expr | None, inner: exp.Expr) -> Iterator[exp.Expr]:
    """The expressions that a value is compared or mixed with."""
    if isinstance(parent, _COMPARISONS):
        yield from (parent.this, parent.expression)
    elif isinstance(parent, exp.Between):
        yield from (parent.this, parent.args["low"], parent.args["high"])
    elif isinstance(parent, exp.In | exp.Coalesce):
        yield from (parent.this, *parent.expressions)
    elif isinstance(parent, exp.Nullif):
        yield from (parent.this, parent.expression)
    elif isinstance(parent, exp.Case):  # its results, the last one of which is its own
        yield from (*(one.args["true"] for one in parent.args["ifs"]), *filter(None, [parent.args.get("default")]))
    elif isinstance(parent, exp.If):
        yield from _beside(parent.parent, inner)
    elif isinstance(parent, exp.Alias):
        yield from _beside(parent.parent, parent)
    elif isinstance(parent, exp.Select) and (index := _index_of(parent.expressions, inner)) is not None:
        for other in _branches(parent):  # of a UNION, EXCEPT or INTERSECT
            yield from other.expressions[index : index + 1]


def _index_of(expressions: list[exp.Expr], sought: exp.Expr) -> int | None:
    return next((n for n, one in enumerate(expressions) if one is sought), None)


def _branches(select: exp.Select) -> Iterator[exp.Select]:
    """The selects whose rows come together with those of one."""
    top: exp.Expr = select
    while isinstance(top.parent, exp.SetOperation | exp.Paren | exp.Subquery):
        top = top.parent
    waiting = [top] if isinstance(top, exp.SetOperation) else []
    while waiting:
        one = waiting.pop()
        if isinstance(one, exp.Select):
            yield one
        elif isinstance(one, exp.SetOperation):
            waiting += [one.this, one.expression]
        elif isinstance(one, exp.Paren | exp.Subquery):
            waiting.append(one.this)
