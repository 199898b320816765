"""Simple Cone Search 1.03 on every published table that has positions; RESPONSEFORMAT and MAXREC as the 1.1 draft."""

from __future__ import annotations

import math
from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse

from archive.given import positions
from archive.requests.numbers import real
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import Parameters, all_values, single
from archive.services.protocol.refusals import as_votable
from archive.services.vo.dal import common
from archive.services.vo.schema.published import Published, constant, published
from archive.services.vo.schema.tap_schema import has_position
from archive.tables.dictionary import Table
from archive.tables.fields import Field
from archive.tables.xml import element, lines

STANDARD = "ivo://ivoa.net/std/ConeSearch"
LARGEST = 180.0  # deg
NEAR = 1.0  # deg; up to here q3c_join plans faster than q3c_radial_query
DEFAULT_ROWS = 50_000
UCDS = {
    "meta.id;meta.main": "ID_MAIN",
    "pos.eq.ra;meta.main": "POS_EQ_RA_MAIN",
    "pos.eq.dec;meta.main": "POS_EQ_DEC_MAIN",
}
CONTENT_TYPE = "text/xml;content=x-votable"
VERBOSE = 3


def tables() -> dict[str, Published]:
    """The tables that can be searched by position, by the name that their addresses have."""
    return {one.name: one for one in published() if has_position(one)}


def named(name: str) -> Published | None:
    """A table that can be searched by position; for one that is always there nobody asks which releases there are."""
    found = next((one for one in constant() if one.name == name and has_position(one)), None)
    return found or tables().get(name)


def shown(table: Table, verbosity: int) -> Table:
    """A table's columns at a verbosity: 1 its identifier and position, 2 the principal ones, 3 all."""
    kept = [
        one for one in table.columns
        if one.ucd in UCDS or verbosity == VERBOSE or (verbosity > 1 and one.principal)
    ]  # fmt: skip
    return replace(table, columns=tuple(kept))


def fields_of(one: Published, verbosity: int) -> list[Field]:
    """The columns with the UCDs that this standard wants of identifier and position."""
    fields = common.fields_of(shown(one.table, verbosity), one.times)
    return [replace(field, ucd=UCDS.get(field.ucd or "", field.ucd)) for field in fields]


def statement(one: Published, fields: list[Field], ra: float, dec: float, radius: float) -> common.Statement:
    """The rows within `radius` degrees of a position (ICRS, degrees)."""
    columns = ", ".join(f't."{field.name}"' for field in fields)
    schema, name = one.physical
    cone = "q3c_join(%s, %s, t.ra, t.dec, %s)" if radius <= NEAR else "q3c_radial_query(t.ra, t.dec, %s, %s, %s)"
    return common.Statement(f'SELECT {columns} FROM "{schema}"."{name}" AS t WHERE {cone}', [ra, dec, radius])


def _number(parameters: Parameters, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    text = single(parameters, name)
    example = {"RA": "RA=51.1", "DEC": "DEC=18.6", "SR": "SR=0.01"}[name]
    value = real(text)
    if value is None:
        what = f"{name}={text}: is no number" if text else f"{name} is missing"
        raise BadRequestError(f"{what}; give degrees, for example {example}")
    if not low <= value <= high:
        raise BadRequestError(f"{name}={text}: must lie in {low:g} to {high:g} degrees, for example {example}")
    return value


def _verbosity(parameters: Parameters) -> int:
    text = single(parameters, "VERB", "2")
    if text not in ("1", "2", "3"):
        raise BadRequestError(f"VERB={text}: use 1, 2 or 3")
    return int(text)


def result(one: Published, parameters: Parameters) -> common.Result:
    """The cone that parameters ask for; a radius of zero asks for the columns alone.

    Raises
    ------
    BadRequestError
    """
    ra, dec = _number(parameters, "RA"), _number(parameters, "DEC")
    try:
        place = positions.at(ra, dec, f"RA={ra:g}, DEC={dec:g}")
    except positions.BadPositionError as error:
        raise BadRequestError(str(error)) from error
    radius = _number(parameters, "SR", 0, LARGEST)
    fields = fields_of(one, _verbosity(parameters))
    rows = common.maxrec(parameters, DEFAULT_ROWS) if radius else 0
    form = single(parameters, "RESPONSEFORMAT")
    return common.Result(
        statement(one, fields, place.ra, place.dec, radius), fields, rows, one.table.description,
        content_type=common.CONTENT_TYPE if form else CONTENT_TYPE,
    )  # fmt: skip


def _refuse(message: str) -> HttpResponse:
    """An error document as both this standard and DALI have it."""
    said = as_votable(message)
    said.content = said.content.replace(b"</RESOURCE>", _error_info(message) + b"</RESOURCE>")
    said["Content-Type"] = CONTENT_TYPE
    return said


def _error_info(message: str) -> bytes:
    return lines(element("INFO", attributes={"ID": "Error", "name": "Error", "value": message})).encode()


@common.service
def search(request: HttpRequest, name: str) -> HttpResponse:
    """Rows of one table around a position."""
    one = named(name)
    if one is None:
        raise Http404(f"{name}: no table with positions; there are {', '.join(sorted(tables()))}")
    return _answer(request, one)


@common.service
def search_named(request: HttpRequest) -> HttpResponse:
    """Rows around a position of the table that a parameter names, as IRSA's address has it."""
    name = single(all_values(request), "TABLE")
    one = named(name.lower())
    if one is None:
        known = ", ".join(sorted(tables()))
        return _refuse(f"table={name[:60]}: no table with positions; use one of {known}" if name else
                       f"table is missing; use one of {known}")  # fmt: skip
    return _answer(request, one)


def _answer(request: HttpRequest, one: Published) -> HttpResponse:
    parameters = all_values(request)
    try:
        return result(one, parameters).answer(request.reader, single(parameters, "RESPONSEFORMAT"))
    except BadRequestError as error:
        return _refuse(str(error))
