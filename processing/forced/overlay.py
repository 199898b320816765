"""Forced photometry on the page of an object: the points that its reader ordered at its place."""

from __future__ import annotations

import numpy as np
from django.contrib.auth.models import AbstractBaseUser
from django.urls import reverse

from archive.sky.sphere import separation
from lightcurves.models import Source
from lightcurves.viewer import beside, overlays
from lightcurves.viewer.heliocentric import heliocentric
from processing.forced.jobs import of_user
from processing.forced.points import MOST_JOBS, NEAR, points_at


def points(source: Source, user: AbstractBaseUser) -> overlays.Columns:
    """Points with a magnitude; those below three sigma have none and stand in the table of their job."""
    found = [one for one in points_at(user, source.ra, source.dec) if one["mag"] is not None]
    dates = np.array([overlays.middle_of(one["jd"], one["exptime"]) for one in found])
    hjd = heliocentric(dates, source.ra, source.dec).tolist() if found else []
    return overlays.columns_from(one | {"hjd": at, "catflags": 0} for one, at in zip(found, hjd, strict=True))


def requests_near(user: AbstractBaseUser, ra: float, dec: float) -> list[beside.ForcedRequest]:
    """Orders of this person within NEAR of a place, newest first, in whatever phase."""
    reach = NEAR / 3600
    found = of_user(user).filter(parameters__dec__gte=dec - reach, parameters__dec__lte=dec + reach)
    near = []
    for job in found[:MOST_JOBS]:
        away = 3600 * separation(job.parameters["ra"], job.parameters["dec"], ra, dec)
        if away <= NEAR:
            address, name = reverse("forced-job", args=[job.pk]), job.parameters.get("name") or "forced photometry"
            near.append(beside.ForcedRequest(address, name, job.get_phase_display(), job.created, float(away)))
    return near
