"""Sources, their detections, the images' zero-point corrections, and the statistics of light curves."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from archive.models.base import OpenModel, ProtectedModel, SkyQuerySet, has_position
from lightcurves.photometry.columns import FAST, METRICS, MIDDLE, MOTION, PERCENTILE_NAMES

COUNTS = ("nobs", "nobsrel", "ngoodobsrel")
STATISTICS = (*COUNTS, *METRICS, *PERCENTILE_NAMES, *MIDDLE, *MOTION)


class RealField(models.FloatField):
    """Four bytes: more digits than a magnitude has, half the room."""

    def db_type(self, connection):
        return "real"


class SourceColumns(models.Model):
    """Columns of a source: position, place, brightness in the reference image."""

    oid = models.BigIntegerField(primary_key=True, help_text="see archive.survey.identifiers.make_oid")
    ra = models.FloatField(help_text="ICRS, deg")
    dec = models.FloatField(help_text="ICRS, deg")
    field = models.IntegerField()
    ccdid = models.SmallIntegerField()
    qid = models.SmallIntegerField()
    rcid = models.SmallIntegerField()
    fid = models.SmallIntegerField()
    filtercode = models.CharField(max_length=2)
    refmag = RealField(null=True)
    refmagerr = RealField(null=True)
    refchi = RealField(null=True)
    refsharp = RealField(null=True)
    refsnr = RealField(null=True)
    colour = RealField(null=True, help_text="Pan-STARRS g-r (r-i for zi); empty: unknown, taken as 0")

    objects = SkyQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self):
        return str(self.oid)


class Source(SourceColumns, ProtectedModel):
    """Source of one light curve: a position on the sky in one field, quadrant and filter.

    It comes from a reference image, or from a detection that no source of the reference explains. It is as open as
    the most open of what it was seen in.
    """

    rfid = models.BigIntegerField(null=True, help_text="reference it was seen in; empty: born from a detection")
    hpx29 = models.BigIntegerField(db_index=True, help_text="HEALPix number, order 29, nested")
    htm20 = models.BigIntegerField(help_text="triangle of level 20 of the hierarchical triangular mesh")

    class Meta:
        constraints = [has_position("source")]
        indexes = [models.Index(fields=["field", "rcid", "fid"])]


class Detection(ProtectedModel):
    """One point of a light curve, as it was measured; times, zero points and limits stand with its image.

    The table is partitioned by night and written by lightcurves.storage.store alone (COPY); compaction moves what is
    settled into chunks. `mag` is for a source of colour zero and without the image's correction: both are applied when
    a light curve is read.
    """

    pk = models.CompositePrimaryKey("oid", "pid")
    oid = models.BigIntegerField()
    pid = models.BigIntegerField()
    nid = models.IntegerField()
    mag = RealField()
    magerr = RealField()
    chi = RealField()
    sharp = RealField()
    dra = models.SmallIntegerField(help_text="east of the source, mas")
    ddec = models.SmallIntegerField(help_text="north of the source, mas")
    catflags = models.IntegerField(help_text="mask bits under the source; bit 15: the whole image is bad")

    class Meta:
        managed = False
        db_table = "lightcurves_detection"


class Chunk(ProtectedModel):
    """Points of one object and program, packed: the older part of light curves (lightcurves.storage.chunks).

    What is public and what is not never share a chunk. An object may have several.
    """

    oid = models.BigIntegerField(primary_key=True)
    first_nid = models.IntegerField()
    last_nid = models.IntegerField()
    nobs = models.IntegerField()
    data = models.BinaryField(help_text="see lightcurves.storage.codec")

    class Meta:
        managed = False
        db_table = "lightcurves_chunk"


class ToldCurve(ProtectedModel):
    """Points of one object and program that came in files of light curves, packed, with their own epochs.

    No image here has them. Written by lightcurves.told.taking alone; as open as the last of its points.
    """

    oid = models.BigIntegerField()
    nobs = models.IntegerField()
    observed = models.DateTimeField(help_text="when its last point was taken: its program's rule counts from there")
    by_exposure = models.BooleanField(help_text="whether the file told the exposure of each point, or times only")
    file = models.CharField(max_length=255, help_text="name of the file that came last")
    data = models.BinaryField(help_text="see lightcurves.told.codec")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["oid", "programid"], name="told_once")]


class Image(ProtectedModel):
    """Epoch of an image whose points are stored: it stands here once, not with every point, and as open as they.

    Written with the points, so that a light curve is read from few and narrow tables.
    """

    pid = models.BigIntegerField(primary_key=True)
    nid = models.IntegerField(db_index=True)
    points = models.IntegerField(help_text="that it gave")
    expid = models.BigIntegerField()
    mjd = models.FloatField(help_text="start of the exposure (UTC)")
    filefracday = models.BigIntegerField()
    field = models.IntegerField()
    ccdid = models.SmallIntegerField()
    qid = models.SmallIntegerField()
    limitmag = models.FloatField(null=True)
    magzp = models.FloatField(null=True)
    magzprms = models.FloatField(null=True)
    clrcoeff = models.FloatField(null=True)
    clrcounc = models.FloatField(null=True)
    exptime = models.FloatField()
    airmass = models.FloatField(null=True)
    tdb_mid = models.FloatField()
    observer_x = models.FloatField()
    observer_y = models.FloatField()
    observer_z = models.FloatField()


class ImageCorrection(ProtectedModel):
    """Zero-point correction of one image by relative photometry; as open as the image."""

    pid = models.BigIntegerField(primary_key=True)
    dzp = models.FloatField(help_text="mag to subtract from the image's magnitudes")
    dzprms = models.FloatField(help_text="robust scatter of its stars about their means, mag")
    nstars = models.IntegerField()


class SourceStatistics(OpenModel):
    """Metrics of a light curve, once for every set of programs that makes a difference.

    `programs` are the closed programs whose unreleased points went in besides the public ones. A reader sees the
    rows whose programs they all hold; of these the one with the most programs is theirs.
    """

    protected = True

    pk = models.CompositePrimaryKey("oid", "programs")
    oid = models.BigIntegerField()
    programs = ArrayField(models.SmallIntegerField())

    class Meta:
        indexes = [
            models.Index(  # stars that are looked for where they have gone are few
                fields=["oid"],
                name="fast_sources",
                condition=models.Q(pmra__gt=FAST / 2)
                | models.Q(pmra__lt=-FAST / 2)
                | models.Q(pmdec__gt=FAST / 2)
                | models.Q(pmdec__lt=-FAST / 2),
            )
        ]


class SourcePeriod(OpenModel):
    """The period of a star, with each of its sources, once for every set of programs that makes a difference.

    `programs` as in SourceStatistics: the closed programs whose unreleased points were searched besides the public
    ones, of all sources at the star's place. Readers see rows of programs that are all theirs.
    """

    protected = True

    pk = models.CompositePrimaryKey("oid", "programs")
    oid = models.BigIntegerField()
    programs = ArrayField(models.SmallIntegerField())
    period = models.FloatField(help_text="days")
    perioderr = models.FloatField(help_text="days, one standard deviation")
    confidence = RealField(help_text="chance that the period is right")
    log10fap = RealField(help_text="log10 of the chance that noise makes the highest Lomb-Scargle peak")
    amplitude = RealField(help_text="of the folded curve in the filter with most points, mag")
    rival = models.FloatField(null=True, help_text="the next best period that is no multiple, days")
    nobs = models.IntegerField(help_text="points that were searched")
    nbands = models.SmallIntegerField(help_text="filters and quadrants that were searched")
    star = ArrayField(models.BigIntegerField(), help_text="all sources whose points were searched")
    searched = models.DateTimeField()

    class Meta:
        indexes = [GinIndex(fields=["star"])]


class SavedPeriod(models.Model):
    """A period that somebody keeps with their account; `oid` may name an object that they do not see any more."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="periods")
    oid = models.BigIntegerField()
    period = models.FloatField(help_text="days")
    epoch = models.FloatField(
        null=True, help_text="heliocentric Julian date of phase zero; empty: the first good point"
    )
    note = models.CharField(max_length=200, blank=True)
    saved = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "oid", "period"], name="saved_period_once")]


class ClosedSource(models.Model):
    """A source as it was before points of it became public: what it gets back when these are closed again."""

    oid = models.BigIntegerField(primary_key=True)
    public_date = models.DateTimeField(null=True)
    rfid = models.BigIntegerField(null=True)
    refmag = RealField(null=True)
    refmagerr = RealField(null=True)
    refchi = RealField(null=True)
    refsharp = RealField(null=True)
    refsnr = RealField(null=True)


class Followed(models.Model):
    """Up to when something that follows the clock has been followed."""

    what = models.CharField(max_length=40, primary_key=True)
    until = models.DateTimeField()


def _statistic(name: str) -> models.FloatField:
    """Four bytes, but for places and times."""
    return models.FloatField(null=True) if name in MIDDLE else RealField(null=True)


for _name in STATISTICS:
    SourceStatistics.add_to_class(_name, _statistic(_name))


class CatalogObject(SourceColumns, OpenModel):
    """An object with the statistics of the points that its reader sees: the view behind ztf.ztf_objects."""

    protected = True

    class Meta:
        managed = False
        db_table = 'tap_data"."ztf_objects'  # in a schema of its own: see archive.services.vo.schema.views


for _name in STATISTICS:
    CatalogObject.add_to_class(_name, _statistic(_name))
