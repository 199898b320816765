"""Matchfiles that come in: what they must hold, and who may see them."""

from __future__ import annotations

from pathlib import Path

import tables
from django.utils import timezone

from archive.access import PUBLIC
from archive.ingest.errors import Refused

TABLES = ("exposures", "sources", "sourcedata", "transients", "transientdata")


def rights_of(path: Path) -> dict:
    """`programid` and `public_date` of a matchfile, from the programs of its exposures and points.

    One with points of programs besides the public one is theirs until its rights are changed by hand.

    Raises
    ------
    Refused
        if it is no matchfile, or holds points of more than one closed program: no single right would do.
    """
    try:
        with tables.open_file(path) as file:
            missing = [name for name in TABLES if f"/matches/{name}" not in file]
            if missing:
                raise Refused(f"{path.name}: no matchfile (no table /matches/{missing[0]})")
            named = (file.get_node(f"/matches/{name}") for name in ("exposures", "sourcedata", "transientdata"))
            programs = {program for table in named for program in table.col("programid").tolist()}
    except (OSError, tables.HDF5ExtError, KeyError) as error:
        raise Refused(f"{path.name}: not a matchfile that can be read ({type(error).__name__})") from error
    closed = sorted(programs - {PUBLIC})
    if len(closed) > 1:
        raise Refused(f"{path.name}: holds points of programs {closed}; a file belongs to one besides the public one")
    if closed:
        return {"programid": closed[0], "public_date": None}
    return {"programid": PUBLIC, "public_date": timezone.now()}
