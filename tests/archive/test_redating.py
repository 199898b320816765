"""A program's proprietary period changes: what is not public follows the new rule, what is public stays so."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.urls import reverse
from django_q.models import OrmQ
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.audit import Actor
from archive.models import AuditEntry, OwnDate, ProductFile, Program, Release, ScienceImage, UserJob
from archive.registry import date_of_jd
from archive.releases import freeze, publish, withdraw
from archive.releases.redating import redate, run
from tests import factories
from tests.archive.test_releases import date_of, image_with_file, release_of

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
ME = Actor("tester")
DAY = timedelta(days=1)
OBSERVED = date_of_jd(factories.JD)
AGO = (datetime.now(UTC) - OBSERVED).days  # days since the factories' night


@pytest.fixture
def program():
    return Program.objects.get(pk=2)


def rule(program: Program, days: int | None) -> dict[str, int]:
    program.proprietary_days = days
    program.save()
    return redate(program, ME)


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
    job = UserJob.objects.get(kind="program")
    assert reverse("job", args=[job.pk]) in page.content.decode()
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
    program.proprietary_days = 1
    program.save()
    job = redating.order(program, user, Actor("left"))
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
