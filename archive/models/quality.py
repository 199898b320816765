"""A science image's residuals against the catalogs it was calibrated with, by place, magnitude and colour."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from archive.models.base import ProtectedModel
from archive.models.images import ScienceImage
from archive.models.versions import CURRENT, ProcessingVersion

TENTHS = 10  # positions are kept in tenths of a mas, magnitudes in tenths of a mmag


def _medians(help_text: str) -> ArrayField:
    return ArrayField(models.SmallIntegerField(null=True), help_text=help_text)


def _counts(help_text: str) -> ArrayField:
    return ArrayField(models.IntegerField(), help_text=help_text)


class ImageResiduals(ProtectedModel):
    """Median residuals of one image: 8 x 8 cells over the frame (row by row along y), bins of magnitude and colour.

    Small integers in tenths of a mas and of a mmag, so that a row stays below a kilobyte; null where there is no star.
    The bins' edges are those of `processing.science.photometry.residuals`.
    """

    image = models.ForeignKey(ScienceImage, models.CASCADE, related_name="residuals", db_column="pid")
    version = models.ForeignKey(ProcessingVersion, models.PROTECT, default=CURRENT, db_column="version")
    ra = _medians("frame minus catalog along right ascension, 0.1 mas")
    dec = _medians("frame minus catalog along declination, 0.1 mas")
    places = _counts("stars behind ra and dec")
    mag = _medians("calibrated minus catalog magnitude, 0.1 mmag")
    lights = _counts("stars behind mag")
    by_mag = _medians("the same by magnitude, 0.1 mmag")
    by_mag_stars = _counts("stars behind by_mag")
    by_colour = _medians("the same by colour, 0.1 mmag")
    by_colour_stars = _counts("stars behind by_colour")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["image", "version"], name="one_set_of_residuals_a_version")]
        verbose_name_plural = "image residuals"

    def __str__(self):
        return f"residuals of {self.image_id}"
