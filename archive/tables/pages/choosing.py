"""Rows that are chosen in a table of results, and the conditions that they are kept as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponseRedirect

from archive.requests.numbers import whole
from archive.requests.parameters import BadParameterError
from archive.search.where import LONGEST, joined
from archive.tables.pages.asked import PARAMETERS
from archive.tables.pages.narrowing import redirect

LONGEST_NUMBER = 19  # digits of a row's; a comma follows
MOST_ROWS = LONGEST * 3 // 5 // (LONGEST_NUMBER + 1)  # that are chosen at once; the search keeps the other two fifths
TABLE, CSV, VOTABLE = "table", "csv", "votable"
USUAL = {TABLE: "Only these", CSV: "CSV", VOTABLE: "VOTable"}


@dataclass(frozen=True)
class Choosing:
    """The actions on chosen rows.

    url : where they are sent; actions : the values of `to` there, and what they are called; kind : of the rows, as the
    basket has it (static/ui/basket.js); with_search : whether the search's own parameters go along
    """

    url: str
    actions: Mapping[str, str]
    kind: str
    with_search: bool = True


def chosen(request: HttpRequest, key: str, address: str) -> HttpResponseRedirect:
    """A redirect to the search at `address` for chosen rows alone, as a table or a file: `to` of USUAL.

    key : the column that names a row

    Raises
    ------
    BadParameterError
    """
    to = request.GET.get("to", "")
    if to not in USUAL:
        raise BadParameterError(f"to={to[:20]!r}: give one of {', '.join(USUAL)}")
    where = of_rows(key, request.GET.getlist("row"), request.GET.get("where", ""))
    changes = {"where": where, "to": "", "row": "", "page": "", "format": "" if to == TABLE else to}
    if to != TABLE:
        changes |= dict.fromkeys((name for name in PARAMETERS if name not in ("format", "order")), "")
    return redirect(address, request.GET, changes)


def of_rows(key: str, rows: Sequence[str], where: str) -> str:
    """The condition for rows that were chosen by the numbers in their column `key`, beside the one there was.

    Raises
    ------
    BadParameterError
    """
    if not rows:
        raise BadParameterError("row: choose at least one row")
    if len(rows) > MOST_ROWS:
        raise BadParameterError(f"row: {len(rows)} rows are chosen, at most {MOST_ROWS} at once")
    wrong = next((row for row in rows if whole(row) is None or len(row) > LONGEST_NUMBER), None)
    if wrong is not None:
        raise BadParameterError(f"row={wrong[:30]!r}: give the number of a row")
    condition = f"{key} IN ({','.join(dict.fromkeys(rows))})"
    both = joined(where, condition)
    if len(both) > LONGEST:
        raise BadParameterError(
            f"where: {len(both)} characters with the rows, at most {LONGEST} are read; choose fewer"
        )
    return both
