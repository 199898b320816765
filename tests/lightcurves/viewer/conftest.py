"""Committed light curves of a small sky, one of them an eclipsing star in two filters, with what is shown beside it."""

import numpy as np
import pytest
from astropy.io import fits

from archive.files import storage
from archive.models import Alert, ProductFile, ScienceImage
from lightcurves.models import Source
from lightcurves.updates import sources, statistics
from tests import factories
from tests.lightcurves.starsky import CENTRE, Sky, clear

PERIOD = 0.7312
OID = 655213300000000
BINARY = OID + 4
RED, GREEN, FLAGGED, UNSEEN = 60, 15, 2, 3  # points of the binary in r and g, flagged ones of them, images without it
CANDID = 1_360_270_335_015_015_001
NEIGHBOUR = 20.0  # arcsec, of the star before it
GHOST = 1 << 5


def brightness(days, period):
    """A deep and a shallow dip per period, mag."""
    phase = days / period % 1
    return 0.6 * np.exp(-(((phase - 0.5) / 0.05) ** 2)) + 0.2 * np.exp(-((np.minimum(phase, 1 - phase) / 0.05) ** 2))


def make_sky() -> Sky:
    """Sixty public r images and one of the partnership, three that do not show the last star, fifteen in g."""
    sky = Sky(stars=5)
    sky.ra[3], sky.dec[3] = sky.ra[4] + NEIGHBOUR / 3600 / np.cos(np.radians(sky.dec[4])), sky.dec[4]
    rng = np.random.default_rng(8)
    days = np.sort(rng.uniform(0, 90, RED))
    red = [sky.image(day) for day in days] + [sky.image(95, programid=2, public=False)]
    unseen = [sky.image(96 + day) for day in range(UNSEEN)]
    green_days = np.sort(rng.uniform(0, 90, GREEN))
    green = [sky.image(day + 0.02, fid=1) for day in green_days]
    _give_footprints()
    for images, times in ((red, [*days, 95]), (green, green_days)):
        sources.seed(images[0], sky.catalog(), None)
        for number, (image, day) in enumerate(zip(images, times, strict=True)):
            table = sky.table(offset=0.4 if images is green else 0.0)
            table["mag"][-1] += brightness(day, PERIOD)
            table["flags"][-1] = GHOST if images is green and number < FLAGGED else 0
            sources.add_points(image, sources.catalog(table, 26.0))
    for image in unseen:
        table = {name: values[:-1] for name, values in sky.table().items()}
        sources.add_points(image, sources.catalog(table, 26.0))
    for fid in (1, 2):
        statistics.refresh(655, 50, fid)
    Source.objects.filter(pk=BINARY).update(refmag=16.5)
    _add_pixels(ScienceImage.objects.filter(fid=2).order_by("obsjd").first())
    _add_alert(red[10])
    return sky


def _give_footprints() -> None:
    east, west, south, north = CENTRE[0] + 0.5, CENTRE[0] - 0.5, CENTRE[1] - 0.5, CENTRE[1] + 0.5
    corners = {
        "ra1": east,
        "dec1": north,
        "ra2": east,
        "dec2": south,
        "ra3": west,
        "dec3": south,
        "ra4": west,
        "dec4": north,
    }
    ScienceImage.objects.update(**corners)


def _add_pixels(image: ScienceImage) -> None:
    """A science image file with the binary in its middle."""
    star = Source.objects.get(pk=BINARY)
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 32, "CRPIX2": 32})
    header.update({"CRVAL1": star.ra, "CRVAL2": star.dec, "CD1_1": -2.8e-4, "CD1_2": 0, "CD2_1": 0, "CD2_2": 2.8e-4})
    y, x = np.mgrid[:64, :64] - 31.0
    data = np.random.default_rng(1).normal(100, 3, (64, 64)) + 900 * np.exp(-(x**2 + y**2) / 5)
    path = f"sci/viewer/{image.pid}_sciimg.fits"
    with storage.new_file(path) as temporary:
        fits.PrimaryHDU(data.astype(np.float32), header).writeto(temporary)
    size = storage.stored(path).size
    factories.product_file(path=path, family="sci", product_id=image.pid, suffix="sciimg.fits", size=size)


def _add_alert(image: ScienceImage) -> None:
    star = Source.objects.get(pk=BINARY)
    packet = factories.product_file(
        path="alert/viewer/alerts.avro", family="alert", product_id=image.pid, suffix="alerts.avro"
    )
    Alert.objects.create(
        candid=CANDID, objectid="ZTF20aaaaaab", pid=image.pid, jd=image.obsjd, nid=image.nid, fid=2, ra=star.ra,
        dec=star.dec, magpsf=18.2, sigmapsf=0.08, isdiffpos=False, rb=0.9, packet=packet, packet_index=0,
        **factories.PUBLIC,
    )  # fmt: skip


@pytest.fixture(scope="module")
def sky(django_db_setup, django_db_blocker):
    """The committed sky; removed when the module is done, for other tests count their own rows."""
    with django_db_blocker.unblock():
        clear()
        yield make_sky()
        Alert.objects.all().delete()
        ProductFile.objects.filter(path__contains="/viewer/").delete()
        clear()


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    """Static files by their own names: tests do not collect them first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
