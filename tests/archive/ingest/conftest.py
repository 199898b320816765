"""An archive that has one good file of every kind, and how it is compared with what it was.

Files are taken by `manage.py ingest` itself, in a process of its own, which commits what it writes.
"""

from __future__ import annotations

import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.db import connections

from archive.files import storage
from archive.models import Alert, Exposure, ProductFile, QuarantinedFile, RawImage, ReferenceImage, ScienceImage
from lightcurves.models import Source, SourceStatistics, ToldCurve
from processing.models import ForcedPoint
from tests import preloaded, servers
from tests.archive.ingest import goods

MODELS = (
    Exposure, RawImage, ScienceImage, ProductFile, Alert, ReferenceImage, Source, ToldCurve, SourceStatistics,
    ForcedPoint,
)  # fmt: skip


@dataclass
class Archive:
    """What it holds; its files come from below `folder`."""

    folder: Path

    def state(self) -> dict:
        """Every row of every table that ingest fills, and the checksum of every file as it lies on disk."""
        rows = {model.__name__: list(model.objects.order_by("pk").values()) for model in MODELS}
        files = {one.path: storage.checksum(one.on_disk) for one in ProductFile.objects.all()}
        return rows | {"on disk": files}

    def ingest(self, *words: object, ok: bool = True, python: tuple = ()):
        """Run manage.py ingest; `ok`: whether it is to take everything, `python`: by which interpreter."""
        python = python or preloaded.python(servers.environment())
        done = subprocess.run(
            [*python, "manage.py", "ingest", *map(str, words), "-v0"],
            env=servers.environment(), cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, timeout=1800,
        )  # fmt: skip
        assert (done.returncode == 0) == ok, done.stdout + done.stderr[-3000:]
        return done


@pytest.fixture
def empty(db, committed, tmp_path) -> Archive:
    """An archive of nothing."""
    tables = ", ".join(model._meta.db_table for model in (*MODELS, QuarantinedFile))
    with owner() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")
    return Archive(tmp_path)


@contextmanager
def owner():
    """A cursor of the database's owner, outside of the test's transaction; committed at the block's end."""
    known = connections["default"].get_connection_params()
    known = {name: known[name] for name in ("host", "port", "user", "password", "dbname") if known.get(name)}
    with closing(psycopg2.connect(**known)) as connection, connection, connection.cursor() as cursor:
        yield cursor


@pytest.fixture
def filled(empty) -> Archive:
    """An archive of one good file of every kind."""
    paths = [goods.write(empty.folder / "good" / kind, kind) for kind in goods.IN_ORDER]
    empty.ingest(*paths, "--origin", "ztf", "--public")
    return empty


def every_row_has_its_file() -> None:
    """The oracle: whatever happened, the file that a row tells of is there, with the row's size and checksum."""
    for row in ProductFile.objects.all():
        storage.check_whole(row.location, row.size, row.sha256)
