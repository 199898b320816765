"""What the archive's tables share: origin, program and public date, positions on the sphere."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL


class Origin(models.TextChoices):
    """Who made a product."""

    OURS = "ours", "made by this system"
    ZTF = "ztf", "made by ZTF at IPAC"


class OpenModel(models.Model):
    """A table of the archive that readers may read whole."""

    open_to_reader = True

    class Meta:
        abstract = True


class ProtectedModel(OpenModel):
    """A table whose rows a reader sees by program and public date (see archive.access)."""

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
