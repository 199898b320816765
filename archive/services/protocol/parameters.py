"""A request's parameters as each protocol reads them; in all of them names do not depend on case.

DALI: any number of values of each, empty ones count as absent (`all_values`, `single`); TAP: one value of each, and
the same one may come in the address and in what is posted (`single_values`); IBE: the last one, as repeated ones are
refused before (`last_values`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.conf import settings
from django.http import HttpRequest, QueryDict

from archive.requests.numbers import whole
from archive.services.protocol.errors import BadRequestError

Parameters = Mapping[str, Sequence[str]]
LONGEST_NAME = 40  # characters of a name that a message repeats


def all_values(request: HttpRequest) -> dict[str, list[str]]:
    """All values of each parameter that are not empty, GET's and then POST's.

    Raises
    ------
    BadRequestError
    """
    found: dict[str, list[str]] = {}
    for source in (request.GET, request.POST):
        for name, values in _by_name(source).items():
            found.setdefault(name, []).extend(value for value in values if value.strip())
    return {name: values for name, values in found.items() if values}


def single(parameters: Parameters, name: str, default: str = "") -> str:
    """The value of a parameter that may stand once.

    Raises
    ------
    BadRequestError
        where it stands more than once.
    """
    values = parameters.get(name, ())
    if len(values) > 1:
        raise BadRequestError(f"{name}: give it once, not {len(values)} times")
    return values[0].strip() if values else default


def single_values(request: HttpRequest, joined: Collection[str] = (), several: Collection[str] = ()) -> dict[str, str]:
    """The value of each parameter, which stands once, or once in the address and once in what is posted.

    Parameters
    ----------
    joined : names that may be repeated, whose values are joined by semicolons
    several : names that may be repeated, of which the last value counts

    Raises
    ------
    BadRequestError
    """
    found: dict[str, str] = {}
    for source in (request.GET, request.POST):
        for name, values in _by_name(source).items():
            if name in joined:
                found[name] = ";".join([*([found[name]] if name in found else []), *values])
                continue
            if name not in several and (len(values) > 1 or found.get(name, values[-1]) != values[-1]):
                raise BadRequestError(f"{name[:LONGEST_NAME]}: is given more than once; give it once")
            found[name] = values[-1]
    return found


def last_values(request: HttpRequest) -> dict[str, str]:
    """The last value of each parameter.

    Raises
    ------
    BadRequestError
    """
    sources = (request.GET, request.POST)
    return {name: values[-1] for source in sources for name, values in _by_name(source).items()}


def row_limit(text: str, default: int | None = None) -> int:
    """The number of rows that MAXREC allows: at most the service's own limit, which is also the default.

    Raises
    ------
    BadRequestError
    """
    if not text:
        return min(settings.TAP_ROW_LIMIT, settings.TAP_ROW_LIMIT if default is None else default)
    asked = whole(text)
    if asked is None:
        raise BadRequestError(
            f"MAXREC={text[:40]}: give a number of rows that is not negative, for example MAXREC=1000"
        )
    return min(asked, settings.TAP_ROW_LIMIT)


def _by_name(source: QueryDict) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, values in source.lists():
        if any("\0" in text for text in (name, *values)):
            raise BadRequestError(f"{name.upper()[:LONGEST_NAME]!r}: holds a NUL character, which no text here has")
        found.setdefault(name.upper(), []).extend(values)
    return found
