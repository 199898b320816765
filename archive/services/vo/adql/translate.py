"""ADQL to PostgreSQL: parse, check against the white lists, resolve names, rewrite functions and geometry."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from archive.services.vo.adql.catalog import Catalog, Column
from archive.services.vo.adql.errors import ADQLError
from archive.services.vo.adql.grammar.dialect import parse
from archive.services.vo.adql.grammar.whitelist import check_tree
from archive.services.vo.adql.names.lengths import check_lengths
from archive.services.vo.adql.names.resolver import Resolver
from archive.services.vo.adql.rewriting.moments import read_times
from archive.services.vo.adql.rewriting.rewriter import Rewriter

INDEXED = ("q3c_join", "q3c_radial_query")


@dataclass(frozen=True)
class Translation:
    """A query that PostgreSQL runs, and what its result columns are.

    sql : one SELECT, without comments and without parameters
    columns : in order; their names are unique
    limit : rows that the query itself asks for at most (TOP), or None
    searches_sky : whether a condition is one that an index on positions answers
    """

    sql: str
    columns: tuple[Column, ...]
    limit: int | None
    searches_sky: bool = False


def translate(adql: str, catalog: Catalog, maxrec: int | None = None) -> Translation:
    """Translate one ADQL 2.1 query.

    Parameters
    ----------
    adql : str
    catalog : Catalog
        The tables and columns that may be named.
    maxrec : int or None
        Rows to hand out at most; one more is asked for, so that an overflow is seen.

    Raises
    ------
    ADQLError
        with what was expected, and line and column where known.
    """
    if maxrec is not None and maxrec < 0:
        raise ValueError(f"maxrec={maxrec}: must be a number of rows that is not negative")
    try:
        tree = parse(adql)
        check_tree(tree)
        columns = Resolver(catalog).resolve(tree)
        check_lengths(tree)
        read_times(tree)
        rewritten = Rewriter().rewrite(tree)
        assert isinstance(rewritten, exp.Query)
        limit = _row_limit(rewritten)
        sql = _limited(_nulls_last(rewritten), limit, maxrec).sql(dialect="postgres", comments=False)
    except RecursionError as error:
        raise ADQLError("the query is nested too deeply") from error
    lowered = sql.lower()
    return Translation(sql, columns, limit, any(f"{name}(" in lowered for name in INDEXED))


def _nulls_last(tree: exp.Query) -> exp.Query:
    """Rows without a value come last in either order; PostgreSQL would put them first when descending."""
    for ordered in tree.find_all(exp.Ordered):
        ordered.set("nulls_first", False)
    return tree


def _row_limit(tree: exp.Query) -> int | None:
    limit = tree.args.get("limit")
    return int(limit.expression.this) if limit is not None else None


def _limited(tree: exp.Query, limit: int | None, maxrec: int | None) -> exp.Query:
    """Ask for one row more than maxrec, unless the query itself asks for fewer."""
    if maxrec is None or (limit is not None and limit <= maxrec):
        return tree
    return tree.limit(maxrec + 1, copy=False)
