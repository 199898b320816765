"""The object tables of TAP: IRSA's columns, one table for each public release, and the mesh that catalogs number."""

import csv
import io
from datetime import date

import numpy as np
import pytest

from archive.access.audit import Actor
from archive.models import Release
from archive.releases import freeze
from archive.releases.actions import publish, withdraw
from archive.sky import htm
from lightcurves.tables.tap import FOR_TAP
from tests import factories
from tests.lightcurves.starsky import FIELD

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ADMIN = Actor.on_this_machine()


def ask(client, query) -> list[dict[str, str]]:
    answer = client.get("/tap/sync", {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "FORMAT": "csv"})
    text = answer.getvalue().decode()
    assert answer.status_code == 200, text
    return list(csv.DictReader(io.StringIO(text)))


def is_refused(client, query) -> bool:
    return client.get("/tap/sync", {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query}).status_code == 400


def make(name: str, first: date, last: date) -> Release:
    made = Release.objects.create(name=name, title=name.upper(), first_night=first, last_night=last)
    made.programs.set([1])
    freeze(made, ADMIN)
    publish(Release.objects.get(pk=name), ADMIN)
    return Release.objects.get(pk=name)


@pytest.fixture(scope="module")
def release(six_stars, django_db_blocker):
    """A public release of all nights of the six stars; another of a night on which another quadrant was seen."""
    with django_db_blocker.unblock():
        made = make("dr7", date(2018, 1, 1), date(2021, 1, 1))
        factories.science_image(factories.exposure(jd=2459500.5), rcid=3)
        other = make("dr-9", date(2021, 10, 1), date(2021, 10, 31))
        Release.objects.create(name="dr8", title="DR8", first_night=date(2018, 1, 1), last_night=date(2030, 1, 1))
        yield made
        for one in (made, other):
            withdraw(one, ADMIN)


@pytest.mark.parametrize("name", ["ztf_objects_dr7", "ztf.ztf_objects_dr7", "ZTF.ZTF_OBJECTS_DR7"])
def test_each_public_release_has_a_table_of_objects(client, release, name):
    found = ask(client, f"SELECT * FROM {name} ORDER BY oid")
    assert list(found[0]) == [column.name for column in FOR_TAP.columns]
    everything = ask(client, "SELECT oid, ra, dec, ngoodobs, medianmag FROM ztf.ztf_objects ORDER BY oid")
    assert [{key: row[key] for key in everything[0]} for row in found] == everything
    assert {row["field"] for row in found} == {str(FIELD)}


def test_a_release_that_is_withdrawn_has_none_any_more(client, release):
    listed = "SELECT table_name FROM TAP_SCHEMA.tables WHERE table_name LIKE '%objects_dr%' ORDER BY table_name"
    assert [row["table_name"] for row in ask(client, listed)] == ["ztf.ztf_objects_dr7", "ztf.ztf_objects_dr_9"]
    assert "ztf.ztf_objects_dr7" in client.get("/tap/tables").content.decode()
    withdraw(release, ADMIN)
    assert "ztf_objects_dr7" not in client.get("/tap/tables").content.decode()
    assert is_refused(client, "SELECT * FROM ztf_objects_dr7")


def test_a_draft_has_none(client, release):
    assert is_refused(client, "SELECT * FROM ztf_objects_dr8")


def test_quadrants_that_a_release_has_no_image_of_are_not_in_its_table(client, release):
    assert ask(client, "SELECT oid FROM ztf_objects_dr_9") == []


def test_the_unit_vector_and_the_row_number_follow_from_the_row(client, six_stars):
    for row in ask(client, "SELECT oid, cntr, ra, dec, x, y, z FROM ztf.ztf_objects"):
        ra, dec = np.radians([float(row["ra"]), float(row["dec"])])
        expected = [np.cos(ra) * np.cos(dec), np.sin(ra) * np.cos(dec), np.sin(dec)]
        np.testing.assert_allclose([float(row[axis]) for axis in "xyz"], expected, atol=1e-15)
        assert row["cntr"] == row["oid"]


def test_the_triangle_of_the_mesh_is_that_of_the_position(client, six_stars):
    for row in ask(client, "SELECT ra, dec, htm20 FROM ztf.ztf_objects"):
        assert int(row["htm20"]) == htm.number(float(row["ra"]), float(row["dec"]))[0]
