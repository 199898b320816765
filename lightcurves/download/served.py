"""Files of public releases as they are served: HATS collections and bulk files, a tree for each release.

They hold what everybody may see, and are written by `manage.py lightcurves files`. Written again they take in new
points: a tree is made beside the one that is served, unchanged files are links to its files (or to those of an earlier
release), and it takes its place as a whole. Nothing is served of a release that is not public, or after something was
closed that went into its files.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.db import connections

from archive.access.reading import ANYONE, current_reader, reading
from archive.files.atomic import put_in_place
from archive.jobs import dependencies
from archive.models import Release
from lightcurves.download import editions
from lightcurves.download.tree import Tree
from lightcurves.hats import collection
from lightcurves.hats.partitions import OBJECTS_IN_FILE
from lightcurves.hats.released import Exported, NothingToExportError, Progress

FILES_LOCK = 20  # class of our advisory locks: who writes the files of a release
RESTS = ".rests.json"  # beside what is served; no list names it
HATS, BULK = "hats", "bulk"
LIGHT_CURVES, OBJECTS = f"{HATS}/lc/hats", f"{HATS}/objects/hats"
_PLAIN = re.compile("[a-z][a-z0-9_]{0,30}")
_OLD_FOLDER = re.compile("field([0-9]{4})")


class NotServedError(LookupError):
    """A release, or a file of one, that is not served; the message says why."""


def write(name: str, progress: Progress | None = None, most: int = OBJECTS_IN_FILE) -> dict[str, Exported]:
    """Write or renew the files of a public release; returns what there is, by kind.

    most : objects in a partition of a HATS catalog

    Raises
    ------
    NotServedError
        if there is no such public release.
    lightcurves.hats.released.NothingToExportError
        if it has no light curves; what was served of it is not served any more.
    """
    release = Release.objects.using("default").filter(name=name, state=Release.State.PUBLIC).first()
    if release is None:
        raise NotServedError(f"release={name!r}: there is no such public release")
    if not _PLAIN.fullmatch(name):
        raise NothingToExportError(f"release {name}: IRSA's paths have plain names only, such as dr1")
    with _alone(name):
        settings.EXPORT_ROOT.mkdir(parents=True, exist_ok=True)
        folder = settings.EXPORT_ROOT / f".{name}.{uuid4().hex}"
        try:
            return _write(release, folder, progress, most)
        except NothingToExportError:  # nor is there any more in the files that are served
            (settings.EXPORT_ROOT / name).unlink(missing_ok=True)
            raise
        finally:
            if not (folder / RESTS).exists():
                shutil.rmtree(folder, ignore_errors=True)


def _write(release: Release, folder: Path, progress: Progress | None, most: int) -> dict[str, Exported]:
    folder.mkdir()
    rests = _rests(release)
    before = _current(release.name)
    tree = Tree(folder, before or _earlier(release))
    with reading(ANYONE):
        done = {}
        for kind, place in ((collection.LIGHT_CURVES, LIGHT_CURVES), (collection.OBJECTS, OBJECTS)):
            content = collection.CONTENTS[kind](release)
            done[kind] = collection.write(tree, place, content, release, progress, most)
        done[BULK] = editions.write(tree, BULK, release, editions.BULK, progress)
    tree.remember()
    rests = {"releases": sorted({*rests["releases"], *_rests(release)["releases"]})}
    (folder / RESTS).write_text(json.dumps(rests))
    link = folder.with_name(f"{folder.name}.link")
    link.symlink_to(folder.name)
    put_in_place(link, settings.EXPORT_ROOT / release.name)
    for other in settings.EXPORT_ROOT.glob(f".{release.name}.*"):
        if other not in (folder, before):  # what somebody is reading stays until the next time
            shutil.rmtree(other, ignore_errors=True)
    return done


def releases() -> list[str]:
    """The releases whose files the reader of the context may have."""
    if not settings.EXPORT_ROOT.is_dir():
        return []
    found = sorted(path.name for path in settings.EXPORT_ROOT.iterdir() if path.is_symlink() and path.name[0] != ".")
    return [name for name in found if _is_served(name)]


def place_of(name: str, kind: str, path: str) -> Path:
    """A file or folder of a release's tree; `kind` is HATS or BULK, `path` may be empty.

    The folder of a field's bulk files is found with four digits too (0/field0655/), as IRSA's first such one has it.

    Raises
    ------
    NotServedError
    """
    parts = [part for part in path.split("/") if part]
    if _is_served(name) and not any(part.startswith(".") for part in parts):
        tree = _current(name)
        assert tree is not None
        if kind == BULK and len(parts) > 1 and (old := _OLD_FOLDER.fullmatch(parts[1])):
            parts[1] = f"field{old[1]:0>6}"
        found = tree.joinpath(kind, *parts)
        if found.is_dir() or (found.is_file() and not path.endswith("/")):
            return found
    raise NotServedError(f"{path[:100] or name[:100]}: there is no such file here, or it is not public")


def _is_served(name: str) -> bool:
    reader = current_reader() or ANYONE
    if not _PLAIN.fullmatch(name) or not Release.objects.filter(name=name, state=Release.State.PUBLIC).exists():
        return False
    tree = _current(name)
    return tree is not None and dependencies.is_open(json.loads((tree / RESTS).read_text()), reader)


def _current(name: str) -> Path | None:
    """The tree of a release that is served now."""
    path = settings.EXPORT_ROOT / name
    return path.resolve() if path.is_dir() else None


def _earlier(release: Release) -> Path | None:
    """The tree of the public release that ends last before this one, if it has any."""
    others = Release.objects.using("default").filter(state=Release.State.PUBLIC, last_night__lte=release.last_night)
    names = others.exclude(pk=release.pk).order_by("-last_night", "-published").values_list("name", flat=True)
    return next((tree for name in names if _PLAIN.fullmatch(name) and (tree := _current(name)) is not None), None)


def _rests(release: Release) -> dict:
    found = dependencies.on_tables([dependencies.LIGHTCURVES], ANYONE)
    return {"releases": sorted({*found["releases"], release.pk})}


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Nobody else writes the files of this release meanwhile."""
    connection = connections.create_connection("default")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [FILES_LOCK, name])
            yield
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [FILES_LOCK, name])
    finally:
        connection.close()
