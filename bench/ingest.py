"""Files from elsewhere into the archive: alert packets of a tar, raw frames, science images; each checked in full.

The database and the tree are of their own and are removed. The files are those of tests/archive/ingest/goods.py, the
packets with stamps of the size that real ones have.
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np

from bench.report import Figure, report

NEEDS = ("postgres", "redis")

FULL, QUICK = (5000, 40), (1000, 10)  # packets, images of a kind
STAMP = 15_000  # bytes of each of a packet's three pictures
PACKETS_TARGET = 15.0  # ms a packet: a thousand in 15 s
SIDE, STRIP = 1024, 30  # px of a quadrant of the demo, and of its overscan
SPACING = 60 / 86400  # d from exposure to exposure


def run(quick: bool) -> None:
    """Make the files, take them in, count."""
    packets, images = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="ztf-bench-") as folder:
        os.environ["ARCHIVE_ROOT"] = f"{folder}/archive"
        import django

        django.setup()
        from django.db import connections
        from django.test.utils import setup_databases, teardown_databases

        made = setup_databases(verbosity=0, interactive=False, aliases=["default", "reader"])
        try:
            figures = _measure(Path(folder), packets, images)
        finally:
            connections["reader"].close()
            teardown_databases(made, verbosity=0)
    report("ingest", figures, f"{packets} packets of {3 * STAMP // 1000} kB in a tar.gz", quick)


def _measure(folder: Path, packets: int, images: int) -> dict[str, Figure]:
    frames, science = _frames(folder / "raw", images), _science(folder / "sci", images)
    _seconds(frames[:1])  # starts the sandbox
    figures = {}
    tar = _tar(folder / "night.tar.gz", packets)
    figures["alert packet of a tar"] = Figure(1e3 * _seconds([tar], packets) / packets, "ms", PACKETS_TARGET, n=packets)
    for name, paths in (("raw frame", frames[1:]), ("science image", science)):
        size = paths[0].stat().st_size / 1e6
        figures[name] = Figure(1e3 * _seconds(paths) / len(paths), "ms", n=len(paths), peer={"MB each": size})
    return figures


def _seconds(paths: list[Path], rows: int | None = None) -> float:
    from archive.ingest import ingest

    began = time.perf_counter()
    taken = [ingest(path, "ztf") for path in paths]
    seconds = time.perf_counter() - began
    wanted, found = rows or len(paths), sum(one.rows for one in taken)
    if found != wanted or any(one.refused for one in taken):
        raise RuntimeError(f"{found} of {wanted} were taken; refused: {[one.refused[:3] for one in taken]}")
    return seconds


def _tar(path: Path, count: int) -> Path:
    from tests.archive.ingest import goods

    noise = np.random.default_rng(1).bytes(STAMP)
    pictures = {f"cutout{name}": noise for name in ("Science", "Template", "Difference")}
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for number in range(count):
            candid = goods.CANDID + number
            content = goods.alert(goods.candidate(candid=candid), **pictures)
            entry = tarfile.TarInfo(f"{candid}.avro")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def _frames(folder: Path, count: int) -> list[Path]:
    """Raw frames of noise, of the size that the demo's have."""
    from archive.survey.camera import QUADRANT_IDS, Camera
    from processing.simulate.detector import Readout
    from processing.simulate.raw import RawExposure, write_ccd
    from tests.archive.ingest import goods

    camera, rng = Camera().scaled(SIDE, SIDE, (goods.CCD,)), np.random.default_rng(1)
    pixels, strip = (rng.normal(1000, 20, shape).astype(np.uint16) for shape in ((SIDE, SIDE), (SIDE, STRIP)))
    readouts = {qid: Readout(pixels, strip, np.array([])) for qid in QUADRANT_IDS}
    return [
        write_ccd(folder, camera, RawExposure(_time(number), goods.FIELD, "zr", 30.0), goods.CCD, readouts)
        for number in range(count + 1)
    ]


def _science(folder: Path, count: int) -> list[Path]:
    from archive.survey import identifiers
    from tests.archive.ingest import goods

    made = []
    for number in range(count):
        jd = _time(count + 1 + number)
        stem = goods.STEM.replace(goods.STEM.split("_")[1], str(identifiers.filefracday_of_jd(jd)))
        cards = {"OBSJD": jd, "FILENAME": f"{stem}.fits", "DBEXPID": identifiers.expid_of_jd(jd)}
        made.append(goods.write(folder, "sci", goods.science(cards), f"{stem}_q3_sciimg.fits"))
    return made


def _time(number: int) -> float:
    from tests.archive.ingest import goods

    return round(goods.JD + number * SPACING, 6)
