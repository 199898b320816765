"""Small images of a field with variables, as the pipelines make them, in the tree and the tables of a test."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import numpy as np

from archive.files import storage
from archive.models import DifferenceImage
from archive.survey import identifiers
from processing.executive.products.writers import write_compressed, write_image, write_table
from processing.pipelines.difference.pipeline import DIFFERENCE, DifferenceInputs, ImageInputs
from processing.pipelines.reference.pipeline import (
    REFERENCE,
    ReferenceConfig,
    ReferenceFrame,
    ReferenceInputs,
)
from processing.pipelines.science.pipeline import SCIENCE
from processing.science import tpv
from tests import factories
from tests.processing.pipelines.test_pipelines import inputs_of
from tests.processing.science.starfield import GAIN, READ_NOISE, ZERO_POINT, add_star, distorted_wcs, star_field

SHAPE = (512, 512)
NEW = (300.3, 201.6)  # px: a star that the reference does not have
EMPTY = (150.4, 340.2)
NEW_MAG = 18.0


@dataclass(frozen=True)
class Made:
    """Products of one science image, its reference and their difference, by suffix; wcs: of the science image."""

    science: dict
    reference: dict
    difference: dict
    ratio: float
    wcs: tpv.Tpv

    def sky(self, place: tuple[float, float]) -> tuple[float, float]:
        """A pixel's position, deg."""
        ra, dec = tpv.pixel_to_sky(self.wcs, *(np.array([value]) for value in place))
        return float(ra[0]), float(dec[0])


def cards(files: dict, suffix: str) -> dict:
    return {name: value for name, value, _ in files[suffix].cards}


def _field(new: float, seed: int):
    field = star_field(SHAPE, 450, faint=21.0, seed=3, noise=False)
    image, rng = field.expected.copy(), np.random.default_rng(seed)
    for x, y in (NEW, EMPTY):  # nobody near them
        for k in np.flatnonzero(np.hypot(field.x - x, field.y - y) < 14):
            add_star(image, field.x[k], field.y[k], -field.flux[k], 1 + 0.04 * (field.x[k] / SHAPE[1] - 0.5))
    add_star(image, *NEW, new)
    noisy = rng.poisson(np.maximum(image, 1) * GAIN) / GAIN + rng.normal(0, READ_NOISE / GAIN, SHAPE)
    return type(field)(**{**vars(field), "image": noisy.astype(np.float32)})


@cache
def made() -> Made:
    """Run the pipelines once."""
    frames = []
    for k in range(5):
        image = _field(0.0, k).image
        frames.append(
            ReferenceFrame(image, np.zeros(SHAPE, np.int16), distorted_wcs(SHAPE), ZERO_POINT, GAIN, 2.1, 5e4, str(k))
        )
    centre = tuple(distorted_wcs(SHAPE).crval)
    reference = REFERENCE.run(ReferenceInputs(frames, centre, "zr"), ReferenceConfig(minimum=5)).files
    science = SCIENCE.run(inputs_of(_field(10 ** (-0.4 * (NEW_MAG - ZERO_POINT)), 50))).files
    run = DIFFERENCE.run(DifferenceInputs(_inputs(science, "sci", "sciimg"), _inputs(reference, "ref", "refimg")))
    wcs = tpv.from_header(cards(science, "sciimg.fits"))
    return Made(science, reference, run.files, run.measurements["flux_ratio"], wcs)


def _inputs(files: dict, kind: str, image: str) -> ImageInputs:
    header = cards(files, f"{image}.fits")
    mask = files["mskimg.fits"].data if kind == "sci" else None
    catalog = files["psfcat.fits" if kind == "sci" else "refpsfcat.fits"].data
    noise = files[f"{kind}unc.fits"].data
    return ImageInputs(files[f"{image}.fits"].data, noise, mask, tpv.from_header(header), catalog, header)


def _store(path: str, content) -> storage.StoredFile:
    full = storage.absolute(path)
    full.parent.mkdir(parents=True, exist_ok=True)
    if path.endswith(".fz"):
        write_compressed(full, content.data, content.cards)
    elif isinstance(content.data, np.ndarray):
        write_image(full, content.data, content.cards)
    else:
        write_table(full, content.data, content.cards)
    return storage.stored(path)


def _files(files: dict, family: str, number: int, suffixes: tuple[str, ...], rights: dict) -> None:
    for suffix in suffixes:
        stored = _store(f"{family}/forced/{number}_{suffix}", files[suffix])
        values = {"path": stored.path, "family": family, "product_id": number, "suffix": suffix}
        factories.product_file(**values, size=stored.size, sha256=stored.sha256, **rights)


def epoch(night: int, difference: bool = True, **rights):
    """A science image of the field in the archive, `night` days after the first."""
    one, rights = made(), factories.PUBLIC | rights
    ra, dec = one.wcs.crval
    exposure = factories.exposure(jd=factories.JD + night, ra=ra, dec=dec, **rights)
    card = cards(one.science, "sciimg.fits")
    values = {"magzp": card["MAGZP"], "magzprms": card["MAGZPRMS"], "clrcoeff": card["CLRCOEFF"]}
    place = factories.footprint(ra, dec, 50)
    shift = {"ra": ra - place["ra"], "dec": dec - place["dec"]}
    corners = {f"{axis}{n}": place[f"{axis}{n}"] + shift[axis] for axis in ("ra", "dec") for n in (1, 2, 3, 4)}
    moved = {"ra": ra, "dec": dec, "crval1": ra, "crval2": dec, **corners}
    image = factories.science_image(exposure, 50, **values, **moved)
    suffixes = ("sciimg.fits", "mskimg.fits", "psfcat.fits", "sciimgdaopsfcent.fits")
    _files(one.science, "sci", image.pk, suffixes, rights)
    if difference:
        DifferenceImage.objects.create(
            science=image, reference_id=reference_of(moved).pk, diffmaglim=20.4, quality={"flux_ratio": one.ratio},
            **rights,
        )  # fmt: skip
        _files(one.difference, "diff", image.pk, ("scimrefdiffimg.fits.fz", "diffimgpsf.fits"), rights)
    return image


def reference_of(place: dict):
    """The field's reference, made when first asked for."""
    from archive.models import ReferenceImage

    found = ReferenceImage.objects.filter(pk=identifiers.make_rfid(655, 2, 50)).first()
    if found is not None:
        return found
    start, end = (datetime(2018, month, 1, tzinfo=UTC) for month in (4, 9))
    values = {name: value for name, value in place.items() if name != "radius"}
    row = factories.reference_image(50, 655, **values, startobsdate=start, endobsdate=end)
    _files(made().reference, "ref", row.pk, ("refpsfcat.fits",), factories.PUBLIC)
    return row
