"""A small archive of every kind of row and file, whose rights are drawn by lot, and a slow oracle of who sees what.

Six exposures follow an asteroid. Each has one unit of every product, and two sets of rights: of its images' metadata,
and of its data (files, catalogs, alerts, points).
"""

from __future__ import annotations

import gzip
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fastavro
import numpy as np
from astropy.io import fits
from django.contrib.auth.models import User
from django.db import connections, transaction

from archive.access import tokens
from archive.access.audit import Actor
from archive.files import storage
from archive.models import (
    Alert,
    DifferenceImage,
    GroupMembership,
    ImageResiduals,
    Membership,
    ProcessingVersion,
    ProductFile,
    Program,
    RawImage,
    ReaderGroup,
    ReferenceImage,
    Release,
    ScienceVersion,
    UserJob,
)
from archive.moving.dynamics.ephemeris import ephemeris
from archive.moving.numbered import NUMBERED
from archive.releases import freeze, guard
from archive.services.hips import survey
from archive.survey.identifiers import date_of_nid, make_oid, nid_of_jd
from lightcurves.models import Source, SourceStatistics
from lightcurves.storage import store
from lightcurves.updates import statistics
from portal.plots.residuals import EDGES
from tests import factories, leftovers

UNITS = 6
RCID = 50
ASTEROID = 310
JD = 2461339.8
NOW = datetime.now(UTC)
PAST, FUTURE = NOW - timedelta(days=1), NOW + timedelta(days=1)
DATES = {"past": PAST, "future": FUTURE, "undecided": None}
METADATA = ("exposure", "scienceimage", "differenceimage", "referenceimage", "rawimage")
SHAPE = (64, 64)


@dataclass(frozen=True)
class Rights:
    """Of one set of rows."""

    programid: int
    date: str

    def open_to(self, programs: frozenset[int]) -> bool:
        return self.date == "past" or self.programid in programs


@dataclass
class Unit:
    """One exposure with all that comes of it."""

    number: int
    image: object
    reference: ReferenceImage
    candid: int
    oid: int
    version: object
    files: dict[str, ProductFile] = field(default_factory=dict)
    metadata: Rights = Rights(1, "past")
    data: Rights = Rights(1, "past")

    @property
    def rfid(self) -> int:
        return self.reference.rfid

    @property
    def pid(self) -> int:
        return self.image.pid

    @property
    def seeing(self) -> float:
        return self.image.seeing


@dataclass(frozen=True)
class Person:
    """Somebody who asks: the headers they send, and what the oracle knows of them."""

    name: str
    programs: frozenset[int]
    user: User | None = None
    headers: dict = field(default_factory=dict)
    scopes: frozenset[str] | None = None  # None: not limited by a token

    def may(self, *needed: str) -> bool:
        return self.scopes is None or "all" in self.scopes or set(needed) <= self.scopes


class World:
    """The archive, its people, and the oracle."""

    def __init__(self):
        self._pool = ThreadPoolExecutor(1)  # a thread has connections of its own: what it writes is committed
        self.units: list[Unit] = []
        self.people: list[Person] = []
        self.listed: frozenset[int] = frozenset()
        self.committed(self._build)

    def committed(self, function, *arguments):
        return self._pool.submit(function, *arguments).result()

    # --- the oracle ------------------------------------------------------------------------------------------
    def images(self, person: Person) -> list[Unit]:
        """Units whose images' metadata somebody sees."""
        return [u for u in self.units if u.metadata.open_to(person.programs) or u.metadata.programid in self.listed]

    def data(self, person: Person) -> list[Unit]:
        """Units whose files, alerts and points somebody sees."""
        return [u for u in self.units if u.data.open_to(person.programs)]

    def own(self, person: Person) -> list[Unit]:
        """Units whose metadata somebody sees by their rights; residuals and versions are never merely listed."""
        return [u for u in self.units if u.metadata.open_to(person.programs)]

    def both(self, person: Person) -> list[Unit]:
        return [u for u in self.images(person) if u in self.data(person)]

    # --- rights ----------------------------------------------------------------------------------------------
    def draw(self, metadata: list[Rights], data: list[Rights], listed: frozenset[int], of_release=frozenset()) -> None:
        """Give every unit its rights, and programs their policy: `listed`, or those that the open release lists."""
        for unit, one, other in zip(self.units, metadata, data, strict=True):
            unit.metadata, unit.data = one, other
        self.listed, self._policy, self._of_release = listed | of_release, listed, of_release
        UserJob.objects.all().delete()  # orders of another world: an order's result is given again for a while
        self.committed(self._apply)

    def _apply(self) -> None:
        with connections["default"].cursor() as cursor:
            for unit in self.units:
                one = [unit.metadata.programid, DATES[unit.metadata.date]]
                other = [unit.data.programid, DATES[unit.data.date]]
                keys = {
                    "archive_exposure": ("expid", unit.image.exposure_id, one),
                    "archive_scienceimage": ("pid", unit.pid, one),
                    "archive_differenceimage": ("pid", unit.pid, one),
                    "archive_rawimage": ("exposure_id", unit.image.exposure_id, one),
                    "archive_referenceimage": ("rfid", unit.rfid, one),
                    "archive_scienceversion": ("id", unit.version.pk, one),
                    "archive_imageresiduals": ("pid", unit.pid, one),
                    "archive_alert": ("candid", unit.candid, other),
                    "lightcurves_detection": ("pid", unit.pid, other),
                    "lightcurves_image": ("pid", unit.pid, other),
                    "lightcurves_imagecorrection": ("pid", unit.pid, other),
                    "lightcurves_source": ("oid", unit.oid, other),
                }
                for table, (key, value, rights) in keys.items():
                    cursor.execute(
                        f"UPDATE {table} SET programid = %s, public_date = %s WHERE {key} = %s", [*rights, value]
                    )
                ids = [file.pk for file in unit.files.values()]
                cursor.execute(
                    "UPDATE archive_productfile SET programid = %s, public_date = %s WHERE id = ANY(%s)", [*other, ids]
                )
        Program.objects.update(listed=False)
        Program.objects.filter(pk__in=self._policy).update(listed=True)
        listing = Release.objects.get(pk="lists")
        with transaction.atomic(), guard.acting("lists"):
            listing.programs.set(self._of_release)
        SourceStatistics.objects.all()._raw_delete("default")
        statistics.refresh(655, RCID, 2)

    # --- rows and files --------------------------------------------------------------------------------------
    def _build(self) -> None:
        ProcessingVersion.objects.create(name="deep")
        for number in range(UNITS):
            self.units.append(_unit(number))
        for unit in self.units:
            ReferenceImage.objects.get(pk=unit.rfid).inputs.set([one.image for one in self.units])
            # Every image has a point of every source.
            oids = np.array([one.oid for one in self.units])
            flat = np.ones(len(oids))
            zero = np.zeros(len(oids), int)
            mag = 15 + 0.01 * unit.number + 0.1 * np.arange(len(oids))
            store.append(unit.image, store.Points(oids, mag, 0.01 * flat, flat, 0 * flat, zero, zero, zero))
        _releases()
        survey.refresh("zr")  # while all is public: rights that are drawn later must hold back what the tiles show
        self._make_people()

    def _make_people(self) -> None:
        long_ago, hour = NOW - timedelta(days=9), timedelta(hours=1)
        self.people.append(Person("visitor", frozenset()))
        for programs in ((), (2,), (3,), (2, 3), (0,)):
            user = User.objects.create(username=f"reads{programs}")
            for one in programs:
                Membership.objects.create(user=user, program_id=one, since=long_ago)
            self._add(user, frozenset(programs))
        ended = User.objects.create(username="ended")
        Membership.objects.create(user=ended, program_id=2, since=long_ago, until=NOW - hour)
        Membership.objects.create(user=ended, program_id=3, since=NOW + hour)
        self._add(ended, frozenset())
        group = ReaderGroup.objects.create(name="group")
        group.programs.set([0, 3])
        member = User.objects.create(username="member")
        GroupMembership.objects.create(group=group, user=member, since=long_ago, until=NOW + timedelta(days=9))
        self._add(member, frozenset({0, 3}))
        self._add(User.objects.create(username="staff", is_staff=True), frozenset())
        self._add(User.objects.create(username="all", is_superuser=True, is_staff=True), frozenset({0, 1, 2, 3}))

    def _add(self, user: User, programs: frozenset[int]) -> None:
        self.people.append(Person(user.username, programs, user))
        scopes = [{"all"}, {"images", "catalogs"}, {"alerts"}, {"lightcurves", "tap"}][len(self.people) // 2 % 4]
        _, secret = tokens.make(user, "test", sorted(scopes), NOW + timedelta(days=3), Actor("test"))
        headers = {"Authorization": f"Bearer {secret}"}
        self.people.append(Person(f"{user.username} with a token", programs, user, headers, frozenset(scopes)))

    def remove(self) -> None:
        self.committed(leftovers.empty)
        self.committed(self._remove)
        self._pool.shutdown()

    def _remove(self) -> None:
        """Remove what it put into tables that are never empty."""
        Program.objects.update(listed=False)
        ProcessingVersion.objects.filter(name="deep").delete()
        connections.close_all()


def _releases() -> None:
    """One release that is public and one of programs 2 and 3 that is merely frozen; both hold every unit."""
    night = date_of_nid(nid_of_jd(JD))
    Release.objects.create(name="lists", title="lists", first_night=night, last_night=night, listed=True, families=[])
    factories.put_release("lists", state=Release.State.PUBLIC, published=NOW)
    for name in ("open", "closed"):
        release = Release.objects.create(name=name, title=name, first_night=night, last_night=night)
        release.programs.set([1])
        release = freeze(release, Actor("test"))
        if name == "open":
            factories.put_release(name, state=Release.State.PUBLIC, published=NOW)
        else:
            with transaction.atomic(), guard.acting(name):
                release.programs.set([2, 3])


def place(jd: float) -> tuple[float, float]:
    """The asteroid's position, degrees."""
    at = ephemeris(NUMBERED[ASTEROID], jd + 15 / 86400)
    return float(at.ra[0]), float(at.dec[0])


def _unit(number: int) -> Unit:
    jd = JD + 0.01 * number
    ra, dec = place(jd)
    centre = factories.footprint(ra, dec, RCID)
    east = (centre["ra"] - ra) * np.cos(np.radians(centre["dec"])) / np.cos(np.radians(dec))
    exposure = factories.exposure(jd=jd, ra=(ra - east) % 360, dec=dec - (centre["dec"] - dec))
    image = factories.science_image(
        exposure, RCID, seeing=1.5 + 0.1 * number, magzp=26.0, magzprms=0.02, clrcoeff=0.0, maglimit=20.0 + 0.1 * number
    )
    reference = factories.reference_image(
        RCID,
        field=600 + number,
        ra=exposure.ra,
        dec=exposure.dec,
        origin="ours",
        nframes=10 + number,
        endobsdate=exposure.obsdate,
    )
    RawImage.objects.create(exposure=exposure, ccdid=13, **factories.PUBLIC)
    DifferenceImage.objects.create(science=image, reference=reference, ncandidates=number, **factories.PUBLIC)
    version = ScienceVersion.objects.create(image=image, version_id="deep", magzp=25.0 + number, **factories.PUBLIC)
    cells, stars = [10 * number] * 64, [number + 1] * 64
    bins = {name: len(edges) - 1 for name, edges in EDGES.items()}
    runs = {name: [number] * count for name, count in bins.items()}
    runs |= {f"{name}_stars": [1] * count for name, count in bins.items()}
    ImageResiduals.objects.create(
        image=image, ra=cells, dec=cells, places=stars, mag=cells, lights=stars, **runs, **factories.PUBLIC,
    )  # fmt: skip
    oid = make_oid(655, 2, image.ccdid, image.qid, number + 1)
    Source.objects.create(
        oid=oid, ra=image.ra + 0.001 * number, dec=image.dec, field=655, ccdid=image.ccdid, qid=image.qid, rcid=RCID,
        fid=2, filtercode="zr", colour=0.0, **factories.cells(image.ra, image.dec),
        **factories.PUBLIC,
    )  # fmt: skip
    unit = Unit(number, image, reference, 9000 + number, oid, version)
    _files(unit)
    Alert.objects.create(
        candid=unit.candid, objectid=f"ZTF26aaaaaa{'abcdef'[number]}",
        pid=image.pid, jd=image.obsjd, nid=image.nid, fid=2,
        ra=image.ra, dec=image.dec, magpsf=17 + 0.1 * number, sigmapsf=0.1, isdiffpos=True, rb=0.9,
        packet=unit.files["alert"], packet_index=0, **factories.PUBLIC,
    )  # fmt: skip
    return unit


def _files(unit: Unit) -> None:
    """Files of the tree, each with bytes of its own."""
    n, image = unit.number, unit.image

    def add(key: str, name: str, family: str, product: int, suffix: str, write) -> None:
        path = f"{family}/rights/unit{n}_{name}"
        with storage.new_file(path) as temporary:
            write(temporary)
        stored = storage.stored(path)
        unit.files[key] = factories.product_file(
            path=path, family=family, product_id=product, suffix=suffix, size=stored.size, sha256=stored.sha256
        )

    add("sci", "sciimg.fits", "sci", image.pid, "sciimg.fits", lambda path: _pixels(path, image, n))
    add("cat", "psfcat.fits", "sci", image.pid, "psfcat.fits", lambda path: _catalog(path, n))
    add("ver", "versions_sciimg.fits", "ver", unit.version.pk, "sciimg.fits", lambda path: _pixels(path, image, n))
    add("ref", "refimg.fits", "ref", unit.rfid, "refimg.fits", lambda path: _pixels(path, image, n))
    add("raw", "o.fits", "raw", image.exposure_id, "o.fits", lambda path: path.write_bytes(b"raw %d" % n))
    add("alert", "alerts.avro", "alert", image.pid, "alerts.avro", lambda path: _packet(path, n, unit.candid))


def _pixels(path: Path, image, number: int) -> None:
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 32, "CRPIX2": 32})
    header.update({"CRVAL1": image.ra, "CRVAL2": image.dec, "CD1_1": -2.8e-4, "CD1_2": 0, "CD2_1": 0, "CD2_2": 2.8e-4})
    fits.PrimaryHDU(np.full(SHAPE, 1000 + number, np.float32), header).writeto(path)


def _catalog(path: Path, number: int) -> None:
    """A star in the middle of the image, brighter in each."""
    one = {"xpos": 32.0, "ypos": 32.0, "mag": -8.0 - 0.1 * number}
    columns = [fits.Column(name, "E", array=[value]) for name, value in one.items()]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)]).writeto(path)


def _packet(path: Path, number: int, candid: int) -> None:
    stamp = io.BytesIO()
    fits.PrimaryHDU(np.full((5, 5), number, np.float32)).writeto(stamp)
    data = {"stampData": gzip.compress(stamp.getvalue())}
    cutout = {"type": "record", "name": "cutout", "fields": [{"name": "stampData", "type": "bytes"}]}
    told = [{"name": "candid", "type": "long"}, {"name": "magpsf", "type": "double"}]
    candidate = {"type": "record", "name": "candidate", "fields": told}
    fields = [{"name": "objectId", "type": "string"}, {"name": "candidate", "type": candidate}]
    fields += [{"name": "cutoutScience", "type": cutout}]
    schema = {"type": "record", "name": "alert", "fields": fields}
    values = {"candid": candid, "magpsf": 17 + 0.1 * number}
    record = {"objectId": f"unit{number}", "candidate": values, "cutoutScience": data}
    with path.open("wb") as file:
        fastavro.writer(file, schema, [record])
