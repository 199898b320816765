"""Work that a person asked for: it runs in the queue of user jobs and says how far it is."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models


class UserJob(models.Model):
    """A job of a user; its result is a file that only the owner (or the holder of its id) fetches."""

    class Phase(models.TextChoices):
        QUEUED = "QUEUED"
        EXECUTING = "EXECUTING"
        COMPLETED = "COMPLETED"
        ERROR = "ERROR"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, help_text="for example bundle")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="jobs")
    parameters = models.JSONField()
    programs = models.JSONField(default=list, help_text="the reader's programs when the job was asked for")
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    message = models.TextField(blank=True)
    created = models.DateTimeField(auto_now_add=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created"]

    @property
    def has_file(self) -> bool:
        """Whether its result is a file; an action on rights ends with a message."""
        return self.kind not in ("release", "program")

    @property
    def kept_until(self) -> datetime | None:
        """When the job and its result are removed."""
        return self.ended + timedelta(days=settings.JOB_KEEP_DAYS) if self.ended else None

    @property
    def percent(self) -> int:
        return round(100 * self.done / self.total) if self.total else 0
