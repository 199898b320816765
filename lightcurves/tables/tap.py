"""The tables of light curves that are open to TAP queries: all objects, and those of each public release."""

from __future__ import annotations

import re
from dataclasses import replace

from django.db import connections

from archive.models import Family, Release
from archive.services.vo.schema import views
from archive.services.vo.schema.published import Published, publish_changing, publish_query
from archive.tables.dictionary import Column
from lightcurves.models import STATISTICS
from lightcurves.tables import dictionary

SURVEY_ROWS = 5 * 10**9
USES = ("lightcurves_source", "lightcurves_sourcestatistics")
IRSA_COLUMNS = (
    Column("cntr", "long", "Number of the row: the object identifier", ucd="meta.record", indexed=True),
    Column("x", "double", "Unit vector of the position: cos(ra) cos(dec)", ucd="pos.cartesian.x"),
    Column("y", "double", "Unit vector: sin(ra) cos(dec)", ucd="pos.cartesian.y"),
    Column("z", "double", "Unit vector: sin(dec)", ucd="pos.cartesian.z"),
    Column("htm20", "long", "Hierarchical triangular mesh, trixel of level 20", ucd="pos"),
)
"""What IRSA's object tables have besides; each follows from the position or the identifier."""
FOR_TAP = replace(dictionary.OBJECTS, columns=(*dictionary.OBJECTS.columns, *IRSA_COLUMNS))
COMPUTED = """
    o.oid AS cntr, cosd(o.ra) * cosd(o.dec) AS x, sind(o.ra) * cosd(o.dec) AS y, sind(o.dec) AS z
"""
# PostgreSQL takes NaN for larger than any number: no condition should find it.
STATISTICS_ROW = ", ".join(f"NULLIF(s.{name}, 'NaN') AS {name}" for name in STATISTICS)
# Of the tiers that row-level security lets a reader see, the one of most programs is theirs.
OBJECTS = f"""
    SELECT o.*, {COMPUTED}, {STATISTICS_ROW}
    FROM lightcurves_source AS o
    LEFT JOIN LATERAL (
        SELECT * FROM lightcurves_sourcestatistics AS t
        WHERE t.oid = o.oid ORDER BY cardinality(t.programs) DESC LIMIT 1
    ) AS s ON true
"""
OF_RELEASE = f"""
    SELECT o.*, {COMPUTED}, {STATISTICS_ROW}
    FROM lightcurves_source AS o
    JOIN lightcurves_sourcestatistics AS s ON s.oid = o.oid AND s.programs = '{{}}'
    WHERE EXISTS (
        SELECT FROM archive_scienceimage AS i
        JOIN archive_releaseitem AS r ON r.key = i.pid AND r.kind = 'sci' AND r.release_id = 'RELEASE'
        WHERE i.field = o.field AND i.rcid = o.rcid AND i.fid = o.fid
    )
"""
NAME = "ztf.ztf_objects_"
_PLAIN = re.compile("[a-z][a-z0-9_]{0,30}")


def open_tables() -> None:
    """Publish the objects with the statistics of the points that a reader may see, and those of releases."""
    publish_query(FOR_TAP, OBJECTS, SURVEY_ROWS, USES)
    publish_changing(of_releases)


def of_releases() -> tuple[Published, ...]:
    """The objects of each public release whose name can be a table's (a hyphen as _): of quadrants that it has images
    of."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('archive_release') IS NOT NULL")
        if not cursor.fetchone()[0]:  # before the first migration
            return ()
    public = Release.objects.using("default").filter(state=Release.State.PUBLIC)
    names = public.filter(families__contains=[Family.LIGHTCURVE]).values_list("name", flat=True)
    tables: dict[str, str] = {}
    for name in sorted(names, key=lambda one: ("-" in one, one)):  # a name with a hyphen gives way to one without
        tables.setdefault(name.replace("-", "_"), name)
    return tuple(_of_release(name, table) for table, name in tables.items() if _PLAIN.fullmatch(table))


def follow_releases() -> None:
    """Make the tables of releases anew, after one became public or was withdrawn."""
    views.refresh("ztf_objects_")


def query_of(name: str) -> str:
    """The query behind the table of a release's objects, for a name that can be a table's.

    Raises
    ------
    ValueError
        for another name.
    """
    if not _PLAIN.fullmatch(name.replace("-", "_")):
        raise ValueError(f"release {name}: only plain names (small letters, digits, - and _; such as dr1) have tables")
    return OF_RELEASE.replace("RELEASE", name)


def _of_release(name: str, called: str) -> Published:
    text = f"Objects of release {name}: one row per light curve; statistics of all its public points"
    table = replace(FOR_TAP, name=f"{NAME}{called}", description=text)
    names = ", ".join(f'q."{column.name}"' for column in table.columns)
    query = f"SELECT {names} FROM ({query_of(name)}) AS q"
    return Published(table, SURVEY_ROWS, query, (*USES, "archive_releaseitem", "archive_scienceimage"))
