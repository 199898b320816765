"""Queries that people keep."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class SavedQuery(models.Model):
    """An ADQL query under a name of its owner's; whoever has its unguessable id may read it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_queries")
    name = models.CharField(max_length=80)
    text = models.TextField(max_length=100_000)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "saved queries"
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="saved_query_once")]

    def __str__(self) -> str:
        return self.name
