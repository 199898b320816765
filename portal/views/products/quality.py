"""The quality of a set of images: percentiles of their quality numbers, residuals against the catalogs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from archive.forms import problems
from archive.models import ScienceImage
from archive.products import residuals as quality
from archive.requests.parameters import takes
from archive.search import query
from archive.tables.dictionary import Column, Table
from archive.tables.responses import answer, format_of, refuse
from portal.forms.images import ImageSearchForm
from portal.plots.residuals import EDGES, UNITS, drawings
from processing.science.photometry.residuals import CELLS

NUMBERS = Table(
    "quality",
    "Percentiles of the quality numbers of a set of science images.",
    (
        Column("name", "char", "Quality number"),
        Column("unit", "char", "Its unit"),
        Column("count", "int", "Images that have it"),
        Column("low", "double", "5th percentile"),
        Column("median", "double", "50th percentile"),
        Column("high", "double", "95th percentile"),
    ),
)
RESIDUALS = Table(
    "residuals",
    "Mean residuals of a set of science images against the reference catalogs, weighted with stars.",
    (
        Column("name", "char", "ra, dec, mag: maps of the frame; by_mag, by_colour: runs"),
        Column("row", "int", "Cell of a map along y, from 0"),
        Column("column", "int", "Cell of a map along x, from 0"),
        Column("low", "double", "Lower edge of a run's bin", "mag"),
        Column("value", "double", "Median residual: mas for ra and dec, else mmag"),
        Column("unit", "char", "mas or mmag"),
        Column("stars", "int", "Stars behind it"),
    ),
)


@dataclass(frozen=True)
class ResidualRow:
    """One cell or bin."""

    name: str
    row: int | None
    column: int | None
    low: float | None
    value: float | None
    unit: str
    stars: int


@takes(ImageSearchForm, "format", "part")
def quality_page(request: HttpRequest) -> HttpResponse:
    """Quality of the science images that answer a search (the parameters of /images/)."""
    form = ImageSearchForm(request.GET)
    template = "portal/quality.html"
    context: dict[str, Any] = {"form": form}
    if not form.is_valid():
        return refuse(request, template, problems(form), context)
    images = query.images(form.query)
    if images.model is not ScienceImage:
        return refuse(request, template, "family: only science images (family=sci) have these numbers", context)
    part = request.GET.get("part", "")
    if part not in ("", "residuals"):
        return refuse(request, template, f"part={part[:20]!r}: use residuals, or leave it out", context)
    if part == "residuals":
        return answer(request, RESIDUALS, _rows(quality.mean_of(images)), template, context)
    if format_of(request) == "html":
        context |= {"drawings": drawings(quality.mean_of(images)), "images": images.count()}
    return answer(request, NUMBERS, quality.spreads_of(images), template, context)


def _rows(residuals: dict[str, quality.Residual]) -> list[ResidualRow]:
    rows = []
    for name, one in residuals.items():
        for place, (value, stars) in enumerate(zip(one.values.tolist(), one.stars.tolist(), strict=True)):
            row, column = (None, None) if name in EDGES else divmod(place, CELLS)
            edge = float(EDGES[name][place]) if name in EDGES else None
            found = None if value != value else value
            rows.append(ResidualRow(name, row, column, edge, found, UNITS[name], stars))
    return rows
