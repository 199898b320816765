"""Light curves as products of ObsCore."""

from __future__ import annotations

from archive.services.vo.obscore import branches
from archive.services.vo.obscore.publishing import add

# The tier of most programs among those that row-level security lets a reader see.
_POINTS = """(SELECT t.nobs FROM lightcurves_sourcestatistics AS t
    WHERE t.oid = o.oid ORDER BY cardinality(t.programs) DESC LIMIT 1)"""
ADDRESS = "/cgi-bin/ZTF/nph_light_curves?FORMAT=votable&ID="


def open_products() -> None:
    """Add one row for each object: its light curve."""
    query = branches.select(
        "lightcurves_source AS o",
        **branches.common("lc", "o.oid", "o") | branches.of_filter("o.fid"),
        dataproduct_type="'timeseries'",
        dataproduct_subtype="'lightcurve'",
        calib_level="3",
        o_ucd="'phot.mag'",
        obs_id="o.oid",
        obs_title="'ZTF light curve ' || o.oid || ' ' || o.filtercode",
        target_name="o.oid",
        access_url=f"{branches.SITE} || '{ADDRESS}' || o.oid",
        access_format="'application/x-votable+xml'",
        s_ra="o.ra",
        s_dec="o.dec",
        t_xel=_POINTS,
        field="o.field",
        ccdid="o.ccdid",
        qid="o.qid",
    )
    add("lc", query, ("lightcurves_source", "lightcurves_sourcestatistics"))
