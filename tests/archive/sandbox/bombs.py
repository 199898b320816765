"""Small files that declare, or unpack to, far more than they are."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.io import fits

MANY = 10**9


def parquet_of_one_value(rows: int, kind: str = "double") -> bytes:
    """A column of one value, again and again: run lengths and a dictionary make some hundred bytes of it."""
    value = {"double": pa.array([1.0]), "text": pa.array(["x" * 10_000])}[kind]
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), value)
    return written({"ra": column.cast(value.type) if kind == "double" else column, "dec": pa.array(np.zeros(rows))})


def parquet_of_columns(columns: int) -> bytes:
    return written({f"c{n}": pa.array([1.0]) for n in range(columns)})


def parquet_with_a_long_dictionary(rows: int) -> bytes:
    value = pa.array(["x" * 1_000_000])
    return written({"s": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), value)})


def parquet_of_lists(rows: int, length: int) -> bytes:
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * length)
    return written({"l": pa.ListArray.from_arrays(offsets, pa.array(np.zeros(rows * length)))})


def written(columns: dict) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, compression="zstd")
    return buffer.getvalue()


def fits_with(**cards) -> bytes:
    """A table of one row whose header says otherwise."""
    table = fits.BinTableHDU.from_columns([fits.Column("ra", "D", array=[1.0]), fits.Column("dec", "D", array=[1.0])])
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(content)
    text = content.getvalue()
    for name, value in cards.items():
        start = text.index(f"{name:8}= ".encode(), 2880 if name != "SIMPLE" else 0)
        text = text[:start] + f"{name:8}= {value!s:>20}".encode().ljust(80) + text[start + 80 :]
    return text


def fits_of_no_width(rows: int, columns: int = 2, form: str = "0D", kind: str = "BINTABLE") -> bytes:
    """A header alone: rows that take no bytes."""
    cards = [f"XTENSION= '{kind:8}'", *(f"{n:8}= {v:>20}" for n, v in (
        ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", 0), ("NAXIS2", rows), ("PCOUNT", 0), ("GCOUNT", 1), ("TFIELDS", columns)
    ))]  # fmt: skip
    for n in range(1, columns + 1):
        cards += [f"TTYPE{n:<3}= 'c{n}'", f"TFORM{n:<3}= '{form}'", *([f"TBCOL{n:<3}= 1"] if kind == "TABLE" else ())]
    head = b"".join(card.encode().ljust(80) for card in [*cards, "END"])
    content = io.BytesIO()
    fits.PrimaryHDU().writeto(content)
    return content.getvalue() + head + b" " * (-len(head) % 2880)


def ecsv(meta: str) -> bytes:
    """An ECSV table with a line of metadata."""
    head = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, datatype: float64}\n# - {name: dec, datatype: float64}\n"
    return f"{head}{meta}\nra dec\n1 2\n".encode()


def fits_of_tiles(side: int) -> bytes:
    """A compressed image of zeros."""
    content = io.BytesIO()
    image = fits.CompImageHDU(np.zeros((side, side), np.uint8), compression_type="GZIP_2", tile_shape=(side, side))
    fits.HDUList([fits.PrimaryHDU(), image]).writeto(content)
    return content.getvalue()


def fits_of_one_heap(rows: int, length: int) -> bytes:
    """Rows that all point to the same part of the heap."""
    column = fits.Column("a", "QD", array=np.array([np.zeros(length)], dtype=object))
    content = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column])]).writeto(content)
    text = content.getvalue()
    place = text.index(b"END" + b" " * 77, 2880)
    start = -(-place // 2880) * 2880
    row, heap = text[start : start + 16], text[start + 16 : start + 16 + 8 * length]
    head = text[2880:start].replace(b"NAXIS2  =                    1", b"NAXIS2  = %20d" % rows)
    data = row * rows + heap
    return text[:2880] + head + data + b"\0" * (-len(data) % 2880)


def votable(fields: str, data: str = "", table: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?><VOTABLE version="1.4"><RESOURCE><TABLE {table}>{fields}<DATA>{data}</DATA></TABLE>'
        "</RESOURCE></VOTABLE>"
    ).encode()


RA_DEC = '<FIELD name="ra" datatype="double"/><FIELD name="dec" datatype="double"/>'
ROW = "<TR><TD>1</TD><TD>2</TD></TR>"
BOMBS = {
    "parquet: rows": lambda: parquet_of_one_value(20_000_000),
    "parquet: text": lambda: parquet_of_one_value(1_000_000, "text"),
    "parquet: dictionary": lambda: parquet_with_a_long_dictionary(100_000),
    "parquet: columns": lambda: parquet_of_columns(20_000),
    "parquet: lists": lambda: parquet_of_lists(1000, 100_000),
    "FITS: NAXIS2": lambda: fits_with(NAXIS2=MANY),
    "FITS: NAXIS1": lambda: fits_with(NAXIS1=MANY),
    "FITS: PCOUNT": lambda: fits_with(PCOUNT=MANY),
    "FITS: GCOUNT": lambda: fits_with(GCOUNT=MANY),
    "FITS: negative": lambda: fits_with(NAXIS2=-1),
    "FITS: no number": lambda: fits_with(NAXIS2="'1e9'"),
    "FITS: digits": lambda: fits_with(NAXIS2="9" * 60),
    "FITS: repeat": lambda: fits_with(TFORM1="'900000000D'"),
    "FITS: tiles": lambda: fits_of_tiles(20_000),
    "FITS: heap": lambda: fits_of_one_heap(100_000, 10_000),
    "FITS: rows without width": lambda: fits_of_no_width(MANY),
    "FITS: rows without width, one column": lambda: fits_of_no_width(900_000, 1, "1D"),
    "FITS: text rows without width": lambda: fits_of_no_width(MANY, 2, "A0", "TABLE"),
    "FITS: rows without columns": lambda: fits_of_no_width(MANY, 0),
    "ECSV: brackets": lambda: ecsv("# meta: " + "[" * 100_000),
    "ECSV: braces": lambda: ecsv("# meta: " + "{a: " * 25_000),
    "ECSV: brackets of many lines": lambda: ecsv("# meta:\n" + "# - [\n" * 900),
    "ECSV: lists in lists": lambda: ecsv("# meta:\n# " + "- " * 50_000),
    "ECSV: indented": lambda: ecsv("# meta:\n" + "\n".join("# " + " " * n + "a:" for n in range(1, 900))),
    "ECSV: a long header": lambda: ecsv("# meta: " + "a " * 600_000),
    "ECSV: many lines": lambda: ecsv("# meta:\n" + "# - 1\n" * 200_000),
    "VOTable: arraysize": lambda: votable(
        '<FIELD name="a" datatype="double" arraysize="10000000"/>', "<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>"
    ),
    "VOTable: arraysize of two dimensions": lambda: votable(
        '<FIELD name="a" datatype="double" arraysize="100000x100000"/>', "<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>"
    ),
    "VOTable: arraysize and a star": lambda: votable(
        '<FIELD name="a" datatype="double" arraysize="10000000x*"/>', "<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>"
    ),
    "VOTable: arraysize, many rows": lambda: votable(
        '<FIELD name="a" datatype="char" arraysize="60000"/>', "<TABLEDATA>" + "<TR/>" * 100_000 + "</TABLEDATA>"
    ),
    "VOTable: nrows": lambda: votable(RA_DEC, f"<TABLEDATA>{ROW}</TABLEDATA>", 'nrows="1000000000"'),
    "VOTable: nrows is no number": lambda: votable(RA_DEC, f"<TABLEDATA>{ROW}</TABLEDATA>", 'nrows="1e9"'),
    "VOTable: length in BINARY": lambda: votable(
        '<FIELD name="a" datatype="double" arraysize="*"/>',
        "<BINARY><STREAM encoding='base64'>f////w==</STREAM></BINARY>",
    ),
    "VOTable: columns": lambda: votable(RA_DEC * 5000, f"<TABLEDATA>{ROW}</TABLEDATA>"),
    "VOTable: depth": lambda: b"<VOTABLE>" + b"<RESOURCE>" * 100_000,
    "CSV: rows": lambda: b"ra,dec\n" + b"1,2\n" * 2_000_000,
    "CSV: columns": lambda: b",".join(b"c%d" % n for n in range(200_000)) + b"\n" + b",".join([b"1"] * 200_000),
    "CSV: one long value": lambda: b"ra,dec,s\n1,2," + b"x" * 1_000_000 + b"\n" + b"1,2,\n" * 100_000,
}  # fmt: skip
