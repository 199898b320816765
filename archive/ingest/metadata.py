"""Tables of reference-image metadata as IRSA serves them (CSV)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from archive.access import PUBLIC
from archive.bulk import upsert
from archive.footprints import LINEAR, separation
from archive.ingest.errors import Refused
from archive.models import ReferenceImage
from archive.models.images import CORNERS

COLUMNS = (
    *("infobits", "field", "ccdid", "qid", "rcid", "fid", "filtercode", "rfid", "nframes", "maglimit"),
    *("startobsdate", "endobsdate", "ra", "dec", *LINEAR, *CORNERS, "ipac_pub_date"),
)


def take(path: Path, origin: str) -> int:
    """Rows of reference images that are known by their metadata only; returns how many.

    A reference that was made here is never overwritten by one of another origin.
    """
    table = _read(path)
    table["radius"] = np.max(
        [separation(table.ra, table.dec, table[f"ra{n}"], table[f"dec{n}"]) for n in (1, 2, 3, 4)], axis=0
    )
    table = table.rename(columns={"ipac_pub_date": "public_date"})
    ours = ReferenceImage.objects.exclude(origin=origin).values_list("rfid", flat=True)
    table = table[~table.rfid.isin(list(ours))].drop_duplicates("rfid")
    return upsert(ReferenceImage, table.assign(programid=PUBLIC, origin=origin, quality="{}"))


def _read(path: Path) -> pd.DataFrame:
    try:
        head = pd.read_csv(path, nrows=0)
        missing = [name for name in COLUMNS if name not in head.columns]
        if missing:
            raise Refused(f"{path.name}: not a table of reference metadata (no column {', '.join(missing[:5])})")
        dates = ["startobsdate", "endobsdate", "ipac_pub_date"]
        table = pd.read_csv(path, usecols=list(COLUMNS))
        for name in dates:
            table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    except (pd.errors.ParserError, UnicodeDecodeError, EOFError, OSError, ValueError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"{path.name}: not a readable CSV table ({error})") from error
    wrong = ~(table.ra.between(0, 360, inclusive="left") & table.dec.between(-90, 90))
    if wrong.any():
        first = table[wrong].iloc[0]
        raise Refused(f"{path.name}: rfid={first.rfid} has position {first.ra}, {first.dec}")
    return table
