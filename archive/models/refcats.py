"""Reference catalogs that calibration is done against."""

from __future__ import annotations

from django.db import models

from archive.models.base import OpenModel, SkyQuerySet, has_position


class GaiaStar(OpenModel):
    """A star of Gaia, position at epoch 2016.0."""

    source_id = models.BigIntegerField(primary_key=True)
    ra = models.FloatField()
    dec = models.FloatField()
    pmra = models.FloatField(null=True, help_text="mas/yr, with cos(dec)")
    pmdec = models.FloatField(null=True, help_text="mas/yr")
    ra_error = models.FloatField(null=True, help_text="mas")
    dec_error = models.FloatField(null=True, help_text="mas")
    phot_g_mean_mag = models.FloatField()
    bp_rp = models.FloatField(null=True)

    objects = SkyQuerySet.as_manager()

    class Meta:
        constraints = [has_position("gaiastar")]


class PanstarrsStar(OpenModel):
    """A source of Pan-STARRS1 with mean PSF magnitudes (AB)."""

    objid = models.BigIntegerField(primary_key=True)
    ra = models.FloatField()
    dec = models.FloatField()
    gmag = models.FloatField(null=True)
    rmag = models.FloatField(null=True)
    imag = models.FloatField(null=True)
    zmag = models.FloatField(null=True)
    gmagerr = models.FloatField(null=True)
    rmagerr = models.FloatField(null=True)
    imagerr = models.FloatField(null=True)
    zmagerr = models.FloatField(null=True)
    sgscore = models.FloatField(null=True, help_text="1 star, 0 galaxy")

    objects = SkyQuerySet.as_manager()

    class Meta:
        constraints = [has_position("panstarrsstar")]


class RefcatTile(models.Model):
    """A piece of sky whose rows of a catalog were fetched whole: one HEALPix cell (nested)."""

    catalog = models.CharField(max_length=12, help_text="gaia, panstarrs or psc")
    depth = models.SmallIntegerField(help_text="HEALPix order")
    cell = models.BigIntegerField()
    limit = models.FloatField(help_text="faintest magnitude that was asked for")
    rows = models.IntegerField()
    server = models.CharField(max_length=200)
    fetched = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["catalog", "depth", "cell"], name="one_tile_a_cell")]

    def __str__(self):
        return f"{self.catalog} {self.depth}/{self.cell}"
