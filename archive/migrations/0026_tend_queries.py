"""Every minute the queue looks after the query jobs that crashes left, and those that are out of date."""

from django.db import migrations

NAME = "tend query jobs"


def plan(apps, schema_editor):
    schedule = apps.get_model("django_q", "Schedule")
    schedule.objects.get_or_create(
        name=NAME,
        defaults={"func": "archive.vo.uws_work.tend", "schedule_type": "I", "minutes": 1, "repeats": -1},
    )


def forget(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("archive", "0025_queryjob"),
        ("django_q", "0018_task_success_index"),
    ]
    operations = [migrations.RunPython(plan, forget)]
