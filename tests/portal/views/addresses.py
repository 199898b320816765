"""Every named address of the portal: those that are pages with what is opened of them, and those that are none."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from archive.survey.identifiers import date_of_nid, nid_of_jd
from tests.portal.views.conftest import OWNER, QUERY, SMALL, Pages
from tests.rights.world import JD

FOREVER = "1990-01-01"  # before anything was observed


def _at(name: str, /, *arguments, **query) -> str:
    address = reverse(name, args=arguments)
    return f"{address}?{urlencode(query)}" if query else address


def pages(made: Pages, who: str) -> dict[str, str]:
    """What somebody ("" or OWNER) opens: of each page its address as it stands, with an answer, and with an empty one.

    The first word of each key is the address's name.
    """
    unit, jobs = made.world.units[0], made.jobs[who]
    found = {
        "home": _at("home"),
        "help": _at("help"),
        "help guide": "/help/guide/search.html",
        "api-docs": _at("api-docs"),
        "gallery": _at("gallery", rows=50),
        "images form": _at("images"),
        "images": _at("images", field=655),
        "images references": _at("images", family="ref"),
        "images plot": _at("images", view="plot"),
        "images histogram": _at("images", view="plot", x="airmass", y="count"),
        "images empty": _at("images", until=FOREVER),
        "images refused": _at("images", field="x", seeing="much"),
        "image-list": _at("image-list"),
        "image": _at("image", unit.pid),
        "image-view": _at("image-view", unit.pid),
        "reference": _at("reference", unit.rfid),
        "quality": _at("quality", field=655),
        "quality empty": _at("quality", until=FOREVER),
        "cutouts form": _at("cutouts"),
        "cutouts": _at("cutouts", position=made.position),
        "cutouts empty": _at("cutouts", position="1 80"),
        "comparison form": _at("comparison"),
        "comparison": _at("comparison", position=made.position),
        "alerts": _at("alerts"),
        "alerts plot": _at("alerts", view="plot"),
        "alerts empty": _at("alerts", until=FOREVER),
        "alerts refused": _at("alerts", since="yesterday-ish"),
        "alert": _at("alert", unit.candid),
        "objects form": _at("objects"),
        "objects": _at("objects", position=made.position, radius=60),
        "objects plot": _at("objects", position=made.position, radius=60, view="plot"),
        "objects empty": _at("objects", position="1 80"),
        "light-curve-list": _at("light-curve-list"),
        "object": _at("object", unit.oid),
        "object-exposures": _at("object-exposures", unit.oid),
        "object folded": _at("object", unit.oid, period=0.7312),
        "moving form": _at("moving"),
        "moving": _at("moving", name="310"),
        "moving plot": _at("moving", name="310", view="plot"),
        "moving empty": _at("moving", name="310", until=FOREVER),
        "releases": _at("releases"),
        "releases empty": _at("releases", night=FOREVER),
        "release": _at("release", "open"),
        "basket": _at("basket"),
        "saved-searches": _at("saved-searches"),
        "jobs": _at("jobs"),
        "job": _at("job", jobs["bundle"].pk),
        "job waiting": _at("job", jobs["waiting"].pk),
        "query": _at("query"),
        "query result": _at("query", query=QUERY),
        "query small": _at("query", query=SMALL),
        "query empty": _at("query", query=f"{QUERY} WHERE pid < 0"),
        "query shared": _at("query", saved=made.query.pk),
        "hips": _at("hips"),
        "sky form": _at("sky"),
        "sky": _at("sky", family="ref", filtercode="zr"),
        "sky empty": _at("sky", until=FOREVER),
        "sky-region": _at("sky-region"),
        "known-objects form": _at("known-objects"),
        "known-objects": _at("known-objects", time="2026-10-27"),
        "target-list": _at("target-list"),
        "forced": _at("forced"),
        "forced-points": _at("forced-points"),
        "forced-job": _at("forced-job", jobs["forced"].pk),
        "forced-job waiting": _at("forced-job", jobs["forced waiting"].pk),
        "ibe-home": _at("ibe-home"),
        "ibe-docs": _at("ibe-docs"),
        "ibe-archive-root": _at("ibe-archive-root"),
        "ibe-archive": _at("ibe-archive", "sci/rights/"),
        "ibe-products-root": _at("ibe-products-root"),
        "ibe-products": _at("ibe-products", "sci/rights/"),
        "depot": _at("depot"),
        "depot-night": _at("depot-night", f"{date_of_nid(nid_of_jd(JD)):%Y%m%d}"),
        "matchfile-channels": _at("matchfile-channels"),
        "matchfile-fields": _at("matchfile-fields", unit.image.rcid),
        "matchfile-folder": _at("matchfile-folder", unit.image.rcid, "fr000651-000700"),
        "alert-nights": _at("alert-nights", "public"),
        "hats-releases": _at("hats-releases"),
        "bulk-releases": _at("bulk-releases"),
        "ibe-missions": _at("ibe-missions"),
        "ibe-datasets": _at("ibe-datasets"),
        "ibe-tables": _at("ibe-tables"),
        "ibe-root": _at("ibe-root"),
        "ibe-data": _at("ibe-data", "sci/rights/"),
        "sign-in": _at("sign-in", next="/account/"),
    }
    if who == OWNER:
        found |= {
            "account": _at("account"),
            "saved-periods": _at("saved-periods"),
            "nights": _at("nights"),
            "night": _at("night", 1000),
        }
    return found


REFUSED = {"images refused", "alerts refused"}  # pages that come with status 400, as they must
NOT_PAGES = frozenset({
    # for crawlers
    "robots", "sitemap", "share-picture",
    # files, pictures and rows
    "file", "picture", "cutout", "image-plane", "image-sources", "image-chart",
    "packet", "stamp", "movie", "moving-cutouts", "release-manifest", "script", "job-result",
    "alert-plot", "alert-lightcurve",
    "forced-document", "forced-result", "forced-file", "query-words", "query-plot", "search-plot",
    "object-document", "object-lightcurve", "object-points", "object-limits", "object-alerts", "object-forced",
    "object-neighbours", "object-cutouts", "object-periodogram", "object-figure",
    "hipslist", "hips-survey", "hips-properties", "hips-whole", "hips-tile", "moc",
    # parts of pages
    "query-jobs", "image-facets",
    # what leads elsewhere
    "find", "suggestions", "sign-out", "tap-kept", "narrow", "narrow-alerts", "narrow-objects", "chosen-rows",
    "chosen-alerts", "chosen-objects",
    # what is only sent to
    "region", "object-own", "order-matchfiles", "order-export", "order-bundle", "account-save-period",
    "account-drop-period", "account-tokens", "account-revoke", "query-order", "query-end", "save-search",
    "forget-search", "tap-load",
    # services for programs
    "tap", "tap-sync", "tap-async", "tap-job", "tap-job-parameters", "tap-job-results", "tap-job-result",
    "tap-job-error", "tap-job-phase", "tap-job-executionduration", "tap-job-destruction", "tap-job-quote",
    "tap-job-owner", "tap-examples", "tap-capabilities", "tap-availability", "tap-tables", "tap-table",
    "sia", "irsa-sia", "irsa-sia-capabilities", "irsa-sia-availability", "irsa-sia1", "tap-update",
    "scs", "datalink", "soda-sync", "soda-async", "soda-job",
    "soda-job-parameters", "soda-job-results", "soda-job-result", "soda-job-error", "soda-job-phase",
    "soda-job-executionduration", "soda-job-destruction", "soda-job-quote", "soda-job-owner", "registry",
    "dal-capabilities", "dal-availability", "ibe-search", "irsa-login", "irsa-logout", "irsa-periodogram",
    "irsa-light-curves", "gator-query", "gator-scan", "gator-dd", "alert-night-sums", "alert-night",
    "api-snad-help", "api-snad-releases", "api-snad-objects", "api-snad-objects-meta", "api-snad-circle",
    "api-snad-circle-meta", "matchfile", "hats-file", "bulk-file", "bulk-file-of-old",
    "depot-file", "ibe-docs-table", "scs-irsa",
    "forced-request", "forced-batch", "forced-requests", "forced-batch-requests",
    "api-schema", "api-cutouts", "api-movie", "api-forced", "api-forced-points", "api-forced-job",
    "api-forced-result", "api-images", "api-image", "api-reference", "api-cutout", "api-alerts", "api-alert",
    "api-objects", "api-object", "api-lightcurves", "api-matchfiles", "api-moving", "api-resolve", "api-jobs",
    "api-job",
})  # fmt: skip
FORMS_OF_IRSA = {
    "gator-scan",
    "forced-request",
    "forced-requests",
    "forced-batch-requests",
    "tap-examples",
}  # HTML for programs
