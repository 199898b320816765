"""Processing versions: the same exposures calibrated with other numbers, kept beside what everybody uses."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models

from archive.models.base import OpenModel, ProtectedModel
from archive.models.images import ScienceImage

CURRENT = "current"
VERSION_NAME = RegexValidator(r"\A[a-z][a-z0-9_-]{0,29}\Z", "up to 30 of a-z, 0-9, _ and -, beginning with a letter")


class ProcessingVersion(OpenModel):
    """The code and config that made a set of products. Searches, light curves and queries show the `current` one."""

    name = models.CharField(max_length=30, primary_key=True, validators=[VERSION_NAME])
    note = models.TextField(blank=True, help_text="what it is for")
    overrides = models.JSONField(default=dict, help_text="values that differ from the defaults, by pipeline and field")
    config = models.JSONField(default=dict, help_text="every value, by pipeline")
    config_sha256 = models.CharField(max_length=64, blank=True)
    software = models.CharField(max_length=40, blank=True, help_text="version of the code that first made it")
    created = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["created"]

    def __str__(self):
        return self.name


class ScienceVersion(ProtectedModel):
    """A science image as another version makes it: its quality; its files are of the family `ver`."""

    image = models.ForeignKey(ScienceImage, models.CASCADE, related_name="versions", db_column="pid")
    version = models.ForeignKey(ProcessingVersion, models.PROTECT, related_name="science", db_column="version")
    infobits = models.IntegerField(default=0)
    status = models.SmallIntegerField(default=1, help_text="1 usable, 0 bad")
    seeing = models.FloatField(null=True, help_text="FWHM, arcsec")
    maglimit = models.FloatField(null=True, help_text="5 sigma, mag")
    magzp = models.FloatField(null=True)
    magzpunc = models.FloatField(null=True)
    magzprms = models.FloatField(null=True)
    clrcoeff = models.FloatField(null=True)
    clrcounc = models.FloatField(null=True)
    nmatches = models.IntegerField(null=True, help_text="photometric calibrators")
    quality = models.JSONField(default=dict, help_text="further measurements of the pipeline")
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["image", "version"], name="one_image_a_version")]

    def __str__(self):
        return f"{self.image_id} {self.version_id}"
