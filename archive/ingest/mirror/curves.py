"""Light curves of another archive. What takes their points in registers here: the archive knows images, not sources."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from archive.survey.camera import rcid
from archive.survey.identifiers import make_pid

COLUMNS = (
    "oid", "expid", "mjd", "mag", "magerr", "catflags", "filtercode", "ra", "dec", "chi", "sharp", "filefracday",
    "field", "ccdid", "qid", "programid",
)  # fmt: skip
Taker = Callable[[pd.DataFrame, str], int]
_takers: list[Taker] = []


class NoTakerError(LookupError):
    """Nothing here keeps light curves."""


def takes_curves(taker: Taker) -> Taker:
    """Register what takes points (COLUMNS and `pid`, whose images are here) of an origin; it returns how many."""
    if taker not in _takers:
        _takers.append(taker)
    return taker


def with_images(table: pd.DataFrame) -> pd.DataFrame:
    """The points with the science images that they were measured on (`pid`)."""
    channels = [rcid(int(ccd), int(q)) for ccd, q in zip(table.ccdid, table.qid, strict=True)]
    pids = [make_pid(int(expid), channel) for expid, channel in zip(table.expid, channels, strict=True)]
    return table[list(COLUMNS)].assign(pid=pids, rcid=channels)


def ingest(table: pd.DataFrame, origin: str) -> int:
    """Hand points over; returns how many were taken."""
    if not _takers:
        raise NoTakerError("light curves: no application that keeps them is installed")
    return sum(taker(table, origin) for taker in _takers)
