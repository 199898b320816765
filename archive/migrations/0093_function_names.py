"""Functions that the queue calls have moved: schedules, queued tasks and user jobs name them where they are now."""

from django.db import migrations
from django_q.signing import BadSignature, SignedPackage

MOVED = {
    "archive.bundles.make": "archive.products.bundles.make",
    "archive.hips.following.catch_up": "archive.services.hips.following.catch_up",
    "archive.placing.tend": "archive.files.placing.tend",
    "archive.userjobs.forget_old": "archive.jobs.user_jobs.forget_old",
    "archive.userjobs.sweep": "archive.jobs.user_jobs.sweep",
    "archive.userjobs.take_turn": "archive.jobs.user_jobs.take_turn",
    "archive.userjobs.tend": "archive.jobs.user_jobs.tend",
    "archive.vo.uws_work.run_next": "archive.services.vo.worker.run_next",
    "archive.vo.uws_work.tend": "archive.services.vo.worker.tend",
    "lightcurves.exportjobs.make": "lightcurves.download.hats_jobs.make",
    "lightcurves.matchjobs.make": "lightcurves.download.matchfile_jobs.make",
    "lightcurves.statistics.refresh": "lightcurves.updates.statistics.refresh",
}


def rename(apps, names) -> None:
    """Write new names of functions for old ones, wherever the database has them."""
    for model, field in (
        (apps.get_model("django_q", "Schedule"), "func"),
        (apps.get_model("django_q", "Task"), "func"),
        (apps.get_model("archive", "UserJob"), "function"),
    ):
        for old, new in names.items():
            model.objects.filter(**{field: old}).update(**{field: new})
    for queued in apps.get_model("django_q", "OrmQ").objects.all():
        try:
            task = SignedPackage.loads(queued.payload)
        except BadSignature:  # of another key: the queue does not run it either
            continue
        if task.get("func") in names:
            queued.payload = SignedPackage.dumps(task | {"func": names[task["func"]]})
            queued.save(update_fields=["payload"])


def forwards(apps, schema_editor):
    rename(apps, MOVED)


def backwards(apps, schema_editor):
    rename(apps, {new: old for old, new in MOVED.items()})


class Migration(migrations.Migration):
    dependencies = [("archive", "0092_changed_files"), ("django_q", "0018_task_success_index")]

    operations = [migrations.RunPython(forwards, backwards)]
