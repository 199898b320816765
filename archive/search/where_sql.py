"""A condition's tree (archive.search.where) as a database expression: every value is bound."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import BooleanField, CharField, DateTimeField, Func, Value
from django.db.models.expressions import Combinable
from django.db.models.fields import Field, FloatField, IntegerField

from archive.search.where import TIME, Column, Literal, Node, Operation


class ShownTime(Func):
    """A time as tables show it: rounded to milliseconds."""

    template = "date_trunc('milliseconds', %(expressions)s + interval '500 microseconds')"
    output_field = DateTimeField()


def expression_of(node: Node, columns: Mapping[str, Combinable]) -> Combinable:
    """The expression of a tree.

    Parameters
    ----------
    columns : expression of each column that the tree may name
    """
    if isinstance(node, Column):
        return ShownTime(columns[node.name]) if node.type == TIME else columns[node.name]
    if isinstance(node, Literal):
        return Value(_bindable(node.value), output_field=_field(node.value))
    parts = [expression_of(part, columns) for part in node.operands]
    return _WRITERS.get(node.operator, _compared)(node, parts)


def _compared(node: Operation, parts: list) -> Func:
    return _condition("(%(expressions)s)", parts, f" {node.operator} ")


def _arithmetic(node: Operation, parts: list) -> Func:
    """In double precision, so that neither whole numbers overflow nor quotients lose their fraction.

    Division by zero is NULL, not an error: such a row does not answer.
    """
    if node.operator == "/":
        parts = [parts[0], Func(parts[1], template="NULLIF((%(expressions)s)::double precision, 0)")]
    numbers = [Func(part, template="(%(expressions)s)::double precision", output_field=FloatField()) for part in parts]
    template = "(- %(expressions)s)" if node.operator == "NEG" else "(%(expressions)s)"
    return Func(*numbers, template=template, arg_joiner=f" {node.operator} ", output_field=FloatField())


def _negated(node: Operation, parts: list) -> Func:
    return _condition("(NOT %(expressions)s)", parts)


def _is_null(node: Operation, parts: list) -> Func:
    return _condition("(%(expressions)s IS NULL)", parts)


def _among(node: Operation, parts: list) -> Func:
    return _condition("(%(expressions)s))", [parts[0], Func(*parts[1:], template="%(expressions)s")], " IN (")


def _between(node: Operation, parts: list) -> Func:
    limits = Func(*parts[1:], template="%(expressions)s", arg_joiner=" AND ")
    return _condition("(%(expressions)s)", [parts[0], limits], " BETWEEN ")


def _like(node: Operation, parts: list) -> Func:
    """SQL-92's LIKE knows no escape character; a time is compared as it is shown."""
    text = parts[0]
    if node.operands[0].type == TIME:
        text = Func(parts[0], template="((%(expressions)s) AT TIME ZONE 'UTC')::text || '+00'")
    return _condition("(%(expressions)s ESCAPE '')", [text, parts[1]], " LIKE ")


def _condition(template: str, parts: list, joiner: str = ", ") -> Func:
    return Func(*parts, template=template, arg_joiner=joiner, output_field=BooleanField())


_WRITERS = {
    **dict.fromkeys(("+", "-", "*", "/", "NEG"), _arithmetic),
    **dict.fromkeys(("AND", "OR"), _compared),
    "NOT": _negated,
    "ISNULL": _is_null,
    "IN": _among,
    "BETWEEN": _between,
    "LIKE": _like,
}


def _bindable(value):
    return float(value) if isinstance(value, Decimal) else value


def _field(value) -> Field:
    kinds = {int: IntegerField, Decimal: FloatField, str: CharField, datetime: DateTimeField}
    return kinds[type(value)]()
