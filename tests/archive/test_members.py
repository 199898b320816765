"""Rights that are given, changed and ended on the command line."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from archive.members import reader_of
from archive.models import AuditEntry, ReaderGroup

pytestmark = pytest.mark.django_db


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
