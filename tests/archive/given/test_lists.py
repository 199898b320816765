"""Lists of targets: columns by their meaning, their units, headers of other programs; what is ambiguous is refused."""

import gzip
import io
from contextlib import suppress

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archive.targets.lists import LARGEST_NAME, BadTargetsError, Target, as_text, read, structured
from tests.archive.given.notations import EXACT

pytestmark = [
    pytest.mark.django_db,  # names are looked up among our own objects too
    pytest.mark.filterwarnings("ignore::astropy.io.votable.exceptions.VOWarning"),
]
ROWS = [Target("a", 150.1, 2.2), Target("b", 359.9, -0.25)]
PLACES = SkyCoord([one.ra for one in ROWS], [one.dec for one in ROWS], unit="deg")


def check(found):
    assert [one.name for one in found] == ["a", "b"]
    for one, row in zip(found, ROWS, strict=True):
        assert SkyCoord(one.ra, one.dec, unit="deg").separation(SkyCoord(row.ra, row.dec, unit="deg")).arcsec < 0.05


@pytest.mark.parametrize("name", EXACT)
def test_every_notation_of_a_position_is_read_in_a_line_behind_a_name_too(name):
    lines = [f"{row.name} {EXACT[name](place)}" for row, place in zip(ROWS, PLACES, strict=True)]
    if name not in ("SDSS", "J alone", "parentheses"):
        check(read("\n".join(lines)))
    alone = read(EXACT[name](PLACES[0]))
    assert PLACES[0].separation(SkyCoord(alone[0].ra, alone[0].dec, unit="deg")).arcsec < 0.06


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        ("ra", "dec"), ("RA", "DEC"),
        ("ra_j2000", "dec_j2000"), ("TARGET_RA", "TARGET_DEC"), ("raDeg", "decDeg"),
        ("RAJ2000", "DEJ2000"), ("_RAJ2000", "_DEJ2000"), ("right_ascension", "declination"),
        ("ALPHA_J2000", "DELTA_J2000"),
        ("RA_ICRS", "DE_ICRS"), ("ra (deg)", "dec (deg)"), ("ra [deg]", "dec [deg]"), ("objra", "objdec"),
        ("s_ra", "s_dec"),
        ("Right Ascension", "Declination"), ("RAdeg", "DEdeg"), ("meanra", "meandec"), ("RA_deg", "Dec_deg"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_columns_are_known_by_their_meaning(ra, dec, delimiter):
    lines = [delimiter.join(("name", "mag", ra, dec))] + [
        delimiter.join((row.name, "17.5", str(row.ra), str(row.dec))) for row in ROWS
    ]
    check(read("\n".join(lines)))


@pytest.mark.parametrize(
    ("l", "b"), [("l", "b"), ("GLON", "GLAT"), ("l (deg)", "b (deg)"), ("galactic_l", "galactic_b")]
)
def test_galactic_columns_are_known_too(l, b):
    there = PLACES.galactic
    lines = [f"name,{l},{b}"] + [f"{n},{x:.9f},{y:.9f}" for n, x, y in zip("ab", there.l.deg, there.b.deg, strict=True)]
    check(read("\n".join(lines)))


@pytest.mark.parametrize(
    "text",
    [
        "# name ra dec\na 150.1 2.2\nb 359.9 -0.25",
        "# made by somebody\n# name,ra,dec\na,150.1,2.2\nb,359.9,-0.25",
        "# name   ra (deg)   dec (deg)\na 150.1 2.2\nb 359.9 -0.25\n",
        "\ufeffname;ra;dec\na;150,1;2,2\nb;359,9;-0,25",
        "name;RA;Dec\na;10:00:24;+02:12:00\nb;23:59:36;-00:15:00",
        "name,ra [hours],dec\na,10.00666666666667,2.2\nb,23.99333333333333,-0.25",
        "ra_hours\tdec\tname\n10.00666666666667\t2.2\ta\n23.99333333333333\t-0.25\tb",
        "name,ra (rad),dec (rad)\na,2.6197392072,0.0383972435\nb,6.2814399790,-0.0043633231",
        "a;150,1;2,2\nb;359,9;-0,25",
        "a, 10 00 24, 2 12 0\nb, 23 59 36, -0 15 0",
    ],
)
def test_headers_and_decimal_commas_of_other_programs_are_read(text):
    check(read(text))


def table(ra_unit, dec_unit="deg") -> Table:
    made = Table({"name": ["a", "b"], "RA": PLACES.ra.to_value(ra_unit), "DEC": PLACES.dec.to_value(dec_unit)})
    made["RA"].unit, made["DEC"].unit = ra_unit, dec_unit
    return made


def written(made: Table, form: str) -> bytes:
    buffer = io.StringIO() if form.startswith("ascii") else io.BytesIO()
    made.write(buffer, format=form)
    value = buffer.getvalue()
    return value.encode() if isinstance(value, str) else value


UNITS = (("deg", "deg"), ("rad", "rad"), ("arcsec", "arcmin"), ("deg", "rad"))
FORMS = ("fits", "votable", "ascii.ecsv")


@pytest.mark.parametrize(
    ("form", "units"),
    [(form, units) for form in FORMS for units in UNITS] + [(form, ("hourangle", "deg")) for form in FORMS[1:]],
)
def test_units_of_tables_are_honoured(form, units):
    content = written(table(*units), form)
    check(read(content))
    check(read(gzip.compress(content)))


@pytest.mark.parametrize("unit", ["m", "day", "pixel"])
def test_units_that_are_no_angle_s_are_refused_by_name(unit):
    made = Table({"RA": [1.0], "dec": [2.0]})
    made["RA"].unit = unit
    with pytest.raises(BadTargetsError, match="column RA: its unit"):
        read(written(made, "votable"))


def test_utf_16_and_gzip_are_read_and_others_refused_by_what_they_are():
    text = "name,ra,dec\na,150.1,2.2\nb,359.9,-0.25\n"
    check(read(text.encode("utf-16")))
    check(read(gzip.compress(text.encode())))
    for content, says in ((b"PK\x03\x04xlsx", "ZIP archive"), (b"<html><body>", "web page"), (b"BZh9", "bzip2")):
        with pytest.raises(BadTargetsError, match=says):
            read(content)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a 10 20 30 40", "line 1"),
        ("a,1.5,2.5\n\nb,,", "line 3: ra and dec are empty"),
        ("a,1.5,2.5\nM 31,,", "line 2: ra and dec are empty"),
        ("name,ra,dec\na,1.5,2.5\nM 31,,", "line 3: ra and dec are empty"),
        ("name,l,b\nM 31,,", "line 2: l and b are empty"),
        ("name,ra,dec\nM 31,,41.27", "line 2: ra is empty"),
        (",,", "line 1: ra and dec are empty"),
        ("x 1.5 2.5\nM31 10.68 41.27 5.0", "line 2.*which of its numbers"),
        ("150.1,2.2,15.3", "line 1.*which of its numbers"),
        ("150.1 2.2 15.3", "line 1"),
        ("a,1.5,2.5,17.1", "line 1.*4 values"),
        ("a 12 34 56 78 9", "line 1"),
        ("ra,RA_J2000,dec\n1,2,3", "ra and RA_J2000"),
        ("ra,dec,name\n1,2\n", "line 2.*2 values.*3 columns"),
        ("ra,dec\n10:20:30,1.5", "line 2.*decimal"),
        ("ra (deg),dec\n10:20:30,1:2:3", "line 2.*in degrees"),
        ("ra (m),dec\n10,1", "its unit 'm'"),
        ("ra,dec (hours)\n10,1", "only right ascensions"),
        ("10,5 20,3", "line 1"),
        ("a 1e999 2", "line 1"),
        ("ra,dec\nnan,2", "line 2"),
        (f"{'x' * (LARGEST_NAME + 1)} 1 2", "line 1.*characters"),
    ],
)
def test_what_may_mean_two_things_is_refused_with_its_line(text, says):
    with pytest.raises(BadTargetsError, match=says):
        read(text)


def test_a_number_as_a_name_is_read_where_only_that_can_be_meant():
    assert read("7 10.5 20.25") == [Target("7", 10.5, 20.25)] == read("7,10.5,20.25")
    assert read("NGC 224 10.68 41.27")[0].name == "NGC 224"
    assert read("7 12 34 56 -1 2 3")[0].name == "7"


@pytest.mark.parametrize("text", ["ra,dec,s\n1,2,a\0b\n", "ra dec\n1 2\0\n", "name,ra,dec\n\0a,1,2\n"])
def test_a_list_with_a_nul_character_is_refused_by_its_line_wherever_that_stands(text):
    for content in (text, text.encode(), gzip.compress(text.encode())):
        with pytest.raises(BadTargetsError, match="targets: line 2: has a NUL character"):
            read(content)


NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=LARGEST_NAME)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, st.floats(0, 359.99), st.floats(-90, 90)), min_size=1, max_size=8))
@example([("10 20", 1e-05, -2e-07), ("", 0.0, 0.0), ("a,b", 1.0, 1.0), ("10 20", 5.0, 5.0), ("M 31\n1 2", 0.0, -90.0)])
def test_json_targets_stay_what_they_are(rows):
    shapes = (
        [{"name": name, "ra": ra, "dec": dec} for name, ra, dec in rows],
        [[name, ra, dec] for name, ra, dec in rows],
        [{"RAJ2000": ra, "DEJ2000": dec, "id": name} for name, ra, dec in rows],
    )
    for shape in shapes:
        found = structured(shape)
        assert [(one.ra, one.dec) for one in found] == [(ra, dec) for _, ra, dec in rows]
        assert [one.name for one in found] == [name if name.strip() else str(n) for n, (name, *_) in enumerate(rows, 1)]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, st.floats(0, 359.99), st.floats(-90, 90)), min_size=1, max_size=6))
@example([("a,b", 1e-05, -2e-07), ('"', 1.0, 2.0), ("#", 1.0, 2.0), ("10 20 30", 3.0, 4.0), ("ra", 1.0, 1.0)])
def test_a_list_written_as_text_is_the_same_list(rows):
    targets = structured([[" ".join(name.split()), ra, dec] for name, ra, dec in rows])
    assert read(as_text(targets)) == targets


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (None, "item 1: null"), ([], "item 1"), ({}, "item 1"), ("10 20", "item 1"), ([1], "item 1"),
        ([1, 2, 3, 4], "each is"),
        ({"ra": True, "dec": 1}, "must be a number"), ({"ra": 1}, "none is called ra and dec"),
        ({"ra": 1, "dec": None}, "dec is empty"),
        ({"ra": 1, "dec": 91}, "declination 91"), ({"ra": float("nan"), "dec": 1}, "finite"),
        ({"ra": [1], "dec": 1}, "number"),
        ({"ra": 1, "dec": 2, "mag": 3}, "'mag' is nothing that a target has"),
        ({"name": "a\0b", "ra": 1, "dec": 2}, "NUL"),
        ({"name": "\ud800", "ra": 1, "dec": 2}, "surrogates"), ({"ra": 1e300, "dec": 2}, "right ascension"),
        ({"name": "x" * 61, "ra": 1, "dec": 2}, "at most 60"), ({"ra": 1, "RA": 2, "dec": 3}, "ra and RA"),
    ],
)  # fmt: skip
def test_json_of_another_shape_is_refused_with_its_item(item, says):
    with pytest.raises(BadTargetsError, match=says):
        structured([item])


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8) | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["ra", "dec", "name", "l", "b", "ra (x)", "mag", ""]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(JSON, max_size=3))
def test_any_json_is_a_list_of_targets_or_refused(items):
    with suppress(BadTargetsError):
        assert len(structured(items)) == len(items)


LINES = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from('0123456789.,;:\t\n #-+rade"')))


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(LINES)
def test_any_text_is_a_list_of_targets_or_refused(text):
    with suppress(BadTargetsError):
        assert all(0 <= one.ra < 360 and -90 <= one.dec <= 90 for one in read(text))


def test_json_takes_names_galactic_and_sexagesimal_values_too():
    there = PLACES[0].galactic
    found = structured([{"name": "M 31"}, {"l": there.l.deg, "b": there.b.deg}, {"ra": "10:00:24", "dec": "+02:12:00"}])
    assert found[0].name == "M 31" and found[0].ra == pytest.approx(10.68, abs=0.01)
    for one in found[1:]:
        assert SkyCoord(one.ra, one.dec, unit="deg").separation(PLACES[0]) < 0.06 * u.arcsec
    assert np.isfinite(found[0].dec)


@pytest.mark.parametrize(
    ("header", "row", "ra"),
    [
        ("ra (h:m:s),dec (d:m:s)", "10:00:00,-5:30:00", 150.0), ("ra (d:m:s),dec (d:m:s)", "10:00:00,-5:30:00", 10.0),
        ("ra_hms,dec_dms", "10:00:00,-5:30:00", 150.0), ("ra_dms,dec_dms", "10:00:00,-5:30:00", 10.0),
        ("RA (J2000),Dec (ICRS)", "10.0,-5.5", 10.0),
    ],
)  # fmt: skip
def test_a_header_s_word_for_how_numbers_are_written_is_honoured(header, row, ra):
    (found,) = read(f"{header}\n{row}")
    assert (found.ra, found.dec) == (pytest.approx(ra), pytest.approx(-5.5))


@pytest.mark.parametrize("header", ["ra_hms,dec_dms", "ra_dms,dec_dms", "ra (h:m:s),dec"])
def test_a_plain_number_in_a_sexagesimal_column_is_refused(header):
    with pytest.raises(BadTargetsError, match="sexagesimal"):
        read(f"{header}\n10.5,-5.5")


def test_hours_beyond_a_day_are_refused_in_json_as_in_text():
    with pytest.raises(BadTargetsError, match="0 .. 24"):
        structured([{"ra_hours": 25.0, "dec": 1.0}])


def test_a_list_whose_first_name_is_in_brackets_is_no_json():
    (found,) = read("[BSS2007]_1 10.5 20.5")
    assert (found.ra, found.dec) == (10.5, 20.5)
    (found,) = read("[10.5, 20.5]")
    assert (found.ra, found.dec) == (10.5, 20.5)


def test_a_delimiter_within_a_quoted_name_divides_nothing():
    (found,) = read('name,ra,dec\n"a; b",10.5,20.5')
    assert (found.name, found.ra, found.dec) == ("a; b", 10.5, 20.5)
