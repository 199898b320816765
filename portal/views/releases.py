"""Data releases."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from archive.access.reading import Reader, reading
from archive.forms import problems
from archive.models import Release
from archive.releases import holdings
from archive.releases import manifest as manifests
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.services.vo.calls import calls
from archive.services.vo.table_files import FORMATS, all_rows
from archive.tables.dictionary import RELEASES, Column
from archive.tables.pages.asked import TableForm
from archive.tables.pages.chips import chips_of
from archive.tables.pages.results import Row, cells, result_table
from archive.tables.responses import answer, format_of, refuse
from portal.forms.releases import SORTABLE, ReleaseSearchForm

TEMPLATE = "portal/releases.html"
COLUMNS = ("title", "first_night", "last_night", "programs", "families", "state")


@takes(ReleaseSearchForm, TableForm, "format", "page")
def release_list(request: HttpRequest) -> HttpResponseBase:
    """The releases that are public, newest first; others are for staff who read all of their programs."""
    form, asked = ReleaseSearchForm(request.GET), TableForm(request.GET)
    context: dict[str, Any] = {"form": form, "chips": chips_of(request, form)}
    for one in (form, asked):
        if not one.is_valid():
            return refuse(request, TEMPLATE, problems(one), context)
    rows = form.narrowed(_releases(request)).prefetch_related("programs")
    columns = asked.chosen(RELEASES.columns, COLUMNS)
    if format_of(request) != "html":
        return all_rows(request, rows, asked.narrowed(RELEASES, columns), TEMPLATE, context)
    page = page_of(request, rows, asked.cleaned_data["rows"])
    context |= {"releases": page, "page": page, "formats": FORMATS, "calls": calls(request)}
    context["table"] = result_table(
        request, "releases", RELEASES.columns, columns, [_row(one, columns) for one in page], page, SORTABLE,
        empty="No release matches. Widen the search or remove a condition.",
    )  # fmt: skip
    return answer(request, RELEASES, page, TEMPLATE, context)


def _row(release: Release, columns: Sequence[Column]) -> Row:
    values = [getattr(release, column.attribute) for column in columns]
    return Row(release.name, reverse("release", args=[release.name]), cells(columns, values))


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
    return Release.objects.listed_to(request.user.is_staff)
