"""Matchfiles in the folders of IRSA's operations tree: rcNN/frAAAAAA-BBBBBB/ztf_FFFFFF_zX_cCC_qQ_match.pytable.

Folders hold fifty fields each. A file is made when it is asked for, with the points that its reader sees, and kept for
whoever sees the same; a large one is made by the queue.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import connections

from archive.access.reading import Reader, current_reader
from archive.files import kept
from archive.files.atomic import whole_file
from archive.models import UserJob
from archive.models.phases import WAITING
from archive.products import bundles
from archive.survey.camera import FILTER_BY_CODE, ccd_quadrant
from lightcurves.download import matchfile_jobs
from lightcurves.download.matchfiles import NoMatchfileError, Place, write
from lightcurves.storage import read, store

KEPT = "matchfiles"
ENDING = ".pytable"
CHANNELS = 64
FIELDS_IN_FOLDER = 50
MOST_AT_ONCE = 2_000_000  # points of a file that is made while somebody waits
_FOLDER = re.compile(r"fr([0-9]{6})-([0-9]{6})")
_FILE = re.compile(r"ztf_([0-9]{6})_(z[gri])_c([0-9]{2})_q([0-9])_match\.pytable")
_SEEN = "EXISTS (SELECT FROM lightcurves_source WHERE field = f.field AND rcid = %(rcid)s AND fid = fid.fid)"
# One step of the index for each field, however many sources it has.
_FIELDS = f"""
WITH RECURSIVE f (field) AS (
  (SELECT field FROM lightcurves_source ORDER BY field LIMIT 1)
  UNION ALL
  SELECT next.field FROM f CROSS JOIN LATERAL (
    SELECT field FROM lightcurves_source WHERE field > f.field ORDER BY field LIMIT 1
  ) AS next
)
SELECT DISTINCT f.field FROM f, unnest(ARRAY[1, 2, 3]) AS fid (fid) WHERE {_SEEN} ORDER BY 1
"""
_PLACES = f"""
SELECT f.field, fid.fid FROM generate_series(%(first)s, %(last)s) AS f (field), unnest(ARRAY[1, 2, 3]) AS fid (fid)
WHERE {_SEEN} ORDER BY 1, 2
"""
# All that a file is made of: objects, points (packed and others), and what the images of these tell.
_STATE = """
SELECT p.packed + p.single, concat_ws(' ', s.n, s.known, p.packed, p.last, p.single, p.images, e.known)
FROM (
  SELECT count(*) AS n, sum(hashtextextended(concat_ws(' ', oid, rfid, refmag, colour), 0)) AS known
  FROM lightcurves_source WHERE field = %(field)s AND rcid = %(rcid)s AND fid = %(fid)s
) AS s, (
  SELECT c.packed, c.last, d.single, d.images
  FROM (SELECT coalesce(sum(nobs), 0) AS packed, max(last_nid) AS last FROM lightcurves_chunk
        WHERE oid >= %(first)s AND oid < %(last)s) AS c,
       (SELECT count(*) AS single, sum(pid) AS images FROM lightcurves_detection
        WHERE oid >= %(first)s AND oid < %(last)s) AS d
) AS p, (
  SELECT sum(hashtextextended(concat_ws(' ',
      i.pid, i.infobits, i.seeing, i.magzpunc, i.nmatches, i.quality, e.pid, e.points, c.dzp), 0)) AS known
  FROM archive_scienceimage AS i
  LEFT JOIN lightcurves_image AS e ON e.pid = i.pid LEFT JOIN lightcurves_imagecorrection AS c ON c.pid = i.pid
  WHERE i.field = %(field)s AND i.rcid = %(rcid)s AND i.fid = %(fid)s
) AS e
"""


class NoSuchFolderError(LookupError):
    """A folder or file that is not in the tree, or holds nothing that the reader may see."""


@dataclass(frozen=True)
class Unfinished:
    """A file that the queue makes now."""

    job: UserJob


def folders(rcid: int) -> list[str]:
    """The folders of fields where a channel has objects."""
    fields = [field for (field,) in _rows(_FIELDS, {"rcid": rcid})]
    return sorted({folder_of(field) for field in fields})


def folder_of(field: int) -> str:
    """The name of the folder that has a field."""
    first = (field - 1) // FIELDS_IN_FOLDER * FIELDS_IN_FOLDER + 1
    return f"fr{max(first, 0):06}-{first + FIELDS_IN_FOLDER - 1:06}"


def places(rcid: int, folder: str) -> list[Place]:
    """The fields and filters of a folder where the channel has objects.

    Raises
    ------
    NoSuchFolderError
    """
    found = _FOLDER.fullmatch(folder)
    if found is None or folder_of(int(found[2])) != folder:
        raise NoSuchFolderError(f"{folder[:60]}: folders hold fifty fields each, for example {folder_of(245)}")
    ccdid, qid = ccd_quadrant(rcid)
    asked = {"rcid": rcid, "first": int(found[1]), "last": int(found[2])}
    return [Place(field, ccdid, qid, fid) for field, fid in _rows(_PLACES, asked)]


def place_named(rcid: int, folder: str, name: str) -> Place:
    """The place that a file's name tells, where the name belongs in this folder.

    Raises
    ------
    NoSuchFolderError
    """
    found = _FILE.fullmatch(name)
    if found is None or folder_of(int(found[1])) != folder or (int(found[3]), int(found[4])) != ccd_quadrant(rcid):
        raise NoSuchFolderError(f"{name[:60]}: there is no such file in rc{rcid:02}/{folder[:60]}")
    return Place(int(found[1]), int(found[3]), int(found[4]), FILTER_BY_CODE[found[2]].fid)


def file_of(place: Place, reader: Reader, user: AbstractUser | AnonymousUser) -> tuple[Path, str] | Unfinished:
    """The matchfile of a place as this reader sees it, with the key of its content; or that it is being made.

    Raises
    ------
    lightcurves.download.matchfiles.NoMatchfileError
        where there are no points that they see, or that a matchfile can hold.
    archive.jobs.quotas.QuotaExceededError
    """
    points, key = state(place, reader)
    path = kept.place(KEPT, key, ENDING)
    if points <= MOST_AT_ONCE or path.is_file():
        return kept.kept(KEPT, key, ENDING, lambda temporary: write(place, temporary)), key
    job = _ordered(place, reader, user)
    if job.phase in WAITING:
        return Unfinished(job)
    if job.phase != UserJob.Phase.COMPLETED:
        raise NoMatchfileError(job.message)
    return kept.kept(KEPT, key, ENDING, lambda temporary: _take_out(job, place, temporary)), key


def _ordered(place: Place, reader: Reader, user: AbstractUser | AnonymousUser) -> UserJob:
    asked = {"field": place.field, "ccdid": place.ccdid, "qid": place.qid, "edition": "mine"}
    return matchfile_jobs.order(asked | {"filtercode": read.FILTERS[place.fid]}, reader, user)


def _take_out(job: UserJob, place: Place, path: Path) -> None:
    with tarfile.open(bundles.result_path(job)) as tar, whole_file(path) as temporary:
        for entry in tar:
            if (source := tar.extractfile(entry)) is not None and entry.name.rpartition("/")[2] == place.name:
                with temporary.open("wb") as target:
                    while block := source.read(1 << 20):
                        target.write(block)
                return
    raise NoMatchfileError(f"{place.name}: there are no light curves of this place that you may see")


def state(place: Place, reader: Reader) -> tuple[int, str]:
    """The number of points of a place, and a key of all that its file is made of."""
    first, last = store.objects_of(place.field, place.rcid, place.fid)
    values = {"field": place.field, "rcid": place.rcid, "fid": place.fid, "first": first, "last": last}
    ((points, state),) = _rows(_STATE, values)
    return int(points), kept.key_of(place.name, reader.setting, state)


def _rows(sql: str, values: dict) -> list[tuple]:
    with connections["default" if current_reader() is None else "reader"].cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()
