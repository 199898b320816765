"""Data releases."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from archive.models import Release
from archive.releases import holdings


def release_list(request: HttpRequest) -> HttpResponse:
    """The releases that are public, newest first; drafts are for staff."""
    releases = Release.objects.prefetch_related("programs")
    if not request.user.is_staff:
        releases = releases.filter(state=Release.State.PUBLIC)
    return render(request, "portal/releases.html", {"releases": releases})


def release_page(request: HttpRequest, name: str) -> HttpResponse:
    """What a release holds, counted with this reader's rights."""
    releases = Release.objects.all() if request.user.is_staff else Release.objects.filter(state=Release.State.PUBLIC)
    release = get_object_or_404(releases, name=name)
    return render(request, "portal/release.html", {"release": release, "holdings": holdings(release)})
