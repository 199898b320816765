"""Catalogs by the names that IRSA gives them, and their columns in IRSA's order."""

from __future__ import annotations

from dataclasses import dataclass

from archive.models import Release
from archive.services.protocol.errors import BadRequestError
from archive.tables.dictionary import Column
from lightcurves.download.bulk import releases_with_light_curves
from lightcurves.tables.dictionary import OBJECTS

ALL = "ztf_objects"
TITLE = "ZTF objects: one row for each light curve, with statistics of the points that you see"
LARGEST_RADIUS = 1.0  # deg, of a cone and of the circle around a box or polygon
_KNOWN = {column.name: column for column in OBJECTS.columns}
_COMPUTED = (
    Column("cntr", "long", "Entry counter: the object identifier", ucd="meta.record"),
    Column("htm20", "long", "Number of the triangle of the HTM mesh, level 20", ucd="pos.HTM"),
    Column("x", "double", "Unit vector: cos(dec) cos(ra)", ucd="pos.cartesian.x"),
    Column("y", "double", "Unit vector: cos(dec) sin(ra)", ucd="pos.cartesian.y"),
    Column("z", "double", "Unit vector: sin(dec)", ucd="pos.cartesian.z"),
)
COMPUTED = frozenset(column.name for column in _COMPUTED)
_FIRST = ("cntr", "oid", "ra", "dec", "htm20", "field", "ccdid", "qid", "fid", "filtercode", "x", "y", "z")
_OURS = ("rcid", "colour", "meanra", "meandec", "meanmjd", "pmra", "pmdec", "pmraerr", "pmdecerr")
"""Columns that IRSA's table does not have: they come last."""


def _columns() -> tuple[Column, ...]:
    known = _KNOWN | {column.name: column for column in _COMPUTED}
    middle = [name for name in _KNOWN if name not in (*_FIRST, *_OURS)]
    return tuple(known[name] for name in (*_FIRST, *middle, *_OURS))


COLUMNS = {column.name: column for column in _columns()}
DEFAULT = (*_FIRST[1:], "ngoodobs", "ngoodobsrel", "nobs", "nobsrel", "refchi", "refmag", "refmagerr", "refsharp",
           "refsnr")  # fmt: skip
"""Columns of an answer unless `selcols` names others; scripts count on their places."""


@dataclass(frozen=True)
class Catalog:
    """Objects: all, or those of the quadrants and filters of which a release holds images."""

    name: str
    title: str
    release: Release | None = None


def catalogs() -> list[Catalog]:
    """Every catalog, the one of all objects first."""
    found = [Catalog(ALL, TITLE)]
    for release in releases_with_light_curves().order_by("-published"):
        found.append(Catalog(f"{ALL}_{release.name}", f"{TITLE}; of {release.title}", release))
    return found


def catalog_named(name: str) -> Catalog:
    """A catalog by its name, in any case.

    Raises
    ------
    BadRequestError
        in the words that IRSA's clients look for.
    """
    known = {one.name: one for one in catalogs()}
    found = known.get(name.strip().lower())
    if found is None:
        said = f"catalog={name.strip()[:60]}" if name.strip() else "catalog is missing"
        raise BadRequestError(f"The catalog is not on the list: {said}; there are {', '.join(known)}")
    return found
