"""Forced photometry of simulated variables on differences and on science images: residuals over errors, time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from bench.report import Figure, report

SIDE, STARS, FRAMES = 1024, 1500, 15
MAGS = np.arange(16.0, 21.01, 0.5)
PER_MAG = 12  # variables of each magnitude
ABSENT = 120
SWING = 0.4  # mag: half range of a variable from epoch to epoch
SEEINGS = (1.0, 1.08, 1.16)  # width of the PSF in single images, over the sharpest


@dataclass
class Sky:
    """field: constant stars; x, y: variables, then places where nothing is; mag: mean, NaN where nothing is."""

    field: object
    x: np.ndarray
    y: np.ndarray
    mag: np.ndarray


def run(quick: bool) -> None:
    """Make images with variables, subtract, measure, compare with truth."""
    sky, epochs = make_sky(7), 3 if quick else 24
    reference, mean = make_reference(sky)
    rows = []
    for k in range(epochs):
        rows += measure_epoch(sky, reference, mean, 100 + k)
        print(f"epoch {k + 1} of {epochs}", flush=True)
    report("forced", figures(rows), quick=quick, notes=f"{epochs} epochs, {len(sky.x)} places, {SIDE} px")


def make_sky(seed: int) -> Sky:
    """Constant stars, and variables apart from them and from each other."""
    from scipy.spatial import cKDTree

    from tests.science.starfield import star_field

    rng = np.random.default_rng(seed)
    field = star_field((SIDE, SIDE), STARS, faint=21.5, seed=seed, noise=False)
    bright = field.flux > 300
    taken, places = np.column_stack([field.x, field.y])[bright], []
    wanted = len(MAGS) * PER_MAG + ABSENT
    while len(places) < wanted:
        place = rng.uniform(40, SIDE - 41, 2)
        others = np.vstack([taken, *places]) if places else taken
        if cKDTree(others).query(place)[0] > 12:
            places.append(place[None])
    x, y = np.vstack(places).T
    return Sky(field, x, y, np.r_[np.repeat(MAGS, PER_MAG), np.full(ABSENT, np.nan)])


def expose(sky: Sky, seed: int, rest: bool = False):
    """One exposure, and the fluxes (DN) that the variables have in it; at rest every other one is not there yet."""
    from tests.science.starfield import GAIN, READ_NOISE, SKY, ZERO_POINT, add_star

    rng = np.random.default_rng(seed)
    widen = SEEINGS[seed % len(SEEINGS)]
    mag = sky.mag if rest else sky.mag + rng.uniform(-SWING, SWING, len(sky.mag))
    flux = np.where(np.isfinite(mag), 10 ** (-0.4 * (mag - ZERO_POINT)), 0.0)
    if rest:
        flux[1::2] = 0.0
    image, field = np.full((SIDE, SIDE), SKY), sky.field
    for x, y, f in zip(np.r_[field.x, sky.x], np.r_[field.y, sky.y], np.r_[field.flux, flux], strict=True):
        add_star(image, x, y, f, widen * (1 + 0.04 * (x / SIDE - 0.5)), half=18)
    noisy = rng.poisson(image * GAIN) / GAIN + rng.normal(0, READ_NOISE / GAIN, image.shape)
    return replace(field, image=noisy.astype(np.float32)), flux


def science(sky: Sky, seed: int, rest: bool = False):
    """Products of the science pipeline and the true fluxes."""
    from processing.pipelines.science import SCIENCE
    from tests.pipelines.test_pipelines import inputs_of

    field, flux = expose(sky, seed, rest)
    return SCIENCE.run(inputs_of(field, seed)).files, flux


def header_of(files: dict, suffix: str) -> dict:
    return {name: value for name, value, _ in files[suffix].cards}


def make_reference(sky: Sky):
    """The reference of FRAMES exposures, and the fluxes (DN) of the variables in it."""
    from processing.pipelines.reference import REFERENCE, ReferenceFrame, ReferenceInputs
    from processing.science import tpv

    frames, flux = [], None
    for k in range(FRAMES):
        files, flux = science(sky, k, rest=True)
        card = header_of(files, "sciimg.fits")
        image, mask, wcs = files["sciimg.fits"].data, files["mskimg.fits"].data, tpv.from_header(card)
        values = (card[name] for name in ("MAGZP", "GAIN", "SEEING", "SATURATE"))
        frames.append(ReferenceFrame(image, mask, wcs, *values, str(k)))
    return REFERENCE.run(ReferenceInputs(frames, tuple(sky.field.wcs.crval), "zr")).files, flux


def measure_epoch(sky: Sky, reference: dict, rest: np.ndarray, seed: int) -> list[tuple]:
    """Rows (kind, mag, at rest present, flux, error, truth, chi2, seconds) of one epoch."""
    from processing.pipelines.difference import DIFFERENCE, DifferenceInputs
    from processing.science import forced

    files, flux = science(sky, seed)
    difference = DIFFERENCE.run(DifferenceInputs(images_of(files, "sci"), images_of(reference, "ref"))).files
    scale, rows = flux_scale(sky, files), []
    for k in range(len(sky.x)):
        for kind, other in (("science", None), ("difference", difference)):
            start = time.process_time()
            found = forced.measure(section_of(files, reference, other, sky.x[k], sky.y[k]))
            spent = time.process_time() - start
            truth = scale * (flux[k] - (rest[k] if other else 0.0))
            rows.append((kind, sky.mag[k], rest[k] > 0, found.flux, found.sigma, truth, found.chi2, spent, found.error))
    return rows


def images_of(files: dict, kind: str):
    """Inputs of the difference pipeline from a pipeline's products."""
    from processing.pipelines.difference import ImageInputs
    from processing.science import tpv

    names = {
        "sci": ("sciimg.fits", "sciunc.fits", "psfcat.fits"),
        "ref": ("refimg.fits", "refunc.fits", "refpsfcat.fits"),
    }
    image, uncertainty, catalog = (files[name].data for name in names[kind])
    cards = header_of(files, names[kind][0])
    mask = files["mskimg.fits"].data if kind == "sci" else None
    return ImageInputs(image, uncertainty, mask, tpv.from_header(cards), catalog, cards)


def flux_scale(sky: Sky, files: dict) -> float:
    """Catalog over true flux of bright constant stars: the image's zero point is not what is tested here."""
    from tests.science.starfield import nearest

    catalog = files["psfcat.fits"].data
    found, true = nearest(catalog["xpos"] - 1, catalog["ypos"] - 1, sky.field.x, sky.field.y, 0.5)
    ok = (catalog["snr"][found] > 100) & (catalog["flags"][found] == 0)
    return float(np.median(catalog["flux"][found[ok]] / sky.field.flux[true[ok]]))


def section_of(files: dict, reference: dict, difference: dict | None, x: float, y: float):
    """What is measured at a place, from the products of the pipelines."""
    from archive.survey.bits import BAD_PIXEL_MASK
    from processing.science import forced, tpv

    card, config = header_of(files, "sciimg.fits"), forced.ForcedConfig()
    part = forced.bounds(x, y, (SIDE, SIDE), config.section)
    more = {}
    if difference is not None:
        theirs, cards = reference["refpsfcat.fits"].data, header_of(reference, "refimg.fits")
        ra, dec = tpv.pixel_to_sky(tpv.from_header(card), np.array([x]), np.array([y]))
        ratio = header_of(difference, "diffimgpsf.fits")["FLUXRAT"]
        more = forced.reference_light(theirs, float(ra[0]), float(dec[0]), ratio, cards["GAIN"])
        more["difference"] = difference["scimrefdiffimg.fits.fz"].data[part]
        more["difference_psf"] = difference["diffimgpsf.fits"].data
    return forced.Section(
        files["sciimg.fits"].data[part], (files["mskimg.fits"].data[part] & BAD_PIXEL_MASK) != 0,
        x - part[1].start, y - part[0].start, forced.stars_within(files["psfcat.fits"].data, part),
        card["GAIN"], card["SATURATE"], files["sciimgdaopsfcent.fits"].data, **more,
    )  # fmt: skip


def figures(rows: list[tuple]) -> dict[str, Figure]:
    """Width and bias of residuals over errors, by kind and brightness."""
    kind, mag, _, flux, error, truth, chi2, spent, _ = (np.array(column) for column in zip(*rows, strict=True))
    pull, out = (flux - truth) / error, {}
    for one in ("difference", "science"):
        for label, low, high in (("16-18", 15.9, 17.9), ("18-20", 17.9, 19.9), ("20-21", 19.9, 21.1), ("absent", 0, 0)):
            use = (kind == one) & (np.isnan(mag) if label == "absent" else (mag > low) & (mag < high))
            out |= spread(f"{one}, {label}", pull[use])
        out |= spread(f"{one}, all", pull[kind == one])
        out[f"{one}, chi2"] = Figure(float(np.nanmedian(chi2[kind == one])), "", n=int((kind == one).sum()))
        out[f"{one}, CPU of an epoch"] = Figure(float(np.median(spent[kind == one])), "s", n=int((kind == one).sum()))
    return out


def spread(label: str, pull: np.ndarray) -> dict[str, Figure]:
    """How far the width of residuals over errors is from 1, and their bias."""
    good = pull[np.isfinite(pull)]
    width = float(1.4826 * np.median(np.abs(good - np.median(good))))
    return {
        f"{label}: |width - 1|": Figure(
            abs(width - 1), "", 0.05, n=len(good), peer={"width": width, "rms": float(good.std())}
        ),
        f"{label}: bias": Figure(
            abs(float(np.median(good))), "sigma", 0.1, n=len(good), peer={"signed": float(np.median(good))}
        ),
    }
