"""Gator's search: every kind of region, column, condition and format, as scripts written for IRSA send them."""

import io
import xml.etree.ElementTree as tree

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import ascii as text_tables
from astropy.io.votable import parse_single_table

from archive.access.streams import QueryFailedError, Rows
from archive.sky import htm
from lightcurves.gator.catalogs import COLUMNS, DEFAULT
from lightcurves.gator.regions import MOST_ROWS
from tests.lightcurves.starsky import CENTRE, OPEN_NIGHTS, SIX_STARS

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
URL = "/cgi-bin/Gator/nph-query"
R, G = 655213300000000, 655113300000000  # the first star in r and in g


def body(answer) -> str:
    assert answer.status_code == 200, b"".join(answer) if answer.streaming else answer.content
    return b"".join(answer.streaming_content).decode()


def ask(client, **parameters):
    return text_tables.read(body(client.get(URL, {"catalog": "ztf_objects", "outfmt": 1} | parameters)), format="ipac")


def refused(answer) -> str:
    text = answer.content.decode()
    assert answer.status_code == 400 and text.startswith('[struct stat="ERROR", msg="'), text
    assert text.endswith('"]\n') and text.count("\n") == 1 and text.count('"') == 4
    return text


def place(six_stars, star=0) -> str:
    return f"{six_stars.ra[star]} {six_stars.dec[star]:+}"


def cone(six_stars, star=0, **more):
    return {"spatial": "Cone", "objstr": place(six_stars, star), "radius": 2} | more


def test_a_cone_has_irsa_s_default_columns_in_their_places(six_stars, client):
    text = body(client.get(URL, {"catalog": "ztf_objects", "outfmt": 1} | cone(six_stars)))
    table = text_tables.read(text, format="ipac")
    assert tuple(table.colnames) == (*DEFAULT, "dist", "angle") and len(table.colnames) == 23
    assert sorted(table["oid"]) == [G, R]
    row = table[table["oid"] == R][0]
    assert row["nobs"] == OPEN_NIGHTS and row["ngoodobs"] == OPEN_NIGHTS // 2 and row["filtercode"] == "zr"
    assert row["htm20"] == htm.number([row["ra"]], [row["dec"]])[0]
    assert np.hypot(np.hypot(row["x"], row["y"]), row["z"]) == pytest.approx(1)
    assert "\\RowsRetrieved = 2\n" in text and "within 2 arcsec of  ra=" in text
    values = text.splitlines()[-1].split()
    assert (int(values[0]) in (G, R), values[8][1] in "gr", int(values[12]) > 0) == (True, True, True)


def test_distances_and_angles_are_those_of_the_sky(six_stars, client):
    table = ask(client, spatial="cone", objstr=f"{CENTRE[0]} {CENTRE[1]}", radius=0.5, radunits="deg")
    centre, found = SkyCoord(*CENTRE, unit="deg"), SkyCoord(table["ra"], table["dec"], unit="deg")
    np.testing.assert_allclose(table["dist"], centre.separation(found).arcsec, rtol=1e-9)
    np.testing.assert_allclose(table["angle"], centre.position_angle(found).deg, rtol=1e-9)
    assert len(table) == 2 * SIX_STARS and list(table["dist"]) == sorted(table["dist"])


@pytest.mark.parametrize(("radius", "unit"), [("1800", "arcsec"), ("30", "arcmin"), ("0.5", "deg"), ("1800", "")])
def test_radii_have_units(six_stars, client, radius, unit):
    table = ask(client, spatial="Cone", objstr=f"{CENTRE[0]} {CENTRE[1]}", radius=radius, radunits=unit)
    assert len(table) == 2 * SIX_STARS


def test_positions_are_written_in_every_way_and_names_are_looked_up(six_stars, client):
    one = SkyCoord(six_stars.ra[0], six_stars.dec[0], unit="deg")
    hms = one.to_string("hmsdms", precision=3)
    for objstr in (
        hms.replace("h", "h ").replace("m", "m ").replace("d", "d "),
        hms,
        one.to_string("hmsdms", sep=":", precision=3),
    ):
        assert len(ask(client, spatial="Cone", objstr=objstr, radius=2)) == 2, objstr
    assert len(ask(client, spatial="Cone", objstr="M31", radius=2)) == 0


def test_a_cone_is_meant_where_only_a_position_is_given(six_stars, client):
    assert len(ask(client, objstr=place(six_stars), radius=5, radunits="arcsec")) == 2
    text = body(client.get(URL, {"catalog": "ztf_objects", "outfmt": 1, "size": 300} | cone(six_stars)))
    assert "\\ size is not used by this kind of search\n" in text


def test_a_box_is_as_wide_as_asked(six_stars, client):
    wide = (
        2
        * 3600
        * max(max(abs(six_stars.ra - CENTRE[0]) * np.cos(np.radians(CENTRE[1]))), max(abs(six_stars.dec - CENTRE[1])))
    )
    objstr = f"{CENTRE[0]} {CENTRE[1]}"
    whole = ask(client, spatial="box", objstr=objstr, size=wide + 20)
    assert len(whole) == 2 * SIX_STARS
    half = ask(client, spatial="box", objstr=objstr, size=wide / 2)
    east = (whole["ra"] - CENTRE[0]) * np.cos(np.radians(CENTRE[1])) * 3600
    north = (whole["dec"] - CENTRE[1]) * 3600
    inside = whole["oid"][(abs(east) < wide / 4) & (abs(north) < wide / 4)]
    assert sorted(half["oid"]) == sorted(inside) and len(inside) < 2 * SIX_STARS


def test_the_centre_of_a_box_stands_where_a_script_looks_for_it(six_stars, client):
    text = body(client.get(URL, {"catalog": "ztf_objects", "outfmt": 1, "spatial": "box", "objstr": "10.5 -3.25",
                                 "size": 10}))  # fmt: skip
    words = text.split()
    ra, dec = map(float, words[words.index("\\SKYAREA") + 5][1:-1].split(","))
    assert (ra, dec) == (10.5, -3.25)


def test_a_polygon_is_astroquery_s(six_stars, client):
    ra, dec = six_stars.ra[2], six_stars.dec[2]
    corners = ((ra - 0.001, dec - 0.001), (ra + 0.001, dec - 0.001), (ra, dec + 0.001))
    table = ask(client, spatial="Polygon", polygon=",".join(f"{one} {other:+}" for one, other in corners))
    assert sorted(table["oid"]) == [G + 2, R + 2] and "dist" not in table.colnames


def test_the_whole_catalog_by_conditions_in_an_order(six_stars, client):
    where = f"fid = 2 AND nobs >= {OPEN_NIGHTS} AND x > -2"
    table = ask(client, spatial="NONE", constraints=where, selcols="cntr,oid,medianmag,htm20", order="medianmag desc")
    assert table.colnames == ["cntr", "oid", "medianmag", "htm20"]
    assert list(table["oid"]) == [R + star for star in reversed(range(SIX_STARS))]
    assert list(table["cntr"]) == list(table["oid"])
    assert len(ask(client, spatial="none", constraint="ngoodobs>0", outrows=3)) == 3


def test_every_column_can_be_had(six_stars, client):
    table = ask(client, selcols=",".join(COLUMNS), **cone(six_stars))
    assert table.colnames == [*COLUMNS, "dist", "angle"]
    assert client.get(URL, {"catalog": "ztf_objects", "selcols": "OID, Ra"} | cone(six_stars)).status_code == 200


def test_every_format_has_the_same_rows(six_stars, client):
    def text(outfmt):
        return body(client.get(URL, {"catalog": "ztf_objects", "outfmt": outfmt} | cone(six_stars)))

    votable = parse_single_table(io.BytesIO(text(3).encode())).to_table()
    assert votable.colnames == [*DEFAULT, "dist", "angle"] and sorted(votable["oid"]) == [G, R]
    assert sorted(text_tables.read(text(0), format="html")["oid"]) == [G, R]
    assert text(2).startswith('[struct stat="OK", count="2", catalog="ztf_objects", table="http://testserver')
    again = text(2).split('table="')[1].split('"')[0]
    assert sorted(text_tables.read(body(client.get(again)), format="ipac")["oid"]) == [G, R]
    root = tree.fromstring(text(6))
    assert root.find("rows").text == "2" and len(root.find("columns")) == 23
    assert sorted(text_tables.read(body(client.get(root.find("table").text)), format="ipac")["oid"]) == [G, R]


def uploaded(six_stars) -> str:
    """A table with a column of its own, as a script of a survey writes it: three stars, then nothing near."""
    head = (
        "|    ra      |     dec     |     targetid      | name |",
        "|  double    |    double   |      long         | char |",
        "|   deg      |    deg      |                   |      |",
        "|   null     |    null     |      null         | null |",
    )
    rows = [(six_stars.ra[n], six_stars.dec[n], 39627 + n, f"s {n}") for n in (4, 0, 2)] + [(1.0, 80.0, 7, "none")]
    return "\n".join(head) + "\n" + "".join(f" {a:12.7f} {b:13.7f} {c:19d} {d:6} \n" for a, b, c, d in rows)


def upload(client, content, **parameters):
    file = io.BytesIO(content.encode())
    file.name = "upload.tbl"
    asked = {"catalog": "ztf_objects", "spatial": "Upload", "uradius": 1, "outfmt": 1} | parameters
    return client.post(URL, asked | {"filename": file})


def test_an_uploaded_table_comes_back_beside_what_is_near_its_rows(six_stars, client):
    table = text_tables.read(body(upload(client, uploaded(six_stars), selcols="oid,ra,dec,fid")), format="ipac")
    assert table.colnames == ["cntr_01", "dist_x", "pang_x", "ra_01", "dec_01", "targetid_01", "name_01", "oid", "ra",
                              "dec", "fid"]  # fmt: skip
    assert list(table["cntr_01"]) == [1, 1, 2, 2, 3, 3] and list(table["name_01"][::2]) == ["s 4", "s 0", "s 2"]
    assert sorted(table["oid"][:2]) == [G + 4, R + 4] and list(table["targetid_01"][:1]) == [39631]
    assert all(table["dist_x"] < 0.1)


def test_one_to_one_gives_each_row_its_nearest_object_or_none(six_stars, client):
    asked = {"one_to_one": 1, "constraints": "fid=2", "selcols": "oid,ra,dec,ngoodobsrel,htm20"}
    table = text_tables.read(body(upload(client, uploaded(six_stars), **asked)), format="ipac")
    assert list(table["cntr_01"]) == [1, 2, 3, 4]
    assert list(table["oid"][:3]) == [R + 4, R, R + 2]
    assert table["oid"].mask.tolist() == table["dist_x"].mask.tolist() == [False, False, False, True]


def ipac(names, *rows) -> str:
    """An IPAC table of numbers."""
    lines = ["|" + "|".join(f"{name:<24}" for name in names) + "|"]
    return "\n".join([*lines, *(" " + " ".join(f"{value:>24}" for value in row) for row in rows), ""])


def test_radii_may_stand_in_the_table(six_stars, client):
    rows = [(six_stars.ra[n], six_stars.dec[n], radius) for n, radius in ((0, 1e-7), (1, 5.0))]
    table = text_tables.read(body(upload(client, ipac(("ra", "dec", "major"), *rows), uradius=0)), format="ipac")
    assert set(table["cntr_01"]) == {2} and list(table["major_01"]) == [5.0, 5.0]
    odd = [(*row, 0.5) for row in rows]
    assert "ellipses are not searched" in refused(
        upload(client, ipac(("ra", "dec", "major", "ratio"), *odd), uradius="")
    )
    assert "columns major and MAJOR" in refused(upload(client, ipac(("ra", "dec", "major", "MAJOR"), *odd), uradius=""))
    bad = ipac(("ra", "dec", "major"), (1, 2, 100))
    assert "row 1: major=100" in refused(upload(client, bad, uradius=""))


def test_names_that_end_in_a_number_count_on(six_stars, client):
    content = uploaded(six_stars).replace("| name |", "|mag_07|")
    assert "mag_08" in text_tables.read(body(upload(client, content)), format="ipac").colnames


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"catalog": "fp_psc"}, "The catalog is not on the list: catalog=fp_psc; there are ztf_objects"),
        ({"catalog": ""}, "catalog is missing"), ({"spatial": "sphere"}, "spatial=sphere: use one of Cone, Box"),
        ({"objstr": ""}, "Either wrong or missing coordinate/object name"),
        ({"objstr": "No Such Thing"}, "Either wrong or missing coordinate/object name: objstr=No Such Thing"),
        ({"radius": "0"}, "radius=0: must lie above 0, up to 3600 arcsec"), ({"radius": "-1"}, "radius=-1"),
        ({"radius": "2", "radunits": "deg"}, "radius=2: must lie above 0, up to 1 deg"),
        ({"radunits": "parsec"}, "radunits=parsec: use one of arcsec, arcmin, deg"),
        ({"spatial": "Box"}, "size is missing"), ({"spatial": "Box", "size": "1e9"}, "size=1e9: must lie"),
        ({"spatial": "Polygon"}, "polygon is missing"),
        ({"spatial": "Polygon", "polygon": "1 2, 3"}, "'3' is no vertex"),
        ({"spatial": "Polygon", "polygon": "1 2, 30 2, 3 40"}, "reaches farther than 1 degrees"),
        ({"spatial": "Polygon", "polygon": "10 10, 10.1 10.1, 10.1 10, 10 10.1"}, "its edges cross"),
        ({"spatial": "Polygon", "polygon": "10 10, 10.1 10, 10 10"}, "has no area"),
        ({"spatial": "Polygon", "polygon": "10 0, 10.1 0, 10.2 0"}, "has no area"),
        ({"spatial": "Upload"}, "filename is missing"), ({"outfmt": "4"}, "outfmt=4: use one of 0, 1, 2, 3, 6"),
        ({"selcols": "oid,magic"}, "selcols=magic: there is no such column"),
        ({"constraints": "magic > 1"}, "constraints=magic > 1: magic: there is no such column"),
        ({"constraints": "pg_sleep(9) > 1"}, "functions are not part of WHERE"),
        ({"constraints": "oid > 1; DROP TABLE x"}, "one condition, without a semicolon"),
        ({"order": "htm20"}, "order=htm20: give a column"), ({"outrows": "0"}, "outrows=0: give a number of rows"),
        ({"onlist": "0"}, "onlist=0: use one of 1"), ({"radii": "5"}, "radii: is no parameter"),
    ],
)  # fmt: skip
def test_refusals_are_gator_s(six_stars, client, parameters, said):
    asked = {"catalog": "ztf_objects", "outfmt": 1, "spatial": "Cone", "objstr": place(six_stars), "radius": 2}
    assert said in refused(client.get(URL, asked | parameters))


def test_tables_that_cannot_be_searched_are_refused(six_stars, client):
    for content, said in (
        ("|a|b|\n|double|double|\n 1 2\n", "no column ra"),
        ("|ra |dec |\n|double|double|\n", "no rows"),
        ("ra,dec\n1,95\n", "row 1: "), ("ra,dec\n", "no rows"),
        ("RA,ra,dec\n1,2,3\n", "columns RA and ra: each may be the ra; leave one of them"),
        ("ra,dec,Dec\n1,2,3\n", "columns dec and Dec: each may be the dec"),
        ("ra,dec\n" + "1,2\n" * (MOST_ROWS + 1), f"at most {MOST_ROWS}"),
    ):  # fmt: skip
        assert said in refused(upload(client, content)), content[:40]
    assert "uradius=61: must lie above 0, up to 60 arcsec" in refused(upload(client, uploaded(six_stars), uradius=61))
    assert "use spatial=Upload" in refused(upload(client, uploaded(six_stars), spatial="Cone"))
    assert "in the table's order" in refused(upload(client, uploaded(six_stars), order="oid"))


def test_more_rows_than_are_given_are_refused_unless_some_are_asked_for(six_stars, client, settings):
    settings.TAP_ROW_LIMIT = 5
    asked = {"catalog": "ztf_objects", "spatial": "NONE", "outfmt": 1}
    assert "Exceeding output table size limit: more than 5 rows" in refused(client.get(URL, asked))
    assert len(ask(client, spatial="NONE", outrows=500)) == 5


def test_other_sites_words_are_no_header(six_stars, client):
    text = refused(client.get(URL, {"catalog": 'x"]\n[struct stat="OK", "', "outfmt": 1}))
    assert 'stat="OK"' not in text


def test_statistics_are_of_the_points_that_a_reader_sees(six_stars, partner, client):
    asked = cone(six_stars, selcols="oid,nobs", constraints="fid=2")
    before = ask(client, **asked)["nobs"][0]
    client.force_login(partner)
    assert ask(client, **asked)["nobs"][0] == before + 3


def test_a_search_that_fails_behind_its_first_rows_is_refused(six_stars, client, monkeypatch):
    def broken(rows):
        raise QueryFailedError("the search took longer than 100 s: narrow it")

    monkeypatch.setattr(Rows, "__iter__", broken)
    asked = {"catalog": "ztf_objects", "outfmt": 1} | cone(six_stars)
    assert "longer than 100 s" in refused(client.get(URL, asked))
