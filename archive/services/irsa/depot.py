"""A night's summaries as in ZTF's depot: what was processed (JSON), and its good differences (text of a table).

Both are of what the reader sees: image, difference and alerts each by its own rights.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from archive.access.reading import Reader, current_reader
from archive.access.streams import Rows, stream
from archive.models import ScienceImage
from archive.requests.numbers import whole
from archive.survey.camera import Camera
from archive.survey.identifiers import BadIdentifierError, date_of_nid, nid_of_date

PIXEL = Camera().pixel_scale * 3600  # arcsec
_ALERTS = "LEFT JOIN (SELECT pid, count(*) AS n FROM archive_alert WHERE pid IN (SELECT pid FROM archive_scienceimage"
_COUNTED = f"{_ALERTS} WHERE nid = %(nid)s) GROUP BY pid) AS a ON a.pid = s.pid"
PROCESSED = (
    *("obsjd", "exposure_id", "exposure_time", "field_id", "filter_id", "qid", "maglim", "fwhm", "status"),
    *("programid", "nalertpackets"),
)
_PROCESSED = f"""
SELECT s.obsjd, s.expid, s.exptime, s.field, s.fid, s.rcid, s.maglimit, s.seeing / {PIXEL}, 1 - s.status, s.programid,
    coalesce(a.n, 0)
FROM archive_scienceimage AS s {_COUNTED}
WHERE s.nid = %(nid)s ORDER BY s.obsjd, s.rcid
"""
GOOD = (
    *("jd", "field", "rcid", "ra0", "dec0", "nalertpackets", "programid", "expid", "fid", "scimaglim", "diffmaglim"),
    *("sciinpseeing", "difffwhm", "exptime", "subtractionstatus", "status"),
)
_GOOD = f"""
SELECT s.obsjd, s.field, s.rcid, s.ra, s.dec, coalesce(a.n, 0), s.programid, s.expid, s.fid, s.maglimit, d.diffmaglim,
    s.seeing / {PIXEL}, (d.quality->>'psf_fwhm')::float8, s.exptime, d.status, 1 - s.status
FROM archive_scienceimage AS s JOIN archive_differenceimage AS d ON d.pid = s.pid {_COUNTED}
WHERE s.nid = %(nid)s AND s.status = 1 AND d.status = 1 ORDER BY s.obsjd, s.rcid
"""
# One step of the index for each night, however many images it has.
_NIGHTS = """
WITH RECURSIVE found (nid) AS (
  (SELECT nid FROM archive_scienceimage ORDER BY nid LIMIT 1)
  UNION ALL
  SELECT next.nid FROM found CROSS JOIN LATERAL (
    SELECT nid FROM archive_scienceimage WHERE nid > found.nid ORDER BY nid LIMIT 1
  ) AS next
)
SELECT nid FROM found ORDER BY nid
"""
WIDTH = 20  # of a column; the longest header has 17 letters, the longest value as many digits
DECIMALS = {"jd": 7, "ra0": 6, "dec0": 6, "exptime": 3}


class NoSuchNightError(LookupError):
    """A date that is none, or a night without images that the reader may see."""


@dataclass(frozen=True)
class _Statement:
    sql: str
    nid: int

    def as_sql(self, connection: BaseDatabaseWrapper) -> tuple[str, dict]:
        return self.sql, {"nid": self.nid}


@dataclass(frozen=True)
class Summary:
    """A file of a night while the database still delivers it."""

    pieces: Iterator[str]
    rows: Rows
    content_type: str

    def close(self) -> None:
        self.rows.close()


def nights() -> list[date]:
    """The UT dates of nights with images, the first one first."""
    with connections["default" if current_reader() is None else "reader"].cursor() as cursor:
        cursor.execute(_NIGHTS)
        return [date_of_nid(nid) for (nid,) in cursor.fetchall()]


def names(day: str) -> tuple[str, ...]:
    """The files of a night."""
    return f"ztf_recentproc_{day}.json", f"goodsubs_{day}.txt"


def night_of(day: str) -> int:
    """The number of a night, YYYYMMDD, with images that the reader sees.

    Raises
    ------
    NoSuchNightError
    """
    try:
        if len(day) != len("20200924") or whole(day) is None:
            raise ValueError(day)
        nid = nid_of_date(datetime.strptime(day, "%Y%m%d").date())
    except (ValueError, BadIdentifierError) as error:
        raise NoSuchNightError(f"{day[:60]}: nights are named YYYYMMDD, by the UT date") from error
    if not ScienceImage.objects.filter(nid=nid).exists():
        raise NoSuchNightError(f"{day}: there are no images of this night that you may see")
    return nid


def processed(nid: int, reader: Reader) -> Summary:
    """The images of a night as a JSON list of records.

    `qid` is the readout channel, `fwhm` in pixels, `status` 0 where the image is good.
    """
    rows = stream([((), _Statement(_PROCESSED, nid))], reader)
    return Summary(_as_json(rows), rows, "application/json")


def good(nid: int, reader: Reader) -> Summary:
    """The good differences of a night as text, in columns of one width."""
    rows = stream([((), _Statement(_GOOD, nid))], reader)
    return Summary(_as_text(rows), rows, "text/plain; charset=utf-8")


def _as_json(rows: Rows) -> Iterator[str]:
    before = "["
    for batch in rows:
        records = [dict(zip(PROCESSED, map(_finite, row), strict=True)) for row in batch]
        yield before + ",\n".join(map(json.dumps, records))
        before = ",\n"
    yield "[]\n" if before == "[" else "]\n"


def _finite(value: float | int | None) -> float | int | None:
    return value if value is None or math.isfinite(value) else None


def _as_text(rows: Rows) -> Iterator[str]:
    yield "|".join(f" {name:^{WIDTH}} " for name in GOOD) + "\n"
    yield "+".join("-" * (WIDTH + 2) for _ in GOOD) + "\n"
    count = 0
    for batch in rows:
        count += len(batch)
        yield "".join(_line(row) for row in batch)
    yield f"({count} rows)\n"


def _line(row: Sequence) -> str:
    return "|".join(f" {_shown(name, value):>{WIDTH}} " for name, value in zip(GOOD, row, strict=True)) + "\n"


def _shown(name: str, value: float | int | None) -> str:
    if value is None:
        return ""
    return f"{value:.{DECIMALS.get(name, 4)}f}" if isinstance(value, float) else str(value)
