"""Names of functions that stand in the database: all can be imported, those of earlier versions are carried over."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from archive.models import UserJob

pytestmark = pytest.mark.django_db
migrations = [
    importlib.import_module(f"archive.migrations.{name}")
    for name in ("0093_function_names", "0094_plain_function_names")
]
OLD_NAMES = sorted({old for migration in migrations for old in migration.MOVED})


def migrate() -> None:
    for migration in migrations:
        migration.forwards(apps, None)


def name_now(name: str) -> str:
    for migration in migrations:
        name = migration.MOVED.get(name, name)
    return name


def test_every_schedule_names_a_function():
    names = list(Schedule.objects.values_list("func", flat=True))
    assert len(names) >= 5
    for name in names:
        assert callable(import_string(name))


@pytest.mark.parametrize("old", OLD_NAMES)
def test_what_an_earlier_version_scheduled_queued_and_ordered_is_carried_over(old):
    OrmQ.objects.all().delete()
    schedule = Schedule.objects.create(func=old, schedule_type="D", repeats=-1)
    job = UserJob.objects.create(kind="test", parameters={}, programs=[], function=old)
    async_task(old, 1, "two", task_name="of before")
    migrate()
    schedule.refresh_from_db()
    job.refresh_from_db()
    task = SignedPackage.loads(OrmQ.objects.get().payload)
    assert schedule.func == job.function == task["func"] == name_now(old) != old
    assert (task["args"], task["name"]) == ((1, "two"), "of before")
    assert callable(import_string(task["func"]))


def test_a_task_signed_with_another_key_does_not_stop_the_migration():
    OrmQ.objects.all().delete()
    queued = OrmQ.objects.create(key="default", payload="nothing:signed:here")
    migrate()
    queued.refresh_from_db()
    assert queued.payload == "nothing:signed:here"
