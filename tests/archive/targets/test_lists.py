"""Lists of targets, as people have them."""

import io

import pytest
from astropy.table import Table

from archive.targets.lists import LARGEST_LIST, BadTargetsError, Target, read

pytestmark = pytest.mark.django_db  # names are looked up among our own objects too
ROWS = [Target("SN 2020abc", 10.5, -3.25), Target("b", 359.9, 89.0)]


@pytest.mark.parametrize(
    "text",
    [
        "SN 2020abc 10.5 -3.25\nb 359.9 89",
        "SN 2020abc, 10.5, -3.25\nb,359.9,89\n\n",
        "name,ra,dec\nSN 2020abc,10.5,-3.25\nb,359.9,89",
        "# mine\nDec\tRA\tobjectId\n-3.25\t10.5\tSN 2020abc\n89\t359.9\tb",
        "id;RAJ2000;DEJ2000\n'SN 2020abc';10.5;-3.25\nb;359.9;89".replace("'", '"'),
        "SN 2020abc 00:42:00 -03:15:00\nb 23:59:36 +89:00:00",
        "SN 2020abc 0 42 0 -3 15 0\nb 23 59 36 +89 0 0",
    ],
    ids=["blanks", "commas", "CSV", "tabs, other order", "semicolons", "sexagesimal", "sexagesimal with blanks"],
)
def test_text_is_read_in_all_usual_ways(text):
    found = read(text)
    assert [one.name for one in found] == [one.name for one in ROWS]
    assert [(one.ra, one.dec) for one in found] == [pytest.approx((one.ra, one.dec)) for one in ROWS]


def test_targets_without_a_name_are_numbered():
    assert [one.name for one in read("10 20\n11 21\n")] == ["1", "2"]


@pytest.mark.parametrize("form", ["votable", "ipac"])
def test_votable_and_ipac_tables_are_read(form):
    table = Table({"objectid": ["SN 2020abc", "b"], "ra": [10.5, 359.9], "dec": [-3.25, 89.0]})
    buffer = io.BytesIO() if form == "votable" else io.StringIO()
    table.write(buffer, format="votable" if form == "votable" else "ascii.ipac")
    content = buffer.getvalue()
    assert read(content) == ROWS


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the list is empty"),
        ("name,ra,dec\n", "the list is empty"),
        ("a 10 95", "line 1: '10 95': declination 95"),
        ("10 20\nhello", "line 2"),
        ("name,ra,dec\na,1,2\nb,3\n", "line 3"),
        ("name,ra,d\na,1,2", "none is called ra and dec"),
        ("<VOTABLE><broken", "no VOTable that can be read"),
        (b"\xff\x00binary", "not UTF-8 text"),
        (b"\xff\xfe\x00binary", "no UTF-16 text"),
        ("1 2\n" * (LARGEST_LIST + 1), f"more than {LARGEST_LIST}"),
        ("a nan nan", "line 1"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_line_and_what_would_be_right(content, says):
    with pytest.raises(BadTargetsError, match=says):
        read(content)


def test_columns_are_known_by_their_ucds_whatever_their_names():
    table = Table({"a": [99.0, 98.0], "x": [10.5, 359.9], "y": [-3.25, 89.0], "label": ["SN 2020abc", "b"]})
    ucds = {
        "a": "pos.eq.ra;stat.error",
        "x": "pos.eq.ra;meta.main",
        "y": "POS_EQ_DEC_MAIN",
        "label": "meta.id;meta.main",
    }
    for name, ucd in ucds.items():
        table[name].info.meta = {"ucd": ucd}
        table[name].meta["ucd"] = ucd
    buffer = io.BytesIO()
    table.write(buffer, format="votable")
    assert read(buffer.getvalue()) == ROWS


def test_sexagesimal_columns_are_read_and_tiny_numbers_too():
    assert read("|ra      |dec      |\n|char    |char     |\n 00:42:00 -03:15:00 \n")[0] == Target("1", 10.5, -3.25)
    assert read("|ra     |dec    |\n|double |double |\n 1e-05   -2e-07 \n")[0] == Target("1", 1e-05, -2e-07)


def test_names_are_looked_up():
    found = read("M 31\nNGC 7000\nb 359.9 89")
    assert [(one.name, round(one.ra), round(one.dec)) for one in found] == [
        ("M 31", 11, 41),
        ("NGC 7000", 315, 45),
        ("b", 360, 89),
    ]
    assert read("name\nM 31\n")[0].name == "M 31"
    with pytest.raises(BadTargetsError, match="line 2: '16 Psyche' moves"):
        read("M 31\n16 Psyche")
    with pytest.raises(BadTargetsError, match="more than 100 names"):
        read("M 31\n" * 101)
