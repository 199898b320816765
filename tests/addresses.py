"""Every address of the portal, from its URL configuration, for tests that walk over all of them."""

from __future__ import annotations

import re
from uuid import uuid4

from django.urls import URLPattern, URLResolver, get_resolver


def patterns(resolver=None, before: str = ""):
    """Every pattern of the URL configuration but the admin's, with all that stands before it."""
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            yield before + str(one.pattern), one
        elif isinstance(one, URLResolver) and one.namespace != "admin":
            yield from patterns(one, before + str(one.pattern))


ADDRESSES = {pattern.name or route: route for route, pattern in patterns()}


def filled(route: str, values) -> str:
    """A path of a route, its parts taken from `values`."""
    path = re.sub(r"\(\?P<\w+>[^()]*(?:\([^()]*\)[^()]*)*\)", lambda _: next(values), route)
    path = re.sub(r"<(?:\w+:)?\w+>", lambda _: next(values), path)
    return "/" + path.replace("^", "").replace("$", "").replace("\\.", ".").replace("/?", "/")


GOOD = {
    "int": "1",
    "uuid": str(uuid4()),
    "filter": "zg",
    "tile": "png",
    "script": "curl",
    "imagekind": "images",
    "slug": "dr1",
    "alertkind": "public",
    "channel": "rc50",
    "plane": "science",
    "sourcekind": "alerts",
    "chartform": "png",
    "releasefile": "dr1/lc/hats/collection.properties",
}
NAMED = {
    "filtercode": "zg", "name": "Moc.fits", "kind": "science", "extension": "fits", "path": "sci", "service": "sia2",
    "release": "open", "folder": "fr000651-000700", "day": "20200924",
}  # fmt: skip


def well_formed(route: str) -> str:
    """A path of a route that its view takes."""
    path = re.sub(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\)[^()]*)*\)", lambda one: NAMED[one[1]], route)
    path = re.sub(r"<(?:(\w+):)?(\w+)>", lambda one: GOOD.get(one[1], NAMED.get(one[2], "x")), path)
    return "/" + path.replace("^", "").replace("$", "").replace("\\.", ".").replace("/?", "/")
