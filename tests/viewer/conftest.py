"""Committed light curves of a small sky, one of them an eclipsing star, and a visitor's browser."""

import numpy as np
import pytest

from lightcurves import sources, statistics
from tests.lightcurves_db.starsky import Sky, clear

PERIOD = 0.7312
OID = 655213300000000


def brightness(days, period):
    """A deep and a shallow dip per period, mag."""
    phase = days / period % 1
    return 0.6 * np.exp(-(((phase - 0.5) / 0.05) ** 2)) + 0.2 * np.exp(-((np.minimum(phase, 1 - phase) / 0.05) ** 2))


@pytest.fixture(scope="module")
def sky(django_db_setup, django_db_blocker):
    """Sixty public images and one of the partnership; the last of five stars is an eclipsing binary."""
    with django_db_blocker.unblock():
        clear()
        sky = Sky(stars=5)
        rng = np.random.default_rng(8)
        days = np.sort(rng.uniform(0, 90, 60))
        images = [sky.image(day) for day in days] + [sky.image(95, programid=2, public=False)]
        sources.seed(images[0], sky.catalog(), None)
        for image, day in zip(images, [*days, 95], strict=True):
            table = sky.table()
            table["mag"][-1] += brightness(day, PERIOD)
            sources.add_points(image, sources.catalog(table, 26.0))
        statistics.refresh(655, 50, 2)
        yield sky
        clear()


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    """Static files by their own names: tests do not collect them first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
