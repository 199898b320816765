"""Exposures of the camera and their raw files, one per CCD."""

from __future__ import annotations

from django.db import models

from archive.models.base import Origin, ProtectedModel, has_position
from archive.survey.camera import FULL_NX


class Exposure(ProtectedModel):
    """One opening of the shutter (or one calibration frame), all CCDs together.

    The mid-exposure time and the observer's place are kept so that moving objects can be predicted for many
    exposures without computing them again.
    """

    expid = models.BigIntegerField(primary_key=True)
    origin = models.CharField(max_length=4, choices=Origin.choices, default=Origin.OURS)
    nid = models.IntegerField(help_text="night: days from 2017-01-01 UT")
    field = models.IntegerField()
    fid = models.SmallIntegerField()
    filtercode = models.CharField(max_length=2)
    imgtypecode = models.CharField(max_length=1, help_text="o object, b bias, f flat, d dark")
    obsjd = models.FloatField(help_text="Julian date (UTC) at the start")
    obsdate = models.DateTimeField(help_text="start, UTC")
    exptime = models.FloatField(help_text="s")
    filefracday = models.BigIntegerField(help_text="YYYYMMDDdddddd of file names")
    ra = models.FloatField(null=True, help_text="boresight, ICRS deg; empty for calibration frames")
    dec = models.FloatField(null=True, help_text="boresight, ICRS deg")
    airmass = models.FloatField(null=True)
    moonillf = models.FloatField(null=True)
    moonesb = models.FloatField(null=True)
    tdb_mid = models.FloatField(help_text="mid-exposure, TDB Julian date")
    observer_x = models.FloatField(help_text="observer from the Solar System's barycentre, ICRS, au")
    observer_y = models.FloatField()
    observer_z = models.FloatField()

    class Meta:
        constraints = [has_position("exposure")]
        indexes = [
            models.Index(fields=["nid", "imgtypecode"]),
            models.Index(fields=["obsjd"]),
            models.Index(fields=["field", "fid"]),
        ]

    def __str__(self):
        return str(self.expid)


class RawImage(ProtectedModel):
    """The raw file of one CCD: four quadrants and their overscan strips.

    Where the CCD looks (centre, corners, distance of the farthest corner; ICRS degrees) the database computes itself
    from the telescope's axis, whoever writes the row (migration 0030); empty for calibration frames.
    """

    exposure = models.ForeignKey(Exposure, models.CASCADE, related_name="raw_images")
    ccdid = models.SmallIntegerField()
    nx = models.SmallIntegerField(default=FULL_NX, help_text="columns of each quadrant; fewer: a smaller camera")
    origin = models.CharField(max_length=4, choices=Origin.choices, default=Origin.OURS)
    ra = models.FloatField(null=True, editable=False)
    dec = models.FloatField(null=True, editable=False)
    ra1 = models.FloatField(null=True, editable=False)
    dec1 = models.FloatField(null=True, editable=False)
    ra2 = models.FloatField(null=True, editable=False)
    dec2 = models.FloatField(null=True, editable=False)
    ra3 = models.FloatField(null=True, editable=False)
    dec3 = models.FloatField(null=True, editable=False)
    ra4 = models.FloatField(null=True, editable=False)
    dec4 = models.FloatField(null=True, editable=False)
    radius = models.FloatField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["exposure", "ccdid"], name="one_raw_image_a_ccd"),
            has_position("rawimage"),
        ]
