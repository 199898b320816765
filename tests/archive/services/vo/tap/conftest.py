"""A sky of alerts and images of all programs, committed, and a server that answers for it."""

from datetime import UTC, datetime

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from archive.models import Alert, Exposure, Membership, ProductFile, ReferenceImage
from tests import factories

ALERTS = 30_000
PUBLIC_DATE = datetime(2020, 1, 1, tzinfo=UTC)
SECRET = "ZTF20secrett"
CENTRE = (120.0, 30.0)
PASSWORD = "a long password of a partner"


@pytest.fixture(scope="module")
def sky(committed):
    """ALERTS alerts, every third of program 2 and unreleased; ten of program 3 at one place of their own; images."""
    rng = np.random.default_rng(7)
    ra, dec = CENTRE[0] + rng.uniform(-8, 8, ALERTS), CENTRE[1] + rng.uniform(-8, 8, ALERTS)
    mag = rng.uniform(14, 20, ALERTS)
    file = factories.product_file(family="alert", path="alert/tap.avro")
    alerts = [_alert(file, n, ra[n], dec[n], mag[n], 2 if n % 3 == 0 else 1, f"ZTF20{n:07}") for n in range(ALERTS)]
    alerts += [_alert(file, ALERTS + n, 200.0 + n / 1000, -10.0, 11.0, 3, SECRET) for n in range(10)]
    Alert.objects.bulk_create(alerts)
    image = factories.science_image()
    factories.science_image(rcid=51, programid=2, public_date=None)
    reference = factories.reference_image()
    partner = User.objects.create_user("tap-partner", password=PASSWORD)
    Membership.objects.create(user=partner, program_id=2)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE archive_alert")
    yield {"ra": ra, "dec": dec, "mag": mag, "image": image}
    Alert.objects.filter(packet=file).delete()
    Exposure.objects.all().delete()
    ReferenceImage.objects.filter(pk=reference.pk).delete()
    ProductFile.objects.filter(pk=file.pk).delete()
    partner.delete()


def _alert(file, number, ra, dec, mag, program, name) -> Alert:
    return Alert(
        candid=10**15 + number,
        objectid=name,
        pid=number,
        jd=2459116.5 + number / 1e5,
        nid=1362,
        fid=1 + number % 2,
        ra=float(ra),
        dec=float(dec),
        magpsf=float(mag),
        sigmapsf=0.1,
        isdiffpos=number % 2 == 0,
        rb=None if number % 5 == 0 else 0.5,
        ssnamenr="Cérès" if number == 1 else "",
        packet=file,
        packet_index=number,
        programid=program,
        public_date=PUBLIC_DATE if program == 1 else None,
    )


@pytest.fixture(scope="module")
def server(sky):
    """The address of a running portal."""
    live = LiveServer("127.0.0.1")
    yield live.url
    live.stop()
