"""The part of SQL-92 that a search's WHERE may say, read into a tree: no functions, no sub-selects.

    condition := condition OR condition | condition AND condition | NOT condition | (condition)
               | value = <> != < > <= >= value | value [NOT] BETWEEN value AND value
               | value [NOT] IN (value, ...) | value [NOT] LIKE 'pattern' | value IS [NOT] NULL
    value     := column | 12 | 1.5e3 | 'text' | value + - * / value | -value | (value)

Pure: what becomes of the tree is the caller's affair (archive.search.where_sql makes a database expression of it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from archive.given.times import BadTimeError, calendar
from archive.requests.numbers import whole

LONGEST = 10_000  # characters
LONGEST_NUMBER = 40  # characters
DEEPEST = 60  # brackets, NOTs and signs within each other
NUMBER, TEXT, TIME, BOOLEAN = "number", "text", "time", "boolean"
COMPARISONS = ("=", "<>", "<=", ">=", "<", ">")
WORDS = ("AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL")

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![A-Za-z_0-9.])
    | (?P<text>'(?:[^']|'')*')
    | (?P<name>[A-Za-z_][A-Za-z_0-9]*|"[^"]+")
    | (?P<sign><>|!=|<=|>=|[=<>+\-*/(),])
    )""",
    re.VERBOSE,
)


class BadConditionError(ValueError):
    """A condition that cannot be read; `place` is the character (from 1) where it goes wrong."""

    def __init__(self, message: str, place: int):
        super().__init__(f"{message} (at character {place})")
        self.place = place


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    place: int


@dataclass(frozen=True)
class Literal:
    """A number (int or Decimal), a text, or a moment where a text stands beside a time."""

    value: int | Decimal | str | datetime
    type: str
    place: int


@dataclass(frozen=True)
class Operation:
    """`operator` on its operands: + - * / = <> < > <= >= AND OR NOT IN BETWEEN LIKE ISNULL; NEG is a sign."""

    operator: str
    operands: tuple
    type: str
    place: int


Node = Column | Literal | Operation


@dataclass(frozen=True)
class _Token:
    kind: str  # number, text, name, sign, word, end
    text: str
    place: int


def parse(condition: str, columns: Mapping[str, str]) -> Node:
    """Read a condition.

    Parameters
    ----------
    condition : str
    columns : name in lower case -> NUMBER, TEXT or TIME

    Returns
    -------
    the tree, of type BOOLEAN

    Raises
    ------
    BadConditionError
        saying what is wrong, where, and what would be right.
    """
    if len(condition) > LONGEST:
        raise BadConditionError(f"the condition has {len(condition)} characters: at most {LONGEST} are read", LONGEST)
    return _Parser(condition, columns).whole()


def conjuncts(condition: str) -> list[str]:
    """The parts of a condition that AND joins outermost, each as it is written; the condition itself where OR does.

    Raises
    ------
    BadConditionError
        for signs that no condition has.
    """
    between, starts, ends = 0, [0], []
    for token in _outermost(condition):
        if token.text == "OR":
            return [condition.strip()]
        between += token.text == "BETWEEN"
        if token.text == "AND" and between:
            between -= 1
        elif token.text == "AND":
            ends.append(token.place - 1)
            starts.append(token.place - 1 + len("AND"))
    return [condition[a:b].strip() for a, b in zip(starts, [*ends, len(condition)], strict=True)]


def bracketed(condition: str) -> str:
    """A condition that can stand beside AND: in brackets where OR is outermost; as it is where it cannot be read."""
    condition = condition.strip()
    try:
        alternatives = any(token.text == "OR" for token in _outermost(condition))
    except BadConditionError:
        return condition  # whoever reads the whole is told what is wrong
    return f"({condition})" if alternatives else condition


def joined(*conditions: str) -> str:
    """The condition that all of these hold; empty ones ask for nothing."""
    return " AND ".join(bracketed(one) for one in conditions if one.strip())


def _outermost(condition: str) -> Iterator[_Token]:
    """The words of a condition that stand in no brackets."""
    depth = 0
    for token in _tokens(condition):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "sign" else 0
        if token.kind == "word" and not depth:
            yield token


class _Parser:
    """Recursive descent, loosest operator first."""

    def __init__(self, condition: str, columns: Mapping[str, str]):
        self.tokens = list(_tokens(condition))
        self.columns = columns
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self, *texts: str) -> _Token | None:
        """The next token, if it is a sign or word among `texts`."""
        token = self.token
        if token.kind in ("sign", "word") and token.text in texts:
            self.at += 1
            return token
        return None

    def expect(self, text: str, why: str) -> _Token:
        found = self.take(text)
        if found is None:
            raise BadConditionError(f"{_shown(self.token)} where {text!r} is expected {why}", self.token.place)
        return found

    def whole(self) -> Node:
        node = self.disjunction()
        if self.token.kind != "end":
            raise BadConditionError(
                f"{_shown(self.token)} is not expected here: conditions are joined by AND or OR", self.token.place
            )
        return _must_be(node, (BOOLEAN,), "the whole must be a condition, for example field = 655")

    def disjunction(self) -> Node:
        return self.joined("OR", self.conjunction)

    def conjunction(self) -> Node:
        return self.joined("AND", self.negation)

    def joined(self, word: str, part) -> Node:
        """Any number of conditions with one word between them: one operation, however many they are."""
        parts, place = [part()], self.token.place
        while self.take(word):
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        for side in parts:
            _must_be(side, (BOOLEAN,), f"{word} joins conditions, for example field = 655 {word} fid = 2")
        return Operation(word, tuple(parts), BOOLEAN, place)

    def negation(self) -> Node:
        token = self.take("NOT")
        if token is None:
            return self.predicate()
        with_in = self.deeper(self.negation, token.place)
        inner = _must_be(with_in, (BOOLEAN,), "NOT stands before a condition, for example NOT fid = 2")
        return Operation("NOT", (inner,), BOOLEAN, token.place)

    def predicate(self) -> Node:
        left = self.sum()
        if token := self.take(*COMPARISONS, "!="):
            operator = "<>" if token.text == "!=" else token.text
            return Operation(operator, _alike(left, self.sum()), BOOLEAN, token.place)
        if token := self.take("IS"):
            negated = self.take("NOT")
            self.expect("NULL", "after IS")
            return _maybe_not(negated, Operation("ISNULL", (_value(left),), BOOLEAN, token.place))
        negated = self.take("NOT")
        for word, read in (("IN", self.members), ("BETWEEN", self.span), ("LIKE", self.pattern)):
            if token := self.take(word):
                return _maybe_not(negated, Operation(word, read(left), BOOLEAN, token.place))
        if negated:
            raise BadConditionError(f"{_shown(self.token)} after NOT: use IN, BETWEEN or LIKE", self.token.place)
        return left

    def members(self, left: Node) -> tuple:
        self.expect("(", "after IN")
        found = [left]
        while True:
            found.append(_alike(left, self.sum())[1])
            if not self.take(","):
                break
        self.expect(")", "at the end of the list")
        return (_alike(left, found[1])[0], *found[1:])

    def span(self, left: Node) -> tuple:
        low = self.sum()
        self.expect("AND", "between the limits of BETWEEN")
        high = self.sum()
        return (*_alike(left, low), _alike(left, high)[1])

    def pattern(self, left: Node) -> tuple:
        right = self.sum()
        _must_be(left, (TEXT, TIME), "LIKE compares text")
        if not (isinstance(right, Literal) and right.type == TEXT):
            raise BadConditionError("LIKE takes a pattern in single quotes, for example LIKE '2018-11%'", right.place)
        return (left, right)

    def sum(self) -> Node:
        return self.arithmetic(("+", "-"), self.product)

    def product(self) -> Node:
        return self.arithmetic(("*", "/"), self.signed)

    def arithmetic(self, signs: tuple[str, ...], part) -> Node:
        node, terms = part(), 1
        while token := self.take(*signs):
            sides, terms = (node, part()), terms + 1
            for side in sides:
                _must_be(side, (NUMBER,), f"{token.text} takes numbers")
            if terms > DEEPEST:
                raise BadConditionError(f"more than {DEEPEST} terms in a row", token.place)
            node = Operation(token.text, sides, NUMBER, token.place)
        return node

    def signed(self) -> Node:
        if token := self.take("-", "+"):
            inner = _must_be(self.deeper(self.signed, token.place), (NUMBER,), f"{token.text} takes a number")
            if token.text == "+":
                return inner
            if isinstance(inner, Literal) and isinstance(inner.value, int | Decimal):
                return Literal(-inner.value, NUMBER, token.place)
            return Operation("NEG", (inner,), NUMBER, token.place)
        return self.primary()

    def primary(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.at += 1
            if len(token.text) > LONGEST_NUMBER:
                raise BadConditionError(f"a number of more than {LONGEST_NUMBER} characters", token.place)
            value = int(token.text) if whole(token.text) is not None else Decimal(token.text)
            return Literal(value, NUMBER, token.place)
        if token.kind == "text":
            self.at += 1
            return Literal(token.text[1:-1].replace("''", "'"), TEXT, token.place)
        if token.kind == "name":
            return self.column()
        if self.take("("):
            node = self.deeper(self.disjunction, token.place)
            self.expect(")", "to close the bracket")
            return node
        raise BadConditionError(
            f"{_shown(token)} where a column, a number, a text in single quotes or a bracket is expected", token.place
        )

    def column(self) -> Node:
        token = self.token
        self.at += 1
        if self.token.kind == "sign" and self.token.text == "(":
            raise BadConditionError(f"{token.text}(...): functions are not part of WHERE", token.place)
        name = token.text.strip('"').lower()
        if name not in self.columns:
            raise BadConditionError(
                f"{token.text}: there is no such column; there are {', '.join(self.columns)}"
                + (" (text stands in single quotes)" if token.text.startswith('"') else ""),
                token.place,
            )
        return Column(name, self.columns[name], token.place)

    def deeper(self, part, place: int) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadConditionError(f"more than {DEEPEST} brackets or NOTs within each other", place)
        node = part()
        self.depth -= 1
        return node


def _tokens(condition: str) -> Iterator[_Token]:
    at, end = 0, len(condition.rstrip())
    if "\0" in condition:
        raise BadConditionError("a NUL character", condition.index("\0") + 1)
    while at < end:
        match = _TOKEN.match(condition, at)
        if match is None:
            place = at + len(condition[at:]) - len(condition[at:].lstrip())
            raise BadConditionError(_what_is_wrong(condition[place:]), place + 1)
        kind = str(match.lastgroup)
        text, place = match[kind], match.start(kind) + 1
        if kind == "name" and text.upper() in WORDS:
            kind, text = "word", text.upper()
        yield _Token(kind, text, place)
        at = match.end()
    yield _Token("end", "", end + 1)


def _what_is_wrong(rest: str) -> str:
    if rest[0] == "'":
        return "text without its closing quote"
    if rest[0] == '"':
        return "name without its closing quote"
    if rest[0] == ";":
        return "';': one condition, without a semicolon"
    return f"{rest.split()[0][:20]!r} is not part of WHERE"


def _shown(token: _Token) -> str:
    return "the end" if token.kind == "end" else repr(token.text)


def _must_be(node: Node, types: tuple[str, ...], why: str) -> Node:
    if node.type not in types:
        raise BadConditionError(f"a {node.type} stands here: {why}", node.place)
    return node


def _value(node: Node) -> Node:
    return _must_be(node, (NUMBER, TEXT, TIME), "a column or value is expected, not a condition")


def _alike(left: Node, right: Node) -> tuple[Node, Node]:
    """Two values that can be compared: of one type, a text beside a time read as a moment."""
    _value(left), _value(right)
    if left.type == TIME and right.type == TEXT:
        right = _moment(right)
    elif right.type == TIME and left.type == TEXT:
        left = _moment(left)
    if left.type != right.type:
        hint = {NUMBER: "numbers stand without quotes", TEXT: "text stands in single quotes"}.get(
            left.type, "times stand in single quotes, for example '2018-11-11 08:53:07'"
        )
        raise BadConditionError(f"a {left.type} is compared with a {right.type}: {hint}", right.place)
    return left, right


def _moment(node: Node) -> Node:
    if not isinstance(node, Literal):
        raise BadConditionError("a time is compared with a text column", node.place)
    try:
        return Literal(calendar(str(node.value)), TIME, node.place)
    except BadTimeError as error:
        raise BadConditionError(
            f"{node.value!r} is not a time: write UTC like '2018-11-11' or '2018-11-11 08:53:07.789'", node.place
        ) from error


def _maybe_not(negated: _Token | None, node: Node) -> Node:
    return node if negated is None else Operation("NOT", (node,), BOOLEAN, negated.place)
