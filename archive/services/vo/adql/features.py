"""The language's features, as services declare them: derived from the translator's own tables."""

from __future__ import annotations

from archive.services.vo.adql.functions.standard import AGGREGATES, CONDITIONAL, FUNCTIONS
from archive.services.vo.adql.functions.user_functions import CONVERSIONS, Q3C_CONDITIONS, USER_FUNCTIONS, named

GEOMETRY = {
    "POINT": "A position: (longitude, latitude)",
    "CIRCLE": "A cone: (longitude, latitude, radius), or (point, radius)",
    "BOX": "A box with sides of great circles: (longitude, latitude, width, height), or (point, width, height)",
    "POLYGON": "Three or more vertices, joined by great circles: numbers, or points",
    "REGION": "A region written as text: 'CIRCLE ICRS 10 20 0.5'",
    "CENTROID": "The point in the middle of a geometry",
    "CONTAINS": "1 where the first geometry lies within the second, otherwise 0",
    "INTERSECTS": "1 where two geometries have a point in common, otherwise 0",
    "DISTANCE": "Degrees between two points, or two pairs of numbers",
    "AREA": "Square degrees of a geometry",
    "COORD1": "Longitude of a point",
    "COORD2": "Latitude of a point",
    "COORDSYS": "The coordinate system of a geometry: ICRS",
}
IN_UNIT = {"IN_UNIT": "A value in another unit: (value, 'arcsec'); the value's unit is that of its column"}

_TYPE = "ivo://ivoa.net/std/TAPRegExt#features-"
FEATURES = {
    f"{_TYPE}adqlgeo": tuple(GEOMETRY),
    f"{_TYPE}adql-string": ("LOWER", "UPPER", "ILIKE"),
    f"{_TYPE}adql-sets": ("UNION", "EXCEPT", "INTERSECT"),
    f"{_TYPE}adql-common-table": ("WITH",),
    f"{_TYPE}adql-type": ("CAST",),
    f"{_TYPE}adql-unit": ("IN_UNIT",),
    f"{_TYPE}adql-offset": ("OFFSET",),
    f"{_TYPE}adql-bitwise": ("BIT_AND", "BIT_OR", "BIT_XOR", "BIT_NOT"),
}
"""Optional features by the identifier of their group."""


def signatures() -> dict[str, str]:
    """Signature of every function beyond the language's own, in lower case, and what it gives."""
    every = named(USER_FUNCTIONS) | named(CONVERSIONS) | Q3C_CONDITIONS
    return {form: one.description for name, one in every.items() for form in one.signatures(name.lower())}


def known_functions() -> list[str]:
    """Every function name that a query may use, sorted."""
    every = named(USER_FUNCTIONS) | named(CONVERSIONS) | Q3C_CONDITIONS
    return sorted({*AGGREGATES, *CONDITIONAL, *FUNCTIONS, *GEOMETRY, *IN_UNIT, *every})
