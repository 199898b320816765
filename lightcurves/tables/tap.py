"""The tables of light curves that are open to TAP queries."""

from __future__ import annotations

from archive.services.vo.schema.published import publish_query
from lightcurves.models import STATISTICS
from lightcurves.tables import dictionary

SURVEY_ROWS = 5 * 10**9
# Of the tiers that row-level security lets a reader see, the one of most programs is theirs. PostgreSQL takes NaN for
# larger than any number: no condition should find it.
OBJECTS = f"""
    SELECT o.*, {", ".join(f"NULLIF(s.{name}, 'NaN') AS {name}" for name in STATISTICS)}
    FROM lightcurves_source AS o
    LEFT JOIN LATERAL (
        SELECT * FROM lightcurves_sourcestatistics AS t
        WHERE t.oid = o.oid ORDER BY cardinality(t.programs) DESC LIMIT 1
    ) AS s ON true
"""


def open_tables() -> None:
    """Publish the objects with the statistics of the points that a reader may see."""
    uses = ("lightcurves_source", "lightcurves_sourcestatistics")
    publish_query(dictionary.OBJECTS, OBJECTS, SURVEY_ROWS, uses)
