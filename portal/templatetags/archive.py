"""Template tags and filters of the archive."""

from functools import lru_cache
from urllib.parse import urlencode

from django import template

from archive.jobs import turns
from archive.tables import dictionary, presentation
from archive.tables.dictionary import Column, Table
from archive.tables.pages.results import address
from lightcurves.tables import dictionary as curves

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
def digits(value: float | None, decimals: int) -> str:
    """A number with so many digits after the point; a dash where it is missing."""
    return presentation.fixed(value, decimals)


@register.filter
def significant(value: float | None, count: int = presentation.SIGNIFICANT) -> str:
    """A number with so many significant digits; a dash where it is missing."""
    return presentation.significant(value, count)


@register.filter
def shown(value: object, column: str) -> str:
    """A value as the tables' registry shows values of this column."""
    return presentation.shown(_columns()[column]).text(value)


@lru_cache(maxsize=1)
def _columns() -> dict[str, Column]:
    """The columns of all tables by name; of one name, the first."""
    tables = [one for module in (dictionary, curves) for one in vars(module).values() if isinstance(one, Table)]
    return {column.name: column for table in reversed(tables) for column in table.columns}


@register.filter
def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()
