"""Every format says the same: values, nulls, what describes the columns, and that rows are missing."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import Table

from archive.services.vo.formats import FORMATS, format_named
from archive.tables.fields import Field
from archive.tables.formats.errors import UnwritableResultError

FIELDS = (
    Field("id", "long", unit="", ucd="meta.id", description="a number"),
    Field("mag", "float", unit="mag", ucd="phot.mag", utype="x:y"),
    Field("fid", "short"),
    Field("good", "boolean"),
    Field("name", "unicodeChar", "*"),
    Field("taken", "char", "*", xtype="timestamp"),
    Field("corners", "double", "*", unit="deg"),
)
ROWS = [
    (2**60 + 1, 17.25, 1, True, 'a, "b" <c> é\nx', "2027-01-02T03:04:05.678", [1.5, -2.0]),
    (2, None, None, None, None, None, None),
    (3, float("nan"), -7, False, "", "2027-01-02T00:00:00.000", []),
    (4, 1.0, 2, True, "#x", "2027-01-02T00:00:00.000", [0.25]),
]
NAMES = [one.names[1] for one in FORMATS]
SEPARATED = ("csv", "csv/told", "tsv", "tsv/told")


def written(name: str, maxrec: int = 10, size: int = 2, every: list[tuple] | None = None) -> bytes:
    rows = every or [
        (*row[:4], row[4] and row[4].replace("é", "e"), *row[5:]) if name == "fits" else row for row in ROWS
    ]
    parts = [rows[start : start + size] for start in range(0, len(rows), size)]
    batches = [[list(column) for column in zip(*part, strict=True)] for part in parts]
    return b"".join(format_named(name).write(FIELDS, batches, maxrec))


def read(name: str, content: bytes) -> list[tuple]:
    """id, mag, fid, good, name of each row; None is null, a float that is NaN is null as well."""
    if name in SEPARATED:
        delimiter = "," if name.startswith("csv") else "\t"
        _, *rows = csv.reader(io.StringIO(content.decode()), delimiter=delimiter)
        kinds = (int, float, int, lambda text: text == "true", str)
        rows = [row for row in rows if not row[0].startswith("# ")]
        return [tuple(kind(cell) if cell else None for kind, cell in zip(kinds, row, strict=False)) for row in rows]
    if name == "json":
        return [tuple(row[:5]) for row in json.loads(content)["data"]]
    if name in ("parquet", "arrow"):
        table = pq.read_table(io.BytesIO(content)) if name == "parquet" else pa.ipc.open_stream(content).read_all()
        return list(zip(*[table.column(n).to_pylist() for n in range(5)], strict=True))
    form = {"fits": "fits", "ipac": "ascii.ipac"}.get(name, "votable")
    table = Table.read(io.BytesIO(content) if name != "ipac" else content.decode(), format=form)
    return [tuple(None if one is np.ma.masked else one for one in row)[:5] for row in table]


@pytest.mark.parametrize("name", NAMES)
def test_numbers_and_their_nulls_come_through(name):
    rows = read(name, written(name))
    assert [int(row[0]) for row in rows] == [row[0] for row in ROWS]
    mags = [np.nan if row[1] is None else float(row[1]) for row in rows]
    np.testing.assert_array_equal(mags, [17.25, np.nan, np.nan, 1.0])
    assert [None if row[2] is None else int(row[2]) for row in rows] == [1, None, -7, 2]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("fits", "ipac")])
def test_text_comes_through(name):
    found = [str(row[4] or "") for row in read(name, written(name))]
    assert found == [row[4] or "" for row in ROWS]


def test_a_null_text_and_an_empty_one_are_told_apart_where_the_format_can():
    assert b'2,,,,,,\n3,NaN,-7,false,"",' in written("csv")
    assert [row[4] for row in read("json", written("json"))][1:3] == [None, ""]
    assert [row[4] for row in read("parquet", written("parquet"))][1:3] == [None, ""]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("csv", "tsv")])
def test_a_result_that_was_cut_says_so_and_a_whole_one_does_not(name):
    def overflow(content: bytes) -> bool:
        if name == "json":
            return json.loads(content)["overflow"]
        if name == "fits":
            return fits.open(io.BytesIO(content))[1].header["OVERFLOW"]
        if name == "parquet":
            return pq.read_metadata(io.BytesIO(content)).metadata[b"QUERY_STATUS"] == b"OVERFLOW"
        return b"OVERFLOW" in content

    assert overflow(written(name, maxrec=3))
    assert not overflow(written(name, maxrec=4))
    assert len(read(name, written(name, maxrec=3))) == 3


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_every_line_of_a_text_that_was_cut_is_a_row(name):
    assert len(written(name, maxrec=3).splitlines()) == len(written(name, maxrec=4).splitlines()) - 1 == 5


def test_fits_refuses_text_that_it_cannot_hold_and_names_the_column():
    with pytest.raises(UnwritableResultError, match="column name: .* not ASCII"):
        written("fits", every=ROWS)
    odd = (Field("größe", "int"),)
    with pytest.raises(UnwritableResultError, match="column größe: .* not ASCII"):
        b"".join(format_named("fits").write(odd, [[[1]]], 10))


@pytest.mark.parametrize("name", ["csv", "tsv", "ipac", "json"])
def test_text_formats_are_utf8_and_say_so(name):
    form = format_named(name)
    assert "charset=utf-8" in form.content_type or form.content_type == "application/json"
    if name != "ipac":
        assert "é".encode() in written(name)


def test_units_ucds_and_descriptions_stay_with_their_columns():
    field = parse(io.BytesIO(written("votable"))).get_first_table().fields[1]
    assert (str(field.unit), field.ucd, field.utype) == ("mag", "phot.mag", "x:y")
    schema = pq.read_schema(io.BytesIO(written("parquet")))
    assert schema.field("mag").metadata == {b"unit": b"mag", b"ucd": b"phot.mag", b"utype": b"x:y"}
    assert b"IVOA.VOTable-Parquet.content" in pq.read_metadata(io.BytesIO(written("parquet"))).metadata
    header = fits.open(io.BytesIO(written("fits")))[1].header
    assert (header["TUNIT2"], header["TUCD2"], header["TCOMM1"]) == ("mag", "phot.mag", "a number")
    assert json.loads(written("json"))["columns"][1]["ucd"] == "phot.mag"


def test_arrays_and_times_are_written_as_dali_has_them():
    text = written("csv").decode()
    assert ",2027-01-02T03:04:05.678,1.5 -2.0\n" in text or ",2027-01-02T03:04:05.678,1.5 -2\n" in text
    table = parse(io.BytesIO(written("votable/td"))).get_first_table()
    assert table.array["corners"][0].tolist() == [1.5, -2.0]
    assert fits.open(io.BytesIO(written("fits")))[1].data["corners"].shape == (4, 2)
