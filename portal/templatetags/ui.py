"""Template tags of the frame and of the parts that every page is made of."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

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
