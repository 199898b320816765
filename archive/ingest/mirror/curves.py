"""Light curves of another archive, handed to the application that keeps them."""

from __future__ import annotations

import pandas as pd

from archive.ingest.keepers import MIRRORED_CURVES, NoKeeperError, keeper
from archive.survey.camera import rcid
from archive.survey.identifiers import make_pid

COLUMNS = (
    "oid", "expid", "mjd", "mag", "magerr", "catflags", "filtercode", "ra", "dec", "chi", "sharp", "filefracday",
    "field", "ccdid", "qid", "programid",
)  # fmt: skip


def with_images(table: pd.DataFrame) -> pd.DataFrame:
    """The points with the science images that they were measured on (`pid`)."""
    channels = [rcid(int(ccd), int(q)) for ccd, q in zip(table.ccdid, table.qid, strict=True)]
    pids = [make_pid(int(expid), channel) for expid, channel in zip(table.expid, channels, strict=True)]
    return table[list(COLUMNS)].assign(pid=pids, rcid=channels)


def ingest(table: pd.DataFrame, origin: str) -> int:
    """Hand points (COLUMNS and `pid`, whose images are here) of an origin over; returns how many were taken.

    Raises
    ------
    NoKeeperError
    """
    try:
        take = keeper(MIRRORED_CURVES)
    except NoKeeperError as reason:
        raise NoKeeperError(f"light curves: {reason}") from reason
    return take(table, origin)
