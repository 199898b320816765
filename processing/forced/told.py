"""Forced points that came as files of IRSA's service: kept as they were told, read by position."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, transaction

from archive.models import Program
from archive.releases.closing import most_closed
from archive.services.vo.schema.published import publish
from archive.survey.times import date_of_jd
from archive.tables.dictionary import Column, Table
from processing.forced.table import COLUMNS, NAMES
from processing.models import ForcedPoint

if TYPE_CHECKING:
    from archive.ingest.kinds.forced import Told

LOCK = 18  # class of our advisory locks: who takes forced points
MOST_SHOWN = 100_000
SURVEY_ROWS = 10**8
POINTS = Table(
    "ztf.ztf_forced_points",
    "Points of forced photometry that came as files of IRSA's service, one for each position and image",
    (
        Column("ra", "double", "Right ascension of the position", "deg", "pos.eq.ra;meta.main", principal=True),
        Column("dec", "double", "Declination of the position", "deg", "pos.eq.dec;meta.main", principal=True),
        *(one for one in COLUMNS if one.name not in ("index", "filter")),
        Column("filtername", "char", "Filter: ZTF_g, ZTF_r, ZTF_i", ucd="meta.id;instr.filter", source="filter"),
    ),
)


def open_tables() -> None:
    """Open forced points that came as files to queries."""
    publish(POINTS, ForcedPoint, SURVEY_ROWS)


def take(told: Told, may_open: bool) -> int:
    """The points of one position; those of images that it has already are replaced, and stay as closed as they are.

    Returns how many the file has.
    """
    known = ForcedPoint.objects.filter(ra=told.ra, dec=told.dec)
    with transaction.atomic():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, f"{told.ra} {told.dec}"])
        programs = Program.objects.in_bulk()
        before = {one["pid"]: one for one in known.values("pid", "programid", "public_date")}
        shared = {"ra": told.ra, "dec": told.dec, "file": told.name[-255:]}
        rows = [
            ForcedPoint(**shared, **_plain(row), **_rights(row, programs, before, may_open))
            for row in told.rows.rename(columns={"programid": "program"}).to_dict("records")
        ]
        columns = [one.name for one in ForcedPoint._meta.concrete_fields if one.name not in ("id", "ra", "dec", "pid")]
        ForcedPoint.objects.bulk_create(
            rows, 500, update_conflicts=True, unique_fields=["ra", "dec", "pid"], update_fields=columns
        )
    return len(rows)


def near(ra: float, dec: float, within: float) -> list[dict]:
    """Points within arcseconds of a position (deg) that the reader of the context may see, by time, as rows of
    processing.forced.table.TABLE; `ra`, `dec` and `file` besides. One more than MOST_SHOWN says that there are more.
    """
    names = [name for name in NAMES if name != "index"]
    found = ForcedPoint.objects.within(ra, dec, within / 3600).order_by("jd", "pid")
    rows = found.values(*names, "ra", "dec", "file")[: MOST_SHOWN + 1]
    return [{"index": k, **row, "image": "difference", "reason": ""} for k, row in enumerate(rows)]


def _plain(row: dict) -> dict:
    import pandas as pd

    return {name: None if pd.isna(value) else value for name, value in row.items() if name != "program"}


def _rights(row: dict, programs: dict[int, Program], before: dict[int, dict], may_open: bool) -> dict:
    rights = {"programid": row["program"], "public_date": programs[row["program"]].public_date(date_of_jd(row["jd"]))}
    known = before.get(row["pid"])
    return rights if known is None or may_open else most_closed([known, rights])
