"""What Django, REST framework and the portal's own gates refuse: in the form of the address, or as a page of ours."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal import bodies
from tests.rights.test_requests_by_address import ADDRESSES, well_formed

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PROBLEM = "application/problem+json"
VOTABLE = ("tap", "soda", "sia", "scs", "datalink", "dal", "irsa-sia")
SHAPES = (
    b"[]", b"null", b"1", b'"text"', b"true", b"[1]", b"[null]", b"[[1, 2]]", b"{}", b'{"ids": [], "targets": [null]}',
    b'{"ids": [[1]]}', b'{"ids": {"a": 1}}', b'{"targets": {"ra": 1}}', b'{"targets": [[null, null]]}',
    b'{"targets": [[1, 2], null]}', b'{"targets": [[[1], {}]]}', b'{"targets": [[]]}', b'{"position": [1, 2]}',
    b'{"position": {"ra": 1}}', b'{"since": ["2020-01-01"]}', b'{"since": {}}', b'{"size": []}', b'{"field": {"a": 1}}',
    b'{"field": [655]}', b'{"format": ["csv"]}', b'{"upload": "text"}', b'{"deliver": ["stream"]}', b'{"rcid": null}',
    b'{"": ""}', b'{"own": [1]}', b"{", b"", b"\xff",
)  # fmt: skip


def is_page(answer) -> bool:
    """Whether an answer stands in the portal's frame, with its search box and the request's id."""
    text = answer.content.decode()
    framed = 'aria-label="Main"' in text and 'name="q"' in text and "<h1>" in text
    return framed and bool(re.search(r"request <code>[0-9a-f-]{36}</code>", text))


def is_in_its_form(name: str, answer) -> bool:
    """Whether a refusal is what programs expect of its address."""
    kind = answer.headers["Content-Type"]
    if name.startswith("ibe"):
        return kind.startswith("text/xml") and answer.content.startswith(b"<?xml")
    if name.startswith("gator"):
        return answer.content.startswith(b'[struct stat="ERROR", msg="')
    if name.startswith(VOTABLE) or name.startswith("irsa-"):
        return b"VOTABLE" in answer.content or kind.startswith(("text/", "application/x-votable"))
    return kind == PROBLEM and {"title", "status", "detail"} <= set(answer.json())


@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_a_method_that_an_address_does_not_take_is_refused_in_its_form(name):
    client, path = Client(raise_request_exception=False), well_formed(ADDRESSES[name])
    for method in ("PUT", "PATCH", "DELETE"):
        program = client.generic(method, path)
        assert program.status_code < 500, (method, path)
        if program.status_code != 405:
            continue
        assert program["Allow"] and program["X-Request-ID"] and is_in_its_form(name, program), (method, path)
        person = client.generic(method, path, headers=BROWSER)
        assert person.status_code == 405
        assert (
            is_page(person)
            or is_in_its_form(name, person)
            and name.startswith(("api", "gator", "ibe", *VOTABLE, "irsa-"))
        )


@pytest.mark.parametrize("path", ["/nowhere", "/imags/", "/objects/12/nothing", "/objects/99999999999/", "/images/1/",
                                  "/files/no/such.fits", "/jobs/00000000-0000-0000-0000-000000000000/"])  # fmt: skip
def test_what_is_not_there_is_said_within_the_portals_frame(client, path):
    program = client.get(path)
    assert (program.status_code, program.headers["Content-Type"]) == (404, PROBLEM)
    person = client.get(path, headers=BROWSER)
    assert person.status_code == 404 and is_page(person)
    told = re.search(r'role="alert">([^<]+)</p>', person.content.decode())[1]
    assert len(told) > 20 and "matches the given query" not in told


@pytest.mark.parametrize("path", ["/nowhere/", "/tap/", "/images/?field=x&format=json"])
def test_an_address_that_answers_by_what_is_accepted_tells_caches_so(client, path):
    for accept in (BROWSER["Accept"], "application/json"):
        assert "Accept" in client.get(path, headers={"Accept": accept}).headers["Vary"]


def test_likely_places_are_those_above_and_those_written_alike(client):
    page = client.get("/objects/99999999999/", headers=BROWSER).content.decode()
    assert '<a href="/objects/">' in page and 'name="q" value="99999999999"' in page
    assert '<a href="/images/">' in client.get("/imags/", headers=BROWSER).content.decode()
    assert '<a href="/sign-in/?next=/imags/">' in client.get("/imags/", headers=BROWSER).content.decode()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/api/nowhere", PROBLEM), ("/api/images/1/2/3", PROBLEM), ("/tap/nowhere", "votable"),
     ("/ibe/nowhere", "text/xml"), ("/vo/nowhere", "votable"), ("/api/images/99/", PROBLEM),
     ("/vo/nothing/capabilities", "votable")],
)  # fmt: skip
def test_unknown_addresses_of_services_answer_as_these_do(client, path, kind):
    for headers in ({}, BROWSER):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 404 and kind in answer.headers["Content-Type"], answer.content[:200]
        assert b"<html" not in answer.content


def test_a_form_without_its_token_and_one_of_another_site(db):
    client = Client(enforce_csrf_checks=True)
    user = User.objects.create_user("somebody")
    client.force_login(user)
    for headers in ({}, BROWSER, BROWSER | {"Origin": "https://elsewhere.example"}):
        answer = client.post("/account/tokens", {}, headers=headers)
        assert answer.status_code == 403
        assert is_page(answer) if headers else answer.headers["Content-Type"] == PROBLEM
    assert "Origin" in answer.content.decode()


@pytest.mark.urls("tests.portal.views.failing_urls")
@pytest.mark.parametrize(("path", "kind"), [("/fails/", PROBLEM), ("/api/fails", PROBLEM), ("/tap/fails", "votable")])
def test_a_fault_of_ours_names_its_request_and_nothing_of_itself(path, kind):
    client = Client(raise_request_exception=False)
    answer = client.get(path)
    assert answer.status_code == 500 and kind in answer.headers["Content-Type"]
    person = client.get(path, headers=BROWSER)
    assert is_page(person) == (path == "/fails/")
    for one in (answer, person):
        assert re.fullmatch("[0-9a-f-]{36}", one["X-Request-ID"])
        assert b"secret" not in one.content


def test_a_body_that_is_too_large_is_refused_before_it_is_read():
    client, size = Client(), {"CONTENT_LENGTH": str(bodies.FORM * 200)}
    for path, kind in (("/api/jobs/", PROBLEM), ("/account/tokens", PROBLEM), ("/tap/sync", "votable")):
        answer = client.post(path, "x=1", content_type="application/x-www-form-urlencoded", **size)
        assert answer.status_code == 413 and kind in answer.headers["Content-Type"], path
    assert is_page(client.post("/account/tokens", "x", content_type="text/plain", headers=BROWSER, **size))


def test_what_no_address_may_hold_is_refused_within_the_frame(client):
    assert is_page(client.get("/images/?q=%00", headers=BROWSER))
    assert client.get("/images/?q=%00").headers["Content-Type"] == PROBLEM


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ADDRESSES))
def test_json_of_any_shape_is_answered_or_refused(name, committed):
    """Sent by somebody who is signed in and by nobody; never a traceback, and a refusal says what is wrong."""
    path = well_formed(ADDRESSES[name])
    user, _ = User.objects.get_or_create(username="shapes")
    signed_in, nobody = Client(raise_request_exception=False), Client(raise_request_exception=False)
    signed_in.force_login(user)
    for shape in SHAPES:
        for client in (nobody, signed_in):
            answer = client.post(path, shape, content_type="application/json")
            if answer.status_code == 405:  # whatever is posted
                return
            assert answer.status_code < 500, (path, shape)
            if answer.status_code == 400 and name.startswith("api"):
                assert answer.headers["Content-Type"] == PROBLEM and answer.json()["detail"], (path, shape)
