"""Small files that would become large: refused with a reason, in memory and time that are bounded."""

from __future__ import annotations

import io
import resource
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from django.test import Client

from archive import sandbox
from archive.sandbox.readers.uploads import tables
from archive.tables import readers
from portal import bodies
from tests.archive.sandbox.bombs import BOMBS, RA_DEC, ROW, votable

ROOM = 128 * 1024**2  # bytes by which this process may grow: none of it is a bomb's
FUNCTIONS = ("archive.sandbox.readers.uploads.tables:parse", "archive.sandbox.readers.uploads.copying:copied")


def grown() -> int:
    """Bytes of the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("name", BOMBS)
def test_a_file_that_declares_or_unpacks_to_too_much_is_refused(name):
    content = BOMBS[name]()
    before, begun = grown(), time.monotonic()
    for function in FUNCTIONS:
        with pytest.raises(readers.UnreadableTableError) as refusal:
            readers.read_in_child(content, function, readers.MOST_ROWS)
        assert len(str(refusal.value)) > 20
    assert grown() - before < ROOM
    assert time.monotonic() - begun < 2 * readers.LIMITS.seconds + 30


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("FITS: NAXIS2", "NAXIS2 = 1000000000"),
        ("FITS: rows without width", "NAXIS2 = 1000000000 rows; at most 1000000"),
        ("FITS: rows without width, one column", "NAXIS1 = 0: 900000 rows of 1 columns have no bytes"),
        ("ECSV: brackets", "more than 60 brackets within each other"),
        ("ECSV: indented", "is indented by"),
        ("ECSV: a long header", "characters; at most"),
        ("VOTable: arraysize", "arraysize=10000000"),
        ("VOTable: nrows", "nrows=1000000000"),
        ("VOTable: length in BINARY", "column a, row 1: is cut: it declares 17179869176 bytes, its STREAM has 0 left"),
        ("FITS: heap", "arrays that take 8012800000 bytes; at most"),
        ("parquet: rows", "20000000 rows; at most 1000000"),
        ("parquet: dictionary", "more than 1024 MB of memory"),
        ("CSV: columns", "200000 columns; at most 2000"),
    ],
)
def test_the_refusal_names_what_was_too_large(name, words):
    with pytest.raises(readers.UnreadableTableError, match=words):
        readers.read_table(BOMBS[name]())


def test_what_ordinary_tables_declare_is_taken():
    wide = votable(
        '<FIELD name="name" datatype="char" arraysize="200"/><FIELD name="a" datatype="float" arraysize="3"/>'
        '<FIELD name="b" datatype="unicodeChar" arraysize="10*"/><FIELD name="c" datatype="short" arraysize="2x*"/>'
        + RA_DEC,
        "<TABLEDATA><TR><TD>x</TD><TD>1 2 3</TD><TD>y</TD><TD>1 2 3 4</TD><TD>1</TD><TD>2</TD></TR></TABLEDATA>",
        'nrows="1"',
    )
    table = readers.read_table(wide)
    assert table["name"][0] == "x" and table["a"][0].tolist() == [1, 2, 3] and table["ra"][0] == 1.0
    assert len(readers.read_table(votable(RA_DEC, f"<TABLEDATA>{ROW * 1000}</TABLEDATA>"))) == 1000


@pytest.mark.parametrize(
    "name", [name for name in BOMBS if name.startswith("ECSV") or "without" in name or "nrows" in name]
)
def test_what_a_header_says_is_refused_before_a_parser_reads_on(name):
    content = BOMBS[name]()
    begun = time.process_time()
    with pytest.raises(tables.UnreadableTableError):
        tables.table_of(content, readers.MOST_ROWS, 10**9)
    assert time.process_time() - begun < 1


def test_an_ecsv_table_of_many_columns_with_brackets_in_its_words_is_read():
    made = Table({f"c{n}": [float(n)] for n in range(300)})
    for name in made.colnames:
        made[name].description, made[name].unit = f'from \'[0, 1) of {name}, "(b"', "deg"
    made.meta["nested"] = [{"a": [{"b": [1, 2]}]}]
    text = io.StringIO()
    made.write(text, format="ascii.ecsv")
    assert readers.read_table(text.getvalue().encode())["c7"][0] == 7.0


@pytest.mark.slow
def test_a_table_of_a_million_rows_is_read():
    numbers = np.random.default_rng(1).uniform(0, 360, (1_000_000, 2))
    content = b"ra,dec\n" + b"\n".join(b"%.6f,%.6f" % tuple(row) for row in numbers)
    found = readers.read_in_child(content, FUNCTIONS[1], readers.MOST_ROWS)
    assert found["rows"] == 1_000_000 and found["text"].count(b"\n") == 1_000_000


PATHS = {
    "/tap/sync": "tap-sync", "/api/images/": "api-images", "/images/list": "image-list", "/objects/own": "object-own",
    "/ibe/search/ztf/products/sci": "ibe-search", "/cgi-bin/periodogram/nph-periodogram_api": "irsa-periodogram",
    "/api/jobs/": "api-jobs", "/nowhere": "", "/admin/login/": "",
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_says_that_it_is_too_long_is_refused_unread(path):
    most = bodies.largest(PATHS[path])
    answer = Client().generic("POST", path, b"x", CONTENT_LENGTH=str(most + 1))
    assert answer.status_code == 413
    assert str(most + 1).encode() in answer.content and str(most).encode() in answer.content
    form = {"/tap/sync": "votable", "/ibe/search/ztf/products/sci": "text/xml"}.get(path, "problem+json")
    assert form in answer["Content-Type"] or "irsa" in PATHS[path]


def test_a_length_that_is_no_number_is_refused():
    for text in ("-1", "9" * 30, "1e9", "²"):
        assert Client().generic("POST", "/tap/sync", b"x", CONTENT_LENGTH=text).status_code == 413


def test_every_name_in_the_table_of_bodies_is_an_address():
    from django.conf import settings
    from django.urls import get_resolver

    known = set(get_resolver(settings.ROOT_URLCONF).reverse_dict)
    assert {*bodies.TABLES, *bodies.FILES} <= known


def test_a_form_with_a_file_has_room_for_one_in_the_table_of_bodies():
    """Views that read tables are told how large a table may be."""
    from tests.rights.test_hostile_uploads import SEND

    assert set(SEND) <= {*bodies.TABLES, *bodies.FILES}


def test_the_limits_of_the_children_fit_the_machine():
    memory = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert readers.LIMITS.memory * sandbox.FILES.at_once < memory
