"""Cutouts of a list of targets as one tar: streamed while it is made, or as a user job with progress.

A tar holds TARGET/FILE.fits for every cutout (or pictures, or movies) and, at its end, manifest.csv: one line for each
cutout and for each target that has none, and why.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

from django.utils import timezone

from archive.access.memberships import reader_of_job
from archive.access.reading import Reader, reading
from archive.files.atomic import whole_file
from archive.jobs import dependencies, user_jobs
from archive.models import UserJob
from archive.products.bundles import result_path
from archive.targets import drawn
from archive.targets.cutouts import MOST_PIECES, CutoutRequest, CutoutsRefusedError, Piece, pieces
from archive.targets.frames import check_size
from archive.targets.lists import Target
from archive.targets.moving import Body, of_body

MOST_STREAMED = 100
COLUMNS = ("target", "ra", "dec", "file", "image", "filtercode", "obsjd", "seeing", "maglimit", "status")


def stream(asked: list[Target] | Body, request: CutoutRequest) -> Iterator[bytes]:
    """A tar, piece by piece, of at most MOST_STREAMED cutouts. The rows are read at once, the pixels while it runs.

    Raises
    ------
    CutoutsRefusedError
        at once, not while it runs.
    """
    _check(request)
    try:
        found = _found(asked, request, MOST_STREAMED)
    except CutoutsRefusedError as error:
        raise CutoutsRefusedError(f"{error}; or order them as a job, which may be larger") from error
    return _tar(found, request)


def order(asked: list[Target] | Body, request: CutoutRequest, reader: Reader, user=None) -> UserJob:
    """Ask for cutouts as a user job; it keeps the rights that its owner has now.

    Raises
    ------
    CutoutsRefusedError
    """
    _check(request)
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(request).items()
    }
    around: dict[str, object]
    if isinstance(asked, Body):
        around = {"body": {"name": asked.name, "elements": dict(asked.elements)}}
    else:
        around = {"targets": [[target.name, target.ra, target.dec] for target in asked]}
    parameters = {"wish": values, **around}
    return user_jobs.submit("cutouts", "archive.targets.bundle.make", parameters, user, reader.programs)


def _check(request: CutoutRequest) -> None:
    if request.content != "fits":
        check_size(request.size)


def _found(asked: list[Target] | Body, request: CutoutRequest, most: int) -> list[Piece]:
    return of_body(asked, request, most) if isinstance(asked, Body) else pieces(asked, request, most)


def make(job_id: str) -> None:
    """Write the tar of a job; started by the queue. Running it again gives the same file once."""
    user_jobs.carry_out(job_id, _make, (CutoutsRefusedError, OSError))


def _make(job: UserJob) -> None:
    body = job.parameters.get("body")
    asked = Body(**body) if body else [Target(*place) for place in job.parameters["targets"]]
    request = _request(job.parameters["wish"])
    with reading(reader_of_job(job)):
        found = _found(asked, request, MOST_PIECES)
    _write(job, found, request)


def _request(values: dict) -> CutoutRequest:
    times = {name: datetime.fromisoformat(values[name]) for name in ("since", "until") if values.get(name)}
    return CutoutRequest(**values | times)


def _write(job: UserJob, found: list[Piece], request: CutoutRequest) -> None:
    if not any(piece.file for piece in found):
        raise CutoutsRefusedError("no image that you may see covers any of the targets")
    dependencies.note(job, dependencies.on_files(piece.file.path for piece in found if piece.file))
    UserJob.objects.filter(pk=job.pk).update(total=len(found))
    path = result_path(job)

    def progress(done: int) -> None:
        UserJob.objects.filter(pk=job.pk).update(done=done)

    with whole_file(path, path.with_suffix(".part")) as temporary, temporary.open("wb") as file:
        for block in _tar(found, request, progress):
            file.write(block)


class _Blocks(io.RawIOBase):
    """Takes what a tar writes and gives it on."""

    def __init__(self):
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        content, self.parts = b"".join(self.parts), []
        return content


def _tar(
    found: Iterable[Piece], request: CutoutRequest, progress: Callable[[int], None] | None = None
) -> Iterator[bytes]:
    blocks, rows, done = _Blocks(), [], 0
    made = timezone.now().timestamp()
    with tarfile.open(fileobj=blocks, mode="w|", bufsize=tarfile.BLOCKSIZE) as tar:
        for group in drawn.groups(found, request.content):
            for entry in drawn.entries(group, request):
                if entry.content is not None:
                    _add(tar, entry.path, entry.content, made)
                rows += [_row(piece, entry.path, status) for piece, status in entry.pieces]
            done += len(group)
            if progress is not None:
                progress(done)
            yield blocks.taken()
        _add(tar, "manifest.csv", _manifest(rows), made)
    yield blocks.taken()


def _row(piece: Piece, path: str, status: str) -> list:
    image, target = piece.image, piece.target
    facts = [getattr(image, name, None) for name in ("pk", "filtercode", "obsjd", "seeing", "maglimit")]
    return [target.name, target.ra, target.dec, path if status == drawn.OK else "", *facts, status]


def _manifest(rows: list[list]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([["" if value is None else value for value in row] for row in rows])
    return text.getvalue().encode()


def _add(tar: tarfile.TarFile, path: str, content: bytes, made: float) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mtime = len(content), int(made)
    tar.addfile(entry, io.BytesIO(content))
