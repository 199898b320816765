"""Identifiers of data sets: ivo://AUTHORITY/ztf?FAMILY/NUMBER (IVOA Identifiers 2.0, section 4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.conf import settings

COLLECTION = "ztf"
"""The data collection in the registry, and the name that ObsCore's obs_collection has."""
FAMILIES = ("sci", "ref", "diff", "raw", "cal", "alert", "lc")
LARGEST = 2**63 - 1
_WRITTEN = re.compile(
    r"ivo://(?P<authority>[^/?#]+)/(?P<path>[^?#]*)\?(?P<family>[a-z]+)/(?P<number>[0-9]{1,19})", re.I
)


class UnknownDatasetError(LookupError):
    """A text that is no identifier of ours; the message is for whoever gave it."""


@dataclass(frozen=True)
class Dataset:
    """One product: its family (archive.search.families) and its number there."""

    family: str
    number: int

    def __str__(self) -> str:
        return f"{prefix(self.family)}{self.number}"


def prefix(family: str) -> str:
    """The beginning of a family's identifiers."""
    return f"ivo://{settings.VO_AUTHORITY}/{COLLECTION}?{family}/"


def read(text: str) -> Dataset:
    """The data set that an identifier names; case does not matter.

    Raises
    ------
    UnknownDatasetError
        for anything else.
    """
    found = _WRITTEN.fullmatch(text.strip())
    example = f"{prefix('sci')}1362431771515"
    if found is None:
        raise UnknownDatasetError(f"{text[:200]!r} is no identifier of a data set: give one such as {example}")
    family, number = found["family"].lower(), int(found["number"])
    place = (found["authority"].lower(), found["path"].lower())
    if place != (settings.VO_AUTHORITY.lower(), COLLECTION) or family not in FAMILIES or number > LARGEST:
        raise UnknownDatasetError(f"{text[:200]!r} is not published here: identifiers are such as {example}")
    return Dataset(family, number)


def parts_of(text: str) -> dict[str, str | int] | None:
    """The family and the number that an identifier is made of; None for a text that is none of ours."""
    try:
        dataset = read(text)
    except UnknownDatasetError:
        return None
    return {"family": dataset.family, "number": dataset.number}
