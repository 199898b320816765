"""Template tags and filters of the archive."""

from urllib.parse import urlencode

from django import template

from archive.jobs import turns
from archive.tables.pages.results import address

register = template.Library()


@register.simple_tag(takes_context=True)
def with_query(context, **changes) -> str:
    """The current address's query with some parameters changed; empty values drop a parameter, as forms leave them."""
    return address(context["request"], **changes)


@register.simple_tag(takes_context=True)
def absolute_query(context, **changes) -> str:
    """The full address of this page with some parameters changed, for scripts."""
    return context["request"].build_absolute_uri(context["request"].path) + with_query(context, **changes)


@register.simple_tag
def queue_position(job) -> str:
    """The position of a waiting job in the queue; empty for one that does not wait."""
    found = turns.position(job)
    return f"number {found[0]} of {found[1]} in the queue" if found else ""


@register.filter
def attribute(row, name: str):
    """A row's attribute by name."""
    return getattr(row, name)


@register.filter
def item(mapping, key):
    """A mapping's value by key."""
    return mapping.get(key)


@register.filter
def query(values: dict) -> str:
    """A mapping as a query string."""
    return urlencode(values)


@register.filter
def significant(value: float | None) -> str:
    """A number with four significant digits; empty without one."""
    return "" if value is None else f"{value:.4g}"


@register.filter
def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()
