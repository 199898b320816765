"""Work that a person asked for: it runs in the queue of user jobs and says how far it is."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from archive.models.phases import Phase, choices

PHASES = choices(Phase.QUEUED, Phase.EXECUTING, Phase.COMPLETED, Phase.ERROR)


class UserJob(models.Model):
    """A job of a user; its result is a file that only the owner (or the holder of its id) fetches."""

    Phase = Phase

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, help_text="for example bundle")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="jobs")
    parameters = models.JSONField()
    asker = models.CharField(max_length=64, blank=True, default="", help_text="account or network that its quota is of")
    function = models.CharField(max_length=80, blank=True, help_text="what carries it out")
    once = models.BooleanField(default=False, help_text="whether it is not begun again when its worker died")
    size = models.BigIntegerField(default=0, help_text="bytes of its result")
    attempts = models.PositiveSmallIntegerField(default=0)
    programs = models.JSONField(default=list, help_text="the reader's programs when the job was asked for")
    made_of = models.CharField(
        max_length=100,
        blank=True,
        default="",
        help_text="what the archive was when it was ordered (archive.jobs.user_jobs)",
    )
    rests = models.JSONField(null=True, help_text="what its result rests on (archive.jobs.dependencies)")
    phase = models.CharField(max_length=10, choices=PHASES, default=Phase.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    message = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["asker", "phase"], name="userjob_asker")]

    @property
    def has_file(self) -> bool:
        """Whether its result is a file; an action on rights ends with a message."""
        return self.kind not in ("release", "program")

    @property
    def kept_until(self) -> datetime | None:
        """The time at which the job and its result are removed."""
        return self.ended + timedelta(days=settings.JOB_KEEP_DAYS) if self.ended else None

    @property
    def percent(self) -> int:
        return round(100 * self.done / self.total) if self.total else 0
