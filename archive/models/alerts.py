"""Alerts: one row per packet; the packets themselves are Avro files of the tree."""

from __future__ import annotations

from django.db import models

from archive.models.base import Origin, ProtectedModel, SkyQuerySet, has_position
from archive.models.products import ProductFile


class Alert(ProtectedModel):
    """An alert's candidate, as far as it is searched."""

    candid = models.BigIntegerField(primary_key=True)
    objectid = models.CharField(max_length=12, help_text="ZTF name of the object")
    origin = models.CharField(max_length=4, choices=Origin.choices, default=Origin.OURS)
    pid = models.BigIntegerField(db_index=True)
    rfid = models.BigIntegerField(null=True)
    jd = models.FloatField(help_text="start of the exposure, UTC")
    nid = models.IntegerField()
    fid = models.SmallIntegerField()
    field = models.IntegerField(null=True)
    rcid = models.SmallIntegerField(null=True)
    ra = models.FloatField()
    dec = models.FloatField()
    magpsf = models.FloatField()
    sigmapsf = models.FloatField()
    isdiffpos = models.BooleanField(help_text="brighter than the reference")
    rb = models.FloatField(null=True)
    drb = models.FloatField(null=True)
    distnr = models.FloatField(null=True, help_text="pixels to the nearest source of the reference")
    ssnamenr = models.CharField(max_length=40, blank=True)
    ssdistnr = models.FloatField(null=True, help_text="arcsec")
    packet = models.ForeignKey(ProductFile, models.PROTECT, related_name="alerts")
    packet_index = models.IntegerField(help_text="record number within the file")

    objects = SkyQuerySet.as_manager()

    class Meta:
        constraints = [has_position("alert")]
        indexes = [
            models.Index(fields=["objectid", "jd"]),
            models.Index(fields=["jd"]),
        ]

    def __str__(self):
        return str(self.candid)
