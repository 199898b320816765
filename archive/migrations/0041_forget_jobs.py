"""Every day the queue removes the user jobs that ended long ago."""

from django.db import migrations

NAME = "forget user jobs"


def plan(apps, schema_editor):
    schedule = apps.get_model("django_q", "Schedule")
    schedule.objects.get_or_create(
        name=NAME, defaults={"func": "archive.userjobs.forget_old", "schedule_type": "D", "repeats": -1}
    )


def forget(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("archive", "0031_regions"), ("django_q", "0018_task_success_index")]
    operations = [migrations.RunPython(plan, forget)]
