"""Julian dates, modified Julian dates and datetimes, all UTC. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MJD_ZERO = 2400000.5
"""Julian date at which modified Julian dates begin."""
JD_UNIX_EPOCH = 2440587.5
"""Julian date of 1970-01-01, at which Unix time begins."""


def date_of_jd(jd: float) -> datetime:
    """UTC date and time of a Julian date."""
    return datetime.fromtimestamp(0, UTC) + timedelta(days=jd - JD_UNIX_EPOCH)


def julian_date(when: datetime) -> float:
    """Julian date of a date and time that says its offset."""
    return when.timestamp() / 86400 + JD_UNIX_EPOCH
