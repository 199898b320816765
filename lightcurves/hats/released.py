"""The light curves that a release holds: its images and the objects in their places, as far as the reader sees them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.db import connections, router

from archive.files.atomic import put_in_place
from archive.models import Family, Release
from lightcurves.models import Source

IN_RELEASE = """
SELECT r.key FROM archive_releaseitem AS r JOIN archive_scienceimage AS i ON i.pid = r.key
WHERE r.release_id = %s AND r.kind = 'sci'
    AND i.programid IN (SELECT program_id FROM archive_release_programs WHERE release_id = %s)
ORDER BY r.key
"""
OBJECTS = """
SELECT hpx29, oid FROM lightcurves_source WHERE (field, rcid, fid) IN
(SELECT DISTINCT field, rcid, fid FROM archive_scienceimage WHERE pid = ANY(%s)) ORDER BY 1, 2
"""
Progress = Callable[[int, int], None]


class NothingToExportError(ValueError):
    """A release without light curves that the reader may see; the message says why."""


@dataclass(frozen=True)
class Exported:
    """Counts of what was written: objects, points, files, bytes."""

    objects: int
    points: int
    files: int
    size: int


@contextmanager
def appearing_whole(folder: Path) -> Iterator[Path]:
    """Another folder to write into, which gets the name when the block ends well, and is removed otherwise.

    Raises
    ------
    FileExistsError
        if there is a folder of this name: an export is not changed.
    """
    if folder.exists():
        raise FileExistsError(f"{folder}: is there already; an export is written once")
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        put_in_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def images_of(release: Release) -> np.ndarray:
    """The numbers of a release's images, ascending, as far as the reader of the context may see them.

    Raises
    ------
    NothingToExportError
        if the release has no light curves.
    """
    if Family.LIGHTCURVE not in release.families or release.is_draft:
        raise NothingToExportError(f"release {release.name}: is a draft, or of families without light curves")
    return rows(IN_RELEASE, [release.pk, release.pk]).reshape(-1)


def objects_of(pids: np.ndarray) -> np.ndarray:
    """HEALPix number and object number (n, 2) of the objects where images were taken, by place on the sky."""
    return rows(OBJECTS, [pids.tolist()]).reshape(-1, 2)


def rows(sql: str, values: list | dict) -> np.ndarray:
    """The rows of a query for whole numbers."""
    with connections[router.db_for_read(Source)].cursor() as cursor:
        cursor.execute(sql, values)
        return np.array(cursor.fetchall(), dtype=np.int64)
