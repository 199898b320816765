"""Functions that the queue calls got plainer names: schedules, queued tasks and user jobs are carried over."""

from importlib import import_module

from django.db import migrations

MOVED = {
    "archive.files.placing.tend": "archive.files.placing.recover_orphans",
    "archive.jobs.user_jobs.tend": "archive.jobs.user_jobs.recover_orphans",
    "archive.services.hips.following.catch_up": "archive.services.hips.sync.catch_up",
    "archive.services.vo.worker.run_next": "archive.services.vo.job_runner.run_next",
    "archive.services.vo.worker.tend": "archive.services.vo.job_runner.upkeep",
}
rename = import_module("archive.migrations.0093_function_names").rename


def forwards(apps, schema_editor):
    rename(apps, MOVED)


def backwards(apps, schema_editor):
    rename(apps, {new: old for old, new in MOVED.items()})


class Migration(migrations.Migration):
    dependencies = [("archive", "0093_function_names")]

    operations = [migrations.RunPython(forwards, backwards)]
