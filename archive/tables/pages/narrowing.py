"""Narrowing of a search by conditions on its table's columns: a comparison, or limits of what a plot shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponseRedirect, QueryDict

from archive.requests.numbers import real, whole
from archive.requests.parameters import BadParameterError
from archive.search.where import COMPARISONS, NUMBER, joined
from archive.tables.dictionary import Column
from archive.tables.presentation import Shown, shown

COMPARISON = ("column", "comparison", "value")
LIMITS = ("xmin", "xmax", "ymin", "ymax")
"""Limits of the columns `x` and `y` of a plot; the upper ones do not belong."""
PARAMETERS = (*COMPARISON, *LIMITS)


@dataclass(frozen=True)
class Narrowing:
    """The columns that a search can be narrowed by, and the address that does it."""

    url: str
    columns: list[Shown]
    comparisons: tuple[str, ...] = tuple(COMPARISONS)


def narrowing(url: str, columns: Iterable[Column], types: Mapping[str, str]) -> Narrowing:
    """The narrowing of a search by those of its columns that conditions know."""
    return Narrowing(url, [shown(one) for one in columns if one.name in types])


def narrowed(given: QueryDict, types: Mapping[str, str], address: str) -> HttpResponseRedirect:
    """A redirect to the search at `address` with one condition more, or one for each limit.

    types : of the columns, as archive.search.where has them

    Raises
    ------
    BadParameterError
    """
    limits = [name for name in LIMITS if given.get(name, "").strip()]
    compared = [name for name in COMPARISON if given.get(name, "").strip()]
    if limits and "value" in compared:
        raise BadParameterError("value: give a comparison, or limits of a plot, not both")
    conditions = [_limit(given, name, types) for name in limits] if limits else [_comparison(given, types)]
    dropped = dict.fromkeys((*PARAMETERS, "page"), "")
    return redirect(address, given, {**dropped, "where": joined(given.get("where", ""), *conditions)})


def redirect(address: str, given: QueryDict, changes: Mapping[str, str]) -> HttpResponseRedirect:
    """A redirect to an address with the parameters that were given, some of them changed; empty ones are dropped."""
    parameters = dict(given.lists()) | {name: [value] for name, value in changes.items()}
    pairs = [(name, value) for name, values in parameters.items() for value in values if value]
    return HttpResponseRedirect(f"{address}?{urlencode(pairs, safe=',')}")


def _comparison(given: QueryDict, types: Mapping[str, str]) -> str:
    column, comparison, value = (given.get(name, "").strip() for name in COMPARISON)
    _check(column, "column", types)
    if comparison not in COMPARISONS:
        raise BadParameterError(f"comparison={comparison[:10]!r}: give one of {' '.join(COMPARISONS)}")
    if not value:
        raise BadParameterError("value: give the value that the column is compared with")
    if types[column] == NUMBER and real(value) is None:
        raise BadParameterError(f"value={value[:30]!r}: {column} is a number: give one")
    quoted = value if types[column] == NUMBER else "'{}'".format(value.replace("'", "''"))
    return f"{column} {comparison} {quoted}"


def _limit(given: QueryDict, name: str, types: Mapping[str, str]) -> str:
    axis, value = name[0], given[name].strip()
    column = given.get(axis, "").strip()
    _check(column, axis, types)
    if types[column] != NUMBER or real(value) is None:
        raise BadParameterError(f"{name}={value[:30]!r}: give a number, of a column of numbers")
    number = whole(value)  # of alerts they have 19 digits
    text = f"{real(value):.15g}" if number is None else f"{number}"
    return f"{column} {'>=' if name.endswith('min') else '<'} {text}"


def _check(column: str, parameter: str, types: Mapping[str, str]) -> None:
    if column not in types:
        raise BadParameterError(f"{parameter}={column[:40]!r}: there is no such column of these products")
