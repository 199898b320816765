"""Files that were not taken into the archive, and why."""

from __future__ import annotations

from django.db import models

from archive.models.base import Origin


class QuarantinedFile(models.Model):
    """A file that was refused; a copy of it lies below the archive's root until an operator removes it."""

    found_at = models.TextField(help_text="path, address, or member of a tar file")
    name = models.CharField(max_length=255)
    reason = models.TextField()
    ours = models.BooleanField(
        default=False, verbose_name="our fault", help_text="the file may be whole: a full disk, a silent database"
    )
    origin = models.CharField(max_length=4, choices=Origin.choices)
    size = models.BigIntegerField(null=True, help_text="bytes")
    sha256 = models.CharField(max_length=64, blank=True)
    stored_as = models.CharField(max_length=300, blank=True, help_text="the copy, below the archive's root")
    times = models.PositiveIntegerField(default=1, help_text="how often it was refused")
    first_seen = models.DateTimeField(auto_now_add=True)
    last_seen = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-last_seen"]
        constraints = [models.UniqueConstraint(fields=["found_at", "sha256"], name="one_quarantine_a_file")]

    def __str__(self):
        return self.name
