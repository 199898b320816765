"""An archive for a new user: M 31 in two filters over two months, an asteroid's way, a variable star, a field with all
its planes, an object's alerts, a faint source to be measured, people."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.db import connections

from archive.access import tokens
from archive.access.audit import Actor
from archive.models import Alert, Membership, ProductFile
from archive.survey.camera import filter_of
from archive.survey.identifiers import make_oid
from lightcurves.models import Source
from lightcurves.storage import store
from lightcurves.updates import statistics
from tests import browsers, factories, servers
from tests.portal.views import alerts
from tests.portal.workbench import field as workbench
from tests.processing.forced import epochs
from tests.rights.world import World

M31 = (10.6847, 41.2688)
RCID, FIELD = 50, 655
OCTOBER = 2461314.7  # JD of 2026-10-01 05:00
NIGHTS, IN_OCTOBER = 40, 31  # every night an r image
CLOSED = {"programid": 2, "public_date": None}
PERIOD = 0.5427
PASSWORD = "a long password of anybody"


@dataclass
class Tasks:
    """What is there, by what the tasks ask for."""

    october: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    oid: int = 0
    images: workbench.Field = field(default_factory=workbench.Field)
    alerts: list[Alert] = field(default_factory=list)
    faint: tuple[float, float] = (0.0, 0.0)


@pytest.fixture(scope="package")
def archive(committed, archive_root):
    """Rows and files, committed by a thread with connections of its own."""
    world, made = World(), Tasks()
    world.committed(_build, made)
    yield made
    world.remove()  # and all the rest with it


@pytest.fixture(scope="package")
def portal(archive, tmp_path_factory):
    connections.close_all()
    with servers.portal(tmp_path_factory.mktemp("portal")) as address:
        yield address


@pytest.fixture(scope="package")
def browser():
    with browsers.chromium() as started:
        yield started


@pytest.fixture(scope="package")
def variables(archive, portal) -> dict[str, str]:
    """The environment of a user's script."""
    with ThreadPoolExecutor(1) as pool:
        secret = pool.submit(_token, "partner").result()
    place = {"ZTF_PLACE": f"{M31[0]} {M31[1]}", "ZTF_SINCE": "2026-10-01", "ZTF_UNTIL": "2026-11-01"}
    return os.environ | place | {"ZTF": portal, "ZTF_TOKEN": secret}


def _token(name: str) -> str:
    until = datetime.now(UTC) + timedelta(days=3)
    secret = tokens.make(User.objects.get(username=name), "tasks", ["all"], until, Actor("test"))[1]
    connections.close_all()
    return secret


def _build(made: Tasks) -> None:
    for name in ("admin", "partner", "colleague"):
        User.objects.create_user(name, password=PASSWORD, is_staff=name == "admin", is_superuser=name == "admin")
    Membership.objects.create(user=User.objects.get(username="partner"), program_id=2)
    centre = factories.footprint(*M31, RCID)
    east = (centre["ra"] - M31[0]) * np.cos(np.radians(centre["dec"])) / np.cos(np.radians(M31[1]))
    pointing = {"ra": M31[0] - east, "dec": 2 * M31[1] - centre["dec"], "field": FIELD}
    made.oid = _variable()
    for night in range(NIGHTS):
        rights = CLOSED if night % 10 == 9 else {}
        image = _image(OCTOBER + night, pointing, rights, magzp=26.0, magzprms=0.02, clrcoeff=0.0)
        (made.closed if rights else made.october if night < IN_OCTOBER else []).append(image.pid)
        phase = 2 * np.pi * (OCTOBER + night) / PERIOD
        mag = np.array([16 + 0.4 * np.sin(phase) + 0.1 * np.sin(2 * phase)])
        one, zero = np.ones(1), np.zeros(1, int)
        store.append(image, store.Points(np.array([made.oid]), mag, 0.02 * one, one, 0 * one, zero, zero, zero))
    _image(OCTOBER + 3.1, pointing, {"filtercode": "zg", "fid": 1})
    statistics.refresh(FIELD, RCID, 2)
    made.images = workbench.build()
    made.closed.append(made.images.closed.pid)
    made.alerts = [_alert(number, *one) for number, one in enumerate(alerts.DETECTIONS) if one[-1] == 1]
    made.faint = epochs.made().sky(epochs.NEW)
    for night in range(2):
        epochs.epoch(night, difference=False)
    connections.close_all()


def _alert(number: int, days: float, fid: int, mag: float, err: float, positive: bool, program: int) -> Alert:
    code = filter_of(fid).code
    exposure = factories.exposure(jd=alerts.JD + days, fid=fid, filtercode=code, ra=alerts.RA, dec=alerts.DEC)
    image = factories.science_image(exposure, RCID)
    return alerts.add(alerts.candidate(image, number, mag, err, positive), alerts.OBJECT, alerts.history())


def _image(jd: float, pointing: dict, rights: dict, **values):
    image = factories.science_image(factories.exposure(jd=jd, **pointing, **rights), RCID, **values)
    file = factories.pixels(image, value=100.0, shape=(400, 400))
    ProductFile.objects.filter(pk=file.pk).update(programid=image.programid, public_date=image.public_date)
    return image


def _variable() -> int:
    oid = make_oid(FIELD, 2, RCID // 4 + 1, RCID % 4 + 1, 77)
    Source.objects.create(
        oid=oid, ra=M31[0], dec=M31[1], field=FIELD, ccdid=RCID // 4 + 1, qid=RCID % 4 + 1, rcid=RCID, fid=2,
        filtercode="zr", colour=0.0, **factories.cells(M31[0], M31[1]),
        **factories.PUBLIC,
    )  # fmt: skip
    return oid
