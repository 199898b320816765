"""IRSA's tables of images and files in TAP: the values of /ibe/search, in its columns, with its rights."""

import csv
import io
import json
import re
from base64 import b64encode

import pytest

from archive.search.families import FAMILIES
from archive.services.vo.image_tables import META, PATH, ROWS, columns_of
from tests.archive.services.irsa.conftest import PARTNER, PASSWORD, archive  # noqa: F401

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def tap(client, query, **more) -> list[dict[str, str]]:
    asked = {"REQUEST": "doQuery", "LANG": "ADQL", "QUERY": query, "FORMAT": "csv"}
    answer = client.get("/tap/sync", asked, **more)
    text = answer.getvalue().decode()
    assert answer.status_code == 200, text
    return list(csv.DictReader(io.StringIO(text)))


def ibe(client, name, **more) -> list[dict[str, str]]:
    answer = client.get(f"/ibe/search/ztf/products/{name}", {"WHERE": "meta_id > 0", "ct": "csv"}, **more)
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


def same(tap_value: str, ibe_value: str) -> bool:
    """Whether two texts say the same: a number, or a null."""
    if tap_value == ibe_value or {tap_value, ibe_value} <= {"", "null"}:
        return True
    try:
        return float(tap_value) == float(ibe_value)
    except ValueError:
        return False


@pytest.mark.parametrize("name", sorted(ROWS))
def test_tap_gives_every_column_and_value_of_ibe(client, archive, name):  # noqa: F811
    found = tap(client, f"SELECT * FROM {META}{name} ORDER BY meta_id")
    expected = sorted(ibe(client, name), key=lambda row: int(row["meta_id"]))
    assert len(found) == len(expected)
    assert (len(expected) > 0) == (name not in ("deep", "diff"))
    for row, other in zip(found, expected, strict=True):
        assert list(row)[: len(other)] == list(other) == [column.name for column in FAMILIES[name].table.columns]
        assert [key for key in other if not same(row[key], other[key])] == []


@pytest.mark.parametrize("name", sorted(ROWS))
def test_the_declared_types_are_those_of_the_database(client, archive, name):  # noqa: F811
    answer = client.get("/tap/sync", {"QUERY": f"SELECT TOP 1 * FROM {META}{name}", "LANG": "ADQL", "FORMAT": "json"})
    types = {column["name"]: column["datatype"] for column in json.loads(answer.getvalue())["columns"]}
    assert types == {column.name: column.datatype for column in columns_of(FAMILIES[name])}


def test_files_are_joined_to_their_image_by_meta_id(client, archive):  # noqa: F811
    query = (
        f"SELECT p.path, p.size, p.sha256 FROM {META}sci AS m JOIN {PATH}sci AS p ON p.meta_id = m.meta_id "
        f"WHERE m.pid = {archive.open.pid} AND p.suffix = 'sciimg.fits'"
    )
    file = archive.files["sciimg"]
    assert tap(client, query) == [{"path": file.path, "size": str(file.size), "sha256": file.sha256}]
    assert client.get(f"/ibe/data/ztf/products/{file.path}").status_code == 200


@pytest.mark.parametrize(("name", "label"), [("raw", "raw"), ("ref", "ref"), ("cal", "cal")])
def test_each_family_has_its_files(client, archive, name, label):  # noqa: F811
    assert archive.files[label].path in [row["path"] for row in tap(client, f"SELECT path FROM {PATH}{name}")]


@pytest.mark.parametrize("label", ["closed sciimg", "closed raw"])
def test_files_that_are_not_public_are_listed_for_their_program_only(client, archive, label):  # noqa: F811
    query = f"SELECT path FROM {PATH}{'raw' if 'raw' in label else 'sci'}"
    path = archive.files[label].path
    assert path not in [row["path"] for row in tap(client, query)]
    partner = {"HTTP_AUTHORIZATION": f"Basic {b64encode(f'{PARTNER}:{PASSWORD}'.encode()).decode()}"}
    assert path in [row["path"] for row in tap(client, query, **partner)]


def test_the_footprint_answers_where_a_point_lies(client, archive):  # noqa: F811
    image = archive.open
    query = f"SELECT pid FROM {META}sci WHERE CONTAINS(POINT('ICRS', {{}}, {{}}), poly) = 1"
    assert tap(client, query.format(image.ra, image.dec)) == [{"pid": str(image.pid)}]
    assert tap(client, query.format(image.ra, image.dec + 2)) == []


@pytest.mark.parametrize("moment", ["2020-09-24T00:00:00Z", "2020-09-24 00:00:00+00", "2020-09-24"])
def test_times_are_written_as_irsa_writes_them_and_compared_as_times(client, archive, moment):  # noqa: F811
    (row,) = tap(client, f"SELECT obsdate FROM {META}sci WHERE pid = {archive.open.pid} AND obsdate > '{moment}'")
    assert re.fullmatch(r"2020-09-2\d \d\d:\d\d:\d\d(\.\d{1,3})?\+00", row["obsdate"])
    assert not tap(client, f"SELECT obsdate FROM {META}sci WHERE obsdate < '{moment}'")
