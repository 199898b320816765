"""Queries that show what there is: on the query page and where TAP lists its examples."""

EXAMPLES = (
    (
        "Images of a place",
        "SELECT TOP 50 pid, obsdate, filtercode, seeing, maglimit\n"
        "FROM ztf.ztf_current_meta_sci\n"
        "WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(51.1, 18.6, 0.7))\n"
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
