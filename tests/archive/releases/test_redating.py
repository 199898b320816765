"""A program's proprietary period changes: what is not public follows the new rule, what is public stays so."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, DataError, transaction
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.urls import reverse
from django_q.models import OrmQ
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.access.audit import Actor
from archive.models import AuditEntry, OwnDate, ProductFile, Program, Release, ScienceImage, UserJob
from archive.releases import freeze, publish, withdraw
from archive.releases.orders import BadOrderError
from archive.releases.redating import redate, run, take_back
from archive.survey.times import date_of_jd
from tests import factories
from tests.archive.releases.test_releases import NIGHT, date_of, image_with_file, release_of

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ME = Actor("tester")
DAY = timedelta(days=1)
OBSERVED = date_of_jd(factories.JD)
AGO = (datetime.now(UTC) - OBSERVED).days  # days since the factories' night


@pytest.fixture
def program():
    return Program.objects.get(pk=2)


def rule(program: Program, days: int | None) -> dict[str, int]:
    return redate(program, days, ME)


def test_a_longer_or_shorter_period_moves_what_is_still_closed(program):
    image, file = image_with_file()
    rule(program, AGO + 100)
    assert date_of(image) == date_of(file) == date_of(image.exposure) == image.obsdate + (AGO + 100) * DAY
    rule(program, AGO + 200)
    assert date_of(image) == date_of(file) == image.obsdate + (AGO + 200) * DAY
    rule(program, None)
    assert date_of(image) is None and date_of(file) is None


def test_what_the_new_rule_would_have_opened_long_ago_opens_now(program):
    image, file = image_with_file()
    before = datetime.now(UTC)
    changed = rule(program, 10)
    assert before <= date_of(image) == date_of(file) <= datetime.now(UTC)
    assert (changed["archive_scienceimage"], changed["archive_productfile"]) == (1, 1)


def test_what_is_public_is_never_closed_by_a_rule(program):
    image, file = image_with_file(rights={"programid": 2, "public_date": OBSERVED + DAY})
    rule(program, AGO + 500)
    assert date_of(image) == date_of(file) == OBSERVED + DAY


def test_other_programs_keep_their_dates(program):
    image, _ = image_with_file(rights={"programid": 3, "public_date": None})
    rule(program, 10)
    assert date_of(image) is None


def test_a_row_that_a_release_opened_gets_the_new_date_when_it_is_withdrawn(program):
    image, file = image_with_file()
    release = freeze(release_of(), ME)
    publish(release, ME)
    opened = date_of(image)
    rule(program, AGO + 100)
    assert date_of(image) == opened
    withdraw(Release.objects.get(), ME)
    assert date_of(image) == date_of(file) == image.obsdate + (AGO + 100) * DAY
    assert not OwnDate.objects.exists()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.integers(0, AGO + 300), min_size=1, max_size=4))
def test_after_any_changes_a_closed_row_has_the_last_rule_and_an_open_one_is_open(program, periods):
    ScienceImage.objects.all().delete()
    ProductFile.objects.all().delete()
    image, file = image_with_file()
    public = False
    for days in periods:
        rule(program, days)
        public = public or (days is not None and days <= AGO)
        if public:
            assert date_of(image) == date_of(file) <= datetime.now(UTC)
        else:
            assert date_of(image) == date_of(file) == (None if days is None else image.obsdate + days * DAY)


def test_an_admin_changes_the_period_and_a_job_does_the_rest(admin_client, program):
    image, _ = image_with_file()
    before = AuditEntry.objects.aggregate(last=Coalesce(Max("pk"), 0))["last"]
    values = {"programid": 2, "name": program.name, "description": "d", "proprietary_days": AGO + 30}
    page = admin_client.post(reverse("admin:archive_program_change", args=[2]), values, follow=True)
    assert "would be public" in page.content.decode()
    assert not UserJob.objects.exists() and Program.objects.using("default").get(pk=2).proprietary_days is None
    confirmed = admin_client.post(page.redirect_chain[-1][0])
    job = UserJob.objects.get(kind="program")
    assert confirmed.url == reverse("job", args=[job.pk])
    assert OrmQ.objects.count() == 1 and date_of(image) is None
    run(str(job.pk))
    assert date_of(image) == image.obsdate + (AGO + 30) * DAY
    job.refresh_from_db()
    assert (job.phase, "1 archive_scienceimage" in job.message) == ("COMPLETED", True)
    assert AuditEntry.objects.filter(pk__gt=before, action="program.redate", who="admin").count() == 1
    assert admin_client.get(reverse("job", args=[job.pk])).status_code == 200
    assert admin_client.get(reverse("job-result", args=[job.pk])).status_code == 404


def test_who_may_not_change_programs_any_more_changes_nothing(program):
    from archive.releases import redating

    image, _ = image_with_file()
    user = User.objects.create_user("left", is_staff=True)
    job = redating.order(program, 1, user, Actor("left"))
    run(str(job.pk))
    job.refresh_from_db()
    assert (job.phase, job.message) == ("ERROR", "left may not change programs any more")
    assert date_of(image) is None


def test_the_command_lists_and_changes(capsys):
    image, _ = image_with_file()
    call_command("program", "2", "--days", str(AGO + 7))
    assert date_of(image) == image.obsdate + (AGO + 7) * DAY
    call_command("program")
    assert f"public {AGO + 7} days after observation" in capsys.readouterr().out
    with pytest.raises(CommandError, match="programid=9: use one of 0, 1, 2, 3"):
        call_command("program", "9", "--never")


# --- taking a change back ---------------------------------------------------------------------------------------------


def test_taking_back_gives_every_row_its_date_and_leaves_open_what_a_release_opens(program):
    never, _ = image_with_file()
    dated, _ = image_with_file(rights={"programid": 2, "public_date": OBSERVED + (AGO + 50) * DAY})
    public, _ = image_with_file(rights={"programid": 2, "public_date": OBSERVED + DAY})
    held, _ = image_with_file(day=1)
    rule(program, 0)
    assert all(date_of(one) <= datetime.now(UTC) for one in (never, dated, public, held))
    late, _ = image_with_file(rights={"programid": 2, "public_date": OBSERVED})
    late.public_date = late.obsdate  # as registering dates it by the rule
    late.save()
    release = release_of("dr1", nights=(NIGHT + DAY, NIGHT + DAY))
    publish(freeze(release, ME), ME)
    changed = take_back(program, ME)
    assert Program.objects.get(pk=2).proprietary_days is None
    assert (date_of(never), date_of(dated), date_of(public)) == (None, OBSERVED + (AGO + 50) * DAY, OBSERVED + DAY)
    assert date_of(late) is None, "what came since has the old rule too"
    assert date_of(held) <= datetime.now(UTC), "a release opens it"
    assert changed["archive_scienceimage"] == 4
    withdraw(Release.objects.get(), ME)
    assert date_of(held) is None and not OwnDate.objects.exists()
    with pytest.raises(BadOrderError, match="no change of its period to take back"):
        take_back(program, ME)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.integers(0, AGO + 300), min_size=1, max_size=4))
def test_after_all_changes_were_taken_back_every_row_is_as_it_was(program, periods):
    with transaction.atomic():
        rows = [image_with_file(rights={"programid": 2, "public_date": one}) for one in (None, OBSERVED + DAY)]
        before = [date_of(row) for pair in rows for row in pair]
        days = Program.objects.get(pk=2).proprietary_days
        for one in periods:
            rule(program, one)
        for _ in periods:
            take_back(program, ME)
        assert [date_of(row) for pair in rows for row in pair] == before
        assert Program.objects.get(pk=2).proprietary_days == days
        transaction.set_rollback(True)


@pytest.mark.parametrize("days", [-1, 36_526, 2_147_483_647, 2_147_483_648, 10**12])
def test_a_period_lies_within_a_hundred_years(admin_client, program, days):
    image, _ = image_with_file()
    with pytest.raises(BadOrderError, match=f"days={days}: a proprietary period has 0 to 36525 days"):
        redate(program, days, ME)
    with pytest.raises(CommandError, match="36525"):
        call_command("program", "2", f"--days={days}")
    values = {"programid": 2, "name": program.name, "description": "d", "proprietary_days": days}
    assert admin_client.post(reverse("admin:archive_program_change", args=[2]), values).status_code == 200
    page = reverse("admin:archive_program_period", args=[2])
    for text in (days, "²", "1e3", "", "9" * 5000):
        assert admin_client.post(f"{page}?days={text}").status_code == 302
    assert not UserJob.objects.exists() and date_of(image) is None
    with pytest.raises((DatabaseError, DataError)), transaction.atomic():
        Program.objects.filter(pk=2).update(proprietary_days=days)


def test_what_opens_at_once_is_seen_first_and_can_be_taken_back_by_page_and_command(admin_client, program, capsys):
    image, _ = image_with_file()
    page = reverse("admin:archive_program_period", args=[2])
    shown = admin_client.get(f"{page}?days=0")
    assert shown.context["tables"]["scienceimage"] == (1, 1)
    with pytest.raises(CommandError, match="opens 3 rows at once; look with --preview, then say --yes"):
        call_command("program", "2", "--days", "0")
    call_command("program", "2", "--days", "0", "--preview")
    assert date_of(image) is None
    call_command("program", "2", "--days", "0", "--yes")
    assert date_of(image) <= datetime.now(UTC)
    assert admin_client.get(f"{page}?back").context["tables"]["scienceimage"] == (1, 1)
    job = admin_client.post(f"{page}?back").url.rpartition("/jobs/")[2].strip("/")
    run(job)
    assert UserJob.objects.get(pk=job).phase == "COMPLETED" and date_of(image) is None
    call_command("program", "2", "--days", "1", "--yes")
    call_command("program", "2", "--take-back")
    assert date_of(image) is None
    assert "public when a release says so" in capsys.readouterr().out
