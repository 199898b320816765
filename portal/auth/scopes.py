"""The scope that a token must have, by the address that is asked for.

Every address that hands out data stands here. One that does not is open to tokens of scope `all` only, and those that
change an account or the archive to none.
"""

from __future__ import annotations

import re

from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve

from archive.models import Scope
from archive.requests import json_text
from portal.workbench.sources import KINDS

OPEN: frozenset[str] = frozenset()
JOB = ("parameters", "results", "result", "error", "phase", "executionduration", "destruction", "quote", "owner")
TAP = (
    *("tap-sync", "tap-async", "tap-tables", "tap-table", "tap-load", "tap-update", "tap-kept", "tap-job"),
    *(f"tap-job-{name}" for name in JOB),
)
CATALOGS = ("cat.fits", "cat.fits.fz", "psfcat.fits", "sexcat.fits")
NEEDS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("help", "api-docs", "api-schema", "api-resolve", "releases", "release"), OPEN),
    **dict.fromkeys(("find", "suggestions", "search-plot", "basket", "region", "known-objects"), OPEN),
    **dict.fromkeys(("robots", "sitemap", "share-picture", "gallery"), OPEN),
    **dict.fromkeys(("release-manifest", "sign-in", "sign-out", "object-document", "object-own"), OPEN),
    **dict.fromkeys(("tap-capabilities", "tap-availability", "tap-examples"), OPEN),
    "home": frozenset({Scope.IMAGES, Scope.ALERTS, Scope.LIGHTCURVES}),
    **dict.fromkeys(
        (
            "images",
            "image-facets",
            "narrow",
            "chosen-rows",
            "image-list",
            "image",
            "reference",
            "cutouts",
            "picture",
            "cutout",
            "quality",
            "moving",
        ),
        frozenset({Scope.IMAGES}),
    ),
    **dict.fromkeys(("image-view", "image-plane", "image-chart"), frozenset({Scope.IMAGES})),
    **dict.fromkeys(
        ("api-images", "api-image", "api-reference", "api-cutout", "api-moving"), frozenset({Scope.IMAGES})
    ),
    **dict.fromkeys(
        ("order-bundle", "jobs", "job", "job-result", "api-jobs", "api-job"), frozenset({Scope.IMAGES, Scope.CATALOGS})
    ),
    **dict.fromkeys(
        ("alerts", "narrow-alerts", "chosen-alerts", "alert", "packet", "stamp", "api-alerts", "api-alert"),
        frozenset({Scope.ALERTS}),
    ),
    **dict.fromkeys(("alert-plot", "alert-lightcurve"), frozenset({Scope.ALERTS})),
    **dict.fromkeys(("alert-nights", "alert-night-sums", "alert-night"), frozenset({Scope.ALERTS})),
    **dict.fromkeys(
        (
            "objects",
            "narrow-objects",
            "chosen-objects",
            "object",
            "object-lightcurve",
            "object-points",
            "object-periodogram",
            "irsa-periodogram",
            "irsa-light-curves",
            "gator-query",
            "api-snad-objects",
            "api-snad-objects-meta",
            "api-snad-circle",
            "api-snad-circle-meta",
            "matchfile-fields",
            "matchfile-folder",
            "matchfile",
            "hats-file",
            "bulk-file",
            "bulk-file-of-old",
        ),
        frozenset({Scope.LIGHTCURVES}),
    ),
    **dict.fromkeys(("object-neighbours", "object-figure", "saved-periods"), frozenset({Scope.LIGHTCURVES})),
    **dict.fromkeys(
        ("object-limits", "object-forced", "object-cutouts", "object-exposures"),
        frozenset({Scope.LIGHTCURVES, Scope.IMAGES}),
    ),
    "object-alerts": frozenset({Scope.LIGHTCURVES, Scope.ALERTS}),
    **dict.fromkeys(
        (
            "order-export",
            "light-curve-list",
            "order-matchfiles",
            "api-objects",
            "api-object",
            "api-lightcurves",
            "api-matchfiles",
        ),
        frozenset({Scope.LIGHTCURVES}),
    ),
    **dict.fromkeys(("tap", "query", "query-words", "query-plot", *TAP), frozenset({Scope.TAP})),
    **dict.fromkeys(
        (
            *("forced", "forced-job", "forced-document", "forced-result", "forced-file", "forced-request"),
            *("forced-batch", "forced-requests", "forced-batch-requests"),
            *("forced-points", "api-forced", "api-forced-job", "api-forced-result", "api-forced-points"),
        ),
        frozenset({Scope.IMAGES, Scope.CATALOGS}),
    ),
    **dict.fromkeys(
        (
            "ibe-home",
            "api-snad-help",
            "api-snad-releases",
            "ibe-docs",
            "ibe-docs-table",
            "ibe-missions",
            "ibe-datasets",
            "ibe-tables",
            "irsa-login",
            "irsa-logout",
        ),
        OPEN,
    ),
    **dict.fromkeys(("gator-scan", "gator-dd", "matchfile-channels", "hats-releases", "bulk-releases"), OPEN),
    **dict.fromkeys(
        (
            "ibe-search",
            "ibe-root",
            "ibe-archive-root",
            "ibe-products-root",
            "script",
            "sky",
            "sky-region",
            "target-list",
            "movie",
            "comparison",
            "moving-cutouts",
            "api-cutouts",
            "api-movie",
        ),
        frozenset({Scope.IMAGES}),
    ),
    **dict.fromkeys(
        ("dal-capabilities", "dal-availability", "irsa-sia-capabilities", "irsa-sia-availability", "registry"), OPEN
    ),
    **dict.fromkeys(
        ("sia", "irsa-sia", "irsa-sia1", "datalink", "soda-sync", "soda-async", "soda-job"), frozenset({Scope.IMAGES})
    ),
    **dict.fromkeys(
        (
            *("soda-job-parameters", "soda-job-results", "soda-job-result", "soda-job-error", "soda-job-phase"),
            *("soda-job-executionduration", "soda-job-destruction", "soda-job-quote", "soda-job-owner"),
        ),
        frozenset({Scope.IMAGES}),
    ),
    **dict.fromkeys(("scs", "scs-irsa"), frozenset({Scope.TAP})),
    **dict.fromkeys(("depot", "depot-night"), frozenset({Scope.IMAGES})),
    "depot-file": frozenset({Scope.IMAGES, Scope.ALERTS}),
    **dict.fromkeys(
        ("hips", "hipslist", "hips-survey", "hips-properties", "hips-whole", "hips-tile", "moc"),
        frozenset({Scope.IMAGES}),
    ),
}
# Searches, whose family decides as well.
OF_ANY_FAMILY = (
    "images",
    "image-facets",
    "image-list",
    "api-images",
    "ibe-search",
    "script",
    "order-bundle",
    "api-jobs",
)
OF_FAMILY = {"alert": frozenset({Scope.ALERTS}), "lc": frozenset({Scope.LIGHTCURVES})}
# Services of data sets, whose identifiers name the family.
OF_DATASETS = ("datalink", "soda-sync", "soda-async", "soda-job", "soda-job-parameters")
_DATASET = re.compile(r"\?([A-Za-z]+)/")  # the family in an identifier of a data set
EVERYTHING = frozenset({Scope.ALL})
NEVER = ("admin", "account")


def needed(request: HttpRequest) -> frozenset[str] | None:
    """The scopes that a token needs for a request, all of them; None: no token will do."""
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return OPEN
    if match.namespaces[:1] == ["admin"] or (match.url_name or "").startswith(NEVER):
        return None
    if match.url_name in ("file", "ibe-data", "ibe-archive", "ibe-products"):
        return _of_file(match.kwargs["path"])
    if match.url_name in OF_DATASETS:
        named = _DATASET.findall(" ".join(_identifiers(request)))
        return NEEDS[match.url_name].union(*(OF_FAMILY.get(one.lower(), OPEN) for one in named))
    if match.url_name == "image-sources":
        return frozenset({Scope.IMAGES, Scope(KINDS[match.kwargs["kind"]].scope)})
    if match.url_name in OF_ANY_FAMILY:
        return NEEDS[match.url_name].union(*(OF_FAMILY.get(one, OPEN) for one in _families(request, match.kwargs)))
    return NEEDS.get(match.url_name or "", EVERYTHING)


def allows(scopes: list[str], required: frozenset[str] | None) -> bool:
    """Whether a token's scopes are enough."""
    return required is not None and (Scope.ALL in scopes or required <= set(scopes))


def _identifiers(request: HttpRequest) -> list[str]:
    """All values of ID, a name that DALI takes in any case."""
    sources = (request.GET, request.POST)
    return [one for source in sources for name, values in source.lists() if name.upper() == "ID" for one in values]


def _families(request: HttpRequest, arguments: dict) -> set[str]:
    """Every family that a request names, wherever it may."""
    found = {arguments.get("name", ""), *request.GET.getlist("family"), *request.POST.getlist("family")}
    found.update(*(QueryDict(query).getlist("family") for query in request.POST.getlist("query")))
    if request.content_type == "application/json":
        try:
            body = json_text.loads(request.body or b"{}")
        except ValueError:
            return found  # whoever reads it refuses it
        found.update([str(body.get("family"))] if isinstance(body, dict) else [])
    return found


def _of_file(path: str) -> frozenset[str]:
    if path.startswith("lc/"):
        return frozenset({Scope.LIGHTCURVES})
    if path.startswith("alert/") or path.endswith(".avro"):
        return frozenset({Scope.ALERTS})
    return frozenset({Scope.CATALOGS if path.endswith(CATALOGS) else Scope.IMAGES})
