"""Releases in the admin: seen before done, done as a job, by those who may; and dates that merely pass."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django_q.models import OrmQ

from archive.access.audit import Actor
from archive.models import AuditEntry, Exposure, Membership, Release, ScienceImage, UserJob
from archive.releases import freeze, jobs
from lightcurves.models import Followed
from lightcurves.updates import releases as following
from tests import factories
from tests.lightcurves.starsky import Sky

pytestmark = pytest.mark.django_db(databases=["default", "reader"])
NIGHT = date(2020, 9, 24)
CLOSED = {"programid": 2, "public_date": None}


@pytest.fixture(scope="module")
def draft(committed):
    image = factories.science_image(factories.exposure(**CLOSED))
    release = Release.objects.create(name="dr1", title="One", first_night=NIGHT, last_night=NIGHT)
    release.programs.set([2])
    yield release
    release.delete()
    image.delete()
    Exposure.objects.all().delete()


def act(client, release, action, method="get"):
    return getattr(client, method)(reverse("admin:archive_release_act", args=[release.pk, action]))


def test_an_action_is_previewed_confirmed_and_carried_out_by_a_job(admin_client, draft):
    before = list(AuditEntry.objects.values_list("pk", flat=True))
    page = act(admin_client, draft, "freeze").content.decode()
    assert "scienceimage" in page
    assert "skymap-svg" in page
    assert Release.objects.get().state == "draft"
    for action, state in (("freeze", "frozen"), ("publish", "public"), ("withdraw", "withdrawn")):
        answer = act(admin_client, draft, action, "post")
        job = UserJob.objects.get(phase="QUEUED")
        assert answer.url == reverse("job", args=[job.pk])
        jobs.run(str(job.pk))
        job.refresh_from_db()
        assert job.phase == "COMPLETED", job.message
        assert Release.objects.get().state == state
    written = AuditEntry.objects.exclude(pk__in=before)
    entry = written.get(action="release.publish")
    assert (entry.who, entry.address) == ("admin", "127.0.0.1")
    jobs.run(str(job.pk))
    assert written.filter(action="release.withdraw").count() == 1


def test_an_action_that_the_state_does_not_allow_is_not_offered(admin_client, draft):
    answer = act(admin_client, draft, "withdraw")
    assert answer.url == reverse("admin:archive_release_change", args=["dr1"])
    page = admin_client.get(answer.url).content.decode()
    assert "Freeze …" in page, page
    assert "Freeze …" in page
    assert "Publish …" not in page


def test_whether_unreleased_images_are_listed_is_chosen_in_a_draft_and_told(admin_client, draft):
    page = reverse("admin:archive_release_change", args=[draft.pk])
    fields = admin_client.get(page).context["adminform"].form.initial
    assert fields["listed"] is False
    fields |= {"programs": [one.pk for one in fields["programs"]], "listed": "on"}
    given = {name: value for name, value in fields.items() if value is not None}
    assert admin_client.post(page, given).status_code == 302
    assert Release.objects.using("default").get(pk=draft.pk).listed
    assert "everybody sees the metadata" in act(admin_client, draft, "freeze").content.decode()
    factories.put_release(draft.pk, state="frozen")
    assert "listed" not in admin_client.get(page).context["adminform"].form.fields
    factories.put_release(draft.pk, state="draft", listed=False)


def test_only_staff_who_read_all_that_a_release_opens_may_open_it(client, draft):
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__endswith="release"))
    client.force_login(user)
    assert act(client, draft, "freeze").status_code in (403, 404)
    Membership.objects.create(user=user, program_id=2)
    assert act(client, draft, "freeze").status_code == 200
    job = jobs.order("freeze", draft, user, Actor("operator"))
    Membership.objects.all().delete()
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert (job.phase, job.message) == ("ERROR", "operator may not freeze release dr1 any more")


def test_what_was_frozen_can_be_explained_but_not_changed_or_deleted(admin_client, draft):
    freeze(draft, Actor("test"))
    change = reverse("admin:archive_release_change", args=["dr1"])
    admin_client.post(change, {"title": "Better", "notes": "n", "citation": "c", "first_night": "2001-01-01"})
    release = Release.objects.using("default").get()
    assert (release.title, release.first_night) == ("Better", NIGHT)
    assert admin_client.post(reverse("admin:archive_release_delete", args=["dr1"])).status_code == 403


def test_a_date_that_merely_passes_has_the_statistics_of_its_place_made_anew_once():
    sky = Sky()
    image, other = sky.image(0, programid=2, public=False), sky.image(1, programid=2, public=False)
    assert following.follow_dates() == 0
    from lightcurves.updates import sources

    sources.seed(image, sky.catalog(), None)
    for one in (image, other):
        sources.add_points(one, sky.catalog())
    passed = datetime.now(UTC) - timedelta(minutes=1)
    Followed.objects.update(until=passed - timedelta(minutes=1))
    ScienceImage.objects.filter(pk=image.pk).update(public_date=passed)
    assert following.follow_dates() == 1
    assert OrmQ.objects.count() == 1
    assert following.follow_dates() == 0
