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

from archive.streams import CANCELLED, said_by_database
from archive.vo.adql import ADQLError, translate
from tests.adql import sphere
from tests.adql.world import CATALOG, CENTRE, World

TOLD = ("22", "42")  # SQLSTATE classes that are told to users
TABLES = {("adql_test", name) for name in ("stars", "images", "filters", "codes", "mine")}
_CALLS = """
    abs ceiling floor round trunc sign mod power sqrt exp ln log pi random degrees radians sin cos cosd tan cot asin
    acos atan atan2 lower upper date_part to_tsvector plainto_tsquery ts_match_vq array_position string_to_array
    string_agg nullif q3c_dist q3c_join q3c_radial_query q3c_in_poly ztf_contains ztf_intersects
    ztf_in_polygon ztf_area ztf_centroid ztf_box ztf_region ztf_healpix_index ztf_healpix_center ztf_histogram
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
HOSTILE = (
    ";", "--", "/*", "*/", "'", '"', "$$", "\\", "::text", "pg_sleep(1)", "set_config('ztf.programs','{2}',true)", "SET",
    "version()", "current_user", "pg_catalog.pg_class", "adql_test.stars", "INTO", "UNION", "(", ")", ",", ".", "0x", "\x00",
    "COPY", "LATERAL", "ARRAY[1]", "E'\\''", "U&'a'", "FOR UPDATE", "OVER ()", "LIMIT 1", "%s", "{}", "ztf_area", "\n", "é",
    "1e999", "99999999999999999999999", "-", "TOP", "DISTINCT", "NULL", "*", "AS", "POINT(", "REGION('", "CIRCLE(0,0,1)",
)  # fmt: skip


class Maker:
    """Writes random queries. `fixed` says that the answer of the last one does not depend on chance."""

    def __init__(self, chance: random.Random):
        self.chance, self.fixed = chance, True

    def one(self, *choices):
        return self.chance.choice(choices)

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def query(self, depth: int = 0) -> str:
        made = self.one(self.simple, self.simple, self.simple, self.grouped, self.joined, self.united, self.within)
        return made(depth) if depth < 2 else self.simple(depth)

    def simple(self, depth: int) -> str:
        alias, table = self.one(("s", "sky.stars"), ("s", "stars"), ("stars", "sky.stars"))
        items = [self.item(alias, depth) for _ in range(self.chance.randint(1, 3))]
        if depth == 0 and self.often(0.1):
            items = ["*"]
        head, tail = self.limits(depth)
        name = "" if alias == "stars" else self.one(" ", " AS ") + alias
        return f"SELECT {head}{', '.join(items)} FROM {table}{name}{self.where(alias, depth)}{tail}"

    def limits(self, depth: int) -> tuple[str, str]:
        """What stands after SELECT and at the end; without an order by a key the rows would be anybody's choice."""
        if depth == 0 and self.often(0.3):
            self.fixed = False
            head = self.one("TOP 5 ", "TOP 0 ", "TOP 3 ", "DISTINCT TOP 2 ")
            return head, self.one("", " ORDER BY 1", " ORDER BY 1 DESC OFFSET 2", " OFFSET 3")
        return self.one("", "", "DISTINCT ", "ALL "), self.one("", " ORDER BY 1 DESC") if depth == 0 else ""

    def item(self, alias: str, depth: int) -> str:
        value = self.one(self.number, self.number, self.text, self.geometry_value)(alias, depth + 1)
        return f"{value} AS {self.one('a', 'b', 'c')}{self.chance.randint(1, 99)}"

    def where(self, alias: str, depth: int) -> str:
        return f" WHERE {self.condition(alias, depth + 1)}" if self.often(0.75) else ""

    def grouped(self, depth: int) -> str:
        key = self.one("s.fid", "MOD(s.flags, 5)", "s.good", "FLOOR(s.dec / 30)", "ivo_healpix_index(1, s.ra, s.dec)")
        values = self.one(
            "COUNT(*)", f"MIN({self.number('s', 3)})", f"MAX({self.number('s', 3)})", "AVG(s.mag)", "SUM(s.fid)",
            "COUNT(DISTINCT s.name)", "ivo_histogram(s.mag, 12, 21, 4)",
        )  # fmt: skip
        having = self.one("", f" HAVING COUNT(*) {self.one('>', '<', '<>')} {self.chance.randint(0, 99)}")
        return f"SELECT {key} AS k, {values} AS v FROM sky.stars AS s{self.where('s', depth)} GROUP BY {key}{having}"

    def joined(self, depth: int) -> str:
        kind = self.one(
            "JOIN", "LEFT JOIN", "RIGHT OUTER JOIN", "FULL JOIN", "NATURAL JOIN", "CROSS JOIN", ",", "INNER JOIN"
        )
        table = self.one("sky.filters AS t", "other.filters AS t", "tap_upload.mine AS t", "sky.images AS t")
        on = ""
        if kind not in ("NATURAL JOIN", "CROSS JOIN", ","):
            on = " ON s.fid = t.fid" if "filters" in table else f" ON {self.match(table)}"
            on = " USING (fid)" if "filters" in table and self.often(0.3) else on
        columns = self.one("s.id AS a", "COUNT(*) AS n", "s.mag AS a, s.fid AS b", "MAX(s.err) AS m")
        return f"SELECT {columns} FROM sky.stars AS s {kind} {table}{on}{self.where('s', depth)}"

    def match(self, table: str) -> str:
        if "images" in table:
            return self.one("1 = CONTAINS(POINT(s.ra, s.dec), t.s_region)", "1 = CONTAINS(POINT(s.ra, s.dec), t.disc)")
        radius = self.one("0.1", "0.5", "s.err", "1/60.", "2")
        return self.one(
            f"1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.ra_deg, t.de_deg, {radius}))",
            f"DISTANCE(POINT(t.ra_deg, t.de_deg), POINT(s.ra, s.dec)) < {radius}",
            f"q3c_join(t.ra_deg, t.de_deg, s.ra, s.dec, {radius})",
        )

    def united(self, depth: int) -> str:
        word = self.one("UNION", "UNION ALL", "EXCEPT", "INTERSECT", "INTERSECT ALL")
        sides = [f"SELECT {self.number('s', 3)} AS a FROM sky.stars AS s{self.where('s', depth)}" for _ in range(2)]
        return f"{sides[0]} {word} {sides[1]}{self.one('', ' ORDER BY a', ' ORDER BY 1 DESC') if depth == 0 else ''}"

    def within(self, depth: int) -> str:
        inner = self.query(depth + 1)
        outer = f"COUNT(*) AS n FROM {'q' if self.often(0.5) else '(' + inner + ') AS q'}"
        return f"SELECT {outer}" if "(" in outer[20:] else f"WITH q AS ({inner}) SELECT {outer}"

    # --- values -----------------------------------------------------------------------------------------------
    def number(self, alias: str, depth: int) -> str:
        if depth > 3 or self.often(0.4):
            return self.one(
                *(f"{alias}.{name}" for name in ("id", "ra", "dec", "mag", "err", "fid", "flags", "night", '"Order"')),
                "1", "0", "2.5", "-3", "0x1F", "1e-3", "NULL", "180.0",
            )  # fmt: skip
        a, b = self.number(alias, depth + 1), self.number(alias, depth + 1)
        whole = f"{alias}.{self.one('flags', 'fid', 'night')}"
        function = self.one(
            "ABS", "CEILING", "FLOOR", "SQRT", "EXP", "LOG", "LOG10", "SIN", "ATAN", "DEGREES", "RADIANS", "ROUND"
        )
        return self.one(
            f"({a} {self.one('+', '-', '*', '/')} {b})", f"-{a}" if not a.startswith("-") else a, f"{function}({a})",
            f"{whole} {self.one('&', '|', '^')} {self.one('255', '0x0F', whole)}", f"~{whole}",
            f"CASE WHEN {self.condition(alias, depth + 2)} THEN {a} ELSE {b} END", f"COALESCE({a}, {b})",
            f"NULLIF({a}, {b})", f"CAST({a} AS {self.one('INTEGER', 'BIGINT', 'DOUBLE PRECISION', 'REAL', 'SMALLINT')})",
            f"POWER({a}, {self.one('2', '0.5', '-1')})", f"MOD({whole}, {self.one('3', '7', whole)})", f"MOD({a}, 2.5)",
            f"TRUNCATE({a}, {self.one('0', '2', '-1')})", f"DISTANCE({self.point(alias)}, {self.point(alias)})",
            f"IN_UNIT({alias}.{self.one('ra', 'err')}, {self.one(repr('rad'), repr('arcmin'))})",
            f"AREA({self.geometry(alias)})", f"COORD2({self.point(alias)})",
            f"{self.one('CONTAINS', 'INTERSECTS')}({self.geometry(alias)}, {self.geometry(alias)})",
            f"ivo_healpix_index({self.one('0', '5', '29')}, {self.point(alias)})", f"gavo_to_mjd({alias}.seen)",
            "(SELECT COUNT(*) FROM sky.filters)", f"q3c_dist({alias}.ra, {alias}.dec, {a}, 0)",
            f"ivo_interval_overlaps({a}, {b}, 1, 2)", f"ivo_nocasematch({alias}.name, 'ztf%')",
        )  # fmt: skip

    def text(self, alias: str, depth: int) -> str:
        return self.one(
            f"{alias}.name", "'it''s'", f"LOWER({alias}.name)", f"{alias}.name || '_' || {alias}.name", "'%'", "''",
            f"CAST({alias}.fid AS VARCHAR)", f"CAST({alias}.name AS CHAR(3))", f"COALESCE({alias}.name, 'x')",
            f"COORDSYS({self.point(alias)})",
        )  # fmt: skip

    def angle(self) -> str:
        return self.one("0", "10", "150", "359.9", "-5", "45.5", "180", "720")

    def latitude(self) -> str:
        return self.one("0", "2", "90", "-90", "45", "89.9", "-30.5")

    def point(self, alias: str) -> str:
        frame = self.one("", "", "'ICRS', ", "'', ")
        return self.one(
            f"POINT({frame}{alias}.ra, {alias}.dec)", f"POINT({frame}{self.angle()}, {self.latitude()})",
            f"CENTROID({self.region()})", "ivo_healpix_center(3, 55)", f"ivo_apply_pm({alias}.ra, {alias}.dec, 0.1, 0.1, 2)",
        )  # fmt: skip

    def region(self) -> str:
        ra, dec = self.angle(), self.latitude()
        return self.one(
            f"CIRCLE({ra}, {dec}, {self.one('0', '0.5', '1', '20', '100', '180')})",
            f"CIRCLE(POINT('ICRS', {ra}, {dec}), 3)", f"BOX({ra}, {dec}, {self.one('1', '40', '0.1')}, 2)",
            "POLYGON(148, 0, 152, 0, 152, 4, 148, 4)", "POLYGON(POINT(350, -5), POINT(10, -5), POINT(0, 8))",
            "POLYGON(0, 85, 90, 85, 180, 85, 270, 85)", "POLYGON(120, -30, 180, -30, 180, 35, 125, 30)",
            f"REGION('CIRCLE ICRS {ra} {dec} 2')", f"REGION('Box ICRS {ra} {dec} 3 3')",
        )  # fmt: skip

    def geometry(self, alias: str) -> str:
        return self.point(alias) if self.often(0.4) else self.region()

    def geometry_value(self, alias: str, depth: int) -> str:
        return self.geometry(alias)

    def condition(self, alias: str, depth: int) -> str:
        if depth < 3 and self.often(0.35):
            a, b = self.condition(alias, depth + 1), self.condition(alias, depth + 1)
            return self.one(f"({a} AND {b})", f"({a} OR {b})", f"NOT {a}", f"NOT ({a})", f"{a} AND {b}", f"{a} OR {b}")
        a, b = self.number(alias, depth + 1), self.number(alias, depth + 1)
        word, negated = self.one("CONTAINS", "INTERSECTS"), self.one("", "NOT ")
        return self.one(
            f"{a} {self.one('=', '<>', '!=', '<', '<=', '>', '>=')} {b}", f"{a} {negated}BETWEEN {b} AND {self.number(alias, 9)}",
            f"{a} {negated}IN ({b}, 1, 2)", f"{alias}.fid {negated}IN (SELECT f.fid FROM sky.filters AS f)",
            f"{alias}.{self.one('mag', 'name')} IS {negated}NULL", f"{alias}.good = {self.one('1', '0', 'TRUE')}",
            f"{self.text(alias, depth)} {negated}{self.one('LIKE', 'ILIKE')} {self.one(repr('ZTF0%'), repr('%_1'), repr('%'))}",
            f"{negated}EXISTS (SELECT 1 AS x FROM sky.filters AS f WHERE f.fid = {alias}.fid)",
            f"{alias}.seen > {self.one('TIMESTAMP(' + repr('2019-06-01') + ')', repr('2020-02-02'))}",
            f"{self.one('1', '0')} {self.one('=', '<>')} {word}({self.geometry(alias)}, {self.geometry(alias)})",
            f"CONTAINS({self.point(alias)}, {self.region()}) = 1",
            f"DISTANCE({self.point(alias)}, {self.point(alias)}) {self.one('<', '<=', '>')} {self.one('1', '0.1', '40')}",
            f"q3c_radial_query({alias}.ra, {alias}.dec, {self.angle()}, {self.latitude()}, {self.one('1', '7', '0.01')})",
        )  # fmt: skip

    def spoilt(self) -> str:
        """A query with some of its words changed, left out, doubled, or hostile ones put in."""
        words = self.query().replace("(", " ( ").replace(")", " ) ").replace(",", " , ").split(" ")
        for _ in range(self.chance.randint(1, 3)):
            k = self.chance.randrange(len(words))
            words[k : k + 1] = self.one(
                [], [words[k]] * 2, [self.one(*HOSTILE)], [words[k], self.one(*HOSTILE)], [self.one(*words)]
            )
            words = words or ["SELECT"]
        return " ".join(words)


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
    """What became of the queries."""

    asked: int = 0
    refused: int = 0
    failed: Counter = field(default_factory=Counter)
    cancelled: int = 0
    answered: int = 0
    compared: int = 0
    checked: int = 0


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
        rows = self._ask(adql, translation.sql)
        if rows is None:
            return
        self.tally.answered += 1
        if any(_is_secret(cell) for row in rows for cell in row):
            raise Finding("a hidden row's value", adql, translation.sql)
        if fixed and len(rows) <= 2000:
            other = self._ask(adql, translation.sql.replace('"adql_test"', f'"{self.open_schema}"'))
            self.tally.compared += 1
            if other is not None and not _alike(rows, other):
                raise Finding("hidden rows change the answer", adql, translation.sql)

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
        self.cursor.execute("SAVEPOINT probe")
        try:
            self.cursor.execute(sql)
            return self.cursor.fetchall()
        except DatabaseError as error:
            state, message = said_by_database(error)
            if state == CANCELLED:
                self.tally.cancelled += 1
            elif state.startswith(TOLD) and state != "42501":
                self.tally.failed[state] += 1
            else:
                raise Finding(f"{state}: {message}", adql, sql) from error
            if "SECRET" in message:
                raise Finding("an error tells of a hidden row", adql, sql) from error
            return None
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
