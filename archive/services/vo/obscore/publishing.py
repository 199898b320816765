"""Opening ObsCore to queries; other apps add the kinds of products that they hold."""

from __future__ import annotations

from archive.services.vo.adql import Parts, Region, Shifted
from archive.services.vo.obscore.branches import CORNERS, LARGEST_CCD, LONGEST, TIMES, TYPES, ours
from archive.services.vo.obscore.columns import HIDDEN, OBSCORE
from archive.services.vo.obscore.identifiers import COLLECTION, parts_of
from archive.services.vo.obscore.obsplan import publish_exposures
from archive.services.vo.schema.published import publish_query
from archive.survey.times import MJD_ZERO
from archive.tables.dictionary import Column, Table

ROWS = 10**9
FOOTPRINT = Region(CORNERS, ("s_ra", "s_dec"), LARGEST_CCD)
BEHIND: dict[str, Shifted | Parts] = {
    "t_min": Shifted("jd", MJD_ZERO),
    "t_max": Shifted("jd", MJD_ZERO, LONGEST),
    "obs_publisher_did": Parts(parts_of),
}
USES = ("archive_scienceimage",)  # a view needs a table that is there
_branches: dict[str, tuple[str, tuple[str, ...]]] = {}
CAOM_OBSERVATION = Table(
    "caom.observation",
    "Collections of images, as astroquery's Irsa.list_collections asks for them",
    (Column("obsid", "char", "Identifier of the collection"), Column("collection", "char", "Name of the collection")),
)
CAOM_PLANE = Table(
    "caom.plane",
    "Kinds of products in each collection, as astroquery's Irsa.list_collections asks for them",
    (
        Column("obsid", "char", "Identifier of the collection"),
        Column("dataproducttype", "char", "Kind of product: image, timeseries or measurements"),
    ),
)


def publish_observations() -> None:
    """Open ivoa.obscore, and the names of collections where IRSA's clients look for them."""
    for family, (query, uses) in ours().items():
        add(family, query, uses)
    kinds = ", ".join(f"('{COLLECTION}', '{kind}')" for kind in ("image", "timeseries", "measurements"))
    publish_exposures()
    publish_query(CAOM_OBSERVATION, f"SELECT '{COLLECTION}' AS obsid, '{COLLECTION}' AS collection", 1, USES)
    publish_query(CAOM_PLANE, f"SELECT * FROM (VALUES {kinds}) AS kinds (obsid, dataproducttype)", 3, USES)


def add(family: str, query: str, uses: tuple[str, ...]) -> None:
    """Add a kind of product: a SELECT of `branches.select` and the tables that it reads."""
    _branches[family] = (query, uses)
    whole = " UNION ALL ".join(query for query, _ in _branches.values())
    tables = tuple(sorted({table for _, uses in _branches.values() for table in uses}))
    publish_query(OBSCORE, whole, ROWS, tables, TIMES, tuple(HIDDEN), {"s_region": FOOTPRINT}, BEHIND)


__all__ = ["TYPES", "add", "publish_observations"]
