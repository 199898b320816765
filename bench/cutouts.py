"""Cutouts: what the shape of compression tiles costs and gives; previews; a reference into HiPS tiles.

One full quadrant (3072 x 3080, sky, noise and stars) is written plain and compressed (Rice, noise/8, subtractive
dither) in tiles of several shapes. Times are CPU, medians of repeated runs in one process on files that the system
has in memory. The file is compared with itself in other shapes, so that it does not matter whose sky it shows.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import fitsio
import numpy as np
from astropy.io import fits

from bench.report import Figure, report

NEEDS = ("postgres",)

SHAPE = (3080, 3072)
TILES = {"1x3072": (1, 3072), "64x64": (64, 64), "100x3072": (100, 3072), "128x128": (128, 128), "256x256": (256, 256)}
CHOSEN = "64x64"
SIZES = (60, 300)
TARGET_CUTOUT_MS = 60.0
STARS, SKY, NOISE = 4000, 400.0, 9.0
PIXEL = 1.012 / 3600


def run(quick: bool) -> None:
    """Measure and report."""
    repeats = 5 if quick else 21
    with tempfile.TemporaryDirectory() as folder:
        settings = _archive_at(Path(folder))
        header, data = _cards(), _frame()
        figures = {}
        plain = Path(settings.ARCHIVE_ROOT) / "plain.fits"
        fits.PrimaryHDU(data, header).writeto(plain)
        figures |= _of_file("plain", plain, repeats, None)
        for label, tile in TILES.items():
            path = Path(settings.ARCHIVE_ROOT) / f"{label}.fits.fz"
            write = _milliseconds(lambda path=path, tile=tile: _compress(path, data, header, tile), 3)
            figures |= _of_file(label, path, repeats, write)
        figures |= _of_pictures(plain, repeats) | _of_hips(data, header, 1 if quick else 3)
    notes = f"{SHAPE[1]} x {SHAPE[0]} px, {STARS} stars; products are written plain, differences in {CHOSEN} tiles."
    report("cutouts", figures, notes, quick)


def _archive_at(folder: Path):
    import django
    from django.conf import settings

    django.setup()
    settings.ARCHIVE_ROOT = folder
    return settings


def _cards() -> fits.Header:
    cards = fits.Header({"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV"})
    cards["CRVAL1"], cards["CRVAL2"], cards["CRPIX1"], cards["CRPIX2"] = 55.0, 33.0, 1536.0, 1540.0
    cards["CD1_1"], cards["CD1_2"], cards["CD2_1"], cards["CD2_2"] = -PIXEL, 0.0, 0.0, PIXEL
    cards["PV1_1"], cards["PV1_4"], cards["PV2_1"], cards["PV2_5"] = 1.0, 0.001, 1.0, 0.001
    return cards


def _frame() -> np.ndarray:
    rng = np.random.default_rng(5)
    data = rng.normal(SKY, NOISE, SHAPE).astype(np.float32)
    y, x = np.mgrid[-12:13, -12:13]
    for row, column, flux in zip(
        rng.integers(12, SHAPE[0] - 13, STARS),
        rng.integers(12, SHAPE[1] - 13, STARS),
        rng.pareto(1.0, STARS),
        strict=True,
    ):
        data[row - 12 : row + 13, column - 12 : column + 13] += 20 * flux * np.exp(-(x * x + y * y) / 3.0)
    return data


def _compress(path: Path, data: np.ndarray, header: fits.Header, tile: tuple[int, int]) -> None:
    path.unlink(missing_ok=True)
    cards = [{"name": card.keyword, "value": card.value} for card in header.cards]
    with fitsio.FITS(str(path), "rw") as file:
        file.write(data, compress="RICE", qlevel=8, qmethod="SUBTRACTIVE_DITHER_2", tile_dims=list(tile), header=cards)


def _of_file(label: str, path: Path, repeats: int, write: float | None) -> dict[str, Figure]:
    from archive.models import ProductFile
    from archive.pixels import rendering

    file = ProductFile(path=path.name)
    rng = np.random.default_rng(1)
    places = iter(rng.uniform(-0.35, 0.35, (1000, 2)))
    figures = {f"{label}: size": Figure(path.stat().st_size / 1e6, "MB")}
    if write is not None:
        figures[f"{label}: write"] = Figure(write, "ms", n=3)
    for size in SIZES:

        def cut(size=size):
            east, north = next(places)
            rendering.fits_bytes(
                rendering.cutout(file, 55.0 + east / np.cos(np.radians(33)), 33.0 + north, size * PIXEL)
            )

        goal = TARGET_CUTOUT_MS if size == 300 and label == CHOSEN else None
        figures[f"{label}: FITS cutout {size} px"] = Figure(_milliseconds(cut, repeats), "ms", goal, n=repeats)
    figures[f"{label}: read whole"] = Figure(_milliseconds(lambda: rendering.pixels(file), 3), "ms", n=3)
    return figures


def _of_pictures(path: Path, repeats: int) -> dict[str, Figure]:
    from archive.models import ProductFile
    from archive.pixels import rendering

    file = ProductFile(path=path.name)
    part = rendering.cutout(file, 55.0, 33.0, 300 * PIXEL).data
    makers = {
        "PNG of a 300 px cutout, with reading": lambda: rendering.png(
            rendering.cutout(file, 55.0, 33.0, 300 * PIXEL).data
        ),
        "PNG of 300 px in memory": lambda: rendering.png(part),
        "JPEG of 300 px in memory": lambda: rendering.jpeg(part),
        "preview 768 px PNG, with reading": lambda: rendering.png(rendering.pixels(file, 4)),
        "preview 768 px JPEG, with reading": lambda: rendering.jpeg(rendering.pixels(file, 4)),
    }
    return {label: Figure(_milliseconds(make, repeats), "ms", n=repeats) for label, make in makers.items()}


def _of_hips(data: np.ndarray, header: fits.Header, repeats: int) -> dict[str, Figure]:
    """All tiles of one quadrant: leaves, parents, encodings, files."""
    from archive.files import storage
    from archive.services.hips import tiles
    from archive.services.hips.config import HipsConfig
    from archive.sky.footprints import read_wcs

    config, weight = HipsConfig(), np.full(data.shape, 20, np.int16)
    source = tiles.Source(data, weight, read_wcs(header), SKY)
    count = 0

    def save(order: int, cell: int, tile: np.ndarray) -> None:
        nonlocal count
        count += 1
        for form in config.formats:
            content = (
                tiles.fits_bytes(tile, order, cell, "DN")
                if form == "fits"
                else tiles.picture_bytes(tile, config.stretches["zr"], form)
            )
            with storage.new_file(f"hips/{tiles.path(order, cell, form)}") as temporary:
                temporary.write_bytes(content)

    def everything() -> None:
        nonlocal count
        count = 0
        level = {int(cell): tiles.make(config.order, int(cell), [source]) for cell in _cells(tiles, source, config)}
        for order in range(config.order, -1, -1):
            for cell, tile in level.items():
                save(order, cell, tile)
            above = {cell >> 2 for cell in level} if order else set()
            level = {
                cell: tiles.parent({place: level[child] for place in range(4) if (child := cell * 4 + place) in level})
                for cell in above
            }

    everything()
    seconds = _milliseconds(everything, repeats) / 1000
    return {
        "HiPS: one reference, order 9": Figure(seconds, "s", n=repeats),
        "HiPS: tiles of one reference, all orders": Figure(count, "tiles"),
    }


def _cells(tiles, source, config) -> np.ndarray:
    return tiles.touched(source.wcs, source.image.shape, config.order)


def _milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Median CPU time; a first run, which compiles and fills caches, is left out."""
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return float(np.median(times) * 1000)
