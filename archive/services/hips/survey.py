"""The HiPS of a filter's public references on disk: what it is made of, and bringing it up to date.

Tiles are made anew from all references that touch them, in the order of their numbers, so that any history of
updates ends with the same bytes. The database says which references stand in which tiles
(archive.services.hips.models); it learns of a reference before its tiles are written and forgets it after they were
written without it. So a crash leaves nothing on disk that is not known, and the next update finishes the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import structlog
from astropy.io import fits
from django.db import connection, transaction
from django.db.models import Exists, Max, Min, OuterRef, QuerySet

from archive.access.reading import ANYONE, PUBLIC, reading
from archive.files import storage
from archive.models import Family, ProductFile, ReferenceImage
from archive.services.hips import coverage, describe, tiles
from archive.services.hips.config import FILTERS, HipsConfig
from archive.services.hips.models import Member, MemberTile
from archive.sky.footprints import read_wcs
from archive.survey.times import MJD_UNIX_EPOCH, SECONDS_PER_DAY

ROOT = "hips"
HIPS_LOCK = 13  # class of our advisory locks: who renews the tiles of a filter
LEVEL_STEP = 16  # px between those whose median is the sky
OPEN_SOURCES = 16  # references held open; their pixels are read as they are needed
log = structlog.get_logger("archive.hips")


@dataclass(frozen=True)
class Made:
    """The counts of an update."""

    references: int
    tiles: int
    removed: int


@dataclass(frozen=True)
class _Files:
    """The files of a reference, and what its tiles depend on."""

    image: ProductFile
    weight: ProductFile | None
    digest: str


def refresh(
    filtercode: str,
    rfids: Iterable[int] | None = None,
    config: HipsConfig = HipsConfig(),  # noqa: B008 (frozen)
    anew: bool = False,
) -> Made:
    """Make a filter's HiPS show its public references as they are now.

    Parameters
    ----------
    rfids : the references to look at; all where not given
    anew : make their tiles again even if nothing about them changed

    Only tiles of references that are new, changed, gone or no longer public are made, and their parents.
    """
    if filtercode not in FILTERS:
        raise ValueError(f"filtercode={filtercode!r}: use one of {', '.join(FILTERS)}")
    chosen = None if rfids is None else set(rfids)
    with _alone(filtercode):
        current = _public(filtercode, config, chosen)
        known = Member.objects.filter(filtercode=filtercode)
        known = dict((known if chosen is None else known.filter(pk__in=chosen)).values_list("rfid", "digest"))
        changed = {rfid for rfid, files in current.items() if anew or known.get(rfid) != files.digest}
        gone = known.keys() - current.keys()
        if not changed and not gone:
            return Made(0, 0, 0)
        before = _cells_of(changed | gone)
        after = {rfid: _touched(current[rfid], config.order) for rfid in changed}
        _announce(filtercode, after)
        dirty = before.union(*after.values())
        made = _Writer(filtercode, config, dirty).write(sorted(dirty))
        _settle(filtercode, current, after, gone)
        log.info("hips renewed", filter=filtercode, references=len(changed), gone=len(gone), tiles=made.tiles)
        return Made(len(changed) + len(gone), made.tiles, made.removed)


def folder(filtercode: str) -> str:
    """The folder of a filter's HiPS in the tree."""
    return f"{ROOT}/{filtercode}"


def visible(filtercode: str, order: int | None = None, cell: int = 0, finest: int = HipsConfig.order) -> bool:
    """Whether who reads now may read every reference that a tile shows; without an order, that the whole HiPS shows.

    Its file is what counts: a reference may be listed whose pixels are closed. Between a reference's withdrawal and
    the renewal of its tiles this keeps them back.
    """
    rows = MemberTile.objects.filter(filtercode=filtercode)
    if order is None:
        rfids = list(Member.objects.filter(filtercode=filtercode).values_list("rfid", flat=True))
    else:
        below = 2 * (finest - order)
        inside = rows.filter(cell__gte=cell << below, cell__lt=(cell + 1) << below)
        rfids = list(inside.values_list("member_id", flat=True).distinct())
    return bool(rfids) and readable(ReferenceImage.objects.filter(pk__in=rfids)).count() == len(rfids)


def readable(references: QuerySet[ReferenceImage]) -> QuerySet[ReferenceImage]:
    """Those whose pixels the reader may read."""
    files = ProductFile.objects.filter(family=Family.REF, product_id=OuterRef("pk"), suffix__startswith="refimg.fits")
    return references.filter(Exists(files))


def start(filtercode: str) -> dict[str, float]:
    """The first view for a viewer: `ra`, `dec` and `fov`, degrees."""
    values = describe.read(storage.absolute(f"{folder(filtercode)}/properties").read_text())
    return {name: float(values[f"hips_initial_{name}"]) for name in ("ra", "dec", "fov")}


@contextmanager
def _alone(filtercode: str) -> Iterator[None]:
    number = list(FILTERS).index(filtercode)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [HIPS_LOCK, number])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [HIPS_LOCK, number])


def _public(filtercode: str, config: HipsConfig, rfids: set[int] | None) -> dict[int, _Files]:
    """The references that anyone may see, with their files."""
    with reading(ANYONE):
        rows = ReferenceImage.objects.filter(filtercode=filtercode, programid=PUBLIC)
        rows = rows if rfids is None else rows.filter(pk__in=rfids)
        numbers = list(rows.values_list("pk", flat=True))
        suffixes = ("refimg.fits", "refcov.fits", "refimg.fits.fz", "refcov.fits.fz")
        files = ProductFile.objects.filter(family="ref", product_id__in=numbers, suffix__in=suffixes)
        by_suffix = {(file.product_id, file.suffix[:6]): file for file in files}
    found = {}
    for rfid in numbers:
        image, weight = by_suffix.get((rfid, "refimg")), by_suffix.get((rfid, "refcov"))
        if image is not None:
            parts = (image.sha256, weight.sha256 if weight else "", repr(config))
            digest = hashlib.sha256(" ".join(parts).encode()).hexdigest()
            found[rfid] = _Files(image, weight, digest)
    return found


def _touched(files: _Files, order: int) -> set[int]:
    _, header = _image(files.image)
    shape = (header["NAXIS2"], header["NAXIS1"])
    return set(map(int, tiles.touched(read_wcs(header), shape, order)))


def _cells_of(rfids: set[int]) -> set[int]:
    return set(MemberTile.objects.filter(member__in=rfids).values_list("cell", flat=True))


def _announce(filtercode: str, after: dict[int, set[int]]) -> None:
    """Say which tiles are about to show which references."""
    with transaction.atomic():
        for rfid, cells in after.items():
            Member.objects.update_or_create(rfid=rfid, defaults={"filtercode": filtercode, "digest": ""})
            rows = [MemberTile(member_id=rfid, filtercode=filtercode, cell=cell) for cell in sorted(cells)]
            MemberTile.objects.bulk_create(rows, ignore_conflicts=True)


def _settle(filtercode: str, current: dict[int, _Files], after: dict[int, set[int]], gone: set[int]) -> None:
    """Say that the tiles are written: what they no longer show is forgotten."""
    with transaction.atomic():
        Member.objects.filter(pk__in=gone).delete()
        for rfid, cells in after.items():
            MemberTile.objects.filter(member=rfid).exclude(cell__in=cells).delete()
            Member.objects.filter(pk=rfid).update(digest=current[rfid].digest)


class _Writer:
    """Writes the tiles of one update."""

    def __init__(self, filtercode: str, config: HipsConfig, dirty: set[int]):
        self.filtercode, self.config = filtercode, config
        self.stretch = config.stretches[filtercode]
        beside = MemberTile.objects.filter(filtercode=filtercode, cell__in=dirty)
        self.public = _public(filtercode, config, set(beside.values_list("member_id", flat=True)))
        self.source = lru_cache(OPEN_SOURCES)(self._open)

    def write(self, dirty: list[int]) -> Made:
        """Renew tiles of the finest order and all above them, then what describes the whole."""
        written = removed = 0
        config, present = self.config, set()
        for cell in dirty:
            if (tile := self._leaf(cell)) is not None:
                present.add(cell)
            written, removed = written + (tile is not None), removed + (tile is None)
            self._put(config.order, cell, tile)
        cells = dirty
        for order in range(config.order - 1, -1, -1):
            cells = sorted({cell >> 2 for cell in cells})
            changed = {cell: self._above(order, cell) for cell in cells}
            for cell, tile in changed.items():
                written, removed = written + (tile is not None), removed + (tile is None)
                self._put(order, cell, tile)
            if order == tiles.ALLSKY_ORDER:
                self._allsky(changed)
        self._describe(dirty, present)
        return Made(0, written, removed)

    def _leaf(self, cell: int) -> np.ndarray | None:
        rows = MemberTile.objects.filter(filtercode=self.filtercode, cell=cell).order_by("member_id")
        rfids = [rfid for rfid in rows.values_list("member_id", flat=True) if rfid in self.public]
        tile = tiles.make(self.config.order, cell, [self.source(rfid) for rfid in rfids]) if rfids else None
        return tile if tile is not None and np.isfinite(tile).any() else None

    def _open(self, rfid: int) -> tiles.Source:
        files = self.public[rfid]
        image, header = _image(files.image)
        weight = None if files.weight is None else _image(files.weight)[0]
        sparse = image[::LEVEL_STEP, ::LEVEL_STEP]
        covered = np.isfinite(sparse) if weight is None else weight[::LEVEL_STEP, ::LEVEL_STEP] > 0
        level = float(np.median(sparse[covered & np.isfinite(sparse)])) if covered.any() else 0.0
        magzp = header.get("MAGZP", self.config.zero_points[self.filtercode])
        factor = 10 ** (0.4 * (self.config.zero_points[self.filtercode] - magzp))
        return tiles.Source(image, weight, read_wcs(header), level, factor)

    def _above(self, order: int, cell: int) -> np.ndarray | None:
        paths = {place: self._path(order + 1, (cell << 2) | place, "fits") for place in range(4)}
        children = {place: tiles.from_fits(path.read_bytes()) for place, path in paths.items() if path.is_file()}
        return tiles.parent(children) if children else None

    def _put(self, order: int, cell: int, tile: np.ndarray | None) -> None:
        for form in self.config.formats:
            if tile is None:
                self._path(order, cell, form).unlink(missing_ok=True)
            elif form == "fits":
                self._write(tiles.path(order, cell, form), tiles.fits_bytes(tile, order, cell, self.config.unit))
            else:
                self._write(tiles.path(order, cell, form), tiles.picture_bytes(tile, self.stretch, form))

    def _allsky(self, changed: dict[int, np.ndarray | None]) -> None:
        name = f"Norder{tiles.ALLSKY_ORDER}/Allsky"
        before = storage.absolute(f"{folder(self.filtercode)}/{name}.fits")
        old = tiles.allsky_from_fits(before.read_bytes()) if before.is_file() else None
        empty = np.full((tiles.SIDE, tiles.SIDE), np.nan, np.float32)
        mosaic = tiles.allsky({cell: empty if tile is None else tile for cell, tile in changed.items()}, old)
        self._write(f"{name}.fits", tiles.allsky_fits(mosaic, self.config.unit))
        for form in self.config.formats:
            if form != "fits":
                self._write(f"{name}.{tiles.EXTENSIONS[form]}", tiles.allsky_picture(mosaic, self.stretch, form))

    def _describe(self, dirty: list[int], present: set[int]) -> None:
        order, path = self.config.order, storage.absolute(f"{folder(self.filtercode)}/Moc.fits")
        known = set(map(int, coverage.read(path.read_bytes()).to_order(order).flatten())) if path.is_file() else set()
        cells = (known - set(dirty)) | present
        moc = coverage.of_cells(np.array(sorted(cells)), order)
        self._write("Moc.fits", coverage.written(moc, "fits"))
        with reading(ANYONE):
            rows = ReferenceImage.objects.filter(filtercode=self.filtercode, programid=PUBLIC).order_by("pk")
            facts = rows.aggregate(Max("public_date"), Min("startobsdate"), Max("endobsdate"))
            first = rows.first()
        times = [facts["startobsdate__min"], facts["endobsdate__max"]]
        mjd = tuple(time.timestamp() / SECONDS_PER_DAY + MJD_UNIX_EPOCH for time in times) if all(times) else None
        properties = self._path_of("properties")
        if first is None or not cells:
            properties.unlink(missing_ok=True)
            return
        values = describe.properties(
            self.filtercode, self.config, facts["public_date__max"], moc.sky_fraction, (first.ra, first.dec), mjd
        )
        self._write("properties", describe.written(values).encode())

    def _path(self, order: int, cell: int, form: str):
        return self._path_of(tiles.path(order, cell, form))

    def _path_of(self, name: str):
        return storage.absolute(f"{folder(self.filtercode)}/{name}")

    def _write(self, name: str, content: bytes) -> None:
        with storage.new_file(f"{folder(self.filtercode)}/{name}") as temporary:
            temporary.write_bytes(content)


def _image(file: ProductFile) -> tuple[np.ndarray, fits.Header]:
    """The pixels of a file's image, mapped into memory where they are plain, and its header."""
    with fits.open(file.whole(), memmap=True) as hdus:
        hdu = next(hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS") == 2)
        return hdu.data, hdu.header
