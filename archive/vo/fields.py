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


def field_of(name, postgres_type, unit=None, ucd=None, description=None):
    """Field of a PostgreSQL column; types that VOTable does not know become text."""
    key = postgres_type.lower().split("(")[0].strip()
    datatype, arraysize = _POSTGRES.get(key, ("unicodeChar", "*"))
    xtype = "timestamp" if key.startswith(("timestamp", "date")) else None
    return Field(name, datatype, arraysize, unit, ucd, description, xtype)


def column_batches(rows, n_fields, size=5000):
    """Turn an iterable of rows into batches of columns (lists of lists), some thousand rows each."""
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield [list(column) for column in zip(*batch, strict=True)]
            batch = []
    if batch:
        yield [list(column) for column in zip(*batch, strict=True)]
