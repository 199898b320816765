"""Merges the points that a file tells of one object with those that are stored, into the pieces to store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from archive.access.reading import ENGINEERING, PUBLIC
from archive.releases.closing import most_closed
from lightcurves.told import codec

Columns = dict[str, np.ndarray]


class MixedPointsError(ValueError):
    """Points known by their exposures and points known by times only, of one object: nobody can tell which are one."""


@dataclass(frozen=True)
class Piece:
    """Points of one object and program that are here; public_date: that of its row."""

    programid: int
    public_date: datetime | None
    by_exposure: bool
    data: bytes

    @property
    def rights(self) -> dict:
        return {"programid": self.programid, "public_date": self.public_date}


def by_exposures(oid: int, told: Columns, known: Sequence[Piece], may_open: bool) -> dict[int, Columns]:
    """Points by program: those of exposures that are told anew as they are told, the others as they are.

    A point stays as closed as it is, unless `may_open`.

    Raises
    ------
    MixedPointsError
    """
    if any(not piece.by_exposure for piece in known):
        raise MixedPointsError(f"object {oid}: is known by times only (a data release's), this file tells exposures")
    told = _each_once(oid, told)
    if not known:
        return _by_program(told)
    counts, before = codec.unpack([(oid, piece.programid) for piece in known], [piece.data for piece in known])
    before["programid"] = np.repeat(np.array([piece.programid for piece in known]), counts)
    place = np.searchsorted(told["expid"], before["expid"])
    place[place == len(told["expid"])] = 0
    again = told["expid"][place] == before["expid"]
    if not may_open:
        old, row = before["programid"][again], place[again]
        told["programid"][row] = _more_closed(old, told["programid"][row])
    names = [*codec.KINDS, "programid"]
    kept = {name: before[name][~again] for name in names}
    filled = {name: told[name] if name in told else codec.unknown(name, len(told["mag"])) for name in names}
    return _by_program({name: np.concatenate([kept[name], filled[name]]) for name in names})


def by_times(oid: int, told: Columns, rights: Mapping, known: Sequence[Piece], may_open: bool) -> tuple[dict, Columns]:
    """Rights and points of an object whose points are told by their times: all of them, and no other any more.

    Raises
    ------
    MixedPointsError
    """
    if any(piece.by_exposure for piece in known):
        raise MixedPointsError(f"object {oid}: is known by its exposures, this file tells times only")
    if known and not may_open:
        rights = most_closed([*(piece.rights for piece in known), rights])
    order = np.lexsort((told["mag"], told["hmjd"]))
    return dict(rights), {name: values[order] for name, values in told.items()}


def _each_once(oid: int, told: Columns) -> Columns:
    """By exposure; the same point told twice is one."""
    order = np.argsort(told["expid"], kind="stable")
    told = {name: values[order] for name, values in told.items()}
    same = np.append(False, np.diff(told["expid"]) == 0)
    if same.any():
        again = np.flatnonzero(same)
        for name in ("hmjd", "mag"):
            if (differs := told[name][again] != told[name][again - 1]).any():
                row = again[np.argmax(differs)]
                raise ValueError(f"object {oid}: exposure {told['expid'][row]} gives two points; it gives one")
        told = {name: values[~same] for name, values in told.items()}
    return {name: values.copy() for name, values in told.items()}


def _by_program(points: Columns) -> dict[int, Columns]:
    found = {}
    for program in np.unique(points["programid"]).tolist():
        mine = points["programid"] == program
        columns = {name: values[mine] for name, values in points.items() if name in codec.KINDS}
        order = np.lexsort((columns["expid"], columns["hmjd"]))
        found[program] = {name: values[order] for name, values in columns.items()}
    return found


def _more_closed(first: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of two programs the closed first; of two closed ones nobody's."""
    return np.where(
        first == other, first, np.where(first == PUBLIC, other, np.where(other == PUBLIC, first, ENGINEERING))
    )
