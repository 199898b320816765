"""Releases: what one selects, what it was found to hold when it was frozen, and the rights that rows had before."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

from archive.models.base import OpenModel
from archive.models.choices import TextChoices
from archive.models.programs import Program


class Family(TextChoices):
    """Kinds of products that a release may open."""

    RAW = "raw", "raw frames"
    CAL = "cal", "calibrations"
    SCI = "sci", "science images and catalogs"
    REF = "ref", "references"
    DIFF = "diff", "difference images"
    ALERT = "alert", "alerts"
    LIGHTCURVE = "lightcurve", "light curves"


def every_family() -> list[str]:
    """The families that a release holds unless it is told."""
    return list(Family.values)


class ReleaseQuerySet(models.QuerySet):
    """Releases of those that a reader's rights let see."""

    def listed_to(self, staff: bool) -> ReleaseQuerySet:
        """Those that pages name: all to staff, to everybody else the public ones."""
        return self if staff else self.filter(state=Release.State.PUBLIC)


class Release(OpenModel):
    """A named selection of the archive. Frozen, it never changes; public, everybody reads what it holds."""

    protected = True

    class State(TextChoices):
        DRAFT = "draft"
        FROZEN = "frozen"
        PUBLIC = "public"
        WITHDRAWN = "withdrawn"

    SELECTION = ("families", "first_night", "last_night", "rejected_bits", "largest_seeing", "least_maglimit")

    name = models.SlugField(primary_key=True, help_text="for example dr1")
    title = models.CharField(max_length=100)
    notes = models.TextField(blank=True)
    citation = models.TextField(blank=True, help_text="how to cite it")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT, editable=False)
    programs = models.ManyToManyField(Program, related_name="releases")
    first_night = models.DateField(help_text="UTC date of the first night")
    last_night = models.DateField(help_text="UTC date of the last night, included")
    families = ArrayField(models.CharField(max_length=10, choices=Family.choices), default=every_family)
    rejected_bits = models.IntegerField(
        default=0, help_text="INFOBITS that keep a science image out, as a sum of 2^bit; 0: none do"
    )
    largest_seeing = models.FloatField(null=True, blank=True, help_text="arcsec, of science images")
    least_maglimit = models.FloatField(null=True, blank=True, help_text="5 sigma, mag, of science images")
    listed = models.BooleanField(
        default=False,
        verbose_name="list unreleased images",
        help_text="while it is public, everybody sees the metadata of its programs' images of its nights, also of "
        "those that it does not open; never their files",
    )
    statistics = models.JSONField(default=dict, editable=False, help_text="what it held when it was frozen")
    manifest_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    frozen = models.DateTimeField(null=True, blank=True, editable=False)
    published = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-last_night", "name"]

    def __str__(self):
        return self.title

    def clean(self):
        if self.first_night and self.last_night and self.first_night > self.last_night:
            raise ValidationError(f"last_night={self.last_night}: is before first_night={self.first_night}")

    @property
    def program_names(self) -> str:
        """The programs in words."""
        return ", ".join(one.name for one in self.programs.all())

    @property
    def family_names(self) -> str:
        """The kinds of products in words."""
        return ", ".join(Family(one).label for one in self.families)

    @property
    def first_day(self) -> str:
        """The first night as YYYY-MM-DD."""
        return self.first_night.isoformat()

    @property
    def last_day(self) -> str:
        """The last night as YYYY-MM-DD."""
        return self.last_night.isoformat()

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT


class ReleaseItem(OpenModel):
    """An item of a frozen release: an exposure's raw frames, an exposure, a science image, a reference."""

    protected = True

    class Kind(TextChoices):
        RAW = "raw", "raw frames of an exposure (expid)"
        EXPOSURE = "exp", "an exposure of a science image (expid)"
        IMAGE = "sci", "a science image (pid)"
        REFERENCE = "ref", "a reference (rfid)"

    pk = models.CompositePrimaryKey("release", "kind", "key")
    release = models.ForeignKey(Release, models.CASCADE, related_name="items")
    kind = models.CharField(max_length=3, choices=Kind.choices)
    key = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["kind", "key"])]


class ReleaseFile(OpenModel):
    """One line of a release's manifest."""

    protected = True

    pk = models.CompositePrimaryKey("release", "file")
    release = models.ForeignKey(Release, models.CASCADE, related_name="files")
    file = models.BigIntegerField(db_column="file_id", db_index=True, help_text="row of the file when it was frozen")
    path = models.CharField(max_length=200)
    family = models.CharField(max_length=5)
    product_id = models.BigIntegerField()
    programid = models.SmallIntegerField()
    size = models.BigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["release", "path"])]


class OwnDate(models.Model):
    """The public date that a row had before a release opened it, and gets back when no release holds it any more."""

    pk = models.CompositePrimaryKey("relation", "key")
    relation = models.CharField(max_length=40, help_text="table")
    key = models.BigIntegerField(help_text="its primary key")
    public_date = models.DateTimeField(null=True)
