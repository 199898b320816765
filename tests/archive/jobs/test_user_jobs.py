"""User jobs and their results go some time after they have ended."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import Schedule

from archive.jobs.user_jobs import forget_old
from archive.models import UserJob

pytestmark = pytest.mark.django_db


def job_with_results(settings, ended_before: timedelta | None, phase="COMPLETED"):
    ended = None if ended_before is None else timezone.now() - ended_before
    job = UserJob.objects.create(kind="bundle", parameters={}, phase=phase, ended=ended)
    folder = settings.JOB_ROOT / "forced" / str(job.pk)
    folder.mkdir(parents=True)
    (folder / "points.parquet").write_bytes(b"points")
    (settings.JOB_ROOT / f"{job.pk}.tar").write_bytes(b"tar")
    return job, folder


def test_jobs_that_ended_long_ago_go_with_all_their_files_and_others_stay(settings, tmp_path):
    settings.JOB_ROOT, settings.JOB_KEEP_DAYS = tmp_path, 30
    old, old_files = job_with_results(settings, timedelta(days=31))
    failed, _ = job_with_results(settings, timedelta(days=31), phase="ERROR")
    kept = [job_with_results(settings, timedelta(days=29)), job_with_results(settings, None, phase="EXECUTING")]
    assert forget_old() == 2
    assert set(UserJob.objects.values_list("pk", flat=True)) == {job.pk for job, _ in kept}
    assert not old_files.exists() and not list(tmp_path.glob(f"{old.pk}*"))
    assert all((files / "points.parquet").exists() for _, files in kept)
    assert kept[0][0].kept_until > timezone.now() >= old.kept_until


def test_it_is_done_every_day_by_itself():
    assert Schedule.objects.get(func="archive.jobs.user_jobs.forget_old").schedule_type == Schedule.DAILY
