"""The tables that a release opens, and the public dates that their rows have of their own.

A row's public date is the earliest of its own (by its program's rule, or as it came) and of the publications of the
public releases that hold it. Where a release opened a row, its own date is kept in `OwnDate`; otherwise the row has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connections, models

from archive.models import Family, OwnDate
from archive.releases.contents import KEPT, Contents

IMAGES = "archive_scienceimage"


@dataclass(frozen=True)
class Opening:
    """A table whose rows a release opens.

    key : its primary key
    unit : the column that names the item which a row belongs to
    kinds : which items; empty: the release's files
    families : rows are opened if the release has one of these; empty: whatever it has
    night : a column that is within the release's nights, where the table is divided by it
    follows : rows keep no date of their own: theirs is that of the science image `unit`
    """

    table: str
    key: str
    unit: str
    kinds: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    night: str = ""
    follows: bool = False

    def applies_to(self, families: list[str]) -> bool:
        """Whether a release of these families opens rows of this table."""
        return not self.families or bool(set(self.families) & set(families))

    def sql(self, statement: str, contents: Contents = KEPT) -> str:
        """A statement of this module for this table."""
        within = f"AND t.{self.night} BETWEEN %(first)s AND %(last)s" if self.night else ""
        parts = {"table": self.table, "key": self.key, "unit": self.unit, "held": self._held(contents)}
        parts |= {"own": FOLLOWED if self.follows else "o.public_date", "within": within}
        parts["since"] = SINCE.format(**parts)
        return statement.format(**{name: part.format(**parts) for name, part in parts.items()})

    def _held(self, contents: Contents) -> str:
        if not self.kinds:
            return f"SELECT release_id, file_id AS key FROM {contents.files}"
        kinds = ", ".join(f"'{kind}'" for kind in self.kinds)
        distinct = "DISTINCT " if len(self.kinds) > 1 else ""
        return f"SELECT {distinct}release_id, key FROM {contents.items} WHERE kind IN ({kinds})"


# What a release holds of a table. Its programs are asked of every row: a file may be of another than its image.
MINE = """
({held}) AS held
WHERE held.release_id = %(release)s AND held.key = t.{unit} AND t.programid = ANY(%(programs)s) {within}
"""
CLOSED = MINE + "AND (t.public_date IS NULL OR t.public_date > %(now)s)\n"
COUNT = "SELECT count(*) FROM {table} AS t, " + CLOSED
REMEMBER = (
    "INSERT INTO archive_owndate (relation, key, public_date) SELECT '{table}', t.{key}, t.public_date "
    "FROM {table} AS t, " + CLOSED + "ON CONFLICT (relation, key) DO NOTHING"
)
OPEN = "UPDATE {table} AS t SET public_date = %(now)s FROM " + CLOSED
# The first publication of the public releases that hold a row, its program among theirs.
SINCE = """(
    SELECT min(r.published) FROM archive_release AS r
    JOIN ({held}) AS h ON h.release_id = r.name
    JOIN archive_release_programs AS p ON p.release_id = r.name AND p.program_id = t.programid
    WHERE h.key = t.{unit} AND r.state = 'public'
        AND (cardinality(%(families)s::text[]) = 0 OR r.families::text[] && %(families)s::text[])
)"""
FOLLOWED = """(
    SELECT CASE WHEN o.key IS NULL THEN m.public_date ELSE o.public_date END
    FROM archive_scienceimage AS m
    LEFT JOIN archive_owndate AS o ON o.relation = 'archive_scienceimage' AND o.key = m.pid
    WHERE m.pid = t.{unit}
)"""
OWNED = "archive_owndate AS o, " + MINE + "AND o.relation = '{table}' AND o.key = t.{key}\n"
CLOSE = "UPDATE {table} AS t SET public_date = least({own}, {since}) FROM " + OWNED
CLOSE_FOLLOWING = (
    "UPDATE {table} AS t SET public_date = least({own}, {since}) FROM " + MINE + "AND t.public_date IS NOT NULL"
)
FORGET = (
    "DELETE FROM archive_owndate AS o USING {table} AS t, "
    + MINE
    + ("AND o.relation = '{table}' AND o.key = t.{key} AND {since} IS NULL")
)
OWN_AGAIN = (
    "UPDATE archive_owndate AS o SET public_date = t.public_date FROM {table} AS t "
    "WHERE o.relation = '{table}' AND o.key = t.{key} AND t.{key} = ANY(%(keys)s)"
)
OPEN_AGAIN = (
    "UPDATE {table} AS t SET public_date = least(o.public_date, {since}) FROM archive_owndate AS o "
    "WHERE o.relation = '{table}' AND o.key = t.{key} AND t.{key} = ANY(%(keys)s) RETURNING t.{key}, t.public_date"
)
DATES = "SELECT t.pid, least({own}, {since}) FROM {table} AS t WHERE t.pid = ANY(%(keys)s)"

_openings = [
    Opening("archive_exposure", "expid", "expid", ("raw", "exp")),
    Opening("archive_rawimage", "id", "exposure_id", ("raw",), (Family.RAW,)),
    Opening("archive_differenceimage", "pid", "pid", ("sci",), (Family.DIFF,)),
    Opening("archive_scienceversion", "id", "pid", ("sci",), (Family.SCI,)),
    Opening("archive_imageresiduals", "id", "pid", ("sci",), (Family.SCI,)),
    Opening("archive_alert", "candid", "pid", ("sci",), (Family.ALERT,)),
    Opening("archive_referenceimage", "rfid", "rfid", ("ref",), (Family.REF,)),
    Opening("archive_productfile", "id", "id"),
    Opening(IMAGES, "pid", "pid", ("sci",)),
]


def openings() -> list[Opening]:
    """Every table that releases open."""
    return list(_openings)


def also_opens(opening: Opening) -> None:
    """Let releases open a table of another app; those that follow their image come before it."""
    _openings.insert(0, opening)


def open_rows(opening: Opening, parameters: dict) -> int:
    """Open what a release holds of a table; returns how many rows were closed before."""
    with connections["default"].cursor() as cursor:
        if not opening.follows:
            cursor.execute(opening.sql(REMEMBER), parameters)
        cursor.execute(opening.sql(OPEN), parameters)
        return cursor.rowcount


def close_rows(opening: Opening, parameters: dict) -> int:
    """Give the rows of a release that is public no more the dates that they have without it; returns how many."""
    parameters = parameters | {"families": list(opening.families)}
    with connections["default"].cursor() as cursor:
        if opening.follows:
            cursor.execute(opening.sql(CLOSE_FOLLOWING), parameters)
            return cursor.rowcount
        cursor.execute(opening.sql(CLOSE), parameters)
        count = cursor.rowcount
        cursor.execute(opening.sql(FORGET), parameters)
        return count


def count_closed(opening: Opening, parameters: dict, contents: Contents) -> int:
    """The number of rows of a table that publishing would open."""
    with connections["default"].cursor() as cursor:
        cursor.execute(opening.sql(COUNT, contents), parameters)
        return cursor.fetchone()[0]


def own_date(row: models.Model) -> datetime | None:
    """The public date of a row as it would be without any release."""
    kept = OwnDate.objects.filter(relation=row._meta.db_table, key=row.pk).first()
    return row.public_date if kept is None else kept.public_date


def dates_of_family(pids: list[int], family: str) -> dict[int, datetime | None]:
    """The public dates of what belongs to science images and is of a family, by pid.

    They may differ from the images' own rows: a release may open one family without another.
    """
    of_images = Opening(IMAGES, "pid", "pid", ("sci",), (family,), follows=True)
    with connections["default"].cursor() as cursor:
        cursor.execute(of_images.sql(DATES), {"keys": pids, "families": [family]})
        return dict(cursor.fetchall())


def keep_open(*rows: models.Model) -> None:
    """After rows of one table were registered again with their own dates: leave open what a release opened."""
    if not rows:
        return
    opening = next(one for one in _openings if one.table == rows[0]._meta.db_table)
    parameters = {"keys": [row.pk for row in rows], "families": list(opening.families)}
    with connections["default"].cursor() as cursor:
        cursor.execute(opening.sql(OWN_AGAIN), parameters)
        if cursor.rowcount:
            cursor.execute(opening.sql(OPEN_AGAIN), parameters)
            dates = dict(cursor.fetchall())
            for row in rows:
                row.public_date = dates.get(row.pk, row.public_date)
