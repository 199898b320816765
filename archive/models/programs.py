"""Programs, who belongs to them, and releases."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from archive.models.base import OpenModel


class Program(OpenModel):
    """A share of the observing time, with the rule by which its data become public."""

    programid = models.SmallIntegerField(primary_key=True)
    name = models.CharField(max_length=40, unique=True)
    description = models.TextField(blank=True)
    proprietary_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="days from observation until public; empty: until a release opens them",
    )

    class Meta:
        ordering = ["programid"]

    def __str__(self):
        return f"{self.programid} {self.name}"

    def public_date(self, observed: datetime) -> datetime | None:
        """When data observed at `observed` become public; None: not before a release says so."""
        if self.proprietary_days is None:
            return None
        return observed + timedelta(days=self.proprietary_days)


class Membership(models.Model):
    """Somebody's right to a program's unreleased data, for a time."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    program = models.ForeignKey(Program, models.CASCADE, related_name="memberships")
    since = models.DateTimeField(auto_now_add=True)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "program"], name="one_membership_a_program")]

    def __str__(self):
        return f"{self.user} in {self.program}"


class Release(OpenModel):
    """A named selection of the archive with a public date."""

    class State(models.TextChoices):
        DRAFT = "draft"
        PUBLIC = "public"

    name = models.SlugField(primary_key=True, help_text="for example dr1")
    title = models.CharField(max_length=100)
    notes = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    programs = models.ManyToManyField(Program, related_name="releases")
    first_night = models.DateField(help_text="UTC date of the first night")
    last_night = models.DateField(help_text="UTC date of the last night, included")
    published = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-last_night", "name"]

    def __str__(self):
        return self.title
