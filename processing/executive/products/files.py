"""Reading inputs and writing products: the only place where pipelines meet files."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import fitsio
import numpy as np
from astropy.io import fits
from astropy.table import Table

from archive.files import placing, storage
from archive.files.storage import StoredFile
from archive.models import ProductFile, RawImage
from archive.products import register
from archive.survey.filenames import ProductName
from processing import __version__
from processing.executive.products.writers import write_compressed, write_image, write_table, write_text
from processing.pipelines.base import Pipeline, Product, Products
from processing.science.errors import UnusableFrameError

QUADRANTS = 4


def raw_quadrant(image: RawImage, qid: int) -> tuple[np.ndarray, np.ndarray, fits.Header]:
    """Pixels, overscan strip and header (camera cards, then the quadrant's own) of one quadrant of a raw file."""
    row = ProductFile.objects.get(family="raw", product_id=image.exposure_id, path__contains=f"_c{image.ccdid:02}_")
    path = _whole(row)
    try:
        with fitsio.FITS(str(path)) as hdus:
            if len(hdus) <= qid + QUADRANTS:
                raise UnusableFrameError(f"{row.path}: has {len(hdus) - 1} extensions; 4 quadrants and 4 strips needed")
            pixels, strip = hdus[qid].read(), hdus[qid + QUADRANTS].read()
        header = fits.getheader(path, 0) + fits.getheader(path, qid)
    except OSError as error:
        raise UnusableFrameError(f"{row.path}: cannot be read ({error})") from error
    if pixels is None or strip is None or pixels.shape[0] != strip.shape[0]:
        raise UnusableFrameError(f"{row.path}: quadrant {qid} and its overscan strip do not fit together")
    return pixels, strip, header


def raw_header(image: RawImage, qid: int) -> fits.Header:
    """The header of one quadrant of a raw file, with the projection that was pointed at."""
    row = ProductFile.objects.get(family="raw", product_id=image.exposure_id, path__contains=f"_c{image.ccdid:02}_")
    return fits.getheader(_whole(row), qid)


def _whole(row: ProductFile) -> Path:
    """The path of the file, if its bytes are those that were registered."""
    try:
        return storage.verified(row.location, row.sha256)
    except storage.DamagedFileError as reason:
        raise UnusableFrameError(str(reason)) from reason


def image_pixels(path: str) -> np.ndarray:
    """The first image of a file of the tree, in native byte order."""
    with fitsio.FITS(str(storage.absolute(path))) as hdus:
        return next(hdu.read() for hdu in hdus if hdu.has_data())


def product(family: str, product_id: int, suffix: str) -> ProductFile:
    """A registered file of a product; UnusableFrameError if the product was never made, or is damaged."""
    row = ProductFile.objects.filter(family=family, product_id=product_id, suffix=suffix).first()
    if row is None:
        raise UnusableFrameError(f"{family} {product_id}: has no {suffix}; the job that makes it did not succeed")
    _whole(row)
    return row


def table(path: str) -> tuple[Table, fits.Header]:
    """A catalog of the tree with its header."""
    full = storage.absolute(path)
    return Table.read(full, hdu=1), fits.getheader(full, 1)


def write_products(products: Products | Mapping[str, Product], name_of, below: str = "") -> dict[str, StoredFile]:
    """Write all files of a run for the tree, or for a folder of it; all of them or, after an error, none.

    They get their names when their rows are committed. `name_of(suffix)` is the ProductName. Returns them by suffix.
    """
    files = products.files if isinstance(products, Products) else products
    written: dict[str, StoredFile] = {}
    try:
        for suffix, content in files.items():
            written[suffix] = _write(content, name_of(suffix), below)
    except BaseException:
        remove_unregistered(places_of(written))
        raise
    return written


def remove_unregistered(places: Iterable[str]) -> None:
    """Remove files that no row knows, after a run that could not be recorded; `places` are below the tree's root."""
    placing.discard_unregistered(*map(storage.absolute, places))


def _write(content: Product, name: ProductName, below: str) -> StoredFile:
    place = storage.private_path(below + name.path)
    try:
        _writer(content.data, name)(place, content)
        return storage.complete(below + name.path, place)
    except BaseException:
        storage.discard(place)
        raise


def _writer(data: Any, name: ProductName):
    if isinstance(data, str):
        return lambda path, content: write_text(path, content.data)
    plain = write_compressed if name.suffix.endswith(".fz") else write_image
    write = write_table if isinstance(data, Table) else plain
    return lambda path, content: write(path, content.data, content.cards)


def register_all(
    files: Mapping[str, StoredFile], family: str, product_id: int, rights: Mapping, provenance: Mapping
) -> None:
    """Rows for the files of one product."""
    new = [register.NewFile(file, family, product_id, suffix, rights) for suffix, file in files.items()]
    register.register_files(new, provenance=provenance)


def places_of(written: Mapping[str, StoredFile]) -> tuple[str, ...]:
    """The paths of the files of a run until they are registered."""
    return tuple(file.stored_as for file in written.values())


def provenance(pipeline: Pipeline, config: Any, inputs: Mapping[str, Any]) -> dict:
    """The provenance of a product: code, pipeline and config, and the ids of what went in."""
    values = dataclasses.asdict(config)
    text = json.dumps(values, sort_keys=True, default=str)
    return {
        "software": __version__,
        "pipeline": pipeline.name,
        "version": pipeline.version,
        "config": json.loads(text),
        "config_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "inputs": dict(inputs),
    }


def plain(values: Mapping[str, Any]) -> dict:
    """Numbers and short texts only, as JSON takes them."""
    items = {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}
    return {
        name: value
        for name, value in items.items()
        if isinstance(value, int | str | bool) or (isinstance(value, float) and np.isfinite(value))
    }


def seconds(products: Products) -> dict[str, float]:
    """CPU seconds by step, for the job's row."""
    return {step.name: round(step.cpu, 4) for step in products.steps}


def log_of(products: Products) -> str:
    """The run's log file, as text."""
    return next((file.data for suffix, file in products.files.items() if suffix.endswith("log.txt")), "")
