"""Addresses of kept tables are this archive's own: what they do not take is refused by name, and changes nothing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from archive.models import UserTable
from archive.services.vo.tap import user_tables

ROWS = b"name,ra,dec\none,10.0,20.0\n"

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture(scope="module")
def made(sky):
    """A table that everybody reads, committed."""
    owner = User.objects.create(username="kept-parameters")
    client = signed_in(Client(), owner)
    assert client.put("/tap/tables/mine", ROWS, content_type="text/csv").status_code == 201
    assert client.post("/tap/tables/mine", {"EVERYBODY": "true"}).status_code == 200
    yield UserTable.objects.get(owner=owner)
    user_tables.drop(UserTable.objects.get(owner=owner))
    owner.delete()


@pytest.fixture
def table(made, client):
    signed_in(client, made.owner)
    return made


def signed_in(client, user):
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    ("method", "path", "name", "meant"),
    [
        ("post", "/tap/tables/mine", "PEOPEL", "PEOPLE"),
        ("post", "/tap/tables", "DESCRIBTION", "DESCRIPTION"),
        ("put", "/tap/tables/other", "PROGRAM", "PROGRAMS"),
        ("load", "/tap/load/mine", "PROGRAM", "PROGRAMS"),
        ("delete", "/tap/tables/mine", "FOO", "none"),
        ("get", "/tap/kept", "x", "none"),
    ],
)
def test_an_unknown_parameter_is_refused_by_name(client, table, method, path, name, meant):
    if method == "post":
        answer = client.post(path, {name: "public,admin"})
    elif method == "load":
        answer = client.post(f"{path}?{name}=1", ROWS, content_type="text/csv")
    else:
        answer = getattr(client, method)(f"{path}?{name}=1")
    said = answer.content.decode()
    assert answer.status_code == 400
    assert f"{name}: is no parameter of {path}".lower() in said.lower() and meant in said
    table.refresh_from_db()
    assert table.everybody and not UserTable.objects.filter(name="other").exists()


def test_that_nobody_is_to_read_a_table_is_said_not_guessed(client, table):
    assert client.post("/tap/tables/mine").status_code == 400
    table.refresh_from_db()
    assert table.everybody
    assert client.post("/tap/tables/mine", {"EVERYBODY": "false"}).status_code == 200
    table.refresh_from_db()
    assert not table.everybody
