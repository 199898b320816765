"""SODA's asynchronous jobs: many images and regions at once, on TAP's queue.

One cutout comes as FITS, several as a tar file with one FITS file each; where an image has nothing of a region, none.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from archive.access.memberships import reader_of_job
from archive.access.reading import reading
from archive.files.atomic import put_in_place
from archive.jobs import dependencies, quotas
from archive.models import ProductFile, QueryJob
from archive.services.protocol.errors import BadRequestError
from archive.services.protocol.parameters import Parameters
from archive.services.vo.soda import cutout

MOST = 1000  # cutouts of one job
FEW = 20  # that are made in seconds
SERVICE = "soda"
FITS, TAR = "application/fits", "application/x-tar"
OF_JOBS = ("PHASE", "RUNID", "ACTION", "DESTRUCTION", "EXECUTIONDURATION")  # of the job, not of its cutouts
KNOWN = ("ID", *cutout.SHAPES, *cutout.INTERVALS, "PLANES", "RESPONSEFORMAT")


def kept(parameters: Parameters) -> dict[str, str]:
    """Parameters as a job keeps them: several values of one stand on lines of their own."""
    return {name: "\n".join(parameters[name]) for name in KNOWN if name in parameters}


def unpacked(kept: Mapping[str, str]) -> dict[str, list[str]]:
    """A job's parameters as a request has them."""
    return {name: text.split("\n") for name, text in kept.items()}


def is_long(job: QueryJob) -> bool:
    """Whether a job makes so many cutouts that it is long work."""
    return _count(unpacked(job.parameters)) > FEW


def _count(parameters: Parameters) -> int:
    regions = sum(len(parameters.get(name, ())) for name in cutout.SHAPES)
    return max(len(set(parameters.get("ID", ()))), 1) * max(regions, 1)


def check(parameters: Parameters) -> None:
    """See that a job can be made of parameters: when it is made, when they are changed, and before it begins.

    Raises
    ------
    BadRequestError
    """
    if (count := _count(parameters)) > MOST:  # before they are looked at one by one
        raise BadRequestError(f"UsageError: {count} cutouts; one job makes {MOST} at most")
    try:
        cutout.check_known({name: values for name, values in parameters.items() if name not in OF_JOBS})
        cutout.check_format(parameters)
        if cutout.planes_of(parameters) is not None and not any(name in parameters for name in cutout.SHAPES):
            raise cutout.RefusedError("UsageError", cutout.WHOLE)
        for _ in _wanted(parameters):
            pass
    except cutout.RefusedError as error:
        raise BadRequestError(str(error)) from error


def write(job: QueryJob) -> dict:
    """Make a job's cutouts with its owner's rights; gives what becomes of the job.

    Raises
    ------
    BadRequestError
        with SODA's name of the fault, where an image may not be had or nothing of any lies in the regions.
    """
    parameters = unpacked(job.parameters)
    check(parameters)
    job.folder.mkdir(parents=True, exist_ok=True)
    temporary = job.folder / "result.part"
    with reading(reader_of_job(job)):
        try:
            paths: list[str] = []
            count = _write(parameters, temporary, paths, lambda size: quotas.check_room(job.asker, size))
            dependencies.note(job, dependencies.on_files(paths))
        except cutout.RefusedError as error:
            raise BadRequestError(str(error)) from error
    if not count:
        raise BadRequestError("UsageError: no image has anything of what was asked for")
    name, kind = ("result.fits", FITS) if count == 1 else ("result.tar", TAR)
    put_in_place(temporary, job.folder / name)
    return {"phase": QueryJob.Phase.COMPLETED, "result": name, "content_type": kind, "size": _size(job, name)}


def _size(job: QueryJob, name: str) -> int:
    return (job.folder / name).stat().st_size


def _write(parameters: Mapping[str, list[str]], path: Path, used: list[str], check_room: Callable[[int], None]) -> int:
    """Write one cutout as it is, several into a tar file; returns how many.

    `used` gets the files that they are of; `check_room`, told the bytes so far, raises where they are too many.
    """
    cutouts = _made(parameters, used)
    first, second = next(cutouts, None), next(cutouts, None)
    if first is None:
        return 0
    if second is None:
        path.write_bytes(first[1])
        return 1
    count = written = 0
    with tarfile.open(path, "w") as tar:
        for number, (name, body) in enumerate((first, second, *cutouts), 1):
            entry = tarfile.TarInfo(f"{number:04}_{name}")
            entry.size = len(body)
            written += len(body)
            check_room(written)
            tar.addfile(entry, io.BytesIO(body))
            count = number
    return count


def _made(parameters: Mapping[str, list[str]], used: list[str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each cutout that holds something."""
    for one in _wanted(parameters):
        try:
            file = cutout.file_of(cutout.dataset_of(one), one)
            used.append(file.path)
            yield f"cutout_{file.name.removesuffix('.fz')}", _content(file, one)
        except cutout.NothingLeftError:
            continue


def _content(file: ProductFile, parameters: Parameters) -> bytes:
    shape, names = cutout.shape_of(parameters), cutout.planes_of(parameters)
    return file.whole().read_bytes() if shape is None else cutout.cutout(file, shape, names)


def _wanted(parameters: Mapping[str, Sequence[str]]) -> Iterator[dict[str, list[str]]]:
    """Each image with each region, as one request has them.

    Raises
    ------
    soda.RefusedError
    """
    identifiers = list(dict.fromkeys(parameters.get("ID", ()))) or [""]
    regions = [{name: [text]} for name in cutout.SHAPES for text in parameters.get(name, ())] or [{}]
    shared = {name: list(parameters[name]) for name in (*cutout.INTERVALS, "PLANES") if name in parameters}
    for identifier, region in product(identifiers, regions):
        one = {"ID": [identifier]} if identifier else {}
        cutout.dataset_of(one)
        cutout.shape_of(region)
        yield one | region | shared
