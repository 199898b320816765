"""Queries that run by themselves, as UWS (Universal Worker Service 1.1) has jobs."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models

from archive.models.choices import TextChoices
from archive.models.phases import ENDED, Phase


class QueryJob(models.Model):
    """A job of TAP's /async, or of SODA's. One without owner is known by its unguessable id only."""

    Phase = Phase

    class Service(TextChoices):
        TAP = "tap", "query"
        SODA = "soda", "cutouts"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="queries")
    asker = models.CharField(max_length=64, blank=True, default="", help_text="account or network that its quota is of")
    brought = models.BigIntegerField(default=0, help_text="bytes of the tables that came with it")
    programs = models.JSONField(default=list, help_text="the reader's programs when the job was started")
    service = models.CharField(max_length=4, choices=Service.choices, default=Service.TAP)
    run_id = models.CharField(max_length=64, blank=True)
    parameters = models.JSONField(default=dict, help_text="as the asker sent them, names in upper case")
    rests = models.JSONField(null=True, help_text="what its result rests on (archive.jobs.dependencies)")
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.PENDING)
    created = models.DateTimeField(auto_now_add=True)
    queued = models.DateTimeField(null=True)
    started = models.DateTimeField(null=True)
    ended = models.DateTimeField(null=True)
    duration = models.PositiveIntegerField(help_text="s that it may run")
    destruction = models.DateTimeField(help_text="when its result goes")
    backend = models.IntegerField(null=True, help_text="process of PostgreSQL that answers it")
    long = models.BooleanField(default=False, help_text="it did not end in TAP_SHORT_SECONDS, or cannot")
    attempts = models.PositiveSmallIntegerField(default=0)
    message = models.TextField(blank=True)
    result = models.CharField(max_length=40, blank=True, help_text="name of its file")
    content_type = models.CharField(max_length=80, blank=True)
    size = models.BigIntegerField(null=True, help_text="bytes of the result")

    class Meta:
        ordering = ["-created"]
        indexes = [
            models.Index(fields=["owner", "-created"], name="queryjob_owner"),
            models.Index(fields=["asker", "phase"], name="queryjob_asker"),
            models.Index(
                fields=["phase", "queued"], name="queryjob_open", condition=models.Q(phase__in=("QUEUED", "EXECUTING"))
            ),
        ]

    @property
    def folder(self) -> Path:
        """The folder of its uploads and its result."""
        return settings.JOB_ROOT / "queries" / str(self.pk)

    @property
    def has_ended(self) -> bool:
        return self.phase in ENDED

    @property
    def key(self) -> int:
        """The number of the advisory lock that its worker holds in PostgreSQL."""
        return int.from_bytes(self.pk.bytes[:8], "big", signed=True)
