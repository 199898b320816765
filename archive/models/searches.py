"""Searches that people keep."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from archive.models.choices import TextChoices


class SavedSearch(models.Model):
    """A search under a name of its owner's: an ADQL query, or a page's query string.

    Whoever has a query's unguessable id may read it; other searches are shared as their own addresses.
    """

    class Kind(TextChoices):
        """The page that a search is of, by its address's name."""

        QUERY = "query", "queries"
        IMAGES = "images", "images"
        ALERTS = "alerts", "alerts"
        OBJECTS = "objects", "light curves"
        MOVING = "moving", "moving objects"

    MOST = 200  # of each person

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_searches")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.QUERY)
    name = models.CharField(max_length=80)
    text = models.TextField(max_length=100_000)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "saved searches"
        constraints = [models.UniqueConstraint(fields=["owner", "kind", "name"], name="saved_search_once")]

    def __str__(self) -> str:
        return self.name
