"""The parts that pages are made of, each in each of its states; nothing of it is of the archive."""

from __future__ import annotations

from datetime import UTC, datetime

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from archive.forms import ChoiceField, PositionField, RealField, YesNoField, problems
from archive.models import UserJob
from archive.models.phases import Phase
from archive.requests.paging import page_of
from archive.requests.parameters import takes
from archive.survey.camera import FILTERS
from archive.tables.dictionary import Column
from archive.tables.pages.asked import TableForm
from archive.tables.pages.chips import Chip
from archive.tables.pages.results import Row, cells, result_table
from archive.tables.responses import refuse

TEMPLATE = "ui/gallery.html"
COUNT = 57  # rows of the table
COLUMNS = (
    Column("obsdate", "char", "Start of the exposure (UTC)", "", "time.start"),
    Column("filtercode", "char", "Filter"),
    Column("seeing", "float", "Width of stars", "arcsec"),
    Column("maglimit", "float", "Limiting magnitude, 5 sigma", "mag"),
    Column("airmass", "float", "Airmass at the middle of the exposure"),
)
USUAL = ("obsdate", "filtercode", "seeing", "maglimit")
PARTIAL, CLOSED = 3, 4  # of each five rows: one with values missing, one whose files are closed
SWATCHES = (
    "page", "surface", "surface-raised", "surface-sunk", "line", "line-strong", "ink", "ink-quiet", "link", "accent",
    "accent-soft", "good", "good-soft", "warn", "warn-soft", "bad", "bad-soft", "filter-zg", "filter-zr", "filter-zi",
)  # fmt: skip
SIZES = ("xs", "s", "m", "l", "xl", "xxl")


class SampleForm(forms.Form):
    """A field of each kind."""

    place = PositionField(label="Position", help_text="RA and Dec, or a name")
    radius = RealField(label="Radius (°)", max_value=90, help_text="at most 90", required=False)
    band = ChoiceField(label="Filter", choices=[("", "any"), *((one.code, one.band) for one in FILTERS)])
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    tick = YesNoField(label="Good images only", required=False)


@require_safe
@takes(TableForm, "page")
def gallery(request: HttpRequest) -> HttpResponse:
    """Every part in every state: for those who build pages, and for the test that looks at them."""
    asked = TableForm(request.GET)
    if not asked.is_valid():
        return refuse(request, TEMPLATE, problems(asked), {})
    columns = asked.chosen(COLUMNS, USUAL)
    page = page_of(request, range(1, COUNT + 1), asked.cleaned_data["rows"])
    rows = [_row(number, columns) for number in page]
    context = {
        "table": result_table(request, "image", COLUMNS, columns, rows, page, ()),
        "chips": [Chip("Field", "557", "?"), Chip("Seeing", "below 2″", "?")],
        "asked": SampleForm(auto_id="asked_%s"),
        "wrong": SampleForm({"place": "", "radius": "120", "band": "zr"}, auto_id="wrong_%s"),
        "jobs": [{"job": _job(phase), "open": phase == Phase.EXECUTING} for phase in Phase],
        "swatches": SWATCHES,
        "sizes": SIZES,
        "filters": FILTERS,
    }
    return render(request, TEMPLATE, context)


def _row(number: int, columns: list[Column]) -> Row:
    kind = number % 5
    known = {
        "obsdate": datetime(2026, 10, 27, 4, number % 60, 12, tzinfo=UTC),
        "filtercode": FILTERS[number % 3].code,
        "seeing": None if kind == PARTIAL else 1.6 + 0.1 * (number % 9),
        "maglimit": 20.5 - 0.03 * number,
        "airmass": 0.0 if kind == PARTIAL else 1.05,
    }
    closed = kind == CLOSED
    links = [] if closed else [("FITS", "#results", "no file: a sample")]
    note = "closed until 2030-01-01" if closed else ""
    return Row(f"sample {number}", "", cells(columns, [known[one.name] for one in columns]), links=links, note=note)


def _job(phase: Phase) -> UserJob:
    """A job that is kept nowhere; what waits has no place in a queue."""
    return UserJob(kind="cutouts", phase=phase, done=0 if phase == Phase.PENDING else 12, total=40, parameters={})
