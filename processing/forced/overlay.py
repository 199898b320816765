"""Forced photometry on the page of an object: the points that its reader ordered at its place."""

from __future__ import annotations

import numpy as np
from django.contrib.auth.models import AbstractBaseUser

from lightcurves.models import Source
from lightcurves.viewer import overlays
from lightcurves.viewer.heliocentric import heliocentric
from processing.forced.points import points_at


def points(source: Source, user: AbstractBaseUser) -> overlays.Columns:
    """Points with a magnitude; those below three sigma have none and stand in the table of their job."""
    found = [one for one in points_at(user, source.ra, source.dec) if one["mag"] is not None]
    dates = np.array([overlays.middle_of(one["jd"], one["exptime"]) for one in found])
    hjd = heliocentric(dates, source.ra, source.dec).tolist() if found else []
    return overlays.columns_from(one | {"hjd": at, "catflags": 0} for one, at in zip(found, hjd, strict=True))
