"""Cutouts of a list of targets as one tar: streamed while it is made, or as a user job with progress.

A tar holds TARGET/FILE.fits for every cutout and, at its end, manifest.csv: one line for each cutout and for each
target that has none, and why.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

import structlog
from django.utils import timezone

from archive.access.memberships import reader_of_job
from archive.access.reading import Reader, reading
from archive.files.atomic import whole_file
from archive.jobs import dependencies, user_jobs
from archive.models import UserJob
from archive.pixels import rendering
from archive.products.bundles import result_path
from archive.targets.cutouts import CutoutRequest, CutoutsRefusedError, Piece, pieces
from archive.targets.lists import Target

MOST_STREAMED = 100
COLUMNS = ("target", "ra", "dec", "file", "image", "filtercode", "obsjd", "seeing", "maglimit", "status")
NO_IMAGE = "no image that you may see covers it"
log = structlog.get_logger("archive.targets")


def stream(targets: list[Target], request: CutoutRequest) -> Iterator[bytes]:
    """A tar, piece by piece, of at most MOST_STREAMED cutouts. The rows are read at once, the pixels while it runs.

    Raises
    ------
    CutoutsRefusedError
        at once, not while it runs.
    """
    try:
        found = pieces(targets, request, most=MOST_STREAMED)
    except CutoutsRefusedError as error:
        raise CutoutsRefusedError(f"{error}; or order them as a job, which may be larger") from error
    return _tar(found, request)


def order(targets: list[Target], request: CutoutRequest, reader: Reader, user=None) -> UserJob:
    """Ask for cutouts as a user job; it keeps the rights that its owner has now."""
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(request).items()
    }
    places = [[target.name, target.ra, target.dec] for target in targets]
    parameters = {"wish": values, "targets": places}
    return user_jobs.submit("cutouts", "archive.targets.bundle.make", parameters, user, reader.programs)


def make(job_id: str) -> None:
    """Write the tar of a job; started by the queue. Running it again gives the same file once."""
    user_jobs.carry_out(job_id, _make, (CutoutsRefusedError, OSError))


def _make(job: UserJob) -> None:
    targets = [Target(*place) for place in job.parameters["targets"]]
    request = _request(job.parameters["wish"])
    with reading(reader_of_job(job)):
        found = pieces(targets, request)
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
    blocks, rows = _Blocks(), []
    made = timezone.now().timestamp()
    with tarfile.open(fileobj=blocks, mode="w|", bufsize=tarfile.BLOCKSIZE) as tar:
        for done, piece in enumerate(found, 1):
            content, status = _cut(piece, request.size)
            rows.append(_row(piece, status, content is not None))
            if content is not None:
                _add(tar, piece.path, content, made)
            if progress is not None:
                progress(done)
            yield blocks.taken()
        _add(tar, "manifest.csv", _manifest(rows), made)
    yield blocks.taken()


def _cut(piece: Piece, size: float) -> tuple[bytes | None, str]:
    """One cutout, or None and what hinders: a damaged file spoils its own cutout, not the others."""
    if piece.file is None:
        return None, NO_IMAGE
    try:
        return rendering.fits_bytes(rendering.cutout(piece.file, piece.target.ra, piece.target.dec, size)), "ok"
    except rendering.BadCutoutError as error:
        return None, str(error)
    except OSError as error:
        log.warning("cutout failed", file=piece.file.path, reason=str(error))
        return None, f"{piece.file.name} cannot be read"


def _row(piece: Piece, status: str, made: bool) -> list:
    image, target = piece.image, piece.target
    facts = [getattr(image, name, None) for name in ("pk", "filtercode", "obsjd", "seeing", "maglimit")]
    return [target.name, target.ra, target.dec, piece.path if made else "", *facts, status]


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
