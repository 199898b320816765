"""Programs, and who reads their unreleased data: people by themselves and as members of groups."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone

from archive.models.base import OpenModel

LONGEST_DAYS = 36_525  # of a proprietary period: a hundred years


class Program(OpenModel):
    """A share of the observing time, with the rule by which its data become public."""

    programid = models.SmallIntegerField(primary_key=True)
    name = models.CharField(max_length=40, unique=True)
    description = models.TextField(blank=True)
    proprietary_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(LONGEST_DAYS)],
        help_text=f"days from observation until public, at most {LONGEST_DAYS}; empty: until a release opens them",
    )

    listed = models.BooleanField(
        default=False,
        verbose_name="list unreleased images",
        help_text="whether everybody sees the metadata of images before they are public, as at IRSA; never their files",
    )

    class Meta:
        ordering = ["programid"]
        constraints = [
            models.CheckConstraint(
                name="program_period", condition=models.Q(proprietary_days__range=(0, LONGEST_DAYS))
            )  # a NULL is neither below nor above
        ]

    def __str__(self):
        return f"{self.programid} {self.name}"

    def public_date(self, observed: datetime) -> datetime | None:
        """The date on which data observed at `observed` become public; None: not before a release says so."""
        if self.proprietary_days is None:
            return None
        return observed + timedelta(days=self.proprietary_days)


class PeriodChange(models.Model):
    """A change of a program's proprietary period. The last one that stands can be taken back."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="period_changes")
    before = models.PositiveIntegerField(null=True, help_text="days")
    after = models.PositiveIntegerField(null=True, help_text="days")
    made = models.DateTimeField()
    taken_back = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]


class OldDate(models.Model):
    """The public date that a row had (or would have without a release) before a change of its program's period."""

    pk = models.CompositePrimaryKey("change", "relation", "key")
    change = models.ForeignKey(PeriodChange, models.CASCADE, related_name="old_dates")
    relation = models.CharField(max_length=40, help_text="table")
    key = models.BigIntegerField(help_text="its primary key")
    public_date = models.DateTimeField(null=True)


class Term(models.Model):
    """A time for which a right is held; it ends by itself."""

    since = models.DateTimeField(default=timezone.now, help_text="UTC")
    until = models.DateTimeField(null=True, blank=True, help_text="UTC; empty: until somebody ends it")

    class Meta:
        abstract = True

    @classmethod
    def now(cls) -> models.QuerySet:
        """Those that hold at this moment."""
        moment = timezone.now()
        open_ended = models.Q(until__isnull=True) | models.Q(until__gt=moment)
        return cls.objects.filter(open_ended, since__lte=moment)


class Membership(Term):
    """Somebody's right to a program's unreleased data, for a time."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    program = models.ForeignKey(Program, models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "program"], name="one_membership_a_program")]

    def __str__(self):
        return f"{self.user} in {self.program}"


class ReaderGroup(models.Model):
    """People who read the same programs: a collaboration, a course, a referee's panel."""

    name = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True)
    programs = models.ManyToManyField(Program, related_name="reader_groups", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class GroupMembership(Term):
    """Somebody's place in a group, for a time."""

    group = models.ForeignKey(ReaderGroup, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="group_memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "user"], name="one_place_in_a_group")]

    def __str__(self):
        return f"{self.user} in {self.group}"
