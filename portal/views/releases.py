"""Data releases."""

import tempfile
from collections.abc import Iterator

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render

from archive.access.reading import Reader, reading
from archive.models import Release
from archive.releases import holdings
from archive.releases import manifest as manifests


def release_list(request: HttpRequest) -> HttpResponse:
    """The releases that are public, newest first; others are for staff who read all of their programs."""
    return render(request, "portal/releases.html", {"releases": _releases(request).prefetch_related("programs")})


def release_page(request: HttpRequest, name: str) -> HttpResponse:
    """A release's contents, counted with this reader's rights."""
    release = get_object_or_404(_releases(request), name=name)
    return render(request, "portal/release.html", {"release": release, "holdings": holdings(release)})


def manifest(request: HttpRequest, name: str, kind: str) -> HttpResponse:
    """Every file of a release with its size and checksum, as CSV or Parquet."""
    release = get_object_or_404(_releases(request).exclude(frozen=None), name=name)
    file_name = f"ztf-{release.name}-manifest.{kind}"
    if kind == "csv":
        headers = {"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "private, no-cache"}
        return StreamingHttpResponse(
            _csv(release, request.reader), content_type="text/csv; charset=utf-8", headers=headers
        )
    if kind != "parquet":
        raise Http404(f"manifest.{kind}: use manifest.csv or manifest.parquet")
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    manifests.write_parquet(release, file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=file_name, headers={"Cache-Control": "private, no-cache"})


def _csv(release: Release, reader: Reader) -> Iterator[bytes]:
    with reading(reader):
        yield from manifests.as_csv(release)


def _releases(request: HttpRequest):
    releases = Release.objects.all()
    return releases if request.user.is_staff else releases.filter(state=Release.State.PUBLIC)
