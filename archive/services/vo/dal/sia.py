"""SIA 2.0: images by place, time, wavelength and the rest of ObsCore, in the rows and columns of ivoa.obscore.

Values of one parameter are alternatives, parameters together all hold.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import Parameters, all_values, single
from archive.services.vo import descriptors
from archive.services.vo.dal import common
from archive.services.vo.obscore import identifiers
from archive.services.vo.obscore.branches import LONGEST, TIMES
from archive.services.vo.obscore.columns import OBSCORE
from archive.services.vo.obscore.overlap import Condition, overlaps
from archive.sky.shapes import BadShapeError, read_interval, read_pos
from archive.survey.times import MJD_ZERO

STANDARD = "ivo://ivoa.net/std/SIA#query-2.0"
TYPES = ("image", "cube")
FORMATS = {"fits": "application/fits", "image/fits": "application/fits"}
"""Other names of formats that ask for the same files."""


def _overlap(low: str, high: str | None = None) -> Callable[[str, str], Condition]:
    """An interval that shares something with the product's own."""

    def condition(name: str, text: str) -> Condition:
        first, last = read_interval(name, text)
        return f"(o.{low} <= %s AND o.{high or low} >= %s)", [last, first]

    return condition


def _time(name: str, text: str) -> Condition:
    """A span of time, MJD; an index knows when exposures began."""
    sql, (last, first) = _overlap("t_min", "t_max")(name, text)
    begun = "(o.jd BETWEEN %s AND %s OR o.jd IS NULL)"
    return f"({begun} AND {sql})", [first + MJD_ZERO - LONGEST, last + MJD_ZERO, last, first]


def _equal(column: str) -> Callable[[str, str], Condition]:
    def condition(name: str, text: str) -> Condition:
        return f"lower(o.{column}) = lower(%s)", [text]

    return condition


def _place(name: str, text: str) -> Condition:
    return overlaps(read_pos(text))


def _identifier(name: str, text: str) -> Condition:
    """An identifier that is not ours names nothing here."""
    try:
        wanted = identifiers.read(text)
    except identifiers.UnknownDatasetError:
        return "false", []
    return "(o.family = %s AND o.number = %s)", [wanted.family, wanted.number]


def _polarisation(name: str, text: str) -> Condition:
    return "position('/' || upper(%s) || '/' IN o.pol_states) > 0", [text]


def _kind(name: str, text: str) -> Condition:
    if text.lower() not in TYPES:
        raise BadRequestError(f"DPTYPE={text}: use one of {', '.join(TYPES)}")
    return _equal("dataproduct_type")(name, text)


def _level(name: str, text: str) -> Condition:
    if text not in ("0", "1", "2", "3", "4"):
        raise BadRequestError(f"CALIB={text}: use one of 0, 1, 2, 3, 4")
    return "o.calib_level = %s", [int(text)]


def _format(name: str, text: str) -> Condition:
    return _equal("access_format")(name, FORMATS.get(text.lower(), text))


CONDITIONS: dict[str, Callable[[str, str], Condition]] = {
    "POS": _place,
    "BAND": _overlap("em_min", "em_max"),
    "TIME": _time,
    "POL": _polarisation,
    "FOV": _overlap("s_fov"),
    "SPATRES": _overlap("s_resolution"),
    "SPECRP": _overlap("em_res_power"),
    "EXPTIME": _overlap("t_exptime"),
    "TIMERES": _overlap("t_resolution"),
    "ID": _identifier,
    "COLLECTION": _equal("obs_collection"),
    "FACILITY": _equal("facility_name"),
    "INSTRUMENT": _equal("instrument_name"),
    "DPTYPE": _kind,
    "CALIB": _level,
    "TARGET": _equal("target_name"),
    "FORMAT": _format,
}


def statement(parameters: Parameters) -> common.Statement:
    """The rows that parameters ask for.

    Raises
    ------
    BadRequestError
        naming the parameter, its value and what would be right.
    """
    conditions, values = ["o.dataproduct_type = 'image'"], []
    for name in CONDITIONS.keys() & parameters.keys():
        alternatives = []
        for text in parameters[name]:
            try:
                sql, bound = CONDITIONS[name](name, text.strip())
            except BadShapeError as error:
                raise BadRequestError(str(error)) from error
            alternatives.append(f"({sql})")
            values += bound
        conditions.append(f"({' OR '.join(alternatives)})")
    columns = ", ".join(f"o.{column.name}" for column in OBSCORE.columns)
    return common.Statement(f"SELECT {columns} FROM tap_data.obscore AS o WHERE {' AND '.join(conditions)}", values)


@common.service
def query(request: HttpRequest) -> HttpResponse:
    """Images that answer a question; with MAXREC=0 the columns alone."""
    parameters = all_values(request)
    result = common.Result(
        statement(parameters),
        common.fields_of(OBSCORE, TIMES),
        common.maxrec(parameters),
        OBSCORE.description,
        descriptors.links("obs_publisher_did") + descriptors.cutouts("obs_publisher_did"),
        {"standardID": STANDARD},
    )
    return result.answer(request.reader, single(parameters, "RESPONSEFORMAT"))
