"""Catalogs of releases: one for each that is public and has light curves."""

import xml.etree.ElementTree as tree

import pytest
from astropy.io import ascii as text_tables

from archive.access.audit import Actor
from archive.models import Release
from archive.releases import freeze
from lightcurves.gator.catalogs import COLUMNS, DEFAULT
from tests import factories
from tests.lightcurves.gator.test_query import R, ask, cone, refused

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
URL = "/cgi-bin/Gator/nph-query"


@pytest.fixture(scope="module")
def release(six_stars, django_db_blocker):
    """A public release of the nights in r that came first: no image in g is among them."""
    with django_db_blocker.unblock():
        made = Release.objects.create(name="dr7", title="Seventh", first_night="2020-09-01", last_night="2020-09-10")
        made.programs.set([1])
        freeze(made, Actor("test"))
        yield factories.put_release("dr7", state=Release.State.PUBLIC)


def test_a_release_s_catalog_holds_the_objects_of_its_quadrants(six_stars, release, client):
    assert set(ask(client, catalog="ztf_objects_dr7", **cone(six_stars))["oid"]) == {R}
    assert set(ask(client, catalog="ZTF_objects_DR7", **cone(six_stars))["oid"]) == {R}
    assert "there are ztf_objects, ztf_objects_dr7" in refused(client.get(URL, {"catalog": "ztf_objects_dr8"}))


def test_the_list_names_every_catalog(release, client):
    answer = client.get("/cgi-bin/Gator/nph-scan", {"mode": "xml"})
    root = tree.fromstring(answer.content)
    found = {one.find("catname").text: one.find("desc").text for one in root.findall("catalog")}
    assert list(found) == ["ztf_objects", "ztf_objects_dr7"] and "Seventh" in found["ztf_objects_dr7"]
    table = text_tables.read(
        client.get("/cgi-bin/Gator/nph-scan?mode=ascii&projshort=ZTF").content.decode(), format="ipac"
    )
    assert list(table["catname"]) == list(found) and list(table["coneradius"]) == [3600, 3600]
    assert b"ztf_objects_dr7" in client.get("/cgi-bin/Gator/nph-scan").content
    assert "projshort=WISE" in refused(client.get("/cgi-bin/Gator/nph-scan", {"projshort": "WISE"}))
    assert "mode=json: use one of html, xml, ascii" in refused(client.get("/cgi-bin/Gator/nph-scan", {"mode": "json"}))


def test_a_catalog_s_columns_are_described_as_firefly_reads_them(release, client):
    def columns(**parameters):
        text = client.get("/cgi-bin/Gator/nph-dd", {"mode": "ascii", "catalog": "ztf_objects_dr7"} | parameters)
        return text_tables.read(text.content.decode(), format="ipac")

    short, long = columns(), columns(short=0, onlist=1)
    assert list(short["name"]) == list(DEFAULT) and list(long["name"]) == list(COLUMNS)
    assert {"description", "units", "indx", "dbtype", "tableflg", "sel"} <= set(long.colnames)
    assert list(long["name"][long["sel"] == "y"]) == list(DEFAULT)
    root = tree.fromstring(client.get("/cgi-bin/Gator/nph-dd?mode=xml&catalog=ztf_objects&short=0").content)
    assert len(root.findall("column")) == len(COLUMNS)
    assert "not on the list" in refused(client.get("/cgi-bin/Gator/nph-dd", {"catalog": "x"}))
    assert "short=2" in refused(client.get("/cgi-bin/Gator/nph-dd", {"catalog": "ztf_objects", "short": "2"}))
