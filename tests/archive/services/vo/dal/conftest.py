"""The archive of IRSA's tests with a difference, alerts and an object beside it, and a server that answers for it."""

from __future__ import annotations

import pytest
import pyvo

from archive.files import storage
from archive.models import Alert, DifferenceImage, QueryJob
from archive.services.vo.obscore.identifiers import prefix
from archive.survey.identifiers import make_oid
from lightcurves.models import Source
from tests import browsers, factories
from tests.archive.services.irsa.conftest import archive as images
from tests.archive.services.irsa.conftest import write

archive_of_images = images


@pytest.fixture(scope="module")
def archive(archive_of_images):
    """One open and one closed image with all that comes of them."""
    made = archive_of_images
    one = made.open
    rights = {"programid": 1, "public_date": factories.PUBLIC["public_date"]}
    DifferenceImage.objects.create(science=one, reference=made.reference, ncandidates=1, **rights)
    one.calibrations.set([made.calibration])
    made.files["ref"].product_id = made.reference.rfid
    made.files["ref"].save()
    packet = write("alert/2020/0924/packets.avro", b"packets", family="alert", product_id=one.pid)
    Alert.objects.create(
        candid=77, objectid="ZTF20aaaaaaa", pid=one.pid, jd=one.obsjd, nid=one.nid, fid=2, field=655, rcid=50,
        ra=one.ra, dec=one.dec, magpsf=18.0, sigmapsf=0.1, isdiffpos=True, packet=packet, packet_index=0, **rights,
    )  # fmt: skip
    oid = make_oid(655, 2, 13, 3, 1)
    Source.objects.create(
        oid=oid, ra=one.ra, dec=one.dec, field=655, ccdid=13, qid=3, rcid=50, fid=2, filtercode="zr",
        **factories.cells(one.ra, one.dec), **rights,
    )  # fmt: skip
    made.files["packet"] = packet
    yield made
    QueryJob.objects.all().delete()
    Source.objects.all().delete()
    Alert.objects.all().delete()


@pytest.fixture(scope="module")
def server(archive, django_db_blocker):
    """The address of a running portal."""
    with browsers.served_here(django_db_blocker) as address:
        yield address


def did(archive, family: str = "sci") -> str:
    """The identifier of a product of the open image."""
    number = {"sci": archive.open.pid, "diff": archive.open.pid, "ref": archive.reference.rfid, "alert": 77}[family]
    return f"{prefix(family)}{number}"


@pytest.fixture
def sia(server):
    return pyvo.dal.sia2.SIA2Service(f"{server}/vo/sia2")


@pytest.fixture
def place(archive) -> tuple[float, float]:
    return archive.open.ra, archive.open.dec


def archive_path(archive):
    """Where the open image's sciimg lies."""
    return storage.absolute(archive.files["sciimg"].path)


def cut(client, **asked):
    """Status and body of SODA's answer."""
    answer = client.get("/vo/soda/sync", asked)
    return answer.status_code, answer.getvalue()
