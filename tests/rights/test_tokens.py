"""Signing in: tokens, passwords, lock-out; groups whose memberships have dates."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from archive.access import tokens
from archive.access.audit import Actor
from archive.access.memberships import reader_of
from archive.access.reading import ANYONE, EVERYTHING
from archive.models import AuditEntry, GroupMembership, Membership, Program, ReaderGroup, Token

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ME = Actor("tester")
PASSWORD = "a long password of somebody"


def soon(days=10) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


@pytest.fixture
def somebody():
    cache.clear()
    return User.objects.create_user("somebody", password=PASSWORD)


def with_secret(secret: str, kind="Bearer") -> Client:
    return Client(headers={"Authorization": f"{kind} {secret}"})


def basic(name: str, password: str) -> Client:
    return with_secret(base64.b64encode(f"{name}:{password}".encode()).decode(), "Basic")


def test_only_the_hash_of_a_token_is_kept(somebody):
    token, secret = tokens.make(somebody, "script", ["all"], soon(), ME)
    assert len(secret) >= 40
    kept = [str(value) for value in Token.objects.filter(pk=token.pk).values_list().get()]
    assert not any(secret in value for value in kept)
    # The record is never emptied, so that other tests' entries may stand in it.
    noted = AuditEntry.objects.filter(action="token.make").order_by("-pk")
    assert noted and not any(secret in str(entry) for entry in noted.values_list())
    assert tokens.recognise(secret) == token


@pytest.mark.parametrize("kind", ["Bearer", "Token", "bearer"])
def test_a_token_signs_its_owner_in_on_every_path_and_its_use_is_noted(somebody, kind):
    token, secret = tokens.make(somebody, "script", ["images", "tap"], soon(), ME)
    client = with_secret(secret, kind)
    for path in (
        "/images/?format=json",
        "/api/images/",
        "/tap/sync?LANG=ADQL&QUERY=SELECT+TOP+1+pid+FROM+ztf.ztf_current_meta_sci",
    ):
        assert client.get(path).status_code == 200, path
    token.refresh_from_db()
    assert token.last_used is not None
    assert token.last_address == "127.0.0.1"
    for name in ("somebody", "token", ""):
        assert basic(name, secret).get("/api/images/").status_code == 200
    assert basic("another", secret).get("/api/images/").status_code == 401


def test_a_token_opens_what_its_scopes_say_and_never_an_account(somebody):
    _, secret = tokens.make(somebody, "alerts only", ["alerts"], soon(), ME)
    client = with_secret(secret)
    assert client.get("/api/alerts/").status_code == 200
    refused = client.get("/api/images/")
    assert refused.status_code == 403
    assert "needs a token of scope images; this one has alerts" in refused.json()["detail"]
    assert client.get("/files/sci/2020/x_psfcat.fits").json()["detail"].endswith("catalogs; this one has alerts")
    _, secret = tokens.make(somebody, "all", ["all"], soon(), ME)
    for path in ("/account/", "/admin/"):
        assert with_secret(secret).get(path).status_code == 403
    assert with_secret(secret).get("/api/images/").status_code == 200


@pytest.mark.parametrize("name", ["ID", "id", "Id"])
@pytest.mark.parametrize("path", ["/vo/datalink/links", "/vo/soda/sync", "/vo/soda/async"])
def test_the_family_of_a_data_set_counts_however_its_parameter_is_written(somebody, path, name):
    _, secret = tokens.make(somebody, "images only", ["images"], soon(), ME)
    client = with_secret(secret)
    refused = client.get(path, {name: "ivo://ztf/archive?alert/1341234567890123"})
    assert refused.status_code == 403 and b"needs a token of scope alerts" in refused.content
    assert client.get(path, {name: "ivo://ztf/archive?sci/1"}).status_code != 403


def test_what_has_ended_opens_nothing_and_says_why(somebody):
    token, secret = tokens.make(somebody, "script", ["all"], soon(), ME)
    tokens.revoke(token, ME)
    answer = with_secret(secret).get("/api/images/")
    assert answer.status_code == 401
    assert "is revoked since" in answer.json()["detail"]
    assert answer["WWW-Authenticate"].endswith('Bearer realm="ZTF archive"')
    token, secret = tokens.make(somebody, "script", ["all"], soon(), ME)
    Token.objects.filter(pk=token.pk).update(expires=datetime.now(UTC))
    assert "is expired since" in with_secret(secret).get("/").json()["detail"]
    _, secret = tokens.make(somebody, "script", ["all"], soon(), ME)
    somebody.is_active = False
    somebody.save()
    assert "may not sign in" in with_secret(secret).get("/").json()["detail"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["images", "sky"]}, r"scopes=\['sky'\]"),
        ({"label": " "}, "label"),
        ({"expires": soon(400)}, "within 366 days"),
        ({"expires": soon(-1)}, "within 366 days"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(somebody, values, message):
    asked = {"label": "x", "scopes": ["all"], "expires": soon()} | values
    with pytest.raises(tokens.BadTokenError, match=message):
        tokens.make(somebody, **asked, actor=ME)


def test_too_many_wrong_tokens_or_passwords_lock_out_with_retry_after(somebody):
    for client in (with_secret("ztf_wrong"), basic("somebody", "wrong")):
        codes = [client.get("/api/images/").status_code for _ in range(9)]
        assert codes[:7] == [401] * 7
        assert codes[-1] == 429
        locked = client.get("/api/images/")
        assert int(locked["Retry-After"]) == 900
        assert "wait 15 minutes" in locked.json()["detail"]
    assert basic("somebody", PASSWORD).get("/api/images/").status_code == 429
    page = Client().post("/sign-in/", {"username": "somebody", "password": PASSWORD})
    assert page.status_code == 429
    assert page["Retry-After"] == "900"
    assert "Wait 15 minutes" in page.content.decode()
    AccessAttempt.objects.all().delete()
    assert basic("somebody", PASSWORD).get("/api/images/").status_code == 200


def test_the_account_page_makes_a_token_once_and_revokes_it(somebody, client):
    assert client.get("/account/").status_code == 302
    client.force_login(somebody)
    assert client.get("/account/").status_code == 200
    form = {"label": "nightly", "scopes": ["images", "alerts"], "expires": soon().date()}
    sent = client.post(reverse("account-tokens"), form)
    assert (sent.status_code, sent.url) == (302, "/account/")  # so that a reload sends nothing again
    kept = [session.get_decoded() for session in Session.objects.all()]
    made = client.get("/account/")
    secret = made.context["made"]["secret"]
    assert secret in made.content.decode() and secret not in f"{kept}"
    assert secret not in client.get("/account/").content.decode()
    assert Token.objects.count() == 1
    assert with_secret(secret).get("/api/alerts/").status_code == 200
    token = Token.objects.get()
    other = User.objects.create_user("other")
    stranger = Client()
    stranger.force_login(other)
    assert stranger.post(reverse("account-revoke", args=[token.pk])).status_code == 404
    client.post(reverse("account-revoke", args=[token.pk]))
    assert with_secret(secret).get("/api/alerts/").status_code == 401
    for wrong in ({"expires": "2001-01-01"}, {"label": " "}, {"scopes": []}, {"expires": "soon"}):
        refused = client.post(reverse("account-tokens"), form | wrong)
        (name,) = wrong
        assert refused.status_code == 400 and name in refused.context["form"].errors
        assert f'id="id_{name}_error"' in refused.content.decode()
        if name == "scopes":
            assert "What it may read: choose" in refused.context["error"] and " or all" in refused.context["error"]
    assert Token.objects.count() == 1


def test_half_of_a_secret_shows_nothing(somebody, client):
    client.force_login(somebody)
    form = {"label": "nightly", "scopes": ["images"], "expires": soon().date()}
    for cookie in ("", "00", "zz" * 60):
        client.post(reverse("account-tokens"), form)
        client.cookies["shown_once"] = cookie
        assert client.get("/account/").context["made"] == {}


def test_rights_begin_and_end_with_memberships_of_people_and_groups(somebody):
    now, hour = datetime.now(UTC), timedelta(hours=1)
    assert reader_of(somebody) == ANYONE
    group = ReaderGroup.objects.create(name="students")
    group.programs.set([2, 3])
    place = GroupMembership.objects.create(group=group, user=somebody, since=now + hour)
    assert reader_of(somebody) == ANYONE
    GroupMembership.objects.filter(pk=place.pk).update(since=now - hour)
    assert reader_of(somebody).programs == {2, 3}
    GroupMembership.objects.filter(pk=place.pk).update(until=now)
    assert reader_of(somebody) == ANYONE
    own = Membership.objects.create(user=somebody, program_id=0, since=now - hour, until=now + hour)
    assert reader_of(somebody).programs == {0}
    own.delete()
    assert reader_of(somebody) == ANYONE
    somebody.is_superuser = True
    assert reader_of(somebody) == EVERYTHING


def test_openapi_names_all_three_ways_to_sign_in(client):
    schema = client.get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    assert {one["scheme"] for one in schema["components"]["securitySchemes"].values() if "scheme" in one} == {
        "basic",
        "bearer",
    }


def test_what_admins_change_is_written_down(admin_client):
    group = ReaderGroup.objects.create(name="panel")
    rows = {"members-TOTAL_FORMS": 0, "members-INITIAL_FORMS": 0}
    url = reverse("admin:archive_readergroup_change", args=[group.pk])
    assert admin_client.post(url, {"name": "panel", "programs": [2], **rows}).status_code == 302
    entry = AuditEntry.objects.filter(target="panel", after__programs=[2]).order_by("pk").last()
    assert (entry.who, entry.address, entry.before["programs"]) == ("admin", "127.0.0.1", [])
    url = reverse("admin:archive_program_change", args=[2])
    admin_client.post(url, {"programid": 2, "name": "partnership", "proprietary_days": 180, "listed": "on"})
    assert Program.objects.get(pk=2).listed
    assert AuditEntry.objects.filter(action="program.change").order_by("pk").last().after["listed"] == "True"
