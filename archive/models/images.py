"""Images on the sky: science images, references and differences of one quadrant."""

from __future__ import annotations

from django.db import models
from django.db.models import F

from archive.models.base import Origin, ProtectedModel, SkyQuerySet, has_position
from archive.models.exposures import Exposure

LARGEST_RADIUS = 0.75  # deg; a quadrant of 3200 pixels of 1 arcsec has 0.63
CORNERS = [f"{axis}{corner}" for corner in (1, 2, 3, 4) for axis in ("ra", "dec")]


def has_footprint(name: str) -> models.CheckConstraint:
    """A search by position looks no farther than LARGEST_RADIUS for centres."""
    return models.CheckConstraint(name=f"{name}_radius", condition=models.Q(radius__gt=0, radius__lte=LARGEST_RADIUS))


class Footprint(models.Model):
    """An image's place on the sky: centre, linear WCS terms and four corners, ICRS degrees.

    Corners follow the pixels (1,1), (N1,1), (N1,N2), (1,N2). `radius` is the distance of the farthest corner from
    the centre; a search by position looks at centres within it first.
    """

    ra = models.FloatField()
    dec = models.FloatField()
    crpix1 = models.FloatField()
    crpix2 = models.FloatField()
    crval1 = models.FloatField()
    crval2 = models.FloatField()
    cd11 = models.FloatField()
    cd12 = models.FloatField()
    cd21 = models.FloatField()
    cd22 = models.FloatField()
    ra1 = models.FloatField()
    dec1 = models.FloatField()
    ra2 = models.FloatField()
    dec2 = models.FloatField()
    ra3 = models.FloatField()
    dec3 = models.FloatField()
    ra4 = models.FloatField()
    dec4 = models.FloatField()
    radius = models.FloatField(help_text="deg, centre to farthest corner")

    class Meta:
        abstract = True

    @property
    def corners(self) -> list[tuple[float, float]]:
        """The four corners as (ra, dec), degrees."""
        return [(getattr(self, f"ra{n}"), getattr(self, f"dec{n}")) for n in (1, 2, 3, 4)]


class QuadrantImage(Footprint, ProtectedModel):
    """The columns that all images of one readout quadrant have."""

    origin = models.CharField(max_length=4, choices=Origin.choices, default=Origin.OURS)
    field = models.IntegerField()
    ccdid = models.SmallIntegerField(help_text="1..16")
    qid = models.SmallIntegerField(help_text="1..4")
    rcid = models.SmallIntegerField(help_text="0..63")
    fid = models.SmallIntegerField(help_text="1 g, 2 r, 3 i")
    filtercode = models.CharField(max_length=2, help_text="zg, zr, zi")
    infobits = models.IntegerField(default=0)
    maglimit = models.FloatField(null=True, help_text="5 sigma, mag")

    objects = SkyQuerySet.as_manager()

    class Meta:
        abstract = True


class ScienceImage(QuadrantImage):
    """One calibrated quadrant of one exposure."""

    pid = models.BigIntegerField(primary_key=True)
    exposure = models.ForeignKey(Exposure, models.CASCADE, related_name="science_images", db_column="expid")
    nid = models.IntegerField()
    itid = models.SmallIntegerField(default=1)
    imgtype = models.CharField(max_length=8, default="object")
    imgtypecode = models.CharField(max_length=1, default="o")
    obsdate = models.DateTimeField()
    obsjd = models.FloatField()
    exptime = models.FloatField()
    filefracday = models.BigIntegerField()
    seeing = models.FloatField(null=True, help_text="FWHM, arcsec")
    airmass = models.FloatField(null=True)
    moonillf = models.FloatField(null=True)
    moonesb = models.FloatField(null=True)
    status = models.SmallIntegerField(default=1, help_text="1 usable, 0 bad")
    magzp = models.FloatField(null=True)
    magzpunc = models.FloatField(null=True)
    magzprms = models.FloatField(null=True)
    clrcoeff = models.FloatField(null=True)
    clrcounc = models.FloatField(null=True)
    nmatches = models.IntegerField(null=True, help_text="photometric calibrators")
    quality = models.JSONField(default=dict, help_text="further measurements of the pipeline")
    calibrations = models.ManyToManyField("archive.CalibrationImage", related_name="science_images")

    class Meta:
        constraints = [has_position("scienceimage"), has_footprint("scienceimage")]
        indexes = [
            # In the order of the search, with what row-level security asks: a page far down reads no rows on its way.
            models.Index(
                F("obsjd").desc(), "pid", include=["nid", "programid", "public_date"], name="archive_sci_obsjd_newest"
            ),
            models.Index(fields=["field", "rcid", "fid"]),
            models.Index(fields=["nid"]),
        ]

    def __str__(self):
        return str(self.pid)


class ReferenceImage(QuadrantImage):
    """A co-add of science images of one field, quadrant and filter."""

    rfid = models.BigIntegerField(primary_key=True)
    nframes = models.IntegerField()
    startobsdate = models.DateTimeField(null=True)
    endobsdate = models.DateTimeField(null=True)
    magzp = models.FloatField(null=True)
    seeing = models.FloatField(null=True, help_text="FWHM, arcsec")
    quality = models.JSONField(default=dict)
    inputs = models.ManyToManyField(ScienceImage, related_name="references")

    class Meta:
        constraints = [has_position("referenceimage"), has_footprint("referenceimage")]
        indexes = [models.Index(fields=["field", "rcid", "fid"])]

    def __str__(self):
        return str(self.rfid)


class DifferenceImage(ProtectedModel):
    """A science image minus its reference."""

    science = models.OneToOneField(
        ScienceImage, models.CASCADE, primary_key=True, related_name="difference", db_column="pid"
    )
    reference = models.ForeignKey(ReferenceImage, models.CASCADE, related_name="differences", db_column="rfid")
    diffmaglim = models.FloatField(null=True, help_text="5 sigma, mag")
    ncandidates = models.IntegerField(default=0)
    status = models.SmallIntegerField(default=1)
    quality = models.JSONField(default=dict)
