"""Calibration images: biases and flats of one quadrant, the nights they are valid for, and whether they are good."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from archive.models.base import OpenModel, Origin
from archive.models.choices import TextChoices


class CalibrationQuerySet(models.QuerySet):
    """Calibrations of one kind and place, as a selection asks for them."""

    def of(self, caltype: str, rcid: int, fid: int = 0):
        """Stacks of one type, readout channel and filter (0 where the type knows none)."""
        return self.filter(caltype=caltype, rcid=rcid, fid=fid)

    def good(self):
        """Those that neither the pipeline nor an operator has marked bad."""
        return self.filter(status=CalibrationImage.Status.GOOD)

    def valid_on(self, nid: int):
        """Those that may be used for a night; an open end holds for ever."""
        begun = Q(valid_from__isnull=True) | Q(valid_from__lte=nid)
        return self.filter(begun, Q(valid_to__isnull=True) | Q(valid_to__gte=nid))


class CalibrationImage(OpenModel):
    """A stacked calibration frame; calibrations are open to all."""

    class Status(TextChoices):
        GOOD = "good"
        BAD = "bad"

    class Judge(TextChoices):
        PIPELINE = "pipeline", "the pipeline's own limits"
        OPERATOR = "operator", "an operator"

    cid = models.BigIntegerField(primary_key=True)
    origin = models.CharField(max_length=4, choices=Origin.choices, default=Origin.OURS)
    caltype = models.CharField(max_length=12, help_text="bias, hifreqflat, lofreqflat, lampcorr, pmask or distortion")
    ccdid = models.SmallIntegerField()
    qid = models.SmallIntegerField()
    rcid = models.SmallIntegerField()
    fid = models.SmallIntegerField(help_text="0 for a bias")
    filtercode = models.CharField(max_length=2, help_text="00 for a bias")
    nightdate = models.IntegerField(help_text="YYYYMMDD")
    nid = models.IntegerField()
    nframes = models.IntegerField()
    startobsdate = models.DateTimeField()
    endobsdate = models.DateTimeField()
    valid_from = models.IntegerField(null=True, blank=True, help_text="first night (nid) it may be used for")
    valid_to = models.IntegerField(null=True, blank=True, help_text="last night (nid) it may be used for")
    status = models.CharField(max_length=4, choices=Status.choices, default=Status.GOOD)
    reason = models.CharField(max_length=300, blank=True, help_text="why it is bad")
    judge = models.CharField(max_length=8, choices=Judge.choices, default=Judge.PIPELINE, help_text="who decided")
    quality = models.JSONField(default=dict, help_text="measurements of the pipeline")

    objects = CalibrationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caltype", "rcid", "fid", "nid"], name="one_calibration_a_night")
        ]
        indexes = [models.Index(fields=["caltype", "rcid", "fid", "nid"])]

    def __str__(self):
        return f"{self.caltype} {self.nightdate} {self.filtercode} rc{self.rcid:02}"
