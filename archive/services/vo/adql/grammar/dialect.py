"""ADQL 2.1 as a sqlglot dialect: PostgreSQL's grammar, cut down until only ADQL's words are left.

Functions other than the aggregates stay anonymous, so that none is silently reinterpreted.
sqlglot's internals change between releases: the requirement pins it exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import errors, exp, tokens
from sqlglot.dialects.postgres import Postgres
from sqlglot.parsers.postgres import PostgresParser

from archive.services.vo.adql.errors import ADQLError
from archive.services.vo.adql.grammar.diagnosis import OPERAND, SELECTS, what_fits

MAX_LENGTH = 100_000
"""Longest query accepted, characters."""

_T = tokens.TokenType

_LISTED = """
    SELECT DISTINCT ALL TOP FROM WHERE HAVING AS ON USING JOIN LEFT RIGHT FULL INNER OUTER CROSS NATURAL UNION EXCEPT
    INTERSECT WITH AND OR NOT IN EXISTS BETWEEN LIKE ILIKE IS NULL CASE WHEN THEN ELSE END ASC DESC OFFSET CAST TRUE
    FALSE
"""
_WORDS = frozenset(_LISTED.split())
_PHRASES = ("GROUP BY", "ORDER BY", "||", "<>", "<=", ">=", "!=")
_TYPED = ("COUNT", "AVG", "MIN", "MAX", "SUM", "COALESCE", "NULLIF")

_FORBIDDEN_TOKENS = {
    _T.SEMICOLON, _T.DCOLON, _T.LIMIT, _T.PARAMETER, _T.PLACEHOLDER, _T.L_BRACKET, _T.R_BRACKET, _T.L_BRACE,
    _T.R_BRACE, _T.COLON, _T.DOLLAR, _T.MOD, _T.PERCENT, _T.HASH, _T.BACKSLASH,
}  # fmt: skip

_NEVER_AFTER_COMMA = {
    _T.COMMA, _T.R_PAREN, _T.FROM, _T.WHERE, _T.HAVING, _T.UNION, _T.EXCEPT, _T.INTERSECT, _T.OFFSET, _T.GROUP_BY,
    _T.ORDER_BY, None,
}  # fmt: skip
_HINTS = {
    "LIMIT": "ADQL writes SELECT TOP n",
    "/*": "comments begin with -- and end with the line",
    "?": "there are no parameters",
    ";": "one query at a time; a semicolon may end it",
    ":": "ADQL writes CAST(value AS type)",
    "%": "ADQL writes MOD(a, b)",
}


_JOIN_PARTS = ("on", "using", "method", "side", "kind")


def _placed(read: Callable) -> Callable:
    """The parser of a literal, which also notes where it stands."""

    def parser(self: Any, token: tokens.Token) -> exp.Expr:
        node = read(self, token)
        node.meta.update(line=token.line, col=token.col, start=token.start, end=token.end)
        return node

    return parser


class ADQLDialect(Postgres):
    """The dialect; used through `parse`."""

    class Tokenizer(tokens.Tokenizer):
        """ADQL's words only; text in single quotes, names in double quotes, comments after --."""

        IDENTIFIERS = ['"']
        QUOTES = ["'"]
        COMMENTS = ["--"]
        STRING_ESCAPES = ["'"]
        KEYWORDS = {
            **{word: kind for word, kind in tokens.Tokenizer.KEYWORDS.items() if word in _WORDS or word in _PHRASES},
            "TOP": _T.TOP,
            "ILIKE": _T.ILIKE,
            "OFFSET": _T.OFFSET,
            "INTEGER": _T.INT,
            "SMALLINT": _T.SMALLINT,
            "BIGINT": _T.BIGINT,
            "REAL": _T.FLOAT,
            "DOUBLE PRECISION": _T.DOUBLE,
            "CHAR": _T.CHAR,
            "VARCHAR": _T.VARCHAR,
            "TIMESTAMP": _T.TIMESTAMP,
        }

    class Parser(PostgresParser):
        """Only aggregates, COALESCE, NULLIF, CAST and CASE are typed; other calls are a name and arguments."""

        FUNCTIONS = {name: PostgresParser.FUNCTIONS[name] for name in _TYPED}
        FUNCTION_PARSERS = {"CAST": PostgresParser.FUNCTION_PARSERS["CAST"]}
        NO_PAREN_FUNCTIONS: ClassVar[dict] = {}
        NO_PAREN_FUNCTION_PARSERS = {"CASE": PostgresParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}
        EXPONENT: ClassVar[dict] = {}  # in ADQL the circumflex is the exclusive or of bits
        BITWISE = {_T.AMP: exp.BitwiseAnd, _T.PIPE: exp.BitwiseOr, _T.CARET: exp.BitwiseXor}
        PRIMARY_PARSERS = {
            **PostgresParser.PRIMARY_PARSERS,
            **{
                kind: _placed(PostgresParser.PRIMARY_PARSERS[kind]) for kind in (_T.NUMBER, _T.STRING, _T.NULL, _T.STAR)
            },
        }

        def _parse_join(self, *arguments: Any, **options: Any) -> exp.Join | None:
            """A JOIN without condition is a CROSS JOIN; a comma binds less than any JOIN."""
            comma = self._curr is not None and self._curr.token_type == _T.COMMA
            join = super()._parse_join(*arguments, **options)
            if join is not None and not comma and not any(join.args.get(one) for one in _JOIN_PARTS):
                join.set("kind", "CROSS")
            return join


def start_of_token(adql: str, token: tokens.Token) -> tuple[int, int]:
    """Line and column (1-based) of a token; sqlglot itself tells the end of it."""
    return adql.count("\n", 0, token.start) + 1, token.start - (adql.rfind("\n", 0, token.start) + 1) + 1


def _checked(adql: str, found: list[tokens.Token]) -> list[tokens.Token]:
    """The tokens, with hexadecimal numbers and TIMESTAMP( as the parser takes them; forbidden ones are refused."""
    tokens_read: list[tokens.Token] = []
    for token, following in zip(found, [*found[1:], None], strict=False):
        if token.token_type in _FORBIDDEN_TOKENS:
            hint = _HINTS.get(token.text, "it has no meaning in ADQL")
            raise ADQLError(f"{token.text!r} is not part of ADQL: {hint}", *start_of_token(adql, token))
        if token.token_type == _T.COMMA and (following and following.token_type) in _NEVER_AFTER_COMMA:
            what = following.text if following else "end"
            position = start_of_token(adql, following or token)
            raise ADQLError(f"unexpected {what!r} after a comma: expected {OPERAND}", *position)
        if token.token_type == _T.SLASH and following and (following.text, following.start) == ("*", token.start + 1):
            raise ADQLError(f"'/*' is not part of ADQL: {_HINTS['/*']}", *start_of_token(adql, token))
        if token.token_type == _T.TIMESTAMP and following is not None and following.token_type == _T.L_PAREN:
            token = _retyped(token, _T.VAR, token.text)
        before = tokens_read[-1] if tokens_read else None
        digits = _hexadecimal(before, token)
        if before is not None and digits:
            tokens_read[-1] = _retyped(before, _T.NUMBER, str(int(digits, 16)))
            continue
        if before is not None and _run_together(adql, before, token):
            word = adql[before.start : token.end + 1]
            why = "a number runs into a name; put a blank between them, or write a name in double quotes"
            raise ADQLError(f"{word!r}: {why}", *start_of_token(adql, before))
        tokens_read.append(token)
    return tokens_read


def _run_together(adql: str, before: tokens.Token, token: tokens.Token) -> bool:
    """Whether a number ends where a word begins, as in 2mass."""
    return before.token_type == _T.NUMBER and before.end + 1 == token.start and adql[token.start].isidentifier()


def _hexadecimal(before: tokens.Token | None, token: tokens.Token) -> str | None:
    """The digits of a number such as 0xFF, which the tokenizer takes for a zero and a name."""
    if before is None or before.token_type != _T.NUMBER or before.text != "0" or before.end + 1 != token.start:
        return None
    return token.text[1:] if re.fullmatch("[xX][0-9a-fA-F]{1,16}", token.text) else None


def _retyped(token: tokens.Token, kind: tokens.TokenType, text: str) -> tokens.Token:
    return tokens.Token(kind, text, line=token.line, col=token.col, start=token.start, end=token.end)


def _parse_error(adql: str, found: list[tokens.Token], error: errors.ParseError) -> ADQLError:
    """The error for a query that the parser gave up, at the word that does not fit."""
    misfit = what_fits(found)
    if misfit is None:
        detail = error.errors[0] if getattr(error, "errors", None) else {}
        said = detail.get("description", "the query cannot be read").rstrip(".")
        return ADQLError(said, detail.get("line"), detail.get("col"))
    word, expected, hint = misfit
    if word is None:
        last = found[-1]
        position = start_of_token(adql, last)
        return ADQLError(f"the query ends too early, after {last.text!r}: expected {expected}", *position)
    hint = f" ({hint})" if hint else ""
    return ADQLError(f"unexpected {word.text!r}{hint}: expected {expected}", *start_of_token(adql, word))


def parse(adql: str) -> exp.Query:
    """Parse one ADQL query into a tree: SELECT or a set operation.

    Raises
    ------
    ADQLError
    """
    if len(adql) > MAX_LENGTH:
        raise ADQLError(f"the query has {len(adql)} characters: at most {MAX_LENGTH} are read")
    if "\x00" in adql:
        raise ADQLError("the query contains a NUL character")
    dialect = ADQLDialect()
    found = read_tokens(dialect, adql)
    if not found:
        raise ADQLError("the query is empty: write for example SELECT TOP 5 * FROM tap_schema.tables")
    try:
        trees = dialect.parser(error_level=errors.ErrorLevel.IMMEDIATE).parse(found, adql)
    except errors.ParseError as error:
        raise _parse_error(adql, found, error) from error
    except RecursionError as error:
        raise ADQLError("the query is nested too deeply") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise ADQLError(f"unexpected {found[0].text!r}: expected {SELECTS}", *start_of_token(adql, found[0]))
    if any(not one.expressions for one in trees[0].find_all(exp.Select)):
        raise _parse_error(adql, found, errors.ParseError("SELECT: a list of columns and expressions, or * expected"))
    return trees[0]


def read_tokens(dialect: ADQLDialect, adql: str) -> list[tokens.Token]:
    """The words of a query; raises ADQLError for one that is not part of ADQL, or a quote that does not end."""
    try:
        found = dialect.tokenize(adql)
        while found and found[-1].token_type == _T.SEMICOLON:  # it ends the query, as in every SQL
            found.pop()
        return _checked(adql, found)
    except errors.TokenError as error:
        raise ADQLError(f"text or name without its closing quote: {str(error).splitlines()[0]}") from error
