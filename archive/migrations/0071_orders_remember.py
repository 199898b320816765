"""Orders remember what they were given for; every minute the queue looks for jobs whose worker died."""

from django.db import migrations, models

NAME = "tend user jobs"


def plan(apps, schema_editor):
    schedule = apps.get_model("django_q", "Schedule")
    schedule.objects.get_or_create(
        name=NAME, defaults={"func": "archive.userjobs.tend", "schedule_type": "I", "minutes": 1, "repeats": -1}
    )


def forget(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("archive", "0070_guard_releases"), ("django_q", "0018_task_success_index")]

    operations = [
        migrations.AddField(
            model_name="auditentry",
            name="key",
            field=models.CharField(
                blank=True, help_text="primary key of what it speaks of, which stays", max_length=100
            ),
        ),
        migrations.AddField(
            model_name="userjob",
            name="attempts",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="userjob",
            name="function",
            field=models.CharField(
                blank=True,
                help_text="what carries it out again when its worker died; empty: nothing does",
                max_length=80,
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["key", "action"], name="auditentry_key"),
        ),
        migrations.RunPython(plan, forget),
    ]
