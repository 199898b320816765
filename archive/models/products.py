"""Files of the archive tree."""

from __future__ import annotations

from pathlib import Path

import structlog
from django.db import models

from archive.files import storage
from archive.models.base import Origin, ProtectedModel
from archive.models.choices import TextChoices

log = structlog.get_logger("archive.models.products")


class ProductFile(ProtectedModel):
    """One file: where it lies below the archive's root, its checksum, and how it was made."""

    class Family(TextChoices):
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
    stored_as = models.CharField(
        max_length=300,
        blank=True,
        editable=False,
        help_text="where it lies below the root until it gets its name; empty: as path says",
    )
    size = models.BigIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True, db_index=True, help_text="when it was registered last")
    provenance = models.JSONField(default=dict, help_text="pipeline, version, config, inputs")

    class Meta:
        indexes = [models.Index(fields=["family", "product_id"])]

    def __str__(self):
        return self.path

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def location(self) -> str:
        """Its path relative to the archive's root, once it has its name."""
        return self.stored_as or self.path

    @property
    def on_disk(self) -> Path:
        """Its path on disk."""
        return storage.absolute(self.location)

    def whole(self) -> Path:
        """Its path on disk, after its size and checksum were compared with the row: for all that is handed out.

        A row that was read just before its file was replaced is read again.

        Raises
        ------
        archive.files.storage.DamagedFileError
        """
        try:
            return storage.verified(self.location, self.sha256)
        except storage.DamagedFileError as reason:
            told = self.location, self.sha256
            fresh = type(self).objects.filter(pk=self.pk).first()
            if fresh is None or (fresh.location, fresh.sha256) == told:
                log.error("damaged file", path=self.path, reason=str(reason))
                raise
        self.stored_as, self.sha256, self.size = fresh.stored_as, fresh.sha256, fresh.size
        return storage.verified(self.location, self.sha256)
