"""Tables of reference-image metadata as IRSA serves them (CSV)."""

from __future__ import annotations

import pandas as pd

from archive.access.reading import PUBLIC
from archive.ingest.door import Copy
from archive.ingest.errors import RefusedError
from archive.ingest.kinds import rows
from archive.ingest.parsing import parse
from archive.ingest.source import Source
from archive.models.images import CORNERS
from archive.releases.closing import CLOSED
from archive.sky.footprints import LINEAR

COLUMNS = (
    *("infobits", "field", "ccdid", "qid", "rcid", "fid", "filtercode", "rfid", "nframes", "maglimit"),
    *("startobsdate", "endobsdate", "ra", "dec", *LINEAR, *CORNERS, "ipac_pub_date"),
)
GROUP = "ipac_gid"


def ingest(copy: Copy, source: Source) -> int:
    """Rows of reference images that are known by their metadata only; returns how many.

    A reference that was made here is never overwritten by one of another origin. Rows that name no group are closed,
    unless the source says of which program they are.
    """
    found = parse("metadata:read_csv", copy, needed=list(COLUMNS), further=[GROUP])
    table = pd.DataFrame(found)
    if GROUP not in table.columns:
        rights = {"programid": source.program, "public_date": None} if source.program is not None else CLOSED
        dates = table.pop("ipac_pub_date")
        table = table.assign(
            programid=rights["programid"],
            public_date=rows.moments(dates, "ipac_pub_date", copy.name) if source.program == PUBLIC else None,
        )
    try:
        return rows.ingest("ref", table, source.origin, source.may_open, copy.name)
    except RefusedError as reason:
        raise reason if copy.name in str(reason) else RefusedError(f"{copy.name}: {reason}") from reason
