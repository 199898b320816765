"""Template tags of the frame and of the parts that every page is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django import template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from archive.tables.fields import Field
from archive.tables.pages.results import Cell, Row
from portal import navigation

register = template.Library()


@register.inclusion_tag("ui/navigation.html", takes_context=True)
def site_navigation(context) -> dict:
    """The header's groups; the page that is open is marked."""
    request = context.get("request")
    if request is None or not hasattr(request, "user"):  # an answer from before anybody was known
        return {"groups": [], "user": None}
    here = request.resolver_match and request.resolver_match.view_name
    groups = [
        {
            "title": group.title,
            "here": group.belongs(here),
            "links": [{"page": link, "here": link.belongs(here)} for link in group.links],
        }
        for group in navigation.shown_to(request)
    ]
    return {"groups": groups, "user": request.user, "request": request, "csrf_token": context.get("csrf_token")}


@dataclass(frozen=True)
class Head:
    """The head of a plain table's column."""

    label: str
    unit: str = ""
    is_number: bool = False
    description: str = ""


HEAD = re.compile(r"(?P<label>.*?)\s*(?:\((?P<unit>[^()]*)\))?\s*(?:\{(?P<more>[^{}]*)\})?\s*(?P<number>#)?")


def heads_of(text: str) -> list[Head]:
    """Heads as a template writes them: "Night | Seeing (″) {width of stars} #"; # marks numbers."""
    found = [HEAD.fullmatch(one.strip()) for one in text.split("|")]
    return [Head(one["label"], one["unit"] or "", bool(one["number"]), one["more"] or "") for one in found if one]


@register.filter
def number_heads(names: Iterable[str], first: str) -> list[Head]:
    """Heads of a column of words and columns of numbers."""
    return [*heads_of(first), *(Head(str(one), is_number=True) for one in names)]


@register.filter
def field_heads(fields: Iterable[Field]) -> list[Head]:
    """Heads of the fields of a query's result."""
    return [Head(one.name, one.unit or "", not one.is_text, one.description or "") for one in fields]


@register.simple_block_tag
def grid(content: str, caption: str, heads: str | list, empty: str = "", **look: str) -> SafeString:
    """A plain table of the rows inside; without any, the sentence that says so.

    heads : text as of `heads_of`, or objects with `label`, `unit`, `is_number` and `description`
    look : `frame`, further classes of its frame; `table_id`, `rows_id`; `titled`, whether the caption is seen
    """
    if empty and not content.strip():
        return render_to_string("ui/empty.html", {"text": empty})
    shown = heads_of(heads) if isinstance(heads, str) else heads
    return render_to_string("ui/grid.html", {**look, "caption": caption, "heads": shown, "body": content})


@register.simple_block_tag
def titled(content: str) -> SafeString:
    """The title of a page, for the browser and for those who share it."""
    text = mark_safe(" ".join(content.split()))  # noqa: S308 (a template rendered it)
    return format_html('<title>{0}</title>\n  <meta property="og:title" content="{0}">', text)


@register.simple_block_tag
def described(content: str) -> SafeString:
    """The sentence about a page that search engines and previews of links show."""
    text = mark_safe(" ".join(content.split()))  # noqa: S308 (a template rendered it)
    both = '<meta name="description" content="{0}">\n  <meta property="og:description" content="{0}">'
    return format_html(both, text)


@register.simple_tag(takes_context=True)
def narrowed(context, part: str, value) -> str:
    """The address of the search for images with one condition more."""
    query = context["search"].copy()
    query[part] = str(value)
    return f"{reverse('images')}?{query.urlencode()}"


@register.simple_tag
def result_cells(row: Row) -> SafeString:
    """The cells of a row of results; written at once, as a page has thousands."""
    return mark_safe("".join(map(_cell, row.cells)))  # noqa: S308 (each text is escaped)


def _cell(cell: Cell) -> str:
    style = f' class="{escape(cell.style)}"' if cell.style else ""
    return f"<td{style}>{escape(cell.text)}</td>"
