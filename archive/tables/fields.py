"""Columns as the Virtual Observatory describes them, and what PostgreSQL's types are there."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """A column.

    datatype : VOTable's name: boolean, unsignedByte, short, int, long, float, double, char, unicodeChar
    arraysize : None for one value, "*" for any number, "12" for twelve; text is an array of char
    """

    name: str
    datatype: str
    arraysize: str | None = None
    unit: str | None = None
    ucd: str | None = None
    description: str | None = None
    xtype: str | None = None
    utype: str | None = None
    id: str | None = None  # by which other elements of the document refer to it

    @property
    def is_text(self):
        """Whether the values are strings."""
        return self.datatype in ("char", "unicodeChar")


_POSTGRES = {
    "boolean": ("boolean", None), "smallint": ("short", None), "integer": ("int", None), "int": ("int", None),
    "bigint": ("long", None), "real": ("float", None), "float": ("double", None), "double": ("double", None),
    "double precision": ("double", None), "numeric": ("double", None), "text": ("unicodeChar", "*"),
    "varchar": ("unicodeChar", "*"), "char": ("char", "*"), "timestamp": ("char", "*"),
    "timestamptz": ("char", "*"), "date": ("char", "*"), "double precision[]": ("double", "*"),
    "real[]": ("float", "*"), "integer[]": ("int", "*"), "bigint[]": ("long", "*"),
}  # fmt: skip


SHAPES = {"point": "2", "circle": "3", "polygon": "*"}
"""DALI's shapes as arrays, and how many numbers each has."""
IRSA_TIME = "irsa:time"
"""As xtype of a time: it is written as IRSA's tables have it (archive.tables.moments.irsa). No document says it."""


def field_of(name, postgres_type, unit=None, ucd=None, description=None, utype=None, xtype=None):
    """Field of a PostgreSQL column; types that VOTable does not know become text."""
    key = postgres_type.lower().split("(")[0].strip()
    datatype, arraysize = _POSTGRES.get(key, ("unicodeChar", "*"))
    if xtype == IRSA_TIME:
        xtype = None
    elif key.startswith(("timestamp", "date")):
        xtype = "timestamp"
    elif xtype in SHAPES and not key.endswith("[]"):
        xtype = None  # DALI's shapes are arrays of numbers; as text they are none
    if xtype in SHAPES:
        arraysize = SHAPES[xtype]
    return Field(name, datatype, arraysize, unit, ucd, description, xtype, utype)


@dataclass(frozen=True)
class Delivered:
    """The form in which PostgreSQL delivers a type: what it counts as, and the expression that brings it there."""

    name: str
    written: str = "{}"


_TEXT = Delivered("text", "{}::text")
_MOMENT = Delivered("timestamp", """to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.MS')""")
IRSA_TEXT = "rtrim(rtrim(to_char({}, 'YYYY-MM-DD HH24:MI:SS.MS'), '0'), '.') || '+00'"
"""SQL of a time without zone as IRSA writes it."""
_IRSA = Delivered("char", IRSA_TEXT)
_DELIVERED = {
    16: Delivered("boolean"), 21: Delivered("smallint"), 23: Delivered("integer"), 20: Delivered("bigint"),
    700: Delivered("real"), 701: Delivered("double precision"), 1700: Delivered("double precision", "{}::float8"),
    25: Delivered("text"), 1043: _TEXT, 1042: _TEXT, 1114: _MOMENT,
    1184: Delivered("timestamp", _MOMENT.written.format("({} AT TIME ZONE 'UTC')")),
    1082: Delivered("date", "to_char({}, 'YYYY-MM-DD')"), 1022: Delivered("double precision[]"),
    1231: Delivered("double precision[]", "{}::float8[]"), 1021: Delivered("real[]"), 1007: Delivered("integer[]"),
    1005: Delivered("integer[]", "{}::int4[]"), 1016: Delivered("bigint[]"),
}  # fmt: skip


_REALS = ("real", "double precision")
_NUMBERS = ("smallint", "integer", "bigint", *_REALS)


def delivered(oid: int, declared: str, straight: bool, xtype: str | None = None) -> Delivered:
    """The form in which a result's column is delivered.

    Parameters
    ----------
    oid : of the type that PostgreSQL gives it; one that VOTable does not know is text
    declared : the type that the query's translation expects; a wider number than PostgreSQL's is held to, and so is
        text of plain characters
    xtype : of the column
    straight : whether the column comes straight from a table, whose declaration then holds for narrower numbers too
    """
    if xtype == IRSA_TIME and oid == 1114:  # a time without zone
        return _IRSA
    found = _DELIVERED.get(oid, _TEXT)
    if found.name == "text" and declared == "char":
        return Delivered("char", found.written)
    if declared in _NUMBERS and found.name in _NUMBERS and declared != found.name:
        wider = _NUMBERS.index(declared) > _NUMBERS.index(found.name)
        if straight or (wider and (declared in _REALS) == (found.name in _REALS)):
            return Delivered(declared, f"({found.written})::{declared}")
    return found
