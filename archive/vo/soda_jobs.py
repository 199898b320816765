"""SODA's asynchronous jobs: many images and regions at once, on TAP's queue.

One cutout comes as FITS, several as a tar file with one FITS file each; where an image has nothing of a region, none.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

from archive import storage
from archive.access import reading
from archive.members import reader_of_job
from archive.models import ProductFile, QueryJob
from archive.vo import dal, soda, tap

MOST = 1000  # cutouts of one job
SERVICE = "soda"
FITS, TAR = "application/fits", "application/x-tar"
KNOWN = ("ID", *soda.SHAPES, *soda.INTERVALS, "RESPONSEFORMAT")


def kept(parameters: dal.Parameters) -> dict[str, str]:
    """Parameters as a job keeps them: several values of one stand on lines of their own."""
    return {name: "\n".join(parameters[name]) for name in KNOWN if name in parameters}


def check(parameters: dal.Parameters) -> None:
    """See that a job can be made of parameters.

    Raises
    ------
    tap.BadRequest
    """
    try:
        count = len(list(_wanted(parameters)))
    except soda.Refused as error:
        raise tap.BadRequest(str(error)) from error
    if count > MOST:
        raise tap.BadRequest(f"UsageError: {count} cutouts; one job makes {MOST} at most")


def write(job: QueryJob) -> dict:
    """Make a job's cutouts with its owner's rights; gives what becomes of the job.

    Raises
    ------
    tap.BadRequest
        with SODA's name of the fault, where an image may not be had or nothing of any lies in the regions.
    """
    parameters = {name: text.split("\n") for name, text in job.parameters.items()}
    job.folder.mkdir(parents=True, exist_ok=True)
    temporary = job.folder / "result.part"
    with reading(reader_of_job(job)):
        try:
            count = _write(parameters, temporary)
        except soda.Refused as error:
            raise tap.BadRequest(str(error)) from error
    if not count:
        raise tap.BadRequest("UsageError: no image has anything of what was asked for")
    name, kind = ("result.fits", FITS) if count == 1 else ("result.tar", TAR)
    temporary.replace(job.folder / name)
    return {"phase": QueryJob.Phase.COMPLETED, "result": name, "content_type": kind, "size": _size(job, name)}


def _size(job: QueryJob, name: str) -> int:
    return (job.folder / name).stat().st_size


def _write(parameters: Mapping[str, list[str]], path: Path) -> int:
    """Write one cutout as it is, several into a tar file; returns how many."""
    cutouts = _made(parameters)
    first, second = next(cutouts, None), next(cutouts, None)
    if first is None:
        return 0
    if second is None:
        path.write_bytes(first[1])
        return 1
    count = 0
    with tarfile.open(path, "w") as tar:
        for number, (name, body) in enumerate((first, second, *cutouts), 1):
            entry = tarfile.TarInfo(f"{number:04}_{name}")
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
            count = number
    return count


def _made(parameters: Mapping[str, list[str]]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each cutout that holds something."""
    for one in _wanted(parameters):
        try:
            file = soda.file_of(soda.dataset_of(one), one)
            yield f"cutout_{file.name.removesuffix('.fz')}", _content(file, soda.shape_of(one))
        except soda.Nothing:
            continue


def _content(file: ProductFile, shape) -> bytes:
    return storage.absolute(file.path).read_bytes() if shape is None else soda.cutout(file, shape)


def _wanted(parameters: Mapping[str, list[str]]) -> Iterator[dict[str, list[str]]]:
    """Each image with each region, as one request has them.

    Raises
    ------
    soda.Refused
    """
    identifiers = list(dict.fromkeys(parameters.get("ID", ()))) or [""]
    regions = [{name: [text]} for name in soda.SHAPES for text in parameters.get(name, ())] or [{}]
    limits = {name: list(parameters[name]) for name in soda.INTERVALS if name in parameters}
    for identifier, region in product(identifiers, regions):
        one = {"ID": [identifier]} if identifier else {}
        soda.dataset_of(one)
        soda.shape_of(region)
        yield one | region | limits
