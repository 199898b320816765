"""Keys that scripts send instead of a password."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from archive.models.choices import TextChoices


class Scope(TextChoices):
    """A scope: the addresses that a token opens."""

    IMAGES = "images", "images, cutouts and their metadata"
    CATALOGS = "catalogs", "catalogs of images"
    ALERTS = "alerts", "alerts"
    LIGHTCURVES = "lightcurves", "objects and light curves"
    TAP = "tap", "queries (TAP)"
    ALL = "all", "everything that its owner may read"


class Token(models.Model):
    """A key of a person. Only its SHA-256 is kept: the key itself has 256 random bits and cannot be guessed back."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    label = models.CharField(max_length=60, help_text="what it is for")
    start = models.CharField(max_length=12, help_text="its first characters, to tell tokens apart")
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=12, choices=Scope.choices))
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField()
    revoked = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True)
    last_address = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self):
        return f"{self.start}… of {self.owner}"

    @property
    def state(self) -> str:
        """active, expired or revoked."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires <= timezone.now() else "active"
