"""Heliocentric dates of alerts and of forced photometry are those of the middle of the exposure, as of light curves."""

import json

import pytest
from astropy import units as u
from astropy.coordinates import EarthLocation, SkyCoord
from astropy.time import Time
from django.conf import settings
from django.contrib.auth.models import User

from archive.models import UserJob
from lightcurves.models import Source
from lightcurves.viewer import overlays
from processing.forced import overlay
from tests.archive.services.vo.dal.conftest import archive, archive_of_images  # noqa: F401 (fixtures)

PALOMAR = EarthLocation.from_geodetic(-116.8650 * u.deg, 33.3563 * u.deg, 1712 * u.m)
SECONDS = 5 / 86400  # good to these; half an exposure is 15


def heliocentric_middle(one) -> float:
    """Astropy's heliocentric time of the middle of an exposure."""
    middle = Time(one.obsjd + one.exptime / 2 / 86400, format="jd", scale="utc", location=PALOMAR)
    light = middle.light_travel_time(SkyCoord(one.ra, one.dec, unit="deg"), "heliocentric")
    return (middle + light).jd


def test_alerts_have_the_middle_of_their_exposure(archive):  # noqa: F811
    points = overlays.alerts(Source.objects.get(), None)
    assert points["hjd"] == [pytest.approx(heliocentric_middle(archive.open), abs=SECONDS)]
    assert points["mjd"] == [pytest.approx(archive.open.obsjd - 2400000.5)]


def test_forced_points_have_the_middle_of_their_exposure(archive):  # noqa: F811
    one, user = archive.open, User.objects.create_user("hjd")
    job = UserJob.objects.create(
        kind="forced", owner=user, phase=UserJob.Phase.COMPLETED, parameters={"ra": one.ra, "dec": one.dec}
    )
    row = {
        "pid": one.pid, "jd": one.obsjd, "exptime": one.exptime, "filter": "ZTF_r", "image": "difference",
        "zpdiff": 26.0,
        "forcediffimflux": 1000.0, "forcediffimfluxunc": 10.0,
    }  # fmt: skip
    folder = settings.JOB_ROOT / "forced" / str(job.pk)
    folder.mkdir(parents=True)
    body = {"rows": [row], "paths": [], "closed": 0, "made": "2026-01-01T00:00:00+00:00"}
    (folder / "result.json").write_text(json.dumps(body))
    try:
        points = overlay.points(Source.objects.get(), user)
        assert points["hjd"] == [pytest.approx(heliocentric_middle(one), abs=SECONDS)]
    finally:
        user.delete()
