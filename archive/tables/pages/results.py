"""The table of one page of results, ready for `templates/ui/table.html`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.core.paginator import Page
from django.http import HttpRequest

from archive.tables.dictionary import Column
from archive.tables.pages.asked import PARAMETERS, SIZES, TABLE, VIEWS
from archive.tables.pages.choosing import Choosing
from archive.tables.presentation import FILTER, NUMBER, TIME, Shown, shown


@dataclass(frozen=True)
class Cell:
    """A value as it is shown; `style` is a class of the style sheets."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Row:
    """One result: its name, its page, its cells, further links, its picture.

    key : its number, for what is done with rows that are chosen; empty where nothing can be
    """

    label: str
    url: str
    cells: list[Cell]
    key: str = ""
    picture: str = ""
    links: list[tuple[str, str, str]] = field(default_factory=list)  # text, address, more about it
    note: str = ""


@dataclass(frozen=True)
class Heading:
    """A column's head; `sort` is the address that sorts by it, if any, `sorted_by` how it is sorted now."""

    column: Shown
    sort: str
    sorted_by: str


@dataclass(frozen=True)
class Choice:
    """One of several ways to show the table, and the address that shows it so."""

    label: str
    url: str
    here: bool


@dataclass(frozen=True)
class ResultTable:
    """A page of results: see `result_table`."""

    title: str
    headings: list[Heading]
    rows: list[Row]
    page: Page
    sizes: list[Choice]
    views: list[Choice]
    view: str
    columns: list[tuple[Shown, bool]]
    kept: list[tuple[str, str]]
    choosing: Choosing | None
    empty: str
    has_links: bool
    usual: str  # the address with the columns that are shown unless others are asked for

    @property
    def actions(self) -> bool:
        """Whether anything can be done with rows that are chosen."""
        return self.choosing is not None and any(row.key for row in self.rows)

    @property
    def width(self) -> int:
        """Cells of a row."""
        return len(self.headings) + 1 + self.actions + self.has_links


def result_table(
    request: HttpRequest,
    title: str,
    known: Sequence[Column],
    columns: Sequence[Column],
    rows: list[Row],
    page: Page,
    sortable: Collection[str],
    views: Iterable[str] = (TABLE,),
    view: str = TABLE,
    empty: str = "",
    choosing: Choosing | None = None,
) -> ResultTable:
    """The table of one page of results.

    known : all columns that may be chosen; columns : those that are shown; sortable : names of those that sort
    empty : the sentence for no results
    """
    order = request.GET.get("order", "")
    headings = [
        Heading(
            shown(one), _sort(request, one.name, order) if one.name in sortable else "", _sorted_by(one.name, order)
        )
        for one in columns
    ]
    chosen = {one.name for one in columns}
    rest = [(shown(one), False) for one in known if one.name not in chosen]
    size = page.paginator.per_page
    return ResultTable(
        title,
        headings,
        rows,
        page,
        [Choice(str(n), address(request, rows=n, page=""), n == size) for n in SIZES],
        [Choice(VIEWS[one], address(request, view="" if one == TABLE else one), one == view) for one in views],
        view,
        [(heading.column, True) for heading in headings] + rest,
        [(name, value) for name, values in request.GET.lists() for value in values if name != "page" and value],
        choosing,
        empty,
        any(row.links for row in rows),
        address(request, columns=""),
    )


def cells(columns: Sequence[Column], values: Sequence[object]) -> list[Cell]:
    """Values of a row as they are shown."""
    return [_cell(shown(column), value) for column, value in zip(columns, values, strict=True)]


def address(request: HttpRequest, **changes: object) -> str:
    """The query string of this page with some parameters changed; an empty value drops one."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.setlist(name, ["" if value is None else str(value)])
    for name, values in list(query.lists()):
        query.setlist(name, [value for value in values if value])
    return "?" + query.urlencode()


def search_of(request: HttpRequest) -> str:
    """The query string of the search alone, without what is of its table."""
    return address(request, **dict.fromkeys(PARAMETERS, ""))


def _cell(column: Shown, value: object) -> Cell:
    text = column.text(value)
    if column.kind == FILTER:
        return Cell(text, f"filter {text}")
    return Cell(text, column.kind if column.kind in (NUMBER, TIME) else "")


def _sort(request: HttpRequest, name: str, order: str) -> str:
    return address(request, order=f"-{name}" if order == name else name, page="")


def _sorted_by(name: str, order: str) -> str:
    return {name: "ascending", f"-{name}": "descending"}.get(order, "")
