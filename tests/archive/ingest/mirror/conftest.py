"""Two archives: the one of the tests, served, and an empty one beside it that `manage.py mirror` fills."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import psycopg2
import pytest
from astropy.io import fits
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connections

from archive.files import storage
from archive.models import CalibrationImage, Exposure, Membership, ProductFile, ReferenceImage
from archive.survey.camera import filter_of
from archive.survey.filenames import cal_name, raw_name, ref_name, sci_name
from archive.survey.times import date_of_jd
from tests import factories, preloaded, servers
from tests.archive.services.irsa.conftest import header_of, pixel_values, write
from tests.conftest import REAL_DATA

PARTNER, PASSWORD = "mirror-partner", "a long password of a mirror"
CLOSED = {"programid": 2, "public_date": None}
LOCAL = f"test_mirror_{os.environ.get('PYTEST_XDIST_WORKER', 'local')}"  # files may run side by side


@dataclass
class Far:
    """What the other archive holds."""

    images: list = field(default_factory=list)
    files: dict[str, ProductFile] = field(default_factory=dict)
    address: str = ""
    curve: pd.DataFrame | None = None

    @property
    def paths(self) -> set[str]:
        return set(self.files)


def sciimg(image) -> fits.HDUList:
    """A small science image whose header says what ingest asks."""
    header = header_of(image)
    header.update(OBSJD=image.obsjd, EXPTIME=image.exptime, PROGRMID=image.programid, FIELDID=image.field)
    header.update(FILTER=filter_of(image.filtercode).name, IMGTYPE="object", MAGZP=26.1, INFOBITS=0, SEEING=2.0)
    return fits.HDUList([fits.PrimaryHDU(pixel_values(), header)])


def raw(image) -> fits.HDUList:
    """A small raw file: four quadrants, four overscan strips."""
    primary = fits.PrimaryHDU(header=sciimg(image)[0].header[-9:])
    return fits.HDUList([primary, *(fits.ImageHDU(pixel_values()[:40, :50]) for _ in range(8))])


@pytest.fixture(scope="module")
def far(committed, archive_root, tmp_path_factory) -> Iterator[Far]:
    """The other archive: open and closed images with files of every family, served; a partner of program 2."""
    held = Far()
    made = [factories.exposure(), factories.exposure(jd=factories.JD + 1, **CLOSED)]
    for exposure in made:
        image = factories.science_image(exposure, 50)
        held.images.append(image)
        rights = {"programid": image.programid, "public_date": image.public_date}
        for suffix in ("sciimg.fits", "mskimg.fits"):
            path = sci_name(image.filefracday, 655, "zr", 13, 3, suffix).path
            held.files[path] = write(path, sciimg(image), family="sci", product_id=image.pid, **rights)
        exposure.raw_images.create(ccdid=13, **rights)
        path = raw_name(image.filefracday, 655, "zr", 13).path
        held.files[path] = write(path, raw(image), family="raw", product_id=exposure.expid, **rights)
    reference = factories.reference_image()
    path = ref_name(655, "zr", 13, 3, "refimg.fits").path
    held.files[path] = write(path, sciimg(held.images[0]), family="ref", product_id=reference.rfid)
    calibration = CalibrationImage.objects.create(
        cid=136250002, caltype="bias", ccdid=13, qid=3, rcid=50, fid=0, filtercode="00", nightdate=20200924,
        nid=held.images[0].nid, nframes=20, startobsdate=held.images[0].obsdate, endobsdate=held.images[0].obsdate,
    )  # fmt: skip
    path = cal_name(20200924, "bias", "00", 13, 3, "bias.fits").path
    held.files[path] = write(
        path, fits.HDUList([fits.PrimaryHDU(pixel_values())]), family="cal", product_id=calibration.cid
    )
    held.curve = _images_of_a_curve(held)
    partner = User.objects.create_user(PARTNER, password=PASSWORD)
    Membership.objects.create(user=partner, program_id=2)
    connections.close_all()
    _make_local()
    with servers.portal(tmp_path_factory.mktemp("far")) as address:
        held.address = address
        yield held
    ProductFile.objects.filter(path__in=held.files).delete()
    Exposure.objects.all().delete()
    ReferenceImage.objects.all().delete()
    calibration.delete()
    partner.delete()
    connections.close_all()
    _run_on_server(f"DROP DATABASE IF EXISTS {LOCAL} WITH (FORCE)")


def _images_of_a_curve(held: Far) -> pd.DataFrame | None:
    """The first points of a real light curve, and rows of the images that they were measured on."""
    path = REAL_DATA / "lightcurves" / "u222-zg1.csv"
    if not path.is_file():
        return None
    table = pd.read_csv(path)[:6]
    for row in table.itertuples():
        jd = row.mjd + 2400000.5  # exactly: the real numbers are checked against it
        exposure = factories.exposure(
            jd=jd, obsjd=jd, obsdate=date_of_jd(jd), expid=row.expid, filefracday=row.filefracday, field=row.field,
            fid=1, filtercode="zg", ra=56.6, dec=63.5, **({} if row.programid == 1 else CLOSED),
        )  # fmt: skip
        factories.science_image(exposure, 4 * (row.ccdid - 1) + row.qid - 1)
    return table


@pytest.fixture
def curve(far):
    """The light curve that the other archive has the images of, and where it is."""
    return far.curve, f"{far.curve.ra[0]} {far.curve.dec[0]}"


def _make_local() -> None:
    """An empty archive beside the tests' own."""
    _run_on_server(f"DROP DATABASE IF EXISTS {LOCAL} WITH (FORCE)", f"CREATE DATABASE {LOCAL}")
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(command, env=servers.environment(LOCAL), cwd=settings.BASE_DIR, check=True)


def _run_on_server(*statements: str) -> None:
    known = connections["default"].settings_dict
    connection = psycopg2.connect(
        host=known["HOST"],
        port=known["PORT"] or None,
        user=known["USER"],
        password=known["PASSWORD"],
        dbname="postgres",
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


class Near:
    """The archive that is filled."""

    TABLES = ("productfile", "exposure", "referenceimage", "calibrationimage")

    def __init__(self, root: Path):
        self.root = root
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir()
        self.variables = {"ARCHIVE_ROOT": str(self.root)}
        self.environment = servers.environment(LOCAL) | self.variables | {"NO_PROXY": "*", "no_proxy": "*"}
        tables = [f"archive_{table}" for table in self.TABLES] + ["lightcurves_source", "lightcurves_detection"]
        self.sql(f"TRUNCATE {', '.join(tables)}, lightcurves_sourcestatistics CASCADE")

    def command(self, *words: str, python: tuple = ()) -> list[str]:
        python = python or preloaded.python(self.environment)
        return [*python, str(settings.BASE_DIR / "manage.py"), "mirror", "--delay", "0", "-v0", *words]

    def mirror(self, far: str, *words: str, ok: bool = True, **variables: str) -> subprocess.CompletedProcess:
        """Run manage.py mirror against a server."""
        done = subprocess.run(
            self.command("--server", far, *words), env=self.environment | variables, cwd=settings.BASE_DIR,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert (done.returncode == 0) == ok, done.stdout + done.stderr[-3000:]
        return done

    def sql(self, statement: str) -> list[tuple]:
        known = connections["default"].settings_dict
        connection = psycopg2.connect(
            host=known["HOST"], port=known["PORT"] or None, user=known["USER"], password=known["PASSWORD"], dbname=LOCAL
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
        connection.close()
        return rows

    def files(self) -> dict[str, bytes]:
        """Every file that is registered, and its bytes."""
        rows = self.sql("SELECT path FROM archive_productfile")
        return {path: (self.root / path).read_bytes() for (path,) in rows}


@pytest.fixture(scope="session")
def near_root(tmp_path_factory) -> Path:
    """The product tree beside the tests' own: always the same one, which processes with everything loaded know."""
    return tmp_path_factory.mktemp("near") / "archive"


@pytest.fixture
def near(far, near_root) -> Near:
    """An empty archive."""
    return Near(near_root)


def bytes_of(path: str) -> bytes:
    """A file of the other archive."""
    return storage.absolute(path).read_bytes()


os.environ.setdefault("NO_PROXY", "127.0.0.1")
