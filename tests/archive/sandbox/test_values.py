"""Tables that people bring are what they say: what a column cannot hold is refused by column, row and value."""

from __future__ import annotations

import base64
import io
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn, Table

from archive.sandbox.readers.uploads.copying import copied
from archive.sandbox.readers.uploads.tables import UnreadableTableError

ROWS, BYTES = 1000, 1 << 26
PLACE = '<FIELD name="ra" datatype="double"/><FIELD name="dec" datatype="double"/>'


def votable(inside: str, tables: str = "") -> bytes:
    """A VOTable of one TABLE, and what stands behind it."""
    table = inside if inside.startswith("<TABLE") else f"<TABLE>{inside}</TABLE>"
    return (
        '<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
        f"<RESOURCE>{table}{tables}</RESOURCE></VOTABLE>"
    ).encode()


def cells(*values: str) -> str:
    rows = "".join(f"<TR><TD>{value}</TD></TR>" for value in values)
    return f"<DATA><TABLEDATA>{rows}</TABLEDATA></DATA>"


def column(datatype: str, *values: str, more: str = "") -> bytes:
    return votable(f'<FIELD name="x" datatype="{datatype}" {more}/>{cells(*values)}')


def streamed(form: str, content: bytes | str, fields: str = PLACE, table: str = "<TABLE>", more: str = "") -> bytes:
    text = content if isinstance(content, str) else base64.b64encode(content).decode()
    stream = f'<DATA><{form}><STREAM encoding="base64" {more}>{text}</STREAM></{form}></DATA>'
    return votable(f"{table}{fields}{stream}</TABLE>".replace('encoding="base64" encoding', "encoding"))


def parquet(**columns: pa.Array) -> bytes:
    with io.BytesIO() as file:
        pq.write_table(pa.table(columns), file)
        return file.getvalue()


def fits_table(*columns: fits.Column, change=lambda hdu: None, twice: bool = False) -> bytes:
    table = fits.BinTableHDU.from_columns(columns)
    change(table)
    with io.BytesIO() as file:
        fits.HDUList([fits.PrimaryHDU(), *([table] * (2 if twice else 1))]).writeto(file)
        return file.getvalue()


def raw_fits(form: str, value: bytes, *cards: tuple) -> bytes:
    """A FITS table of one row, its bytes as given, with more cards in its header."""
    stored = fits.Column(name="x", format=f"{len(value)}B", array=np.frombuffer(value, "u1").reshape(1, -1))
    content = fits_table(stored)
    before = f"TFORM1  = '{f'{len(value)}B':<8}'".encode()
    assert content.count(before) == 1
    content = content.replace(before, f"TFORM1  = '{form:<8}'".encode())
    end = content.index(b"END" + b" " * 77, content.index(b"XTENSION"))
    added = b"".join(f"{name:<8}= {text:>20}".ljust(80).encode() for name, text in cards)
    return content[:end] + added + content[end : end + 80] + content[end + 80 + len(added) :]


def ecsv(datatype: str, value: str, meta: str = "") -> bytes:
    head = f"# %ECSV 1.0\n# ---\n# datatype:\n# - {{name: x, datatype: {datatype}}}\n{meta}# schema: astropy-2.0\n"
    return f"{head}x\n{value}\n".encode()


def ipac(datatype: str, value: str) -> bytes:
    return f"|{'x':>30}|\n|{datatype:>30}|\n {value:>30} \n".encode()


def read(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Types of the columns, and the rows as COPY's texts."""
    found = copied(io.BytesIO(content), ROWS, BYTES)
    rows = [line.split("\t") for line in found["text"].decode().splitlines()]
    assert len(rows) == found["rows"]
    return [one["type"] for one in found["columns"]], rows


TWO_ROWS = struct.pack(">4d", 1, 2, 3, 4)
WITH_TEXT = f'{PLACE}<FIELD name="s" datatype="char" arraysize="*"/>'
REFUSED = {
    "short": (column("short", "1", "70000"), "column x, row 2: '70000': short holds -32768 to 32767"),
    "hexadecimal short": (column("short", "0xFFFF"), "column x, row 1: '0xFFFF': short holds"),
    "unsignedByte": (column("unsignedByte", "300"), "column x, row 1: '300': unsignedByte holds 0 to 255"),
    "negative byte": (column("unsignedByte", "-1"), "column x, row 1: '-1': unsignedByte holds 0 to 255"),
    "int": (column("int", "5000000000"), "'5000000000': int holds -2147483648 to 2147483647"),
    "long": (column("long", "9" * 20), f"column x, row 1: '{'9' * 20}': long holds"),
    "fraction": (column("int", "1.5"), "column x, row 1: '1.5': is no whole number (int)"),
    "digits apart": (column("int", "5_1"), "column x, row 1: '5_1': is no whole number (int)"),
    "float": (column("float", "1e300"), "column x, row 1: '1e300': is too large for a number of 4 bytes"),
    "small float": (column("float", "1e-60"), "column x, row 1: '1e-60': is too small for a number of 4 bytes"),
    "double": (column("double", "1e999"), "column x, row 1: '1e999': is too large for a number of 8 bytes"),
    "word": (column("double", "abc"), "column x, row 1: 'abc': is no number"),
    "two numbers": (column("double", "5", "1 2"), "column x, row 2: '1 2': is no number"),
    "hexadecimal double": (column("double", "0x33"), "column x, row 1: '0x33': is no number"),
    "Fortran's exponent": (column("double", "1d1"), "column x, row 1: '1d1': is no number"),
    "underscore": (column("double", "5_1"), "column x, row 1: '5_1': is no number"),
    "Arabic digit": (column("double", "١"), "column x, row 1: '١': is no number"),
    "boolean": (column("boolean", "maybe"), "column x, row 1: 'maybe': is no boolean"),
    "bit": (column("bit", "102", more='arraysize="3"'), "column x, row 1: '2 in 102': is no bit"),
    "short array": (column("double", "1 2", more='arraysize="3"'), "row 1: '1 2': has 2 elements; arraysize=3"),
    "long array": (column("double", "1 2 3 4", more='arraysize="3"'), "'1 2 3 4': has 4 elements; arraysize=3"),
    "half a row": (column("double", "1 2 3", more='arraysize="2x*"'), "'1 2 3': has 3 elements; arraysize=2x*"),
    "bounded array": (column("int", "1 2 3", more='arraysize="2*"'), "'1 2 3': has 3 elements; arraysize=2*"),
    "number of an array": (column("short", "1 99999", more='arraysize="2"'), "'99999 in 1 99999': short holds"),
    "half a complex": (column("doubleComplex", "1 2 3", more='arraysize="1"'), "has 1.5 elements"),
    "text": (column("char", "abcdefg", more='arraysize="3"'), "'abcdefg': has 7 characters; arraysize=3 holds 3"),
    "text of one": (column("char", "ab"), "column x, row 1: 'ab': has 2 characters"),
    "bounded text": (column("unicodeChar", "abcd", more='arraysize="3*"'), "'abcd': has 4 characters"),
    "value too many": (votable(PLACE + cells("1</TD><TD>2</TD><TD>3")), "row 1 has more values than the 2 columns"),
    "value too few": (votable(PLACE + cells("1")), "row 1 has 1 values, and 2 columns"),
    "coded cell": (column("double", "").replace(b"<TD>", b'<TD encoding="base64">'), "TD encoding='base64'"),
    "cut row": (streamed("BINARY2", b"\0" + TWO_ROWS[:16] + b"\0" + TWO_ROWS[:8]), "row 2 is cut"),
    "cut row, BINARY": (streamed("BINARY", TWO_ROWS[:24]), "row 2 is cut: a row takes 16 bytes, its STREAM has 8"),
    "length": (
        streamed("BINARY2", b"\0" + struct.pack(">ddI", 1, 2, 2**32 - 1) + b"x", WITH_TEXT),
        "column s, row 1: is cut: it declares 4294967295 bytes, its STREAM has 1 left",
    ),
    "no length": (streamed("BINARY", struct.pack(">dd", 1, 2) + b"\0", WITH_TEXT), "column s, row 1: is cut"),
    "base64": (streamed("BINARY", base64.b64encode(TWO_ROWS).decode()[:-8] + "!!*"), "its STREAM is cut or damaged"),
    "base64 cut": (streamed("BINARY", base64.b64encode(TWO_ROWS).decode()[:-3]), "its STREAM is cut or damaged"),
    "gzip": (streamed("BINARY", TWO_ROWS, more='encoding="gzip"'), "STREAM encoding='gzip': must be base64"),
    "nrows": (votable(f'<TABLE nrows="5">{PLACE}{cells("1</TD><TD>2")}</TABLE>'), "nrows=5: its data are 1 rows"),
    "nrows of a stream": (streamed("BINARY", TWO_ROWS, table='<TABLE nrows="3">'), "nrows=3: its data are 2 rows"),
    "NUL in a stream": (
        streamed("BINARY", struct.pack(">ddI", 1, 2, 3) + b"a\0b", WITH_TEXT), "column s, row 1: 'a\\x00b': has text",
    ),
    "half surrogate": (
        streamed("BINARY", struct.pack(">ddI", 1, 2, 1) + b"\xd8\0", WITH_TEXT.replace("char", "unicodeChar")),
        "column s, row 1:",
    ),
    "two tables": (
        votable(f'<TABLE name="stars">{PLACE}</TABLE>', f'<TABLE ID="t2">{PLACE}</TABLE>'),
        "two tables or more, 'stars' and 't2'",
    ),
    "no name": (votable(f'<FIELD name="" datatype="int"/>{cells("1")}'), "FIELD 1: name='': a column has a name"),
    "no datatype": (column("number", "1"), "FIELD x: datatype='number': must be one of"),
    "Parquet's uint64": (parquet(x=pa.array([1, 2**64 - 1], pa.uint64())), "column x, row 2: '18446744073709551615'"),
    "Parquet's bytes": (parquet(x=pa.array([b"\0\xff"], pa.binary())), "is no UTF-8 text"),
    "Parquet's NUL": (parquet(x=pa.array(["a\0b"])), "column x, row 1: 'a\\x00b': text holds no NUL characters"),
    "Parquet's list": (parquet(x=pa.array([[2**53 + 1]])), "an array's numbers are kept up to 9007199254740992"),
    "CSV, infinite": (b"x,y\n1.5,2\n1e999,3\n", "column x, row 2: '1e999': is too large"),
    "CSV, zero": (b"x,y\n1.5,2\n1e-999,3\n", "column x, row 2: '1e-999': is too small"),
    "CSV, decimal comma": (b"x;y\n1,5;2\n1e999;3\n", "column x, row 2: '1e999': is too large"),
    "CSV, NUL": (b"x,y\n1,a\0b\n", "control character '\\x00' in line 2"),
    "FITS logical": (raw_fits("1L", b"x"), "column x, row 1: 'x': a logical value is T, F or NUL"),
    "FITS, NUL": (raw_fits("8A", b"a\0zzz   "), "column x, row 1: 'a\\x00zzz': has text behind a NUL"),
    "FITS, Latin": (raw_fits("8A", b"caf\xe9    "), "column x, row 1: 'café': FITS text is ASCII"),
    "FITS, packed": (raw_fits("1D", b"\0" * 8, ("ZTABLE", "T")), "HDU 1 is a compressed table (ZTABLE = T)"),
    "FITS, scaled": (
        raw_fits("1I", b"\0\1", ("TSCAL1", "1E308"), ("TZERO1", "1E308")), "column x, row 1: '1': TSCAL = 1e+308",
    ),
    "FITS, two tables": (fits_table(fits.Column("x", "D", array=[1.0]), twice=True), "two tables or more, HDU 1"),
    "FITS, wide form": (raw_fits("999999999D", b"\0" * 8), "HDU 1: its columns take 7999999992 bytes, a row has 8"),
    "ECSV byte": (ecsv("int8", "300"), "column x, row 1: '300': int8 holds -128 to 127"),
    "ECSV float": (ecsv("float32", "1e300"), "column x, row 1: '1e300': is too large for a number of 4 bytes"),
    "ECSV digits": (ecsv("int64", "5_1"), "column x, row 1: '5_1': is no whole number"),
    "ECSV object": (
        ecsv("float64", "1", "# meta: !!omap\n# - __serialized_columns__:\n#     t: {__class__: os.system}\n"),
        "its header makes an object of columns (__serialized_columns__)",
    ),
    "IPAC word": (ipac("double", "abc"), "column x, row 1: 'abc': is no number"),
    "IPAC digits": (ipac("int", "5_1"), "column x, row 1: '5_1': is no whole number"),
    "IPAC range": (ipac("long", "9" * 20), "int64 holds -9223372036854775808 to 9223372036854775807"),
    "IPAC header": (b"|ra|dec|\n|double|\n|deg\n 51 18\n", "line 2 of its header (|) has 1 columns, the first one 2"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_column_cannot_hold_is_refused_by_column_row_and_value(case):
    content, said = REFUSED[case]
    with pytest.raises(UnreadableTableError) as refusal:
        read(content)
    assert said in str(refusal.value)


KEPT = {
    "limits": (column("short", "-32768", "32767", "0x7F", "", "+5"), ["-32768", "32767", "127", "\\N", "5"]),
    "largest long": (column("long", str(2**63 - 1)), [str(2**63 - 1)]),
    "null": (column("int", "7", "", "NaN"), ["7", "\\N", "\\N"]),
    "reals": (column("double", "1", "-.5", "2.", "1E-3", "NaN", "-Inf", "0.0e5"),
              ["1.0", "-0.5", "2.0", "0.001", "\\N", "-inf", "0.0"]),
    "largest float": (column("float", "3.4028235e38"), [str(float(np.float32(3.4028235e38)))]),
    "array": (column("double", "1 2 3", more='arraysize="3"'), ["{1.0,2.0,3.0}"]),
    "array of lines": (column("int", " 1\n2 ", more='arraysize="*"'), ["{1.0,2.0}"]),
    "text": (column("char", "abc", more='arraysize="3"'), ["abc"]),
    "booleans": (column("boolean", "T", "false", "?", "1"), ["True", "False", "\\N", "True"]),
    "stream of texts": (
        streamed("BINARY", struct.pack(">I", 2) + b"ab" + struct.pack(">I", 0), '<FIELD name="s" datatype="char" '
                 'arraysize="*"/>', '<TABLE nrows="2">'), ["ab", ""],
    ),
    "identifiers": (b"x\n007\n042\n", ["007", "042"]),
    "many digits": (b"x\n9007199254740993\n1.5\n", ["9007199254740993", "1.5"]),
    "many digits, commas": (b"x;y\n9007199254740993;1,5\n0,5;2\n", ["9007199254740993", "0,5"]),
    "many digits, blanks": (b"x y\n9007199254740993 a\n0.5 b\n", ["9007199254740993", "0.5"]),
    "leading zero of a fraction": (b"x,y\n05.25,1\n-0.5,2\n", ["5.25", "-0.5"]),
    "a large whole number": (b"x\n9223372036854775807\n", ["9223372036854775807"]),
    "Parquet's uint64": (parquet(x=pa.array([2**63 - 1, None], pa.uint64())), [str(2**63 - 1), "\\N"]),
    "FITS logical": (raw_fits("1L", b"T"), ["True"]),
    "FITS logical, null": (raw_fits("1L", b"\0"), ["\\N"]),
    "FITS text": (raw_fits("8A", b"ab c\0\0  "), ["ab c"]),
    "FITS scaled": (raw_fits("1I", b"\0\2", ("TSCAL1", "0.5"), ("TZERO1", "1.0")), ["2.0"]),
    "ECSV": (ecsv("int16", "-32768"), ["-32768"]),
    "IPAC": (ipac("double", "1.5e-3"), ["0.0015"]),
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
def test_what_a_column_holds_is_kept_as_it_stands(case):
    content, values = KEPT[case]
    _, rows = read(content)
    assert [row[0] for row in rows] == values


def test_whole_numbers_of_parquet_without_sign_are_a_bigint():
    assert read(parquet(x=pa.array([2**63 - 1], pa.uint64())))[0] == ["bigint"]


@pytest.mark.parametrize("form", ["tabledata", "binary", "binary2"])
def test_every_serialisation_that_astropy_writes_is_read_whole(form):
    table = Table({"id": np.arange(5), "v": np.linspace(0, 1, 5), "a": np.ones((5, 2)), "t": list("abcde")})
    table["flag"] = np.arange(5) % 2 == 0
    table["m"] = MaskedColumn(np.arange(5.0), mask=[False, True, False, False, False])
    table["u"] = ["é", "", "ab", "c", "d"]
    with io.BytesIO() as file:
        table.write(file, format="votable", tabledata_format=form)
        _, rows = read(file.getvalue())
    assert [row[0] for row in rows] == list("01234")
    assert [row[6] for row in rows] == ["é", "", "ab", "c", "d"]
    assert [row[5] for row in rows][1:] in (["\\N", "2.0", "3.0", "4.0"], ["nan", "2.0", "3.0", "4.0"])


@pytest.mark.parametrize(
    "content",
    [
        votable(PLACE + cells()), votable(PLACE), parquet(x=pa.array([], pa.uint64()), s=pa.array([], pa.string())),
        fits_table(fits.Column("x", "L"), fits.Column("s", "8A")), b"x,y\n",
    ],
    ids=["VOTable", "VOTable without DATA", "Parquet", "FITS", "CSV"],
)  # fmt: skip
def test_a_table_without_rows_is_one(content):
    assert read(content)[1] == []
