"""The source of a file, and the result of taking it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archive.models.base import Origin


@dataclass(frozen=True)
class Taken:
    """The result of taking a file: its family and its number of rows; what was refused (members of a tar), and what
    could not be taken of a file that was (in words).
    """

    family: str
    rows: int
    refused: tuple[str, ...] = field(default=())
    left_out: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Source:
    """The source of a file.

    origin : who made it (archive.models.base.Origin)
    rights : `programid` and `public_date` that another archive gives it; else they follow from its header
    provenance : what is kept of how it came here
    may_open : whether it may open what is closed here
    program : of files that tell of no program (a data release's are public: 1); without it they are closed
    found_at : where it was before it came here; its path, where this is empty
    """

    origin: str = Origin.OURS
    rights: Mapping | None = None
    provenance: Mapping | None = None
    may_open: bool = False
    program: int | None = None
    found_at: str = ""
