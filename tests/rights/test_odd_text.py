"""Names, numbers and texts that are none: every address says so, and none fails."""

from __future__ import annotations

import base64
import json
import re

import pytest
from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from archive.forms import RealField, WholeField, YesNoField
from archive.models import QueryJob
from tests.addresses import ADDRESSES, well_formed
from tests.forms import our_forms

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


def basic(pair: str | bytes) -> str:
    return "Basic " + base64.b64encode(pair if isinstance(pair, bytes) else pair.encode()).decode()


AUTHORIZATIONS = {
    "NUL in a name": basic("a\0:b"), "NUL in a password": basic("a:b\0"), "a long name": basic("a" * 300 + ":b"),
    "a very long name": basic("a" * 5000 + ":b"), "a long password": basic("a:" + "b" * 5000),
    "no UTF-8": basic(b"\xff\xfe:b"), "no base64": "Basic !!", "not ASCII": "Basic \xe9\xe9", "empty": "Basic ",
    "a token with NUL before it": basic("a\0:ztf_x"), "a token as long name": basic("a" * 300 + ":ztf_x"),
    "bearer NUL": "Bearer ztf_\0", "bearer long": "Bearer " + "z" * 20_000, "bearer not ASCII": "Bearer \xe9\xff",
    "bearer empty": "Bearer ", "token NUL": "Token \0", "half a character": basic(b"\xed\xa0\x80:b"),
    "digest": 'Digest username="ann", realm="x"', "negotiate": "Negotiate YII=", "of no kind": "abc",
}  # fmt: skip
OPEN = ("/health", "/cgi-bin/", "/ztf/ops/forcedphot/")  # where the header names nobody


@pytest.mark.parametrize("how", AUTHORIZATIONS)
def test_credentials_that_nobody_can_have_are_refused_at_every_address(how, committed):
    client = Client(raise_request_exception=False, headers={"Authorization": AUTHORIZATIONS[how]})
    for name in ADDRESSES:
        path = well_formed(ADDRESSES[name])
        status = client.get(path).status_code
        assert status < 500, (name, path, status)
        assert path.startswith(OPEN) or status in (401, 429), (name, path, status)


@pytest.mark.parametrize("cookie", ["sessionid", "JOSSO_SESSIONID", "csrftoken", "messages"])
def test_cookies_that_are_no_keys_break_nothing(cookie, committed):
    for name in sorted(ADDRESSES):
        for value in ('"a\\000b"', "x" * 3000):
            client = Client(raise_request_exception=False, headers={"Cookie": f"{cookie}={value}"})
            assert client.get(well_formed(ADDRESSES[name])).status_code < 500, (name, cookie, value)


@pytest.mark.parametrize("odd", ["a\0b", "a" * 300, "a" * 5000, "\u202e", "é" * 200])
def test_forms_that_sign_in_take_no_odd_name(odd, committed):
    client = Client(raise_request_exception=False)
    for path, fields in (
        ("/sign-in/", {"username": odd, "password": "b"}), ("/sign-in/", {"username": "a", "password": odd}),
        ("/admin/login/", {"username": odd, "password": "b"}),
        ("/account/signon/login.do", {"josso_cmd": "login", "josso_username": odd, "josso_password": "b"}),
        ("/cgi-bin/getForcedPhotometryRequests.cgi", {"email": odd, "userpass": "b"}),
        ("/cgi-bin/getForcedPhotometryRequests.cgi", {"email": f"{odd}@x", "userpass": odd}),
    ):  # fmt: skip
        assert client.post(path, fields).status_code < 500, (path, odd[:10])
    assert not client.session.get("_auth_user_id")


def test_a_name_and_a_password_that_are_right_still_sign_in(committed):
    made = User.objects.create_user("n" * 150, password="é" * 100)
    try:
        assert Client(headers={"Authorization": basic("n" * 150 + ":" + "é" * 100)}).get("/").status_code == 200
    finally:
        made.delete()


# --- JSON and forms -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", ["\ud800", "M 31\0", "\udfff", "a\udc80b"])
@pytest.mark.parametrize("path", ["/api/jobs/", "/api/forced/"])
def test_json_with_what_is_no_text_is_refused(path, odd, committed):
    for body in ({"position": odd}, {odd: 1}, {"targets": [odd]}, {"targets": [{"name": odd}]}, {"a": {"b": [odd]}}):
        answer = Client(raise_request_exception=False).post(path, json.dumps(body), content_type="application/json")
        assert answer.status_code == 400, (path, body)
        assert b"NUL" in answer.content or b"half of a character" in answer.content, answer.content


def test_forms_with_what_is_no_text_are_refused(committed):
    client = Client(raise_request_exception=False)
    odd = ((b"q=a%00b", "utf-8"), (b"%00=a", "utf-8"), (b"q=+2AA-", "utf-7"), (b"q=\\ud800", "unicode_escape"))
    for name in sorted(ADDRESSES):
        for body, charset in odd:
            for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
                answer = client.post(well_formed(ADDRESSES[name]), body, content_type=f"{kind}; charset={charset}")
                assert answer.status_code < 500, (name, body, charset, kind)


@pytest.mark.parametrize("path", ["/api/jobs/", "/api/forced/"])
@pytest.mark.parametrize("name", ["radius", "ra", "dec", "size", "position", "within", "oid", "kind"])
def test_a_truth_is_no_number_and_no_text(path, name, committed):
    for value in (True, False):
        answer = Client().post(path, json.dumps({name: value}), content_type="application/json")
        assert answer.status_code == 400 and name in answer.json()["detail"]


def test_fields_of_numbers_take_no_other_scripts_underscores_or_truths():
    seen = 0
    for kind in our_forms():
        for name, field in kind.base_fields.items():
            if not isinstance(field, forms.IntegerField) or kind.__module__ == "archive.admin":
                continue
            assert isinstance(field, WholeField | RealField), (kind, name)
            for odd in ("1_0", "１", "٣", "1e999", "nan", "0x10", "²", True, False):
                with pytest.raises(forms.ValidationError):
                    field.to_python(odd)
            assert field.to_python("12") == 12 and field.to_python(" 12 ") == 12 and field.to_python("") is None
            seen += 1
    assert seen > 40
    assert YesNoField().clean(True) is True


def test_only_one_module_has_fields_of_numbers():
    for app in ("archive", "lightcurves", "portal", "processing"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            text = path.read_text()
            assert "forms.IntegerField(" not in text and "forms.FloatField(" not in text, path


# --- what an answer tells of the server --------------------------------------------------------------------------


def test_no_answer_tells_where_files_lie(committed, settings, tmp_path):
    settings.DOCS_ROOT = tmp_path
    client = Client(raise_request_exception=False)
    told = [str(one) for one in (tmp_path, settings.BASE_DIR, settings.ARCHIVE_ROOT, settings.JOB_ROOT)]
    tails = ("missing", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc", "x/", "a\\b")
    for name in sorted(ADDRESSES):
        start = ADDRESSES[name].partition("<")[0].partition("(")[0].replace("^", "")
        for path in (well_formed(ADDRESSES[name]), *(f"/{start}{tail}" for tail in tails)):
            answer = client.get(path)
            text = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert answer.status_code < 500, path
            if answer.status_code >= 400:
                assert not any(one.encode() in text for one in told), (path, text[:300])


def test_a_page_of_the_guide_that_is_missing_is_told_in_our_words(committed, settings, tmp_path):
    settings.DOCS_ROOT = tmp_path
    for path in ("etc", "a/b", "../x", "a/"):
        answer = Client().get(f"/help/{path}")
        assert answer.status_code == 404 and "there is no such page" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/api/jobs/", "/tap/sync", "/ibe/search/ztf/products/sci"])
@pytest.mark.parametrize("host", ["evil.example", "a" * 300, "evil_.example", "evil.example:99999", "<b>"])
def test_another_host_is_refused_in_our_words(path, host, committed):
    for accept in ("text/html", "application/json"):
        answer = Client(raise_request_exception=False).get(path, headers={"Host": host, "Accept": accept})
        text = answer.content.decode()
        assert answer.status_code == 400 and "ALLOWED_HOSTS" not in text and "no such name" in text


# --- digits of other scripts -------------------------------------------------------------------------------------
THREE = ("３", "٣", "३")  # three, full-width, Arabic-Indic and Devanagari


def test_no_pattern_of_ours_takes_digits_of_other_scripts():
    for app in ("archive", "lightcurves", "portal", "processing"):
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            if path.parent.name != "migrations":
                found = re.findall(r"\\d(?!elta|eg)", path.read_text())
                assert not found, f"{path}: \\d is every script's digits in Python and in PostgreSQL; write [0-9]"


@pytest.mark.parametrize("three", THREE)
def test_digits_of_other_scripts_are_no_numbers_at_any_service(three, committed):
    client = Client(raise_request_exception=False)
    table = f"ra,dec\n{three},3\n"
    job = client.post("/tap/async", {"LANG": "ADQL", "QUERY": "SELECT TOP 1 oid FROM ztf.ztf_objects"})["Location"]
    asked = {
        "/cgi-bin/Gator/nph-query": [
            {"catalog": "ztf_objects", "spatial": "NONE", "outfmt": 1, "constraints": f"ra>{three}"},
            {"catalog": "ztf_objects", "objstr": f"{three} 3"}, {"catalog": "ztf_objects", "objstr": f"3 {three}"},
            {"catalog": "ztf_objects", "objstr": "3 3", "radius": three},
            {"catalog": "ztf_objects", "spatial": "box", "objstr": "3 3", "size": three},
            {"catalog": "ztf_objects", "spatial": "polygon", "polygon": f"3 3, 4 3, 4 {three}"},
            {"catalog": "ztf_objects", "objstr": "3 3", "outrows": three},
        ],
        "/ibe/search/ztf/products/sci": [
            {"POS": f"{three},3"}, {"POS": "3,3", "SIZE": three}, {"where": f"field={three}"}, {"where": f"ra<{three}"},
        ],
        "/ibe/sia/ztf/products/sci": [{"POS": f"{three},3", "SIZE": "1"}, {"POS": "3,3", "SIZE": three}],
        "/images/": [{"position": f"{three} 3"}, {"position": "3 3", "radius": three}, {"where": f"field={three}"}],
        "/SCS": [{"table": "ztf_objects", "RA": three, "DEC": "3", "SR": "1"}],
        "/SIA": [{"POS": f"CIRCLE {three} 3 1"}, {"BAND": three}, {"MAXREC": three}],
        "/api/v3/data/latest/oid/full/json": [{"oid": three}],
        "/api/v3/data/latest/circle/full/json": [{"ra": three, "dec": "3", "radius_arcsec": "3"}],
        "/cgi-bin/ZTF/nph_light_curves": [{"ID": three}, {"POS": f"CIRCLE {three} 3 0.01"}],
        "/cgi-bin/periodogram/nph-periodogram_api": [{"ID": "3", "pmin": three}, {"ID": three}],
        "/moving/": [{"elements": f"{three}"}, {"number": three}],
        job: [{"WAIT": three}], "/tap/async": [{"LAST": three}],
    }  # fmt: skip
    for path, questions in asked.items():
        for question in questions:
            answer = client.get(path, question)
            assert answer.status_code in (400, 404), (path, question, answer.status_code)
    upload = SimpleUploadedFile("stars.csv", table.encode())
    answer = client.post(
        "/cgi-bin/Gator/nph-query",
        {"catalog": "ztf_objects", "spatial": "Upload", "uradius": "3", "outfmt": 1, "filename": upload},
    )
    assert answer.status_code == 400 and b"is not a position" in answer.content, answer
    QueryJob.objects.filter(pk=job.rpartition("/")[2]).delete()
