"""Queries to start from: the query page offers them, and so does TAP's /examples (DALI 1.1, section 2.3)."""

from __future__ import annotations

import re

from archive.tables.xml import DECLARATION, Xml, element, joined, lines

EXAMPLES = (
    (
        "Images of a place",
        "SELECT TOP 50 pid, obsdate, filtercode, seeing, maglimit\n"
        "FROM ztf.ztf_current_meta_sci\n"
        "WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 51.1, 18.6, 0.7))\n"
        "ORDER BY obsjd DESC",
    ),
    (
        "The sharpest images",
        "SELECT TOP 20 pid, field, filtercode, seeing, maglimit\n"
        "FROM ztf.ztf_current_meta_sci\n"
        "WHERE infobits = 0\n"
        "ORDER BY seeing",
    ),
    (
        "Alerts of known asteroids",
        "SELECT TOP 100 objectid, candid, jd, ra, dec, magpsf, ssnamenr, ssdistnr\n"
        "FROM ztf.ztf_alerts\n"
        "WHERE ssdistnr >= 0 AND ssdistnr < 5\n"
        "ORDER BY jd DESC",
    ),
    (
        "Images by night and filter",
        "SELECT nid, filtercode, COUNT(*) AS images, AVG(seeing) AS mean_seeing\n"
        "FROM ztf.ztf_current_meta_sci\n"
        "GROUP BY nid, filtercode\n"
        "ORDER BY nid DESC",
    ),
    (
        "Alerts with their images",
        "SELECT TOP 100 a.objectid, a.magpsf, s.seeing, s.maglimit\n"
        "FROM ztf.ztf_alerts AS a\n"
        "JOIN ztf.ztf_current_meta_sci AS s ON a.pid = s.pid\n"
        "WHERE a.rb > 0.8",
    ),
    (
        "What columns there are",
        "SELECT column_name, datatype, unit, description\nFROM tap_schema.columns\nWHERE table_name = 'ztf.ztf_alerts'",
    ),
)


HEAD = f"""{DECLARATION}<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML+RDFa 1.1//EN" "http://www.w3.org/MarkUp/DTD/xhtml-rdfa-2.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en">
<head><title>Examples of queries</title></head>
<body vocab="http://www.ivoa.net/rdf/examples#">
<h1>Examples of queries</h1>
"""
TAIL = "</body>\n</html>\n"


def document(base: str) -> str:
    """The examples as XHTML with RDFa; `base` is TAP's address, without a slash at its end."""
    link = element("a", "TAP", attributes={"property": "capability", "href": "ivo://ivoa.net/std/TAP"})
    capability = lines(element("p", "Queries for ", link, f" at {base}"))
    return HEAD + capability + joined(_example(name, query) for name, query in EXAMPLES) + TAIL


def _example(name: str, query: str) -> Xml:
    key = re.sub(r"[^a-z]+", "-", name.lower())
    tables = dict.fromkeys(re.findall(r"\b(?:ztf|tap_schema)\.\w+", query))
    items = element("ul", *(element("li", table, attributes={"property": "table"}) for table in tables))
    inside = lines(
        element("h2", name, attributes={"property": "name"}),
        element("pre", query, attributes={"property": "query"}),
        joined([element("p", "Tables:"), items]),
    )
    attributes = {"id": key, "resource": f"#{key}", "typeof": "example"}
    return lines(element("div", "\n", inside, attributes=attributes))
