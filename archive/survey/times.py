"""Julian dates, modified Julian dates and datetimes, all UTC. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MJD_ZERO = 2400000.5
"""Julian date at which modified Julian dates begin."""
JD_UNIX_EPOCH = 2440587.5
"""Julian date of 1970-01-01, at which Unix time begins."""
MJD_UNIX_EPOCH = JD_UNIX_EPOCH - MJD_ZERO
"""Modified Julian date of 1970-01-01."""
JD_J2000 = 2451545.0
"""Julian date of the epoch J2000.0."""
DAYS_PER_JULIAN_YEAR = 365.25
SECONDS_PER_DAY = 86400


def date_of_jd(jd: float) -> datetime:
    """UTC date and time of a Julian date."""
    return datetime.fromtimestamp(0, UTC) + timedelta(days=jd - JD_UNIX_EPOCH)


def utc_text(jd: float) -> str:
    """UTC of a Julian date to the nearest second, as people read it."""
    return f"{date_of_jd(jd) + timedelta(seconds=0.5):%Y-%m-%d %H:%M:%S}"


def julian_date(when: datetime) -> float:
    """Julian date of a date and time that says its offset."""
    return when.timestamp() / SECONDS_PER_DAY + JD_UNIX_EPOCH


def julian_year(jd: float) -> float:
    """Epoch of a Julian date in Julian years: 2000.0 at J2000."""
    return 2000.0 + (jd - JD_J2000) / DAYS_PER_JULIAN_YEAR
