"""For crawlers and previews of links: robots.txt, the sitemap, the picture that stands for the archive."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from archive.models import Release
from portal.plots.share_picture import share_picture

MOST_RELEASES, MOST_PAGES = 1000, 5000
TOOLS = {"genindex.html", "search.html"}  # of the help: nothing to read
BEGINNINGS = ("home", "images", "objects", "alerts", "moving", "sky", "query", "releases", "hips")
"""Pages where searches begin: crawlers may read them, but no search; beside them the help and the releases."""


@require_safe
@cache_control(public=True, max_age=86400)
def robots(request: HttpRequest) -> HttpResponse:
    """The pages that crawlers may read, and the address of the sitemap."""
    context = {"sitemap": request.build_absolute_uri(reverse("sitemap")), "pages": map(reverse, BEGINNINGS)}
    return render(request, "site/robots.txt", context, content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    """The pages that everybody may read, as sitemaps.org has it."""
    pages = [request.build_absolute_uri(path) for path in islice(_paths(), MOST_PAGES)]
    return render(request, "site/sitemap.xml", {"pages": pages}, content_type="application/xml; charset=utf-8")


def _paths() -> Iterator[str]:
    yield from map(reverse, BEGINNINGS)
    public = Release.objects.listed_to(staff=False).order_by("-pk")[:MOST_RELEASES]
    for name in public.values_list("name", flat=True):
        yield reverse("release", args=[name])
    pages = (one.relative_to(settings.DOCS_ROOT).as_posix() for one in settings.DOCS_ROOT.rglob("*.html"))
    yield from (reverse("help") + one for one in sorted(set(pages) - TOOLS))


@require_safe
@cache_control(public=True, max_age=86400)
def picture(request: HttpRequest) -> HttpResponse:
    """The picture that previews of links show; drawn once by each process."""
    return HttpResponse(_picture(), content_type="image/png")


@lru_cache(maxsize=1)
def _picture() -> bytes:
    return share_picture()
