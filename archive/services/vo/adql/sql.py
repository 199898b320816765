"""Small pieces of PostgreSQL's expressions."""

from __future__ import annotations

from sqlglot import exp

DOUBLE = "double precision"


def call(name: str, *arguments: exp.Expr) -> exp.Expr:
    """A function call."""
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def number(value: float) -> exp.Expr:
    """A numeric literal, with its sign as an operator where it is negative."""
    size = abs(value)
    literal = exp.Literal.number(
        str(int(size)) if isinstance(value, float) and size.is_integer() and size < 1e15 else repr(size)
    )
    return exp.Neg(this=literal) if value < 0 else literal


def text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def cast(value: exp.Expr, kind: str) -> exp.Expr:
    return exp.cast(value.copy(), kind)


def double(value: exp.Expr) -> exp.Expr:
    """CAST(value AS DOUBLE PRECISION), unless it is one."""
    if isinstance(value, exp.Cast) and value.to.this == exp.DataType.Type.DOUBLE:
        return value.copy()
    return cast(value, DOUBLE)


def numeric(value: exp.Expr) -> exp.Expr:
    """CAST(value AS NUMERIC): PostgreSQL rounds to digits and takes remainders of these only."""
    return cast(value, "numeric")


def bracketed(value: exp.Expr) -> exp.Expr:
    """The value in brackets, so that it can stand in any arithmetic."""
    return value.copy() if isinstance(value, exp.Paren | exp.Anonymous | exp.Cast) else exp.Paren(this=value.copy())


def add(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """left + right; as one number if both are constants."""
    a, b = constant(left), constant(right)
    if a is not None and b is not None:
        return number(a + b)
    if 0.0 in (a, b):
        return (left if b == 0.0 else right).copy()
    return exp.Paren(this=exp.Add(this=bracketed(left), expression=bracketed(right)))


def both(*conditions: exp.Expr | None) -> exp.Expr:
    """The conditions that are there, joined by AND."""
    there = [condition for condition in conditions if condition is not None]
    joined = there[0]
    for condition in there[1:]:
        joined = exp.And(this=joined, expression=condition)
    return exp.Paren(this=joined) if len(there) > 1 else joined


def item(array: exp.Expr, position: int) -> exp.Expr:
    """(array)[position], counted from 1."""
    # sqlglot counts from 0 in its tree and adds PostgreSQL's 1 when it writes.
    return exp.Bracket(this=exp.Paren(this=array.copy()), expressions=[exp.Literal.number(position - 1)])


def as_integer(condition: exp.Expr) -> exp.Expr:
    """1 where the condition holds, 0 where it does not, NULL where that is not known."""
    return exp.cast(exp.Paren(this=condition.copy()), "integer")


def constant(expression: exp.Expr) -> float | None:
    """The value of a numeric constant expression, or None."""
    if isinstance(expression, exp.Paren):
        return constant(expression.this)
    if isinstance(expression, exp.Literal) and not expression.is_string:
        return float(expression.this)
    if isinstance(expression, exp.Neg):
        inner = constant(expression.this)
        return None if inner is None else -inner
    if isinstance(expression, exp.Add | exp.Sub | exp.Mul | exp.Div):
        return _computed(expression, constant(expression.this), constant(expression.expression))
    return None


def _computed(node: exp.Expr, left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (isinstance(node, exp.Div) and right == 0):
        return None
    if isinstance(node, exp.Add):
        return left + right
    if isinstance(node, exp.Sub):
        return left - right
    return left * right if isinstance(node, exp.Mul) else left / right


def folded(expression: exp.Expr) -> exp.Expr:
    """A constant expression as one number: 1/3600 would be 0 in SQL's integers, and nobody means that."""
    value = constant(expression)
    return expression if value is None or isinstance(expression, exp.Literal) else number(value)


def tables_of(*expressions: exp.Expr) -> set[str]:
    """Aliases of the tables that expressions refer to."""
    return {column.table for one in expressions for column in one.find_all(exp.Column)}
