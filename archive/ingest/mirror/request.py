"""A request to mirror products of another archive, and the searches and files that it means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256

from archive.survey.camera import FILTER_BY_CODE
from archive.survey.filenames import (
    CALTYPE_STEMS,
    REF_SUFFIXES,
    SCI_SUFFIXES,
    cal_name,
    raw_name,
    ref_name,
    sci_name,
)

FAMILIES = ("sci", "ref", "raw", "cal")
DEFAULT_SUFFIXES = {"sci": ("sciimg.fits",), "ref": ("refimg.fits",)}
LARGEST_RADIUS = 5.0  # deg
AT_ONCE = 100  # identifiers in one condition


class BadMirrorRequestError(ValueError):
    """A request that cannot be asked; the message names the part, its value, and what would be right."""


@dataclass(frozen=True)
class Quadrant:
    """A field, or a part of it."""

    field: int
    ccdid: int | None = None
    qid: int | None = None
    filtercode: str | None = None

    def where(self, family: str) -> str:
        """The condition on a family's metadata; raw files hold all quadrants of a CCD."""
        parts = {"field": self.field, "ccdid": self.ccdid, "qid": None if family == "raw" else self.qid}
        conditions = [f"{name}={value}" for name, value in parts.items() if value is not None]
        return " AND ".join([*conditions, *([f"filtercode='{self.filtercode}'"] if self.filtercode else [])])


@dataclass(frozen=True)
class Search:
    """One search of a family's metadata."""

    family: str
    where: str = ""
    place: tuple[float, float] | None = None
    size: float = 0.0


@dataclass(frozen=True)
class MirrorRequest:
    """A request for products to be mirrored.

    positions : (ra, dec), ICRS degrees; with `radius` (deg) images that overlap a box of twice that width, else those
        that cover the position
    quadrants : fields or parts of them
    suffixes : of the files, for all families together; none: the rows only
    where : a further condition on the metadata of science images and raw files, in IBE's SQL
    light_curves : of the positions, within `curve_radius` degrees
    """

    families: tuple[str, ...] = ("sci",)
    suffixes: tuple[str, ...] | None = None
    positions: tuple[tuple[float, float], ...] = ()
    radius: float = 0.0
    quadrants: tuple[Quadrant, ...] = ()
    where: str = ""
    since: float | None = None  # JD
    until: float | None = None  # JD
    light_curves: bool = False
    curve_radius: float = 2.0 / 3600
    collection: str = ""

    def __post_init__(self):
        if unknown := [name for name in self.families if name not in FAMILIES]:
            raise BadMirrorRequestError(f"families={unknown[0]}: use some of {', '.join(FAMILIES)}")
        if not 0 <= self.radius <= LARGEST_RADIUS:
            raise BadMirrorRequestError(f"radius={self.radius}: give 0 to {LARGEST_RADIUS:g} degrees")
        if not (self.positions or self.quadrants):
            raise BadMirrorRequestError("nothing is asked for: give a position, a field, or a list")
        if self.light_curves and not self.positions:
            raise BadMirrorRequestError("light curves are asked for by position: give one, or a list")
        for one in self.quadrants:
            if one.filtercode is not None and one.filtercode not in FILTER_BY_CODE:
                raise BadMirrorRequestError(f"filter={one.filtercode}: use one of {', '.join(FILTER_BY_CODE)}")
        for suffix in self.suffixes or ():
            if suffix != "fits.fz" and self._families_of(suffix) == ():
                known = (*SCI_SUFFIXES, *REF_SUFFIXES, *(f"{stem}.fits" for stem in CALTYPE_STEMS.values()))
                raise BadMirrorRequestError(
                    f"suffixes={suffix}: no file ends so; there are {', '.join(dict.fromkeys(known))}"
                )

    @property
    def digest(self) -> str:
        """A short name of this request."""
        return sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()[:16]

    def searches(self, family: str) -> Iterator[Search]:
        """The searches that find a family's rows; calibrations are found by the images that were made with them."""
        condition = " AND ".join(filter(None, [f"({self.where})" if self.where else "", *self._times()]))
        condition = condition if family in ("sci", "raw") else ""
        for place in self.positions:
            yield Search(family, condition, place, 2 * self.radius)
        for quadrant in self.quadrants:
            yield Search(family, " AND ".join(filter(None, [quadrant.where(family), condition])))

    def suffixes_of(self, family: str) -> tuple[str, ...]:
        """The suffixes of the files of a family that are asked for."""
        if self.suffixes is None:
            return DEFAULT_SUFFIXES.get(family, ("",))
        if family == "raw":
            return ("",)
        mine = [suffix for suffix in self.suffixes if family in self._families_of(suffix)]
        return tuple(sorted(mine, key=lambda suffix: suffix != "sciimg.fits"))  # it brings the row of the others

    def paths(self, family: str, row) -> list[str]:
        """The files wanted of one row of metadata."""
        return [path_of(family, row, suffix) for suffix in self.suffixes_of(family)]

    def _times(self) -> list[str]:
        limits = [("obsjd>=", self.since), ("obsjd<", self.until)]
        return [f"{name}{value:.6f}" for name, value in limits if value is not None]

    def _families_of(self, suffix: str) -> tuple[str, ...]:
        found = [("sci", suffix in SCI_SUFFIXES), ("ref", suffix in REF_SUFFIXES)]
        found += [("cal", suffix.startswith(tuple(CALTYPE_STEMS.values())))]
        return tuple(family for family, has in found if has and family in self.families)


def path_of(family: str, row, suffix: str) -> str:
    """The path in the product tree of a file of one row of metadata."""
    if family == "sci":
        name = sci_name(
            int(row.filefracday), int(row.field), row.filtercode, int(row.ccdid), int(row.qid), suffix, row.imgtypecode
        )
    elif family == "raw":
        name = raw_name(int(row.filefracday), int(row.field), row.filtercode, int(row.ccdid), row.imgtypecode)
    elif family == "ref":
        name = ref_name(int(row.field), row.filtercode, int(row.ccdid), int(row.qid), suffix)
    else:
        suffix = suffix or f"{CALTYPE_STEMS[row.caltype]}.fits"
        name = cal_name(int(row.nightdate), row.caltype, row.filtercode, int(row.ccdid), int(row.qid), suffix)
    return name.path
