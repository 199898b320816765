"""The data dictionary of periods, and what of them queries reach."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models

from archive.services.vo.schema.published import publish_query
from archive.tables.dictionary import Column, Table
from lightcurves.models import SourcePeriod

DAY = "d"
PERIODS = Table(
    "ztf.ztf_periods",
    "Periods that the catalog search found, from the points you see; one row per object of a variable star",
    (
        Column("oid", "long", "Object identifier", ucd="meta.id;meta.main", indexed=True, principal=True),
        Column("ra", "double", "Right ascension", "deg", "pos.eq.ra;meta.main", principal=True),
        Column("dec", "double", "Declination", "deg", "pos.eq.dec;meta.main", principal=True),
        Column("filtercode", "char", "Filter: zg, zr, zi", ucd="meta.id;instr.filter", principal=True),
        Column("period", "double", "Period, from all objects of the star together", DAY, "time.period", principal=True),
        Column("perioderr", "double", "Uncertainty, if it is the right period", DAY, "stat.error;time.period"),
        Column("confidence", "float", "Chance that the period is right, calibrated on simulations", principal=True),
        Column("log10fap", "float", "Log10 of the chance that noise makes the highest Lomb-Scargle peak"),
        Column("amplitude", "float", "5th to 95th percentile of the folded curve, filter with most points", "mag"),
        Column("rival", "double", "The next best period that is no multiple of it", DAY, "time.period"),
        Column("nobs", "int", "Points that were searched", ucd="meta.number"),
        Column("nbands", "int", "Filters that were searched together", ucd="meta.number"),
    ),
)
SURVEY_ROWS = 10**8
# Of the tiers that row-level security lets a reader see, the one of most programs is theirs.
_OWN = ", ".join(f"p.{c.name}" for c in PERIODS.columns if c.name not in ("oid", "ra", "dec", "filtercode"))
QUERY = f"""
    SELECT o.oid, o.ra, o.dec, o.filtercode, {_OWN}
    FROM lightcurves_source AS o
    JOIN LATERAL (
        SELECT * FROM lightcurves_sourceperiod AS t
        WHERE t.oid = o.oid ORDER BY cardinality(t.programs) DESC LIMIT 1
    ) AS p ON true
"""


def open_tables() -> None:
    """Publish the periods of the points that a reader may see."""
    publish_query(PERIODS, QUERY, SURVEY_ROWS, ("lightcurves_source", "lightcurves_sourceperiod"))


def best(oids: Iterable[int]) -> dict[int, SourcePeriod]:
    """Periods of objects from all the points that the reader may see; objects without one are left out."""
    programs = models.Func("programs", function="cardinality", output_field=models.IntegerField())
    rows = SourcePeriod.objects.filter(oid__in=list(oids)).annotate(size=programs)
    return {row.oid: row for row in rows.order_by("oid", "-size").distinct("oid")}
