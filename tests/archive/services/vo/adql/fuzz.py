# ruff: noqa: E501 - tables of words and texts read better on one line
"""Random queries: from the grammar, spoilt ones, and regions whose answer numpy knows; and what must hold for each.

Whatever is asked, the translator translates or raises ADQLError; what it writes is one SELECT of white-listed functions
and tables (checked here by another parse, with lists of its own); PostgreSQL answers or fails in a way that is the
asker's business; and the answer is that of a database which never had the rows that the asker may not see.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import sqlglot
from django.db import connections
from django.db.utils import Error as DatabaseError
from sqlglot import exp
from sqlglot.errors import SqlglotError

from archive.access.streams import CANCELLED, sqlstate_and_message
from archive.services.vo.adql import ADQLError, translate
from tests.archive.services.vo.adql import sphere
from tests.archive.services.vo.adql.maker import Maker
from tests.archive.services.vo.adql.world import CATALOG, CENTRE, World

TOLD = ("22", "42")  # SQLSTATE classes that are told to users
TABLES = {("adql_test", name) for name in ("stars", "images", "filters", "codes", "mine")}
_CALLS = """
    abs ceiling floor round trunc sign mod power sqrt exp ln log pi random degrees radians sin cos cosd tan cot asin
    acos atan atan2 lower upper date_part to_tsvector plainto_tsquery ts_match_vq array_position string_to_array
    string_agg nullif q3c_dist q3c_join q3c_radial_query q3c_in_poly ztf_contains ztf_intersects
    ztf_in_polygon ztf_on_border ztf_area ztf_centroid ztf_box ztf_region ztf_healpix_index ztf_healpix_center ztf_histogram
    ztf_apply_pm ztf_epoch_prop_pos
"""
CALLS = set(_CALLS.split())
NODES = {
    "Select", "Union", "Except", "Intersect", "From", "Where", "Group", "Having", "Order", "Ordered", "Limit", "Offset",
    "Join", "With", "CTE", "Subquery", "Table", "TableAlias", "Column", "Identifier", "Alias", "Literal", "Star", "Null",
    "Boolean", "Anonymous", "Cast", "DataType", "DataTypeParam", "Case", "If", "Paren", "Neg", "Not", "And", "Or", "EQ",
    "NEQ", "LT", "LTE", "GT", "GTE", "Add", "Sub", "Mul", "Div", "DPipe", "Between", "Like", "ILike", "In", "Is", "Exists",
    "Distinct", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot", "Array", "Bracket", "Coalesce", "Nullif", "Count",
    "Avg", "Min", "Max", "Sum", "Tuple", "Extract", "Var", "Mod",
}  # fmt: skip


@dataclass
class Finding(Exception):
    """Something that must not be."""

    what: str
    adql: str
    sql: str = ""

    def __str__(self) -> str:
        return f"{self.what}\n  ADQL: {self.adql}\n  SQL:  {self.sql}"


def check_sql(adql: str, sql: str) -> None:
    """Refuse SQL with anything but SELECT, known functions and known tables; read by sqlglot's own PostgreSQL."""
    try:
        words = sqlglot.tokenize(sql, dialect="postgres")
        trees = sqlglot.Dialect.get_or_raise("postgres").parser().parse(words, sql)
    except SqlglotError as error:
        raise Finding(f"not SQL: {str(error).splitlines()[0]}", adql, sql) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise Finding("not one SELECT", adql, sql)
    local = {cte.alias for cte in trees[0].find_all(exp.CTE)}
    for node in trees[0].walk():
        name = type(node).__name__
        if isinstance(node, exp.Table):
            if (node.db, node.name) not in TABLES and not (not node.db and node.name in local):
                raise Finding(f"table {node.sql()}", adql, sql)
        elif isinstance(node, exp.Func) and name not in NODES:
            call = node.name if isinstance(node, exp.Anonymous) else node.sql_names()[0]
            if call.lower() not in CALLS and not {one.lower() for one in node.sql_names()} & CALLS | _same_call(node):
                raise Finding(f"function {call}", adql, sql)
        elif isinstance(node, exp.Anonymous) and node.name.lower() not in CALLS:
            raise Finding(f"function {node.name}", adql, sql)
        elif not isinstance(node, exp.Func) and name not in NODES:
            raise Finding(f"{name} in the SQL", adql, sql)
    if any(token.token_type.name in ("SEMICOLON", "COMMENT") or token.comments for token in words):
        raise Finding("a semicolon or a comment in the SQL", adql, sql)


def _same_call(node: exp.Func) -> set[str]:
    """PostgreSQL's spelling of a function that sqlglot has under another name."""
    spelt = node.sql(dialect="postgres").partition("(")[0].lower()
    return {spelt} & CALLS


@dataclass
class Tally:
    """The counts of what became of the queries."""

    asked: int = 0
    refused: int = 0
    failed: Counter = field(default_factory=Counter)
    cancelled: int = 0
    answered: int = 0
    compared: int = 0
    checked: int = 0


PLANS = (
    "",
    "SET LOCAL enable_seqscan = on",
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off",
    "SET LOCAL enable_nestloop = off; SET LOCAL enable_seqscan = on",
    "SET LOCAL enable_sort = off; SET LOCAL enable_hashagg = off",
    "SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = on",
)
"""Settings of the planner under which one answer may come about in other ways."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a query: rows, or the SQLSTATE of an error."""

    rows: list[tuple] | None = None
    state: str | None = None

    def is_like(self, other: Outcome) -> bool:
        if self.rows is None or other.rows is None:
            return self.state == other.state and (self.rows is None) == (other.rows is None)
        return _alike(self.rows, other.rows)


class Prober:
    """Asks the small sky as a visitor, who must not see a part of it; `open_schema` holds the same without that part."""

    def __init__(self, world: World, cursor, tally: Tally, open_schema: str = "adql_open"):
        self.world, self.cursor, self.tally, self.open_schema = world, cursor, tally, open_schema

    def probe(self, adql: str, fixed: bool = False) -> None:
        """Translate, check, ask; with `fixed` the answer must be that of the database without hidden rows."""
        self.tally.asked += 1
        try:
            translation = translate(adql, CATALOG, 2000)
        except ADQLError:
            self.tally.refused += 1
            return
        except Exception as error:
            raise Finding(f"{type(error).__name__}: {error}", adql) from error
        check_sql(adql, translation.sql)
        outcome = self._outcome(adql, translation.sql)
        if outcome.rows is not None:
            self.tally.answered += 1
            if any(_is_secret(cell) for row in outcome.rows for cell in row):
                raise Finding("a hidden row's value", adql, translation.sql)
        if fixed and len(outcome.rows or ()) <= 2000:
            self.compare(adql, translation.sql, outcome)

    def compare(self, adql: str, sql: str, outcome: Outcome) -> None:
        """The outcome, rows or an error, must be one that the database without hidden rows gives, too.

        A plan may meet a visible row that raises, or leave it out before; so the other side is asked under several.
        """
        if outcome.state == CANCELLED:
            return
        self.tally.compared += 1
        others = []
        for settings in PLANS:
            others.append(self._outcome(adql, sql.replace('"adql_test"', f'"{self.open_schema}"'), settings))
            if others[-1].state == CANCELLED or outcome.is_like(others[-1]):
                return
        alone = {outcome.state, *(one.state for one in others)} - {None}
        what = f"an error on one side alone ({', '.join(sorted(alone))})" if alone else "hidden rows change the answer"
        raise Finding(what, adql, sql)

    def region(self, chance: random.Random) -> None:
        """A region at a random place: the stars in it are those that numpy finds."""
        stars = self.world.stars
        ra, dec = chance.choice([(chance.uniform(0, 360), math.degrees(math.asin(chance.uniform(-1, 1)))), CENTRE, (0, 0),
                                 (chance.uniform(0, 360), 90), (10, -90), (chance.gauss(0, 1) % 360, chance.gauss(0, 1))])  # fmt: skip
        ra, dec, size = round(ra, 6) % 360, round(max(-90, min(90, dec)), 6), round(10 ** chance.uniform(-1, 1.9), 4)
        text, shape = self._shape(chance, ra, dec, size)
        if shape[0] == "circle":
            apart = sphere.distance(stars.ra, stars.dec, ra, dec)
            unsure, found = np.abs(apart - size) < 1e-8, apart < size
        else:  # no star lies on a border but those at the poles, which corners may meet
            found = sphere.inside(stars.ra, stars.dec, shape[1])
            unsure = np.abs(stars.dec) == 90
        forms = [f"1 = CONTAINS(POINT(ra, dec), {text})", f"0 <> INTERSECTS({text}, POINT(ra, dec))",
                 f"NOT CONTAINS(POINT('ICRS', ra, dec), {text}) = 0", f"CONTAINS(POINT(ra, dec), {text}) >= 1"]  # fmt: skip
        if shape[0] == "circle":
            forms += [f"DISTANCE(ra, dec, {ra}, {dec}) <= {size}", f"q3c_join(ra, dec, {ra}, {dec}, {size})"]
        adql = f"SELECT id FROM sky.stars WHERE {chance.choice(forms)}"
        self.tally.asked += 1
        translation = translate(adql, CATALOG)
        got = {row[0] for row in self._ask(adql, translation.sql) or ()}
        wrong = (got ^ set(stars.id[found].tolist())) - set(stars.id[unsure].tolist())
        self.tally.checked += 1
        if wrong:
            raise Finding(f"{len(wrong)} stars differ from numpy's", adql, translation.sql)

    def _shape(self, chance: random.Random, ra: float, dec: float, size: float) -> tuple[str, tuple]:
        kind = chance.choice(["circle", "box", "polygon", "polygon"])
        if kind == "circle":
            return f"CIRCLE({ra}, {dec}, {size})", ("circle", (ra, dec, size))
        if kind == "box":
            other = round(size * chance.uniform(0.1, 1), 4)
            return f"BOX({ra}, {dec}, {size}, {other})", ("polygon", sphere.box(ra, dec, size, other))
        count = chance.randint(3, 9)
        centre = sphere.vectors(ra, dec)
        east = sphere.vectors(ra + 90, 0)
        north = np.cross(centre, east)
        angles = sorted(chance.uniform(0, 2 * math.pi) for _ in range(count))
        reach = [math.tan(math.radians(size / 2)) * chance.uniform(0.3, 1) for _ in range(count)]
        corners = sphere.positions(np.array([
            centre + r * (math.cos(a) * east + math.sin(a) * north) for a, r in zip(angles, reach, strict=True)]))  # fmt: skip
        outline = [(round(float(a), 8), round(float(d), 8)) for a, d in corners][:: chance.choice([1, -1])]
        return f"POLYGON({', '.join(f'{a}, {d}' for a, d in outline)})", ("polygon", outline)

    def _ask(self, adql: str, sql: str) -> list[tuple] | None:
        """The rows; None where the query fails as it may."""
        return self._outcome(adql, sql).rows

    def _outcome(self, adql: str, sql: str, settings: str = "") -> Outcome:
        self.cursor.execute("SAVEPOINT probe")
        try:
            if settings:
                self.cursor.execute(settings)
            self.cursor.execute(sql)
            return Outcome(self.cursor.fetchall())
        except DatabaseError as error:
            state, message = sqlstate_and_message(error)
            if state == CANCELLED:
                self.tally.cancelled += 1
            elif state.startswith(TOLD) and state != "42501":
                self.tally.failed[state] += 1
            else:
                raise Finding(f"{state}: {message}", adql, sql) from error
            if "SECRET" in message:
                raise Finding("an error tells of a hidden row", adql, sql) from error
            return Outcome(state=state)
        finally:
            self.cursor.execute("ROLLBACK TO SAVEPOINT probe")


def round_of(chance: random.Random, prober: Prober) -> None:
    """One query of a random kind."""
    maker, kind = Maker(chance), chance.random()
    if kind < 0.15:
        prober.region(chance)
    elif kind < 0.4:
        prober.probe(maker.spoilt())
    else:
        adql = maker.query()
        prober.probe(adql, fixed=maker.fixed and kind < 0.7)


def open_copy(cursor, schema: str = "adql_open") -> None:
    """The same tables without the rows that a visitor must not see, and without policies."""
    cursor.execute(f"CREATE SCHEMA {schema}")
    cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO ztf_reader")
    for table in ("stars", "images", "filters", "codes", "mine"):
        where = "WHERE public_date IS NOT NULL" if table in ("stars", "images") else ""
        cursor.execute(f"CREATE TABLE {schema}.{table} AS SELECT * FROM adql_test.{table} {where}")
    cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO ztf_reader")


def reader_cursor(seconds: int):
    """A cursor with a visitor's rights in the transaction of `reading`, as TAP prepares it."""
    cursor = connections["reader"].cursor()
    cursor.execute(f"SET LOCAL statement_timeout = '{seconds}s'")
    cursor.execute("SET LOCAL enable_seqscan = off")
    return cursor


def _is_secret(cell) -> bool:
    if isinstance(cell, str):
        return "SECRET" in cell.upper()
    return isinstance(cell, datetime) and cell.year == 2030


def _alike(rows: list[tuple], others: list[tuple]) -> bool:
    """The same rows in any order, but for the rounding of sums."""
    if len(rows) != len(others):
        return False

    def key(row):
        return repr([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row])

    return Counter(map(key, rows)) == Counter(map(key, others)) or all(
        _close(a, b) for a, b in zip(sorted(rows, key=key), sorted(others, key=key), strict=True)
    )


def _close(row: tuple, other: tuple) -> bool:
    return all(
        a == b
        or (isinstance(a, float) and isinstance(b, float) and (math.isclose(a, b, rel_tol=1e-5) or a != a and b != b))
        for a, b in zip(row, other, strict=True)
    )
