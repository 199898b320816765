"""Files of releases' light curves over HTTP, in IRSA's folders: HATS collections and bulk files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, register_converter
from django.views.decorators.http import require_safe

from archive.files.delivery import deliver_path, private
from archive.requests.parameters import takes
from lightcurves.download import served

HATS_TREE, BULK_TREE, OLD_BULK_TREE = "ztf/enhanced/", "data/ZTF/lc/", "data/ZTF/"
BULK_FOLDER = "lc_"  # before a release's name
NAME_WIDTH = 60
UNITS = " KMGT"


class ReleaseFile:
    """A path below a release's name, which is its first part; folders and names of HATS have equals signs."""

    regex = r"[A-Za-z0-9_./=-]+"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ReleaseFile, "releasefile")


@dataclass(frozen=True)
class Line:
    """An entry of a list: what it is called, when it was written, and its size in the largest unit."""

    name: str
    written: datetime | None = None
    size: str = "-"

    @property
    def blanks(self) -> str:
        return " " * max(1, NAME_WIDTH - len(self.name))


@require_safe
def hats_releases(request: HttpRequest) -> HttpResponse:
    """The releases with HATS collections."""
    return _listed(request, [Line(f"{name}/") for name in served.releases()], parent=False)


@require_safe
@takes("columns", "filters")
def hats_file(request: HttpRequest, path: str) -> HttpResponseBase:
    """A file or folder of a release's HATS collections.

    LSDB says in its addresses which columns and rows it will use (`columns`, `filters`), for servers that cut files to
    measure: here it gets any part of the file as it stands, and takes these out of it.
    """
    release, _, rest = path.partition("/")
    return _answer(request, release, served.HATS, rest, path)


@require_safe
def bulk_releases(request: HttpRequest) -> HttpResponse:
    """The releases with bulk files."""
    return _listed(request, [Line(f"{BULK_FOLDER}{name}/") for name in served.releases()], parent=False)


@require_safe
def bulk_file(request: HttpRequest, path: str) -> HttpResponseBase:
    """A file or folder of a release's bulk files."""
    release, _, rest = path.partition("/")
    return _answer(request, release, served.BULK, rest, path)


def _answer(request: HttpRequest, release: str, kind: str, rest: str, path: str) -> HttpResponseBase:
    try:
        found = served.place_of(release, kind, rest)
    except served.NotServedError as error:
        raise Http404(str(error)) from error
    if found.is_file():
        state = found.stat()
        return deliver_path(request, found, f"{state.st_mtime_ns:x}-{state.st_size:x}")
    if not path.endswith("/"):  # names in a list are relative to their folder
        return HttpResponseRedirect(f"{request.path}/")
    return _listed(request, [_line(one) for one in sorted(found.iterdir()) if one.name[0] != "."])


def _line(path: Path) -> Line:
    state = path.stat()
    written = datetime.fromtimestamp(state.st_mtime, UTC)
    return Line(f"{path.name}/", written) if path.is_dir() else Line(path.name, written, _short(state.st_size))


def _short(size: float) -> str:
    """A size as Apache's lists tell it: 512, 1.2K, 35M."""
    unit = 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.1f}{UNITS[unit]}" if unit and size < 10 else f"{size:.0f}{UNITS[unit].strip()}"


def _listed(request: HttpRequest, lines: list[Line], parent: bool = True) -> HttpResponse:
    context = {"address": request.path, "lines": lines, "parent": parent}
    response = render(request, "irsa/index_of.html", context)
    for name, value in private().items():
        response[name] = value
    return response


urlpatterns = [
    path(HATS_TREE, hats_releases, name="hats-releases"),
    path(f"{HATS_TREE}<releasefile:path>", hats_file, name="hats-file"),
    path(BULK_TREE, bulk_releases, name="bulk-releases"),
    path(f"{BULK_TREE}{BULK_FOLDER}<releasefile:path>", bulk_file, name="bulk-file"),
    path(f"{OLD_BULK_TREE}{BULK_FOLDER}<releasefile:path>", bulk_file, name="bulk-file-of-old"),
]
