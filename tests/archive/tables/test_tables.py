"""VOTable and IPAC writers: what astropy reads back is what went in."""

import io
import math

import numpy as np
import pytest
from astropy.io import ascii as astropy_ascii
from astropy.io.votable import parse

from archive.tables.fields import Field, field_of
from archive.tables.formats.ipac import write_ipac
from archive.tables.formats.votable import error_votable, write_votable

FIELDS = [
    Field("id", "long", ucd="meta.id;meta.main", description="number & <name>"),
    Field("ra", "double", unit="deg", ucd="pos.eq.ra"),
    Field("mag", "float", unit="mag"),
    Field("fid", "short"),
    Field("good", "boolean"),
    Field("name", "unicodeChar", "*"),
    Field("filter", "char", "2"),
    Field("poly", "double", "*"),
]
ROWS = [
    (2**60 + 1, 359.9999999999, 17.25, 1, True, 'a <b> & "c"', "zg", [1.0, 2.5]),
    (2, None, None, None, None, None, None, None),
    (-3, -0.0, float("nan"), -7, False, "Å\n\u2605", "zr", []),
]


def column_batches(rows, size):
    """Batches of columns, `size` rows each."""
    for start in range(0, len(rows), size):
        yield [list(column) for column in zip(*rows[start : start + size], strict=True)]


def read(pieces):
    return parse(io.BytesIO(b"".join(pieces)), verify="exception")


def status(table):
    return [info.value for info in table.resources[0].infos if info.name == "QUERY_STATUS"]


@pytest.mark.parametrize("serialization", ["BINARY2", "TABLEDATA"])
@pytest.mark.parametrize("version", ["1.4", "1.5"])
def test_numbers_text_arrays_and_nulls_survive_the_round_trip(serialization, version):
    pieces = write_votable(FIELDS, column_batches(ROWS, size=2), serialization, version=version)
    table = read(pieces)
    array = table.get_first_table().array
    assert array["id"].tolist() == [2**60 + 1, 2, -3]
    assert array["ra"][0] == 359.9999999999
    assert array["mag"][0] == np.float32(17.25)
    assert array["fid"].tolist() == [1, None, -7]
    assert array["good"].tolist() == [True, None, False]
    assert [str(x) for x in array["name"]][::2] == ['a <b> & "c"', "Å\n\u2605"]
    assert array["filter"].tolist()[::2] == ["zg", "zr"]
    assert np.asarray(array["poly"][0]).tolist() == [1.0, 2.5]
    assert array.mask["fid"].tolist() == [False, True, False]
    assert bool(array.mask["ra"][1]) or math.isnan(array["ra"][1])
    assert status(table) == ["OK"]
    field = table.get_first_table().fields[0]
    assert (field.description, field.ucd) == ("number & <name>", "meta.id;meta.main")


@pytest.mark.parametrize("serialization", ["BINARY2", "TABLEDATA"])
def test_numeric_arrays_in_batches_are_the_same_table(serialization):
    fields = FIELDS[:4]
    rng = np.random.default_rng(0)
    columns = [
        rng.integers(-9, 9, 1000),
        rng.normal(size=1000),
        rng.normal(size=1000).astype("f4"),
        rng.integers(0, 9, 1000).astype("i2"),
    ]
    batches = [[c[a : a + 77] for c in columns] for a in range(0, 1000, 77)]
    array = read(write_votable(fields, batches, serialization)).get_first_table().array
    for field, column in zip(fields, columns, strict=True):
        np.testing.assert_array_equal(np.asarray(array[field.name]), column)


def test_more_rows_than_maxrec_are_cut_and_marked_overflow():
    table = read(write_votable(FIELDS[:1], [[[1, 2, 3]], [[4, 5]]], maxrec=4))
    assert table.get_first_table().array["id"].tolist() == [1, 2, 3, 4]
    assert status(table) == ["OK", "OVERFLOW"]
    exact = read(write_votable(FIELDS[:1], [[[1, 2, 3]], [[4, 5]]], maxrec=5))
    assert status(exact) == ["OK"]


@pytest.mark.parametrize("serialization", ["BINARY2", "TABLEDATA"])
def test_an_empty_result_is_a_table_with_columns_and_no_rows(serialization):
    table = read(write_votable(FIELDS, [], serialization))
    assert len(table.get_first_table().array) == 0
    assert len(table.get_first_table().fields) == 8


def test_an_error_while_rows_flow_leaves_a_table_that_says_so_and_is_raised():
    def failing():
        yield [[1, 2]]
        raise RuntimeError("connection lost")

    pieces = []
    with pytest.raises(RuntimeError, match="connection lost"):
        pieces.extend(write_votable(FIELDS[:1], failing(), "TABLEDATA"))
    assert status(read(pieces)) == ["OK", "ERROR"]


def test_an_error_before_the_first_row_writes_nothing():
    def failing():
        raise RuntimeError("no such column")
        yield

    with pytest.raises(RuntimeError):
        next(write_votable(FIELDS[:1], failing()))


def test_an_error_document_carries_the_message_escaped():
    table = read([error_votable("line 1 < 2 & \x00 so on")])
    assert status(table) == ["ERROR"]
    assert "1 < 2 &" in table.resources[0].infos[0].content


def test_postgres_types_become_votable_types():
    assert field_of("x", "double precision").datatype == "double"
    assert field_of("x", "varchar(12)").arraysize == "*"
    assert field_of("x", "timestamp").xtype == "timestamp"
    assert field_of("x", "jsonb").is_text


def test_an_ipac_table_is_read_back_with_types_units_and_nulls():
    fields = [FIELDS[0], FIELDS[1], FIELDS[2], FIELDS[3], FIELDS[5]]
    rows = [(2**60 + 1, 359.9999999999, 17.25, 1, "a long | name"), (2, None, float("nan"), None, None)]
    text = "".join(write_ipac(fields, rows, {"catalog": "ztf", "rows": 2}, ["made for a test"]))
    table = astropy_ascii.read(text, format="ipac")
    assert table["id"].tolist() == [2**60 + 1, 2]
    assert table["ra"][0] == 359.9999999999
    assert table["ra"].mask.tolist() == [False, True]
    assert str(table["ra"].unit) == "deg"
    assert table["name"][0] == "a long | name"
    assert table.meta["keywords"]["catalog"]["value"] == "ztf"
    assert len({len(line) for line in text.splitlines() if not line.startswith("\\")}) == 1


def test_an_ipac_table_of_numbers_is_streamed():
    def endless():
        k = 0
        while True:
            k += 1
            yield (k, 1.0)

    pieces = write_ipac(FIELDS[:2], endless())
    lines = [next(pieces) for _ in range(20)]
    assert lines[-1].split()[0] == "15"
