"""Times of rows as text: one form for each dialect."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

HALF_A_MILLISECOND = timedelta(microseconds=500)


def iso(value):
    """A time or date as TAP, pages of queries and the data access layer write it; any other value as it is."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return value.isoformat() if isinstance(value, date) else value


def spaced(value):
    """A time as the portal's tables write it, with a blank between day and time; any other value as it is."""
    return value.isoformat(sep=" ", timespec="milliseconds") if isinstance(value, datetime) else value


def irsa(value):
    """A time as IRSA's tables write it: 2018-11-11 08:53:07.789+00, without zeros at the end; others as they are."""
    if not isinstance(value, datetime):
        return value
    moment = value.astimezone(UTC) + HALF_A_MILLISECOND
    fraction = f".{moment.microsecond // 1000:03}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction}+00"
