"""Files of the archive tree."""

from __future__ import annotations

from django.db import models

from archive.models.base import Origin, ProtectedModel


class ProductFile(ProtectedModel):
    """One file: where it lies below the archive's root, its checksum, and how it was made."""

    class Family(models.TextChoices):
        RAW = "raw"
        CAL = "cal"
        SCI = "sci"
        REF = "ref"
        DIFF = "diff"
        ALERT = "alert"
        VERSION = "ver"
        LIGHTCURVE = "lc"

    path = models.CharField(max_length=200, unique=True, help_text="relative to the archive's root, as in ZTF's tree")
    family = models.CharField(max_length=5, choices=Family.choices)
    product_id = models.BigIntegerField(
        help_text="expid, cid, pid, rfid or a version's row, by family; of light curves their quadrant's rfid"
    )
    suffix = models.CharField(max_length=40, help_text="for example sciimg.fits")
    origin = models.CharField(max_length=4, choices=Origin.choices, default=Origin.OURS)
    size = models.BigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    created = models.DateTimeField(auto_now_add=True)
    provenance = models.JSONField(default=dict, help_text="pipeline, version, config, inputs")

    class Meta:
        indexes = [models.Index(fields=["family", "product_id"])]

    def __str__(self):
        return self.path

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]
