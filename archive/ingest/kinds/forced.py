"""Texts of forced photometry: what they tell, read in the sandbox and checked, for whoever keeps forced points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from archive.ingest import values
from archive.ingest.door import Copy
from archive.ingest.errors import RefusedError
from archive.ingest.keepers import FORCED_FILES, NoKeeperError, keeper
from archive.ingest.parsing import parse

MODEL = "forcedpoint"
OF_POSITION = ("ra", "dec")


@dataclass(frozen=True)
class Told:
    """Forced photometry at one position (deg): a row an image, columns as the service names them, not known null."""

    name: str
    ra: float
    dec: float
    rows: pd.DataFrame


def ingest(copy: Copy, may_open: bool) -> int:
    """The points of a file; returns how many.

    Raises
    ------
    RefusedError
    """
    try:
        keep = keeper(FORCED_FILES)
    except NoKeeperError as reason:
        raise RefusedError(f"{copy.name}: forced photometry: {reason}") from reason
    names = [name for name in values.RULES[MODEL] if name not in OF_POSITION]
    found = parse("forced:read", copy, needed=names)
    place = values.checked(MODEL, {name: found[name] for name in OF_POSITION}, copy.name)
    rows = values.checked_table(MODEL, pd.DataFrame(found["rows"]), copy.name)
    wrong = rows.pid // 100 % 100 != 4 * (rows.ccdid - 1) + rows.qid
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise RefusedError(
            f"{copy.name}: row {row}: pid={rows.pid[row]}: is not of CCD {rows.ccdid[row]}, qid {rows.qid[row]}"
        )
    if rows.pid.duplicated().any():
        raise RefusedError(
            f"{copy.name}: pid={rows.pid[rows.pid.duplicated()].iloc[0]}: an image gives one point, not two"
        )
    return keep(Told(copy.name, place["ra"] % 360, place["dec"], rows), may_open)
