"""Accounts: how they go, and what is written down of them."""

import getpass
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from archive.access import audit, tokens
from archive.access.audit import Actor
from archive.access.reading import Reader, reading
from archive.jobs.dependencies import is_open, on_tables
from archive.models import AuditEntry, CalibrationImage, Membership, Program, SavedSearch, Token, UserJob
from archive.products.calibrations import mark
from archive.releases import redating
from lightcurves.models import SavedPeriod

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ME = Actor("tester")
SOON = timezone.now() + timedelta(days=9)


@pytest.fixture
def person():
    """Somebody who made one of everything that people make."""
    user = User.objects.create_user("vera", password="old")
    tokens.make(user, "script", ["all"], SOON, ME)
    Membership.objects.create(user=user, program_id=2)
    SavedSearch.objects.create(owner=user, name="mine", text="SELECT 1 AS one")
    UserJob.objects.create(kind="bundle", owner=user, parameters={})
    SavedPeriod.objects.create(owner=user, oid=1, period=1.0)
    return user


def last(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).first()


def test_whoever_made_a_token_can_be_deleted_and_the_audit_stays(client, person):
    """By staff who may remove accounts and nothing else."""
    number = person.pk
    staff = User.objects.create_user("staff", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__in=["delete_user", "view_user"]))
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    page = reverse("admin:auth_user_delete", args=[person.pk])
    assert "ztf_" in client.get(page).content.decode(), "what goes with the account is shown"
    assert client.post(page, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(username="vera").exists()
    assert not Token.objects.exists() and not SavedSearch.objects.exists() and not UserJob.objects.exists()
    assert last("token.make").target.endswith("of vera")
    entry = last("user.delete")
    assert (entry.who, entry.target, entry.key) == ("staff", "vera", str(number))
    User.objects.create_user("vera")
    assert last("user.delete").key != str(User.objects.get(username="vera").pk)


def test_an_account_made_by_a_command_is_written_down_with_what_it_may_do(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a long password of an admin")
    before = audit.epoch()
    call_command("createsuperuser", "--noinput", "--username", "root2", "--email", "r@example.org", verbosity=0)
    entry, user = last("account.create"), User.objects.get(username="root2")
    assert (entry.who, entry.address) == (getpass.getuser(), "")
    assert (entry.target, entry.key, entry.after["is_superuser"]) == ("root2", str(user.pk), True)
    assert audit.epoch() == before, "a new account changes nothing that is kept for others"
    user.is_superuser = False
    user.save()
    entry = last("user.change")
    assert (entry.key, entry.before, entry.after) == (str(user.pk), {"is_superuser": True}, {"is_superuser": False})
    user.delete()
    assert last("user.delete").target == "root2"


def test_a_page_of_the_admin_writes_an_account_down_once(admin_client):
    page = reverse("admin:auth_user_add")
    words = {"username": "new", "password1": "a long new password", "password2": "a long new password"}
    assert admin_client.post(page, words | {"usable_password": "true"}).status_code == 302
    user = User.objects.get(username="new")
    assert admin_client.post(reverse("admin:auth_user_delete", args=[user.pk]), {"post": "yes"}).status_code == 302
    entries = AuditEntry.objects.filter(target="new").order_by("pk")
    assert [(one.action, one.who) for one in entries] == [("user.add", "admin"), ("user.delete", "admin")]


def test_a_sign_in_is_no_change_of_an_account(client, person):
    before = AuditEntry.objects.count()
    assert client.login(username="vera", password="old", request=HttpRequest())
    assert AuditEntry.objects.count() == before


def test_nobody_deletes_a_token_alone(admin_client, person):
    token = Token.objects.get()
    assert admin_client.post(reverse("admin:archive_token_delete", args=[token.pk]), {"post": "yes"}).status_code == 403


def test_changes_of_accounts_and_roles_are_recorded_by_number_and_difference(admin_client, person):
    group = Group.objects.create(name="operators")
    page = reverse("admin:auth_user_change", args=[person.pk])
    values = {"username": "vera", "date_joined_0": "2026-01-01", "date_joined_1": "00:00:00", "is_staff": "on"}
    assert admin_client.post(page, values | {"groups": [group.pk], "email": "v@example.org"}).status_code == 302
    roles, account = AuditEntry.objects.filter(action="user.change", key=str(person.pk))[:2]
    assert (roles.before, roles.after) == ({"groups": []}, {"groups": [group.pk]})
    assert account.before["is_active"] == "True" and account.after["is_active"] == "False"
    assert account.after["is_staff"] == "True" and account.after["email"] == "v@example.org"
    assert not {"username", "first_name", "is_superuser", "password", "id"} & set(account.after)
    secret = "a long new password"
    admin_client.post(
        reverse("admin:auth_user_password_change", args=[person.pk]),
        {"password1": secret, "password2": secret, "usable_password": "true"},
    )
    entry = last("user.password")
    assert (entry.key, entry.before, entry.after) == (str(person.pk), {}, {})


def test_lock_outs_and_what_lifts_them_are_recorded_and_do_not_move_the_epoch(client, admin_client, settings):
    before = audit.epoch()
    for _ in range(settings.AXES_FAILURE_LIMIT + 1):
        client.post(reverse("sign-in"), {"username": "vera", "password": "wrong"})
    entry = last("account.lockout")
    assert (entry.target, entry.address) == ("vera", "127.0.0.1")
    assert audit.epoch() == before, "nobody empties what is kept for a while by failing to sign in"
    attempt = AccessAttempt.objects.get()
    answer = admin_client.post(reverse("admin:axes_accessattempt_delete", args=[attempt.pk]), {"post": "yes"})
    assert answer.status_code == 302
    assert last("accessattempt.delete").who == "admin"


def test_marks_of_calibrations_are_recorded(rf, admin_user):
    stack = CalibrationImage.objects.create(
        cid=9, caltype="bias", nid=1000, nightdate=20191001, rcid=3, ccdid=1, qid=4, nframes=5, fid=0,
        startobsdate=SOON, endobsdate=SOON,
    )  # fmt: skip
    mark(stack, "bad", "light leak")
    entry = last("calibration.mark")
    assert (entry.key, entry.before["status"], entry.after["status"]) == ("9", "good", "bad")
    assert entry.after["reason"] == "light leak"
    request = rf.post("/")
    request.user = admin_user
    admin.site._registry[CalibrationImage].mark_good(request, CalibrationImage.objects.all())
    entry = last("calibration.mark")
    assert (entry.who, entry.after) == ("admin", {"status": "good", "reason": ""})


def test_what_a_period_opened_is_closed_in_results_too_when_it_is_taken_back():
    visitor, partner = Reader(), Reader(frozenset({2}))
    program = Program.objects.get(pk=2)
    before = on_tables(["archive_scienceimage"], visitor)
    redating.redate(program, 0, ME)
    rests, theirs = (on_tables(["archive_scienceimage"], one) for one in (visitor, partner))
    assert before == theirs == {"releases": []} and len(rests["releases"]) == 1
    assert on_tables(["tap_schema"], visitor) == {"releases": []}
    with reading(visitor):
        assert is_open(rests, visitor)
    redating.take_back(program, ME)
    with reading(visitor):
        assert not is_open(rests, visitor)
        assert is_open(rests, partner) and is_open(before, visitor)
