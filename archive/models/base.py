"""Base classes of the archive's tables: origin, program and public date, positions on the sphere."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from archive.access.reading import all_rows
from archive.models.choices import TextChoices


class Origin(TextChoices):
    """The maker of a product."""

    OURS = "ours", "made by this system"
    ZTF = "ztf", "made by ZTF at IPAC"


class OpenModel(models.Model):
    """A table of the archive that readers may read whole."""

    open_to_reader = True

    class Meta:
        abstract = True

    def save(self, *args, force_insert=False, force_update=False, update_fields=None, **kwargs):
        """Write the row. One that was made here and not read is added; it never replaces one of the same key."""
        if self._state.adding and not force_update and update_fields is None:
            force_insert = force_insert or True
        super().save(*args, force_insert=force_insert, force_update=force_update, update_fields=update_fields, **kwargs)

    def validate_unique(self, exclude=None):
        """Uniqueness among all rows: what is taken is taken, also by rows that the reader does not see."""
        with all_rows():
            super().validate_unique(exclude)


class ProtectedModel(OpenModel):
    """A table whose rows a reader sees by program and public date (see archive.access.reading)."""

    protected = True

    programid = models.SmallIntegerField(help_text="0 engineering, 1 public, 2 partnership, 3 Caltech")
    public_date = models.DateTimeField(null=True, blank=True, help_text="when everybody may see it; empty: not decided")

    class Meta:
        abstract = True


class SkyQuerySet(models.QuerySet):
    """Rows with a position `ra`, `dec` (ICRS, degrees) and a Q3C index on it."""

    def within(self, ra: float, dec: float, radius: float):
        """Rows whose position lies within `radius` degrees; adds their `distance` in degrees, nearest first.

        Up to one degree q3c_join with a constant centre is used: it plans an order of magnitude faster than
        q3c_radial_query, and gives the same rows.
        """
        table = self.model._meta.db_table
        function = "q3c_join" if radius <= 1 else "q3c_radial_query"
        order = "{c}, {p}" if radius <= 1 else "{p}, {c}"
        places = order.format(c="%s, %s", p=f'"{table}".ra, "{table}".dec')
        distance = RawSQL(f'q3c_dist("{table}".ra, "{table}".dec, %s, %s)', [ra, dec], models.FloatField())
        cone = RawSQL(f"{function}({places}, %s)", [ra, dec, radius], models.BooleanField())
        return self.filter(cone).annotate(distance=distance).order_by("distance")


def has_position(name: str) -> models.CheckConstraint:
    """Positions are finite and on the sphere: Q3C's index functions say nothing about a row only for such."""
    return models.CheckConstraint(
        name=f"{name}_position",
        condition=Q(ra__gte=0, ra__lt=360, dec__gte=-90, dec__lte=90),
    )
