"""Calibration images: nightly biases and flats of one quadrant."""

from __future__ import annotations

from django.db import models

from archive.models.base import OpenModel, Origin


class CalibrationImage(OpenModel):
    """A stacked calibration frame; calibrations are open to all."""

    cid = models.BigIntegerField(primary_key=True)
    origin = models.CharField(max_length=4, choices=Origin.choices, default=Origin.OURS)
    caltype = models.CharField(max_length=12, help_text="bias or hifreqflat")
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
    quality = models.JSONField(default=dict, help_text="measurements of the pipeline")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caltype", "rcid", "fid", "nid"], name="one_calibration_a_night")
        ]
        indexes = [models.Index(fields=["caltype", "rcid", "fid", "nid"])]

    def __str__(self):
        return f"{self.caltype} {self.nightdate} {self.filtercode} rc{self.rcid:02}"
