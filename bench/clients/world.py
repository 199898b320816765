"""An archive of many images, files and light curves in a database of its own, and the portal that serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.report import Figure

SCALE = 1.01 / 3600  # deg, of a pixel
WITH_PIXELS = 3  # images whose file is really there
CURVES = (1, 2000, 150)  # quadrants, objects in each, exposures
OWN_EXPOSURES = """
UPDATE archive_scienceimage SET expid = pid / 10000 + 10
"""
REFERENCES = """
INSERT INTO archive_referenceimage (rfid, origin, nframes, programid, public_date, infobits, maglimit, quality,
    field, ccdid, qid, rcid, fid, filtercode, ra, dec, crpix1, crpix2, crval1, crval2, cd11, cd12, cd21, cd22,
    ra1, dec1, ra2, dec2, ra3, dec3, ra4, dec4, radius)
SELECT DISTINCT ON (field, rcid, fid) field::bigint * 100000 + rcid * 10 + fid, 'ours', 20, 1, '2019-01-01', 0, 22.0,
    '{}', field, ccdid, qid, rcid, fid, filtercode, ra, dec, crpix1, crpix2, crval1, crval2, cd11, cd12, cd21, cd22,
    ra1, dec1, ra2, dec2, ra3, dec3, ra4, dec4, radius
FROM archive_scienceimage ORDER BY field, rcid, fid, pid
"""
FILES = """
INSERT INTO archive_productfile (path, family, product_id, suffix, origin, stored_as, size, sha256, created, changed,
    provenance, programid, public_date)
SELECT format('sci/%s/%s/%s/ztf_%s_%s_%s_c%s_o_q%s_sciimg.fits', left(filefracday::text, 4),
        substr(filefracday::text, 5, 4), right(filefracday::text, 6), filefracday, lpad(field::text, 6, '0'),
        filtercode, lpad(ccdid::text, 2, '0'), qid),
    'sci', pid, 'sciimg.fits', 'ours', '', 37900800, repeat('0', 64), now(), now(), '{}', programid, public_date
FROM archive_scienceimage
"""
TABLES = ("archive_scienceimage", "archive_referenceimage", "archive_productfile", "archive_exposure")


@dataclass(frozen=True)
class Archive:
    """address : of the portal; images : public ones, as model rows; with_pixels : path, ra, dec; oids : of objects;
    stars : ra, dec of these"""

    address: str
    images: list
    with_pixels: list[tuple[str, float, float]]
    oids: list[int]
    stars: list[tuple[float, float]]


def measured(place: Path, rows: int, measure: Callable, quick: bool) -> tuple[dict[str, Figure], list[str]]:
    """The contents of the served archive that a measurement asks for."""
    from bench.archive import with_filled

    found = []
    with_filled(rows, lambda filled: found.append(_served(place, filled, measure, quick)))
    return found[0]


def _served(place: Path, rows: int, measure: Callable, quick: bool) -> tuple[dict[str, Figure], list[str]]:
    from django.conf import settings
    from django.db import connection, connections

    from archive.models import ReferenceImage, ScienceImage
    from lightcurves.models import Source
    from tests import servers

    folder = place / "served"
    folder.mkdir()
    # Beside the other portal's: the static files of both are gathered once, and lie there.
    settings.ARCHIVE_ROOT, settings.JOB_ROOT = place / "products", place / "orders"
    with connection.cursor() as cursor:
        for statement in (OWN_EXPOSURES, REFERENCES, FILES):
            cursor.execute(statement)
    _put_exposures()
    points = _put_curves()
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")
    rng = np.random.default_rng(3)
    public = ScienceImage.objects.filter(programid=1, exposure_id__lt=10**9)
    images = list(public.filter(pk__in=rng.choice(public.values_list("pk", flat=True), 200)))
    sources = list(Source.objects.order_by("oid").values_list("oid", "ra", "dec")[:200])
    note = (
        f"{rows} science images with a file each, {ReferenceImage.objects.count()} references, {points} points of "
        f"{CURVES[0] * CURVES[1]} objects"
    )
    made = [_put_pixels(image) for image in images[:WITH_PIXELS]]
    connections.close_all()
    with servers.portal(folder, LOG_LEVEL="ERROR") as address:
        oids, stars = [one[0] for one in sources], [one[1:] for one in sources]
        figures, notes = measure(Archive(address, images, made, oids, stars), quick)
    return figures, [note, *notes]


def _put_exposures() -> None:
    """The exposures that the images are of."""
    from archive.models import Exposure, ScienceImage
    from archive.moving.dynamics.observer import observer_at

    one = ScienceImage.objects.order_by("exposure_id").distinct("exposure_id")
    names = ("exposure_id", "nid", "field", "fid", "filtercode", "obsdate", "obsjd", "filefracday", "programid")
    rows = list(one.values(*names, "public_date"))
    centres = {row["field"]: row for row in _centres()}
    observer = observer_at(np.array([row["obsjd"] for row in rows]) + 15 / 86400)
    made = []
    for row, tdb, (x, y, z) in zip(rows, observer.tdb, observer.position, strict=True):
        row["expid"] = row.pop("exposure_id")
        made.append(Exposure(
            **row, ra=centres[row["field"]]["ra"], dec=centres[row["field"]]["dec"], imgtypecode="o", exptime=30.0,
            tdb_mid=float(tdb), observer_x=float(x), observer_y=float(y), observer_z=float(z),
        ))  # fmt: skip
    Exposure.objects.bulk_create(made, batch_size=2000)


def _centres() -> list[dict]:
    from archive.survey.fields import field_grid

    grid = field_grid()
    columns = [grid[name].tolist() for name in ("field", "ra", "dec")]
    return [dict(zip(("field", "ra", "dec"), row, strict=True)) for row in zip(*columns, strict=True)]


def _put_curves() -> int:
    from bench.lightcurves.world import Size, World

    quadrants, objects, exposures = CURVES
    curves = World(Size(quadrants, objects, exposures - 1, 1))
    curves.put_sources()
    return curves.put_packed()


def _put_pixels(image) -> tuple[str, float, float]:
    """Pixels of noise where an image's file should be; gives its path and its centre."""
    from astropy.io import fits

    from archive.files import storage
    from archive.models import ProductFile

    file = ProductFile.objects.get(family="sci", product_id=image.pid)
    header = fits.Header({"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": image.ra, "CRVAL2": image.dec})
    header.update({"CRPIX1": 1536.5, "CRPIX2": 1540.5, "CD1_1": -SCALE, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": SCALE})
    pixels = np.random.default_rng(image.pid).normal(100, 5, (3080, 3072)).astype(np.float32)
    with storage.new_file(file.path) as temporary:
        fits.PrimaryHDU(pixels, header).writeto(temporary)
    stored = storage.stored(file.path)
    ProductFile.objects.filter(pk=file.pk).update(size=stored.size, sha256=stored.sha256)
    return file.path, image.ra, image.dec
