"""Whose quota a job is of, how large its result is, and a daily sweep of results that no row knows."""

from django.db import migrations, models

NAME = "sweep user jobs"


def plan(apps, schema_editor):
    schedule = apps.get_model("django_q", "Schedule")
    schedule.objects.get_or_create(
        name=NAME, defaults={"func": "archive.userjobs.sweep", "schedule_type": "H", "repeats": -1}
    )


def forget(apps, schema_editor):
    apps.get_model("django_q", "Schedule").objects.filter(name=NAME).delete()


def remember_once(apps, schema_editor):
    """Until now a job that is not begun again had no function."""
    jobs = apps.get_model("archive", "UserJob").objects
    jobs.filter(function="").update(once=True)
    for kind, function in (("release", "archive.releases.jobs.run"),):
        jobs.filter(kind=kind, function="").update(function=function)
    for job in jobs.exclude(owner=None).only("pk", "owner_id"):
        jobs.filter(pk=job.pk).update(asker=f"account {job.owner_id}")
    queries = apps.get_model("archive", "QueryJob").objects
    for job in queries.exclude(owner=None).only("pk", "owner_id"):
        queries.filter(pk=job.pk).update(asker=f"account {job.owner_id}")


ASKER = models.CharField(blank=True, default="", help_text="account or network that its quota is of", max_length=64)


class Migration(migrations.Migration):
    dependencies = [("archive", "0073_periods"), ("django_q", "0018_task_success_index")]

    operations = [
        migrations.AddField("userjob", "asker", ASKER),
        migrations.AddField(
            "userjob",
            "once",
            models.BooleanField(default=False, help_text="whether it is not begun again when its worker died"),
        ),
        migrations.AddField("userjob", "size", models.BigIntegerField(default=0, help_text="bytes of its result")),
        migrations.AlterField(
            "userjob", "function", models.CharField(blank=True, help_text="what carries it out", max_length=80)
        ),
        migrations.AddField("queryjob", "asker", ASKER),
        migrations.AddField(
            "queryjob",
            "brought",
            models.BigIntegerField(default=0, help_text="bytes of the tables that came with it"),
        ),
        migrations.AddIndex("userjob", models.Index(fields=["asker", "phase"], name="userjob_asker")),
        migrations.AddIndex("queryjob", models.Index(fields=["asker", "phase"], name="queryjob_asker")),
        migrations.RunPython(remember_once, migrations.RunPython.noop),
        migrations.RunPython(plan, forget),
    ]
