"""Every hour the queue gives files their names, and removes private ones, that an interruption left."""

from django.db import migrations

NAME = "tend files"


def plan(apps, schema_editor):
    schedule = apps.get_model("django_q", "Schedule")
    schedule.objects.get_or_create(
        name=NAME, defaults={"func": "archive.placing.tend", "schedule_type": "H", "repeats": -1}
    )


def forget(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("archive", "0080_quotas"), ("django_q", "0018_task_success_index")]
    operations = [migrations.RunPython(plan, forget)]
