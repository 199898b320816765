"""Suggestions for what is being typed into the search box: its own reading first, then names, pages and columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice

from django.http import HttpRequest
from django.urls import reverse

from archive.models import Release
from archive.search.names import BadPositionError, NameNotFoundError, known_names
from archive.services.vo.schema.published import published
from portal import navigation
from portal.search import help_titles
from portal.search.box import UNDERSTOOD, Page, pages_for

MOST, MOST_OF_A_KIND = 14, 5
SHORTEST = 2  # characters before names and columns are looked through


@dataclass(frozen=True)
class Suggestion:
    """A page that may be meant: its kind in a word, what it is called, more about it, its address."""

    kind: str
    label: str
    url: str
    detail: str = ""


def suggestions(request: HttpRequest, text: str) -> dict:
    """Contents of a box's list: the suggestions, and a sentence about them."""
    text = " ".join(text.split())
    read, problem = _read(text, request.user.is_staff)
    found = list(islice(_all(request, text, read), MOST))
    if found:
        said = f"{len(found)} suggestion{'s'[: len(found) != 1]}. Enter opens the one chosen, or searches for the text."
    else:
        said = problem or f"Type {UNDERSTOOD}."
    return {"suggestions": [asdict(one) for one in found], "said": said}


def _read(text: str, staff: bool) -> tuple[list[Page], str]:
    """The pages that Enter would open or offer, or why there is none."""
    if not text:
        return [], ""
    try:
        return pages_for(text, outside=False, staff=staff), ""  # half a word is nobody else's business
    except (BadPositionError, NameNotFoundError) as error:
        return [], str(error)


def _all(request: HttpRequest, text: str, read: list[Page]) -> Iterator[Suggestion]:
    for page in read:
        yield Suggestion(page.kind, text, page.url, page.detail)
        if "position" in page.query:
            yield from _around(text)
    wanted = text.casefold()
    yield from _links(request, wanted)
    if len(wanted) < SHORTEST:
        return
    yield from islice(_names(wanted), MOST_OF_A_KIND)
    releases = Release.objects.listed_to(request.user.is_staff).filter(name__istartswith=wanted)
    for release in releases.order_by("name")[:MOST_OF_A_KIND]:
        if not any(page.arguments == (release.name,) for page in read):
            yield Suggestion("Release", release.name, reverse("release", args=[release.name]), release.title)
    yield from islice(_columns(wanted), MOST_OF_A_KIND)
    yield from islice(_help(wanted), MOST_OF_A_KIND)


def _around(text: str) -> Iterator[Suggestion]:
    for name, label in (("objects", "Light curves"), ("alerts", "Alerts"), ("cutouts", "Cutouts")):
        yield Suggestion(label, text, Page(name, query={"position": text}).url, f"{label.lower()} at this position")


def _links(request: HttpRequest, wanted: str) -> Iterator[Suggestion]:
    for group in navigation.shown_to(request):
        for link in group.links:
            if wanted in link.label.casefold() or (len(wanted) > SHORTEST and wanted in link.description.casefold()):
                yield Suggestion("Page", link.label, link.url, link.description)


def _names(wanted: str) -> Iterator[Suggestion]:
    for kind, name in known_names():
        if name.casefold().startswith(wanted) and name.casefold() != wanted:
            page = (
                Page("moving", query={"name": name}) if kind == "asteroid" else Page("images", query={"position": name})
            )
            yield Suggestion("Name", name, page.url, kind)


def _help(wanted: str) -> Iterator[Suggestion]:
    """Sections of the documentation whose titles have the text; those that begin with it first."""
    found = [one for one in help_titles.titles() if wanted in one.title.casefold()]
    for one in sorted(found, key=lambda each: (not each.title.casefold().startswith(wanted), each.title)):
        yield Suggestion("Help", one.title, reverse("help") + one.address, one.page)


def _columns(wanted: str) -> Iterator[Suggestion]:
    """Columns of the tables for queries, whose names begin alike."""
    for one in published():
        name = one.table.name
        for column in one.table.columns:
            if column.name.startswith(wanted):
                page = Page("query", query={"query": f"SELECT TOP 10 {column.name} FROM {name}"})
                yield Suggestion("Column", f"{name}.{column.name}", page.url, column.description)
