"""Tables of reference-image metadata as IRSA serves them (CSV)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from django.db import transaction

from archive.footprints import LINEAR, separation
from archive.ingest.errors import Refused
from archive.models import ReferenceImage
from archive.models.images import CORNERS

COLUMNS = (
    *("infobits", "field", "ccdid", "qid", "rcid", "fid", "filtercode", "rfid", "nframes", "maglimit"),
    *("startobsdate", "endobsdate", "ra", "dec", *LINEAR, *CORNERS, "ipac_pub_date"),
)
BATCH = 5000


def take(path: Path, origin: str) -> int:
    """Rows of reference images that are known by their metadata only; returns how many.

    A reference that was made here is never overwritten by one of another origin.
    """
    table = _read(path)
    table["radius"] = np.max(
        [separation(table.ra, table.dec, table[f"ra{n}"], table[f"dec{n}"]) for n in (1, 2, 3, 4)], axis=0
    )
    renamed = table.rename(columns={"ipac_pub_date": "public_date"})
    updated = [name for name in renamed.columns if name != "rfid"] + ["programid", "origin"]
    with transaction.atomic():
        ours = set(ReferenceImage.objects.exclude(origin=origin).values_list("rfid", flat=True))
        rows = (
            ReferenceImage(programid=1, origin=origin, **_plain(row))
            for row in renamed.to_dict("records")
            if row["rfid"] not in ours
        )
        made = ReferenceImage.objects.bulk_create(
            rows, batch_size=BATCH, update_conflicts=True, unique_fields=["rfid"], update_fields=updated
        )
    return len(made)


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


def _plain(row: dict) -> dict:
    """A row with None where pandas has NaN or NaT."""
    return {name: None if pd.isna(value) else value for name, value in row.items()}
