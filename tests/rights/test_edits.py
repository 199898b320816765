"""Edits of rows that others change meanwhile: each writes what it changed; a release's state follows its actions."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connections, models, transaction
from django.urls import reverse
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule, Success, Task

from archive import edits
from archive.access.audit import Actor
from archive.files import storage
from archive.models import (
    AuditEntry,
    CalibrationImage,
    Membership,
    Program,
    QuarantinedFile,
    ReaderGroup,
    Release,
    ScienceImage,
    Token,
    UserJob,
)
from archive.releases import freeze, publish, withdraw
from processing.models import Job
from tests import factories
from tests.rights.admin_forms import Fields, load, page_of

pytestmark = pytest.mark.usefixtures("committed")
NIGHT = date(2020, 9, 24)
ME = Actor("tester")
CLOSED = {"programid": 2, "public_date": None}
SOON = timezone.now() + timedelta(days=9)


@pytest.fixture(scope="module")
def rows(committed):
    """One row of every table that the admin has a page for."""
    person = User.objects.create_user("vera", password="old")
    release = Release.objects.create(name="dr0", title="Zero", first_night=NIGHT, last_night=SOON.date())
    release.programs.set([2])
    program = Program.objects.get(pk=3)
    kept = {name: getattr(program, name) for name in ("name", "description", "proprietary_days", "listed")}
    attempt = {"ip_address": "192.0.2.1", "username": "vera", "user_agent": "x", "path_info": "/"}
    task = {"func": "os.getpid", "started": SOON, "stopped": SOON}
    yield {
        Program: program,
        Membership: Membership.objects.create(user=person, program=program),
        ReaderGroup: ReaderGroup.objects.create(name="panel"),
        AuditEntry: AuditEntry.objects.create(who="x", action="test", target="x"),
        Token: Token.objects.create(
            owner=person, label="x", start="ztf_x", sha256="0" * 64, scopes=["all"], expires=SOON
        ),
        CalibrationImage: CalibrationImage.objects.create(
            cid=9,
            caltype="bias",
            nid=1000,
            nightdate="20191001",
            rcid=3,
            ccdid=1,
            qid=4,
            nframes=5,
            fid=0,
            startobsdate=SOON,
            endobsdate=SOON,
        ),
        UserJob: UserJob.objects.create(kind="bundle", parameters={}),
        QuarantinedFile: QuarantinedFile.objects.create(found_at="x", name="x", reason="x", origin="ztf"),
        Release: release,
        Job: Job.objects.create(pipeline="bias", key="x", nid=1000),
        User: person,
        Group: Group.objects.create(name="operators"),
        Schedule: Schedule.objects.create(
            name="x", func="os.getpid", schedule_type=Schedule.DAILY, next_run=SOON + timedelta(days=99)
        ),
        OrmQ: OrmQ.objects.create(key="x", payload="", lock=SOON),
        Success: Task.objects.create(id="1" * 32, name="x", success=True, **task),
        Failure: Task.objects.create(id="2" * 32, name="y", success=False, **task),
        AccessAttempt: AccessAttempt.objects.create(failures_since_start=1, **attempt),
        AccessLog: AccessLog.objects.create(**attempt),
        AccessFailureLog: AccessFailureLog.objects.create(**attempt),
    }
    Program.objects.filter(pk=3).update(**kept)
    Schedule.objects.filter(name="x").delete()


@pytest.fixture
def operator(client):
    user, _ = User.objects.get_or_create(username="operator", is_staff=True, is_superuser=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def other(field: models.Field, value):
    """Another value of a column; None where there is none to be had simply."""
    if field.primary_key or field.unique or field.is_relation or getattr(field, "auto_now", False):
        return None
    if field.choices:
        return next(one for one, _ in field.flatchoices if one != value)
    if isinstance(field, models.BooleanField):
        return not value
    if isinstance(field, models.EmailField):
        return f"a{value or '@example.org'}"
    if isinstance(field, (models.CharField, models.TextField)):
        return (f"{value}z")[-(field.max_length or 99) :]
    if isinstance(field, (models.IntegerField, models.FloatField)):
        return (value or 0) + 1
    if isinstance(field, models.DateTimeField):
        return (value or datetime(2026, 1, 1, tzinfo=UTC)).replace(microsecond=0) + timedelta(days=3)
    if isinstance(field, models.DateField):
        return value + timedelta(days=1)
    if isinstance(field, models.JSONField):
        return {"other": 1}
    return None


def typed(field: models.Field, name: str, value) -> dict[str, list]:
    """A column's value as somebody types it into a form."""
    if isinstance(field, models.BooleanField):
        return {name: ["on"] if value else []}
    if isinstance(field, models.DateTimeField):
        return {f"{name}_0": [value.strftime("%Y-%m-%d")], f"{name}_1": [value.strftime("%H:%M:%S")]}
    return {name: [str(value)]}


GUARDED = {"state", "statistics", "manifest_sha256", "frozen", "published", "withdrawn"}


@pytest.mark.django_db(databases=["default", "reader"])
def test_every_table_of_the_admin_is_edited_by_one_rule(rows):
    assert len(admin.site._registry) >= 10
    for model, one in admin.site._registry.items():
        assert isinstance(one, edits.Edited), model
        assert model in rows, f"{model.__name__}: has no row in this test"


def test_an_edit_in_the_admin_leaves_what_others_changed_meanwhile(rows, operator, monkeypatch):
    tried = []
    for model in admin.site._registry:
        row = model.objects.using("default").get(pk=rows[model].pk)
        columns = {one.name: one for one in model._meta.concrete_fields}
        shown = operator.get(page_of(row)).context["adminform"].form.fields
        for name in [one for one in shown if one in columns and not shown[one].disabled]:
            row = model.objects.using("default").get(pk=row.pk)
            mine = other(columns[name], getattr(row, name))
            if mine is None or (model, name) == (Program, "proprietary_days"):  # it leads to a page that asks
                continue
            page = load(operator, row)
            theirs = {}
            for column, field in columns.items():
                value = other(field, getattr(row, column))
                left = {name} | (GUARDED if model is Release else set())
                if value is not None and column not in left:
                    theirs[column] = value
            model.objects.filter(pk=row.pk).update(**theirs)
            answer = operator.post(page_of(row), {**page, **typed(columns[name], name, mine)})
            assert answer.status_code == 302, (model, name, answer.context["errors"])
            after = model.objects.using("default").get(pk=row.pk)
            assert {column: getattr(after, column) for column in theirs} == theirs, (model, name)
            assert getattr(after, name) == mine, (model, name)
            tried.append(model)
    assert {Program, Membership, ReaderGroup, CalibrationImage, Release, User, Schedule} <= set(tried)


def test_saving_a_page_without_a_change_writes_nothing(rows, operator):
    assert admin.site._registry
    for model in admin.site._registry:
        row = model.objects.using("default").get(pk=rows[model].pk)
        page = operator.get(page_of(row))
        if not page.context.get("has_change_permission"):
            continue
        before = AuditEntry.objects.count()
        free = [
            one.name for one in model._meta.concrete_fields if isinstance(one, models.TextField) and not one.choices
        ]
        if free:
            model.objects.filter(pk=row.pk).update(**{free[0]: "written meanwhile"})
        assert operator.post(page_of(row), Fields(page.content.decode()).sent).status_code == 302, model
        if free:
            assert getattr(model.objects.using("default").get(pk=row.pk), free[0]) == "written meanwhile", model
        assert AuditEntry.objects.count() == before, model


def test_a_page_holds_no_hash_of_a_password(rows, operator):
    user = User.objects.get(pk=rows[User].pk)
    assert user.password.rpartition("$")[2] not in operator.get(page_of(user)).content.decode()


def test_members_and_programs_that_others_gave_meanwhile_stay(rows, operator):
    group = ReaderGroup.objects.create(name="course")
    page = load(operator, group)
    group.programs.set([3])
    assert operator.post(page_of(group), {**page, "description": ["for students"]}).status_code == 302
    assert list(group.programs.values_list("pk", flat=True)) == [3]
    page = load(operator, group)
    group.programs.set([2, 3])
    assert operator.post(page_of(group), {**page, "programs": ["1", "3"]}).status_code == 200
    assert sorted(group.programs.values_list("pk", flat=True)) == [2, 3]


def test_who_changes_what_somebody_else_changed_meanwhile_is_told(rows, operator):
    row = rows[Release]
    first, second = load(operator, row), load(operator, row)
    assert operator.post(page_of(row), {**first, "notes": ["mine"]}).status_code == 302
    answer = operator.post(page_of(row), {**second, "notes": ["yours"], "title": ["T"]})
    assert answer.status_code == 200
    assert "somebody else changed this meanwhile" in answer.content.decode()
    again = Release.objects.using("default").get(pk=row.pk)
    assert (again.notes, again.title == "T") == ("mine", False)


def test_a_password_set_in_the_admin_is_all_that_is_written(rows, operator, monkeypatch):
    user = rows[User]
    asked = threading.local()

    def ended_meanwhile(self, raw):
        User.objects.filter(pk=user.pk).update(is_active=False, email="new@example.org")
        asked.done = True
        return original(self, raw)

    original = User.set_password
    monkeypatch.setattr(User, "set_password", ended_meanwhile)
    page = reverse("admin:auth_user_password_change", args=[user.pk])
    secret = "a long new password"
    assert operator.post(page, {"password1": secret, "password2": secret, "usable_password": "true"}).status_code == 302
    after = User.objects.get(pk=user.pk)
    assert asked.done and after.check_password(secret)
    assert (after.is_active, after.email) == (False, "new@example.org")


# --- releases -------------------------------------------------------------------------------------------------------


@pytest.fixture
def release(committed):
    """A draft with one closed image and its file."""
    image = factories.science_image(factories.exposure(**CLOSED))
    path = f"sci/test/{image.pid}_edits.fits"
    with storage.new_file(path) as temporary:
        temporary.write_bytes(b"pixels")
    stored = storage.stored(path)
    factories.product_file(path=path, product_id=image.pid, size=stored.size, sha256=stored.sha256, **CLOSED)
    name = f"dr{image.pid % 100000}"
    made = Release.objects.create(name=name, title="One", first_night=NIGHT, last_night=NIGHT, families=["sci"])
    made.programs.set([2])
    made.image = image
    yield made
    with connections["default"].cursor() as cursor:
        cursor.execute("TRUNCATE archive_release, archive_owndate CASCADE")
    ScienceImage.objects.filter(pk=image.pk).update(public_date=None)


ACTIONS = {"freeze": freeze, "publish": publish, "withdraw": withdraw}
BEFORE = {"freeze": (), "publish": ("freeze",), "withdraw": ("freeze", "publish")}
STATES = {"freeze": "frozen", "publish": "public", "withdraw": "withdrawn"}


class Stepwise:
    """An action in a thread of its own, which waits at each of its steps until it is let go on."""

    def __init__(self, action: str, release: Release):
        self.action, self.release = action, release
        self.at, self.on, self.ended = threading.Semaphore(0), threading.Semaphore(0), False
        self.error = None
        self.thread = threading.Thread(target=self._run)

    def _step(self, *_):
        self.at.release()
        assert self.on.acquire(timeout=60)

    def _run(self):
        try:
            self._step()
            ACTIONS[self.action](self.release, ME, self._step)
        except (DatabaseError, ValueError, AssertionError) as error:  # told by the test
            self.error = error
        finally:
            connections.close_all()
            self.ended = True
            self.at.release()

    def __iter__(self):
        self.thread.start()
        try:
            while True:
                assert self.at.acquire(timeout=60)
                yield self.ended
                if self.ended:
                    return
                self.on.release()
        finally:
            for _ in range(99):
                self.on.release()
            self.thread.join(60)


@pytest.mark.parametrize("action", ACTIONS)
def test_notes_saved_at_any_step_of_an_action_leave_state_and_rights_together(release, operator, action, monkeypatch):
    monkeypatch.setattr(edits, "PATIENCE", "150ms")
    for earlier in BEFORE[action]:
        ACTIONS[earlier](release, ME)
    shown = load(operator, release)
    steps, waited = Stepwise(action, release), 0
    for number, _ in enumerate(steps):
        kept = Release.objects.using("default").get(pk=release.pk).notes
        page = {**shown, "notes": [f"note {number}"], "initial-notes": [kept]}
        answer = operator.post(page_of(release), page)
        if answer.status_code == 200:
            assert "is being changed by somebody else" in answer.content.decode()
            assert f"note {number}" in answer.content.decode(), "what was typed is still there"
            waited += 1
    assert steps.error is None
    assert number >= 2
    assert waited > 0 or action == "freeze"
    after = Release.objects.using("default").get(pk=release.pk)
    assert (after.state, after.notes) == (STATES[action], f"note {number}")
    image = ScienceImage.objects.using("default").get(pk=release.image.pk)
    assert (image.public_date is not None) == (after.state == "public")
    assert (after.frozen, after.manifest_sha256) != (None, "")


def test_a_page_of_a_draft_that_was_frozen_meanwhile_changes_its_notes_but_not_its_selection(release, operator):
    shown = load(operator, release)
    freeze(release, ME)
    answer = operator.post(page_of(release), {**shown, "last_night": ["2020-09-30"], "notes": ["n"]})
    assert answer.status_code == 200
    assert "last_night: the release is frozen by now" in answer.content.decode()
    after = Release.objects.using("default").get(pk=release.pk)
    assert (after.last_night, after.state) == (NIGHT, "frozen")
    assert operator.post(page_of(release), {**shown, "notes": ["n"]}).status_code == 302
    after = Release.objects.using("default").get(pk=release.pk)
    assert (after.notes, after.state, after.last_night) == ("n", "frozen", NIGHT)


def test_no_other_way_changes_a_releases_state_or_selection(release):
    stale = Release.objects.using("default").get(pk=release.pk)
    publish(freeze(release, ME), ME)
    stale.notes = "from a shell that was opened before"
    rows = Release.objects.filter(pk=release.pk)
    for attempt in (
        stale.save,
        lambda: rows.update(state="withdrawn"),
        lambda: rows.update(state="draft", frozen=None),
        lambda: rows.update(published=None),
        lambda: rows.update(statistics={}, manifest_sha256=""),
        lambda: rows.update(last_night=NIGHT + timedelta(days=1)),
        lambda: rows.update(name="other"),
        lambda: Release.objects.bulk_update([stale], ["state"]),
        lambda: release.programs.add(3),
        lambda: release.programs.clear(),
        lambda: Release.objects.filter(pk=release.pk)._raw_delete("default"),
        lambda: Release.objects.create(
            name="born", title="x", first_night=NIGHT, last_night=NIGHT, state="public", published=SOON
        ),
        lambda: connections["default"].cursor().execute("UPDATE archive_release SET state = 'frozen'"),
    ):
        with pytest.raises(DatabaseError, match="release"), transaction.atomic():
            attempt()
    after = rows.get()
    assert (after.state, after.notes, list(after.programs.values_list("pk", flat=True))) == ("public", "", [2])
    stale.save(update_fields=["notes"])
    assert rows.get().notes.startswith("from a shell") and rows.get().state == "public"
