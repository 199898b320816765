"""Forced photometry of simulated variables on differences and on science images: residuals over errors, time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from archive.survey.robust import robust_scatter
from bench.report import Figure, report
from bench.seeds import require_fresh

SEED = 41  # of the first sky
FRAMES = 15
MAGS = np.arange(16.0, 21.01, 0.5)
STARS = 1430  # per million pixels
SWING = 0.4  # mag: half range of a variable from epoch to epoch
SEEINGS = (1.0, 1.08, 1.16)  # width of the PSF in single images, over the sharpest
RANGES = (("16-21", 15.9, 21.1), ("16-17", 15.9, 17.1), ("17.5-18.5", 17.4, 18.6), ("19-21", 18.9, 21.1))
WILD = 5.0  # sigmas: beyond them a residual is counted, not averaged


@dataclass(frozen=True)
class Size:
    """skies, each with stars of its own; side (px); per_mag: variables of each magnitude; absent: places where nothing
    is; epochs of each sky."""

    skies: int
    side: int
    per_mag: int
    absent: int
    epochs: int


# Faint neighbours stay with their variables: more skies tell more than more epochs.
FULL, QUICK = Size(3, 1024, 24, 120, 2), Size(1, 640, 4, 40, 2)


@dataclass
class Sky:
    """field: constant stars; x, y: variables, then places where nothing is; mag: mean, NaN where nothing is; side."""

    field: object
    x: np.ndarray
    y: np.ndarray
    mag: np.ndarray
    side: int


def run(quick: bool) -> None:
    """Make images with variables, subtract, measure, compare with truth."""
    size, rows = QUICK if quick else FULL, []
    require_fresh("forced", range(SEED, SEED + FULL.skies))
    for seed in range(SEED, SEED + size.skies):
        sky = make_sky(seed, size)
        reference, rest = make_reference(sky)
        for k in range(size.epochs):
            rows += measure_epoch(sky, reference, rest, 100 * seed + k)
            print(f"sky {seed - SEED + 1} of {size.skies}, epoch {k + 1} of {size.epochs}", flush=True)
    notes = (
        f"{size.skies} skies, {size.epochs} epochs, {len(sky.x)} places, {size.side} px; reference of {FRAMES} images "
        "in which every other variable is absent; widths are standard deviations within 5 sigma; the image's zero "
        "point is taken out"
    )
    report("forced", figures(rows), quick=quick, notes=notes)


def make_sky(seed: int, size: Size) -> Sky:
    """Constant stars, and variables apart from them and from each other."""
    from scipy.spatial import cKDTree

    from tests.processing.science.starfield import star_field

    rng, side = np.random.default_rng(seed), size.side
    field = star_field((side, side), round(STARS * side * side / 1e6), faint=21.5, seed=seed, noise=False)
    taken, places = np.column_stack([field.x, field.y])[field.flux > 300], []
    while len(places) < len(MAGS) * size.per_mag + size.absent:
        place = rng.uniform(40, side - 41, 2)
        if cKDTree(np.vstack([taken, *places])).query(place)[0] > 12:
            places.append(place[None])
    x, y = np.vstack(places).T
    return Sky(field, x, y, np.r_[np.repeat(MAGS, size.per_mag), np.full(size.absent, np.nan)], side)


def expose(sky: Sky, seed: int, rest: bool = False):
    """One exposure, and the fluxes (DN) that the variables have in it; at rest every other one is not there yet."""
    from tests.processing.science.starfield import GAIN, READ_NOISE, SKY, ZERO_POINT, add_star

    rng = np.random.default_rng(seed)
    widen = SEEINGS[seed % len(SEEINGS)]
    mag = sky.mag if rest else sky.mag + rng.uniform(-SWING, SWING, len(sky.mag))
    flux = np.where(np.isfinite(mag), 10 ** (-0.4 * (mag - ZERO_POINT)), 0.0)
    if rest:
        flux[1::2] = 0.0
    image, field = np.full((sky.side, sky.side), SKY), sky.field
    for x, y, f in zip(np.r_[field.x, sky.x], np.r_[field.y, sky.y], np.r_[field.flux, flux], strict=True):
        add_star(image, x, y, f, widen * (1 + 0.04 * (x / sky.side - 0.5)), half=18)
    noisy = rng.poisson(image * GAIN) / GAIN + rng.normal(0, READ_NOISE / GAIN, image.shape)
    return replace(field, image=noisy.astype(np.float32)), flux


def science(sky: Sky, seed: int, rest: bool = False):
    """Products of the science pipeline and the true fluxes."""
    from processing.pipelines.science.pipeline import SCIENCE
    from tests.processing.pipelines.test_pipelines import inputs_of

    field, flux = expose(sky, seed, rest)
    return SCIENCE.run(inputs_of(field, seed)).files, flux


def header_of(files: dict, suffix: str) -> dict:
    return {name: value for name, value, _ in files[suffix].cards}


def make_reference(sky: Sky):
    """The reference of FRAMES exposures, and the fluxes (DN) of the variables in it."""
    from processing.pipelines.reference.pipeline import REFERENCE, ReferenceFrame, ReferenceInputs
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
    from processing.pipelines.difference.pipeline import DIFFERENCE, DifferenceInputs
    from processing.science.forced import photometry

    files, flux = science(sky, seed)
    difference = DIFFERENCE.run(DifferenceInputs(images_of(files, "sci"), images_of(reference, "ref"))).files
    scale, rows = flux_scale(sky, files), []
    for k in range(len(sky.x)):
        start = time.process_time()
        section = section_of(files, reference, difference, sky.x[k], sky.y[k])
        model = photometry.model_psf(section)
        shared = time.process_time() - start
        for kind, one in (("difference", section), ("science", replace(section, difference=None))):
            start = time.process_time()
            found = photometry.measure(one, model)
            spent = shared + time.process_time() - start
            truth = scale * (flux[k] - (rest[k] if kind == "difference" else 0.0))
            rows.append((kind, sky.mag[k], rest[k] > 0, found.flux, found.sigma, truth, found.chi2, spent, found.error))
    return rows


def images_of(files: dict, kind: str):
    """Inputs of the difference pipeline from a pipeline's products."""
    from processing.pipelines.difference.pipeline import ImageInputs
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
    from tests.processing.science.starfield import nearest

    catalog = files["psfcat.fits"].data
    found, true = nearest(catalog["xpos"] - 1, catalog["ypos"] - 1, sky.field.x, sky.field.y, 0.5)
    ok = (catalog["snr"][found] > 100) & (catalog["flags"][found] == 0)
    return float(np.median(catalog["flux"][found[ok]] / sky.field.flux[true[ok]]))


def section_of(files: dict, reference: dict, difference: dict | None, x: float, y: float):
    """Forced photometry at each position, from the products of the pipelines."""
    from archive.survey.bits import BAD_PIXEL_MASK
    from processing.science import tpv
    from processing.science.forced import photometry

    card, config = header_of(files, "sciimg.fits"), photometry.ForcedConfig()
    part = photometry.bounds(x, y, files["sciimg.fits"].data.shape, config.section)
    more = {}
    if difference is not None:
        theirs, cards = reference["refpsfcat.fits"].data, header_of(reference, "refimg.fits")
        ra, dec = tpv.pixel_to_sky(tpv.from_header(card), np.array([x]), np.array([y]))
        ratio = header_of(difference, "diffimgpsf.fits")["FLUXRAT"]
        more = photometry.reference_light(theirs, float(ra[0]), float(dec[0]), ratio, cards["GAIN"])
        more["difference"] = difference["scimrefdiffimg.fits.fz"].data[part]
        more["difference_psf"] = difference["diffimgpsf.fits"].data
    return photometry.Section(
        files["sciimg.fits"].data[part], (files["mskimg.fits"].data[part] & BAD_PIXEL_MASK) != 0,
        x - part[1].start, y - part[0].start, photometry.stars_within(files["psfcat.fits"].data, part),
        card["GAIN"], card["SATURATE"], files["sciimgdaopsfcent.fits"].data, **more,
    )  # fmt: skip


def figures(rows: list[tuple]) -> dict[str, Figure]:
    """Width and bias of residuals over errors, by kind and brightness; targets for all that shine and for none."""
    kind, mag, _, flux, error, truth, chi2, spent, _ = (np.array(column) for column in zip(*rows, strict=True))
    pull, out = (flux - truth) / error, {}
    for one in ("difference", "science"):
        mine = kind == one
        out |= spread(f"{one}, absent", pull[mine & np.isnan(mag)], True)
        for label, low, high in RANGES:
            out |= spread(f"{one}, {label} mag", pull[mine & (mag > low) & (mag < high)], True)
        out[f"{one}, chi2"] = Figure(float(np.nanmedian(chi2[mine])), "", n=int(mine.sum()))
        out[f"{one}, CPU of an epoch"] = Figure(
            float(np.median(spent[mine])), "s", n=int(mine.sum()), statistic="median"
        )
    return out


def spread(label: str, pull: np.ndarray, aimed: bool) -> dict[str, Figure]:
    """The distance from 1 of the width of residuals over errors, their bias, the share of wild ones."""
    pull = pull[np.isfinite(pull)]
    good, n = pull[np.abs(pull) < WILD], len(pull)
    width, robust = float(good.std()), robust_scatter(good)
    bias = float(np.median(good))
    return {
        f"{label}: |width - 1|": Figure(
            abs(width - 1), "", 0.05 if aimed else None, n=n, peer={"width": width, "robust width": robust}
        ),
        f"{label}: |bias|": Figure(abs(bias), "sigma", 0.1 if aimed else None, n=n, peer={"signed": bias}),
        f"{label}: beyond 5 sigma": Figure(float((np.abs(pull) >= WILD).mean()), "", n=n),
    }
