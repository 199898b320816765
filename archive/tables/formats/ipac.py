"""IPAC tables: the fixed-width text that IRSA's services speak."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from archive.requests.numbers import whole
from archive.tables.arrow import joined_rows, texts
from archive.tables.fields import Field

_TYPES = {
    "boolean": "char", "unsignedByte": "int", "short": "int", "int": "int", "long": "long", "float": "float",
    "double": "double", "char": "char", "unicodeChar": "char",
}  # fmt: skip
_WIDTHS = {"int": 11, "long": 20, "float": 15, "double": 24}
NULL = "null"
_NAME_TRANSLATION = str.maketrans({"|": "_", " ": "_"})


def _value(field, kind, value):
    if value is None or value != value:  # noqa: PLR0124 - NaN differs from itself
        return NULL
    if field.arraysize is not None and not field.is_text:
        return " ".join(_scalar(field, one) for one in value)
    if kind == "char":
        text = ("true" if value else "false") if field.datatype == "boolean" else str(value)
        return text.replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return _scalar(field, value)


def _scalar(field, value):
    if field.datatype == "double":
        return repr(float(value))
    if field.datatype == "float":
        return f"{float(value):.9g}"
    return str(int(value))


def _keyword(name, value):
    if isinstance(value, bool | int | float):
        return f"\\{name} = {value}\n"
    text = str(value).replace("\n", " ").replace("'", '"')
    return f"\\{name} = '{text}'\n"


def _header(fields, kinds, widths):
    lines = (
        [field.name.translate(_NAME_TRANSLATION) for field in fields],
        kinds,
        [field.unit or "" for field in fields],
        [NULL] * len(fields),
    )
    for line in lines:
        yield "|" + "|".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + "|\n"


def write_ipac(fields, rows, keywords=None, comments=()):
    """An IPAC table, piece by piece.

    Parameters
    ----------
    fields : list of Field
    rows : iterable of sequences; None or NaN is null
        Tables of numbers are streamed; text of undeclared width is measured first, with all rows in memory.
    keywords : dict, name -> number or text, written as \\name = value
    comments : iterable of str

    Yields
    ------
    str
    """
    fields = list(fields)
    kinds = [_TYPES[field.datatype] if field.arraysize is None or field.is_text else "char" for field in fields]
    texts: Iterable[list[str]] = ([_value(f, k, v) for f, k, v in zip(fields, kinds, row, strict=True)] for row in rows)
    if any(kind == "char" and not _declared(field) for field, kind in zip(fields, kinds, strict=True)):
        texts = list(texts)
        longest = [max(map(len, column)) for column in zip(*texts, strict=True)] or [0] * len(fields)
    else:
        longest = [int(f.arraysize) if k == "char" else 0 for f, k in zip(fields, kinds, strict=True)]
    widths = [
        max(len(f.name), len(k), len(f.unit or ""), len(NULL), n, _WIDTHS.get(k, 0))
        for f, k, n in zip(fields, kinds, longest, strict=True)
    ]
    yield "\\fixlen = T\n"
    yield from (_keyword(name, value) for name, value in (keywords or {}).items())
    yield from (f"\\ {comment}\n" for comment in comments)
    yield from _header(fields, kinds, widths)
    for row in texts:
        cells = [
            text.ljust(width) if kind == "char" else text.rjust(width)
            for text, kind, width in zip(row, kinds, widths, strict=True)
        ]
        yield " " + " ".join(cells) + " \n"


def write_ipac_batches(fields: Sequence[Field], batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """An IPAC table of Arrow batches, a piece for each; text has its declared width."""
    kinds = [_TYPES[field.datatype] for field in fields]
    widths = [
        max(len(f.name), len(k), len(f.unit or ""), len(NULL), int(f.arraysize or 0), _WIDTHS.get(k, 0))
        for f, k in zip(fields, kinds, strict=True)
    ]
    yield ("\\fixlen = T\n" + "".join(_header(fields, kinds, widths))).encode()
    for batch in batches:
        columns = zip(fields, kinds, widths, batch.columns, strict=True)
        cells = [_padded(*column) for column in columns]
        pieces: list[pa.Array | str] = [piece for cell in cells for piece in (" ", cell)]
        yield joined_rows([*pieces, " \n"])


def _padded(field: Field, kind: str, width: int, values: pa.Array) -> pa.Array:
    """A column as text of its width; NaN is null."""
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    text = pc.fill_null(texts(field, values), NULL)
    if kind != "char":
        return pc.utf8_lpad(text, width)
    if pc.any(pc.match_substring_regex(text, "[\n\r\t]")).as_py():
        text = pc.replace_substring_regex(text, "[\n\r\t]", " ")
    return pc.utf8_rpad(text, width)


def _declared(field: Field):
    return field.is_text and whole(field.arraysize or "") is not None
