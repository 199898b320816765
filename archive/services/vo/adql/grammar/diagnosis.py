"""Diagnosis of syntax errors: where a query stops being ADQL, and what the grammar would take there, in words.

The parser's own messages speak of its classes. When it gives up, the words of the query are walked through once more by
rules that know only what may follow what.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from sqlglot.tokens import Token, TokenType

from archive.requests.numbers import whole

_T = TokenType
OPERAND = "a column, a number, a text in single quotes, a function or an expression in brackets"
TABLE = "a table or ( SELECT ... ) AS name"
SELECTS = "SELECT, or WITH name AS ( SELECT ... ) before it"
_END = "UNION, EXCEPT, INTERSECT, ORDER BY, OFFSET or the end of the query"
AFTER = {
    "select": "a comma, an operator, AS name, or FROM",
    "from": f"a comma, AS name, JOIN, WHERE, GROUP BY, {_END}",
    "on": f"an operator, AND, OR, a comma, JOIN, WHERE, GROUP BY, {_END}",
    "where": f"an operator, AND, OR, GROUP BY, HAVING, {_END}",
    "group": f"a comma, HAVING, {_END}",
    "having": f"an operator, AND, OR, {_END}",
    "order": "a comma, ASC, DESC, OFFSET or the end of the query",
    "offset": "the end of the query",
    "bracket": "an operator, a comma or )",
    "case": "an operator, WHEN, THEN, ELSE or END",
    "cast": "an operator, or AS and a type",
}
TYPES = "a type: SMALLINT, INTEGER, BIGINT, REAL, DOUBLE PRECISION, CHAR, VARCHAR or TIMESTAMP"
FOREIGN = {
    "LIMIT": "ADQL writes SELECT TOP n", "INTO": "a query only reads", "FOR": "a query only reads",
    "OVER": "ADQL has no windows", "LATERAL": "a query in FROM does not see the tables beside it",
    "TABLESAMPLE": "ADQL has WHERE RAND() < 0.01", "GROUP": "BY expected after GROUP",
    "ORDER": "BY expected after ORDER", "FETCH": "ADQL writes SELECT TOP n",
    "RECURSIVE": "ADQL's WITH does not refer to itself", "WINDOW": "ADQL has no windows",
}  # fmt: skip
_BEGINS = {one.upper() + " BY" * (one in ("group", "order")): one for one in AFTER if one in (
    "from", "where", "group", "having", "order", "offset")}  # fmt: skip
_MEANT = ("FROM", "WHERE", "SELECT", "GROUP BY", "ORDER BY", "JOIN", "HAVING")
_OPERATORS = {
    _T.PLUS, _T.DASH, _T.STAR, _T.SLASH, _T.DPIPE, _T.AMP, _T.PIPE, _T.CARET, _T.EQ, _T.NEQ, _T.LT, _T.LTE, _T.GT,
    _T.GTE, _T.AND, _T.OR, _T.LIKE, _T.ILIKE, _T.BETWEEN,
}  # fmt: skip
_SIGNS = {_T.PLUS, _T.DASH, _T.TILDE, _T.NOT}
_VALUES = {_T.NUMBER, _T.STRING, _T.NULL, _T.TRUE, _T.FALSE}
_NAMES = {_T.VAR, _T.IDENTIFIER}
_BEFORE_STAR = ("SELECT", "(", ",", ".", "DISTINCT", "ALL")
_JOINS = {"NATURAL", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "OUTER", "JOIN"}
_SETS = {"UNION", "EXCEPT", "INTERSECT"}


@dataclass
class _Level:
    """One pair of brackets, a CASE, or the whole query: its clause, and whether an operand has to come next."""

    clause: str
    wanting: bool = True
    named: bool = False  # an alias has been given
    between: bool = False  # AND has to come


class _Walk:
    """Goes through the words until one does not fit; then `expected` says what would."""

    def __init__(self, words: list[Token]):
        self.words, self.at = words, 0
        self.levels = [_Level("start")]
        self.expected = ""

    @property
    def level(self) -> _Level:
        return self.levels[-1]

    def word(self, ahead: int = 0) -> str:
        """A word in upper case; text and names in quotes are none."""
        index = self.at + ahead
        if not 0 <= index < len(self.words):
            return ""
        token = self.words[index]
        return "'" if token.token_type in (_T.STRING, _T.IDENTIFIER) else " ".join(token.text.upper().split())

    def kind(self, ahead: int = 0) -> TokenType | None:
        index = self.at + ahead
        return self.words[index].token_type if index < len(self.words) else None

    def run(self) -> bool:
        """Whether a word was found that does not fit."""
        while self.at < len(self.words):
            if not self._step():
                return True
        if self.level.between and not self.level.wanting:
            self.expected = "AND and the upper limit"
            return True
        if len(self.levels) > 1:
            self.expected = AFTER.get(self.level.clause, OPERAND) if not self.level.wanting else self._operand()
            return True
        if self.level.clause == "start" or self.level.wanting:
            self.expected = SELECTS if self.level.clause == "start" else self._operand()
            return True
        return False

    def _operand(self) -> str:
        return TABLE if self.level.clause == "from" else SELECTS if self.level.clause == "start" else OPERAND

    def _step(self) -> bool:
        if self.level.clause == "start":
            return self._start()
        return self._want() if self.level.wanting else self._have()

    def _start(self) -> bool:
        word, level = self.word(), self.level
        if word == "WITH":
            return self._with()
        if word == "(":
            self.at += 1
            self.levels.append(_Level("start"))
            return True
        if word != "SELECT":
            self.expected = SELECTS
            return False
        self.at += 1
        while self.word() in ("DISTINCT", "ALL", "TOP"):
            if self.word() == "TOP" and whole(self.word(1)) is None:
                self.at += 1
                self.expected = "a whole number that is not negative"
                return False
            self.at += 2 if self.word() == "TOP" else 1
        level.clause, level.wanting, level.named = "select", True, False
        return True

    def _with(self) -> bool:
        self.at += 1
        if self.kind() not in _NAMES:
            self.expected = "a name for the query"
            return False
        self.at += 1
        if self.word() == "(":
            while self.at < len(self.words) and self.word() != ")":
                self.at += 1
            self.at += 1
        if self.word() != "AS" or self.word(1) != "(":
            self.at += self.word() == "AS"
            self.expected = "AS ( SELECT ... )"
            return False
        self.at += 2
        self.levels.append(_Level("start"))
        return True

    def _want(self) -> bool:
        level, word, kind = self.level, self.word(), self.kind()
        if level.clause == "from" and kind not in _NAMES and word != "(":
            self.expected = TABLE
            return False
        if word == "CASE":
            self.at += 1
            level.wanting = False
            self.levels.append(_Level("case", wanting=self.word() != "WHEN"))
        elif word == "CAST" and self.word(1) == "(":
            self.at += 2
            level.wanting = False
            self.levels.append(_Level("cast"))
        elif kind in _NAMES or kind in _VALUES or (kind == _T.STAR and self._may_be_star()):
            if kind == _T.VAR and word in FOREIGN:
                self.expected = self._operand()
                return False
            self.at += 1
            level.wanting = False
        elif kind in _SIGNS or word in ("EXISTS", "DISTINCT", "ALL") or (word == "." and self.kind(1) == _T.NUMBER):
            self.at += 1
        elif word == "(":
            self.at += 1
            level.wanting = False
            clause = "from" if level.clause == "from" else "bracket"
            self.levels.append(_Level("start" if self.word() in ("SELECT", "WITH") else clause))
        elif word == ")" and self.word(-1) == "(" and level.clause == "bracket" and self._is_call():
            return self._close()
        else:
            self.expected = self._operand()
            return False
        return True

    def _may_be_star(self) -> bool:
        return self.word(-1) in _BEFORE_STAR or self.word(-2) == "TOP"

    def _is_call(self) -> bool:
        return self.at >= 2 and self.words[self.at - 2].token_type in _NAMES and self.word(-2) != "COUNT"

    def _close(self) -> bool:
        self.at += 1
        self.levels.pop()
        if self.level.clause == "start":
            if self.word() == ",":
                return self._with()
            if self.word() in _SETS:
                return self._set()
            self.level.wanting = True
            self.level.clause = "start" if self.word() in ("SELECT", "(") else "offset"
            self.level.wanting = self.level.clause == "start"
        else:
            self.level.wanting = False
        return True

    def _set(self) -> bool:
        self.at += 1
        self.at += self.word() in ("ALL", "DISTINCT")
        self.level.clause, self.level.wanting = "start", True
        return True

    def _have(self) -> bool:
        level, word, kind = self.level, self.word(), self.kind()
        if word == "." or (word == "(" and self.words[self.at - 1].token_type in _NAMES):
            self.at += 1
            if word == "(":
                self.levels.append(_Level("start" if self.word() == "SELECT" else "bracket"))
            else:
                level.wanting = True
            return True
        if level.clause != "from" and (kind in _OPERATORS or word in ("NOT", "IS", "IN")):
            return self._operator()
        if level.between:
            self.expected = "AND and the upper limit"
            return False
        if word == ")" and len(self.levels) > 1 and level.clause != "case":
            return self._close()
        if word == "," and level.clause not in ("where", "having", "offset", "case", "cast"):
            self.at += 1
            level.wanting, level.named = True, False
            level.clause = "from" if level.clause == "on" else level.clause
            return True
        if level.clause == "case" or level.clause == "cast":
            return self._special(word)
        return self._clause_word(word, kind)

    def _operator(self) -> bool:
        word = self.word()
        self.at += 1
        self.level.between = word == "BETWEEN" or (self.level.between and word != "AND")
        if word == "IS":
            self.at += self.word() == "NOT"
        if word == "NOT" and self.word() not in ("BETWEEN", "LIKE", "ILIKE", "IN"):
            self.expected = "BETWEEN, LIKE, ILIKE or IN after NOT"
            return False
        if word == "NOT":
            self.level.between = self.word() == "BETWEEN"
            self.at += 1
        if self.word(-1) == "IN" and self.word() != "(":
            self.expected = "( values ) or ( SELECT ... )"
            return False
        self.level.wanting = True
        return True

    def _special(self, word: str) -> bool:
        level = self.level
        if level.clause == "case" and word in ("WHEN", "THEN", "ELSE"):
            self.at += 1
            level.wanting = True
            return True
        if level.clause == "case" and word == "END":
            return self._close()
        if level.clause == "cast" and word == "AS":
            self.at += 1
            if self.word() == ")" or not self.word():
                self.expected = TYPES
                return False
            while self.at < len(self.words) and self.word() != ")":
                if self.word() == "(":
                    self.at += 2
                self.at += 1
            return self._close() if self.at < len(self.words) else False
        self.expected = AFTER[level.clause]
        return False

    def _clause_word(self, word: str, kind: TokenType | None) -> bool:
        level = self.level
        if word in _BEGINS and level.clause != "bracket":
            self.at += 1
            level.clause, level.wanting, level.named = _BEGINS[word], True, False
            if word == "OFFSET" and whole(self.word()) is None:
                self.expected = "a whole number that is not negative"
                return False
            return True
        if word in _SETS and level.clause != "bracket":
            return self._set()
        if word in _JOINS and level.clause in ("from", "on"):
            self.at += 1
            while self.word() in _JOINS:
                self.at += 1
            level.clause, level.wanting, level.named = "from", True, False
            return True
        if word == "ON" and level.clause in ("from", "on"):
            self.at += 1
            level.clause, level.wanting = "on", True
            return True
        if word == "USING" and level.clause in ("from", "on"):
            self.at += 1
            level.named = True
            if self.word() == "(":
                self.at += 1
                self.levels.append(_Level("bracket"))
                return True
            self.expected = "( columns ) after USING"
            return False
        if word in ("ASC", "DESC") and level.clause == "order":
            self.at += 1
            return True
        return self._alias(word, kind)

    def _alias(self, word: str, kind: TokenType | None) -> bool:
        level = self.level
        if level.clause in ("select", "from") and not level.named:
            if word == "AS":
                self.at += 1
                if self.kind() not in _NAMES:
                    self.expected = "a name after AS"
                    return False
            if self.kind() in _NAMES and (self.kind() == _T.IDENTIFIER or self.word() not in FOREIGN):
                if level.clause == "select" and self.word(1) and self.word(1) not in (",", "FROM", ")"):
                    self.at += self.word(-1) == "AS"
                    self.expected = AFTER["select"]
                    return False
                self.at += 1
                level.named = True
                return True
        if kind in _NAMES and word in FOREIGN:
            self.expected = AFTER.get(level.clause, OPERAND)
            return False
        self.expected = AFTER[level.clause]
        return False


def what_fits(words: list[Token]) -> tuple[Token | None, str, str] | None:
    """The first word that does not fit (None: the end), what would fit there, and a hint; None if all fit."""
    walk = _Walk(words)
    if not walk.run():
        return None
    if walk.at >= len(words):
        return None, walk.expected, ""
    bad = words[walk.at]
    hint = FOREIGN.get(bad.text.upper(), "")
    if not hint and bad.token_type == _T.VAR:
        near = get_close_matches(bad.text.upper(), _MEANT, 1, 0.7)
        hint = f"did you mean {near[0]}?" if near else ""
    return bad, walk.expected, hint
