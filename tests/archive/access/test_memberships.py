"""Rights that are given, changed and ended on the command line."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from archive.access.memberships import reader_of
from archive.access.reading import ANYONE, EVERYTHING
from archive.models import AuditEntry, GroupMembership, Membership, ReaderGroup

pytestmark = pytest.mark.django_db(databases=["default", "reader"])


@pytest.fixture
def vera():
    return User.objects.create_user("vera")


def test_a_colleague_gets_a_program_and_loses_it_again(vera, capsys):
    call_command("member", "vera", "--program", "2")
    assert reader_of(vera).programs == {2}
    call_command("member")
    assert "vera in 2 partnership" in capsys.readouterr().out
    call_command("member", "vera", "--program", "2", "--end")
    assert reader_of(vera).programs == frozenset()
    assert [entry.action for entry in AuditEntry.objects.filter(target="vera in 2 partnership").order_by("pk")] == [
        "membership.add",
        "membership.change",
    ]


def test_a_right_begins_and_ends_when_it_is_said_to(vera):
    now = timezone.now()
    call_command("member", "vera", "--program", "3", "--since", (now + timedelta(days=1)).isoformat())
    assert reader_of(vera).programs == frozenset()
    call_command("member", "vera", "--program", "3", "--until", (now + timedelta(days=1)).isoformat())
    assert reader_of(vera).programs == {3}


def test_a_deactivated_account_reads_what_is_public_only(vera):
    vera.is_superuser = True
    assert reader_of(vera).programs == EVERYTHING.programs
    vera.is_active = False
    assert reader_of(vera) == ANYONE


def test_a_group_gives_its_programs(vera):
    ReaderGroup.objects.create(name="referees").programs.set([2, 3])
    call_command("member", "vera", "--group", "referees")
    assert reader_of(vera).programs == {2, 3}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody", "--program", "2"], "username='nobody': there is none; there are: vera"),
        (["vera", "--program", "9"], "programid=9: there is none; there are: 0, 1, 2, 3"),
        (["vera", "--group", "none"], "name='none': there is none"),
        (["vera"], "say --program ID or --group NAME"),
        (["vera", "--program", "2", "--end"], "vera: has no such membership"),
        (["vera", "--program", "2", "--until", "2020-01-01"], "--until=2020-01-01T00:00:00: is before"),
    ],
)
def test_what_cannot_be_done_is_said(vera, arguments, says):
    with pytest.raises(CommandError, match=says):
        call_command("member", *arguments)


def test_a_date_alone_ends_a_membership_as_that_day_begins_and_the_page_says_so(admin_client):
    reader = User.objects.create_user("reader")
    address = reverse("admin:archive_membership_add")
    assert "a date without a time is its 00:00 UTC" in admin_client.get(address).content.decode()
    form = {"user": reader.pk, "program": 2, "since_0": "2026-01-01", "since_1": "", "until_0": "2030-06-30"}
    answer = admin_client.post(address, form | {"until_1": ""})
    assert answer.status_code == 302, answer.context["errors"]
    kept = Membership.objects.get(user=reader)
    assert (kept.since, kept.until) == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 6, 30, tzinfo=UTC))


@pytest.mark.parametrize(("part", "text", "says"), [("0", "June", "give a date"), ("1", "noon", "give a time")])
def test_a_wrong_end_of_a_membership_is_refused_with_what_would_be_right(admin_client, part, text, says):
    reader = User.objects.create_user("reader")
    form = {"user": reader.pk, "program": 2, "since_0": "2026-01-01", "until_0": "2030-06-30", "until_1": "10:00:00"}
    page = admin_client.post(reverse("admin:archive_membership_add"), form | {f"until_{part}": text})
    assert page.status_code == 200 and says in page.content.decode()
    assert not Membership.objects.filter(user=reader).exists()


def test_a_member_of_a_group_may_be_given_a_date_alone_too(admin_client):
    reader = User.objects.create_user("reader")
    members = {"members-TOTAL_FORMS": 1, "members-INITIAL_FORMS": 0, "members-0-user": reader.pk}
    dates = {"members-0-since_0": "2026-01-01", "members-0-until_0": "2030-06-30"}
    answer = admin_client.post(reverse("admin:archive_readergroup_add"), {"name": "course"} | members | dates)
    assert answer.status_code == 302, answer.context["errors"]
    assert GroupMembership.objects.get(user=reader).until == datetime(2030, 6, 30, tzinfo=UTC)
