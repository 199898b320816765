"""Bounds on the length of a query's texts, and on all that it makes; read from a tree with resolved names.

PostgreSQL computes constant expressions while it plans, writes a query's expressions into those that name them, and
keeps every step of it until the plan is made: a few joins of one long text take all memory there is, and no time limit
is looked at meanwhile. Each text is therefore bounded before PostgreSQL sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from archive.services.vo.adql.catalog import Column
from archive.services.vo.adql.grammar.whitelist import refuse
from archive.services.vo.adql.names.types import COLUMN

MOST_CHARACTERS = 1_000_000
"""Of one text, or digits of one number, that an expression may give."""
MOST_MADE = 16_000_000
"""Characters of all texts of a query and of what they are made of, each as often as it is named."""
MOST_DIGITS = 1000  # of a number as it is written; a double has 309 before the point at most
OF_A_CELL, OF_A_GROUP = 4096, 250_000  # characters that a table's text, and all texts of a group, are taken to have
OF_A_VALUE, OF_A_WORD, OF_A_QUERY = 40, 8, 4096  # a number or time as a text; what a node counts, and a SELECT
_TAKEN_APART = 8  # a list of words takes so much more than the text that it was

_TEXTS = ("text", "varchar", "char")
_SAME_LENGTH = ("LOWER", "UPPER")
_SPLITTING = ("IVO_HASWORD", "IVO_HASHLIST_HAS")
_GATHERING = "IVO_STRING_AGG"


def weighed(column: Column, value: exp.Expr) -> Column:
    """A query's column with what its expression may become, for those that name it.

    Raises
    ------
    ADQLError
    """
    longest, made = _measure(value)
    return replace(column, longest=longest, made=made)


def either(column: Column, one: Column, other: Column) -> Column:
    """The column of a set operation, of the columns on its two sides."""
    sizes = [OF_A_CELL if side.longest is None else side.longest for side in (one, other)]
    return replace(column, longest=max(sizes), made=one.made + other.made)


def check_lengths(tree: exp.Expr) -> None:
    """Refuse a query that makes a text longer than MOST_CHARACTERS, or more than MOST_MADE in all.

    Raises
    ------
    ADQLError
    """
    _measure(tree)


def _measure(tree: exp.Expr) -> tuple[int, int]:
    """Characters that an expression gives at most, and that are made on the way."""
    sizes: dict[int, int] = {}
    made = 0
    for node in reversed(list(tree.walk(bfs=True))):  # the parts of each before itself
        size = _longest(node, sizes)
        sizes[id(node)] = size
        if size > MOST_CHARACTERS:
            what = "number of {} digits" if isinstance(node, exp.Mul | exp.Div) else "text of {} characters"
            refuse(node, f"a {what.format(size)} may come of this; at most {MOST_CHARACTERS}")
        made += _cost(node, size, sizes)
        if made > MOST_MADE:
            refuse(
                node,
                f"texts and expressions of {made} characters may come of this, each counted as often as it is "
                f"named; at most {MOST_MADE}",
            )
    return sizes[id(tree)], made


def _longest(node: exp.Expr, sizes: dict[int, int]) -> int:
    """Characters of a node's text at most, or those of its value where that is joined to a text."""
    if isinstance(node, exp.Literal):
        return len(node.this) if node.is_string else _digits(node)
    if isinstance(node, exp.Column):
        known = node.meta.get(COLUMN)
        if known is None:
            return OF_A_CELL
        return known.longest if known.longest is not None else OF_A_CELL if known.type in _TEXTS else OF_A_VALUE
    parts = [sizes[id(part)] for part in node.iter_expressions()]
    if isinstance(node, exp.DPipe | exp.Mul | exp.Div):
        return sum(parts)
    if isinstance(node, exp.Cast):
        return _of_cast(node, sizes)
    if isinstance(node, exp.Subquery | exp.Select | exp.SetOperation):
        return _of_query(node, sizes)
    if isinstance(node, exp.Anonymous):
        return _of_function(node.name.upper(), parts)
    return max(parts, default=OF_A_VALUE)


def _digits(node: exp.Literal) -> int:
    """Digits of a number when it is written out."""
    mantissa, _, exponent = node.this.lower().partition("e")
    power = exponent.lstrip("+-").lstrip("0") or "0"
    digits = len(mantissa) + (int(power) if len(power) < 6 else MOST_DIGITS)
    if digits > MOST_DIGITS:
        refuse(node, f"{node.this[:40]}: a number of more than {MOST_DIGITS} digits")
    return digits


def _of_cast(node: exp.Cast, sizes: dict[int, int]) -> int:
    """CHAR(n) is filled up with blanks, VARCHAR(n) cut off."""
    given = sizes[id(node.this)]
    length = next((int(one.this.this) for one in node.to.expressions), None)
    if length is None:
        return given if node.to.this in exp.DataType.TEXT_TYPES else max(OF_A_VALUE, given)
    return length if node.to.this == exp.DataType.Type.CHAR else min(length, given)


def _of_query(node: exp.Expr, sizes: dict[int, int]) -> int:
    """Characters of a query that stands for a value: those of its longest column."""
    if isinstance(node, exp.Select):
        return max((sizes[id(one)] for one in node.expressions), default=OF_A_VALUE)
    return max(sizes[id(one)] for one in (node.this, node.args.get("expression")) if one is not None)


def _of_function(name: str, parts: list[int]) -> int:
    if name in _SAME_LENGTH:
        return max(parts, default=0)
    return OF_A_GROUP if name == _GATHERING else max(OF_A_VALUE, sum(parts))


def _cost(node: exp.Expr, size: int, sizes: dict[int, int]) -> int:
    """Characters that a node adds to all that is made; one that only passes a value on counts as a word."""
    if isinstance(node, exp.Column):
        known = node.meta.get(COLUMN)
        return known.made if known is not None else OF_A_WORD
    if isinstance(node, exp.Select):
        return OF_A_QUERY
    if isinstance(node, exp.Anonymous) and node.name.upper() in _SPLITTING:
        return OF_A_WORD + _TAKEN_APART * _total(node.iter_expressions(), sizes)
    makes = isinstance(node, exp.DPipe | exp.Literal | exp.Cast | exp.Mul | exp.Div | exp.Add | exp.Sub | exp.Anonymous)
    return OF_A_WORD + (size if makes else 0)


def _total(nodes: Iterable[exp.Expr], sizes: dict[int, int]) -> int:
    return sum(sizes[id(node)] for node in nodes)
