# ruff: noqa: E501 - tables of words and texts read better on one line
"""Writes random queries: from the grammar, and spoilt ones."""

from __future__ import annotations

import random

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
        """Words after SELECT and at the end; without an order by a key the rows would be anybody's choice."""
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
