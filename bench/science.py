"""The science pipeline on simulated quadrants: photometry, detection, astrometry, zero point, time, memory.

Each quadrant is measured in a process of its own, which holds nothing but the pipeline. The photon and sky limit is
that of a fit with the true PSF at the true place, the sky known, in read-out, sky and the star's own photon noise.
Bias and flat are the true ones. SExtractor looks at the same calibrated images where it is installed.
"""

from __future__ import annotations

import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from bench.report import Figure, report

CHANNEL, FILTERCODE, BORESIGHT, JD = 21, "zr", (150.0, 35.0), 2459116.93
BACKGROUND_DN, ZERO_POINT = 183.0, 26.2
# FWHM (px): from the best twentieth to the worst of real exposures
FULL_SEEING, QUICK_SEEING = (1.5, 1.8, 2.1, 2.6, 3.4), (1.7, 2.6)
QUICK_SIDE = 1024
SEED = 11
MATCH = 1.0  # px, true star to catalog
FALSE_BEYOND = 1.5  # px; a catalog entry without any source this near is false
MAD_TO_SIGMA = 1.4826
LIMIT_HALF, SUBPIXELS, CELLS = 20, 5, 3  # px; per px; along each side of the frame
BRIGHT, ZERO_FROM = 17.0, 18.0  # mag
PURITY_SNR = 5.0
SEXTRACTOR = next((name for name in ("source-extractor", "sex") if shutil.which(name)), None)


@dataclass(frozen=True)
class Truth:
    """Points and galaxies in the quadrant: x, y (0-based px), mag, colour, star (bool), limit (mag; the least
    possible scatter); magzp; colour_coefficient; wcs (cards); x_all, y_all: everything with light, also outside."""

    x: np.ndarray
    y: np.ndarray
    mag: np.ndarray
    colour: np.ndarray
    star: np.ndarray
    limit: np.ndarray
    place_limit: np.ndarray
    magzp: float
    wcs: dict


@dataclass(frozen=True)
class Measured:
    """What the pipeline made of one quadrant."""

    catalog: dict[str, np.ndarray]
    measurements: dict
    steps: dict[str, float]
    cpu: float
    peak_memory: float
    image: np.ndarray | None


def run(quick: bool) -> None:
    """Simulate, measure, compare, print."""
    from archive.survey.camera import Camera

    camera = Camera().scaled(QUICK_SIDE, QUICK_SIDE) if quick else Camera()
    frames = []
    with tempfile.TemporaryDirectory() as folder:
        for number, seeing in enumerate(QUICK_SEEING if quick else FULL_SEEING):
            print(f"quadrant {number + 1}: {camera.nx} x {camera.ny} px, seeing {seeing} px", flush=True)
            inputs, truth = simulate(camera, seeing, SEED + number)
            path = Path(folder) / "inputs.pickle"
            path.write_bytes(pickle.dumps(inputs, protocol=5))
            del inputs
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                measured = process.submit(measure, path, SEXTRACTOR is not None).result()
            peer = None if SEXTRACTOR is None else sextractor(measured.image, Path(folder))
            frames.append((seeing, truth, measured, peer))
    peers = "" if SEXTRACTOR else "SExtractor is not installed: detection stands without its peer"
    report("science", figures_of(frames), "\n".join(filter(None, (per_frame(frames), peers))), quick)


def simulate(camera, seeing: float, seed: int, background: float = BACKGROUND_DN):
    """Inputs of the pipeline for one quadrant of a typical field, and its truth."""
    from archive.survey.camera import ccd_quadrant, filter_of, nominal_wcs, plane_to_sky, quadrant_centre
    from processing.pipelines.science_state import ScienceInputs
    from processing.science import tpv
    from processing.simulate import detector, optics
    from processing.simulate.conditions import COLOUR_COEFFICIENT, Conditions
    from processing.simulate.randomness import stream
    from processing.simulate.render import render_scene
    from processing.simulate.sky import Kind, make_sky

    quadrant, fid = ccd_quadrant(CHANNEL), filter_of(FILTERCODE).fid
    centre = plane_to_sky(*quadrant_centre(camera, *quadrant), *BORESIGHT)
    half = 0.5 * np.hypot(camera.nx, camera.ny) * camera.pixel_scale
    sky = make_sky((float(centre[0]), float(centre[1])), half + 0.05, seed, first_jd=JD)
    rng = stream(seed, "bench")
    cards = optics.true_wcs(camera, CHANNEL, optics.draw_pointing(rng, *BORESIGHT))
    psf = optics.draw_point_spread(rng, CHANNEL, seeing)
    slope = COLOUR_COEFFICIENT[filter_of(FILTERCODE).band]
    visible = sky.at(JD, FILTERCODE)
    scene = render_scene(
        camera, visible, cards, psf, Conditions(seeing, background, ZERO_POINT, slope, 1.1), ZERO_POINT
    )
    response = detector.response(camera, CHANNEL, fid)
    readout = detector.read_out(rng, camera, CHANNEL, scene.electrons * response, 30.0)
    level = detector.response_level(camera, CHANNEL, fid)
    parts = detector.electronics(camera, CHANNEL)
    zero = np.zeros(response.shape, np.float32)
    inputs = ScienceInputs(
        raw=readout.pixels, overscan=readout.overscan,
        header={"OBSJD": JD, "GAIN": camera.gain, "READNOI": camera.read_noise},
        bias=parts.bias, bias_unc=zero, flat=response / np.float32(level), flat_unc=zero,
        defects=detector.defects(camera, CHANNEL),
        guess=tpv.from_header(nominal_wcs(camera, *quadrant, *BORESIGHT)),
        filtercode=FILTERCODE, **catalogs(sky, seed),
    )  # fmt: skip
    inside = (scene.x > -0.5) & (scene.x < camera.nx - 0.5) & (scene.y > -0.5) & (scene.y < camera.ny - 0.5)
    part, x, y = visible[scene.row[inside]], scene.x[inside], scene.y[inside]
    limits = noise_limits(camera, psf, x, y, scene.flux[inside] * level, background * camera.gain * level)
    truth = Truth(
        x, y, part["mag"].astype(float), part["colour"].astype(float), part["kind"] != Kind.GALAXY, *limits,
        ZERO_POINT + 2.5 * float(np.log10(level)), cards,
    )  # fmt: skip
    return inputs, truth


def catalogs(sky, seed: int) -> dict:
    """Gaia's and Pan-STARRS's stars of that sky, as the pipeline takes them."""
    from processing.science.astrometry import ReferenceStars
    from processing.science.zeropoint import Calibrators
    from processing.simulate.refcats import gaia_catalog, panstarrs_catalog

    gaia, ps1 = gaia_catalog(sky, seed), panstarrs_catalog(sky, seed)
    ps1 = ps1[(ps1["sgscore"] > 0.5) & (ps1["rmag"] < 21)]
    bands = [np.where(ps1[f"{band}mag"] > 0, ps1[f"{band}mag"], np.nan).astype(float) for band in "gri"]
    names = ("ra", "dec", "phot_g_mean_mag", "pmra", "pmdec")
    return {
        "stars": ReferenceStars(*(np.asarray(gaia[name], float) for name in names)),
        "calibrators": Calibrators(np.asarray(ps1["ra"], float), np.asarray(ps1["dec"], float), *bands),
    }


def true_psf(psf, camera, x: float, y: float, phase: float) -> np.ndarray:
    """The simulator's PSF at (x, y), integrated over pixels, the star `phase` px off a pixel's centre in x."""
    from processing.simulate.optics import HALO_SHARE, HALO_WIDTH, point_spread_at
    from processing.simulate.render import CORE_BETA, HALO_BETA

    fwhm, e1, e2, shift_x, shift_y = (float(v[0]) for v in point_spread_at(psf, camera, np.array([x]), np.array([y])))
    axis = (np.arange((2 * LIMIT_HALF + 1) * SUBPIXELS) + 0.5) / SUBPIXELS - LIMIT_HALF - 0.5
    total = 0.0
    for share, width, beta, dx, dy in (
        (1 - HALO_SHARE, 1.0, CORE_BETA, 0.0, 0.0),
        (HALO_SHARE, HALO_WIDTH, HALO_BETA, shift_x, shift_y),
    ):
        shear = np.sqrt(1 - e1**2 - e2**2)
        alpha2 = (width * fwhm) ** 2 / (4 * (2 ** (1 / beta) - 1))
        u, v = (axis - dx - phase)[None, :], (axis - dy)[:, None]
        distance2 = ((1 - e1) * u**2 - 2 * e2 * u * v + (1 + e1) * v**2) / shear / alpha2
        total = total + share * (beta - 1) / (np.pi * alpha2) * (1 + distance2) ** -beta
    side = 2 * LIMIT_HALF + 1
    return total.reshape(side, SUBPIXELS, side, SUBPIXELS).mean((1, 3))


def noise_limits(camera, psf, x, y, flux, sky) -> tuple[np.ndarray, np.ndarray]:
    """Least scatter of magnitude, and of x (px), of each source were it a point (Cramer and Rao, flux and x apart).

    flux : electrons; sky : electrons per pixel.
    """
    mag, place = np.empty(len(x)), np.empty(len(x))
    column, row = (
        np.minimum((v / side * CELLS).astype(int), CELLS - 1) for v, side in ((x, camera.nx), (y, camera.ny))
    )
    for i in range(CELLS):
        for j in range(CELLS):
            middle = (i + 0.5) / CELLS * camera.nx, (j + 0.5) / CELLS * camera.ny
            stamp, moved = (true_psf(psf, camera, *middle, phase) for phase in (0.25, 0.26))
            slope2 = ((moved - stamp) / 0.01) ** 2
            for n in np.flatnonzero((column == i) & (row == j)):
                variance = sky + camera.read_noise**2 + flux[n] * stamp
                mag[n] = 2.5 / np.log(10) / flux[n] / np.sqrt(np.sum(stamp**2 / variance))
                place[n] = 1 / flux[n] / np.sqrt(np.sum(slope2 / variance))
    return mag, place


def measure(path: Path, keep_image: bool) -> Measured:
    """Run the pipeline on pickled inputs; called in a fresh process."""
    from processing.pipelines.science import SCIENCE
    from processing.pipelines.warmup import warm_up

    warm_up()
    inputs = pickle.loads(path.read_bytes())  # noqa: S301 - written by this bench
    started = time.process_time()
    products = SCIENCE.run(inputs)
    cpu = time.process_time() - started
    steps = {step.name: step.cpu for step in products.steps}
    table = products.files["psfcat.fits"].data
    return Measured(
        {name: np.asarray(table[name]) for name in table.colnames},
        {key: value for key, value in products.measurements.items() if np.isscalar(value)},
        steps | {"make_products": cpu - sum(steps.values())},
        cpu,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        products.files["sciimg.fits"].data if keep_image else None,
    )


def robust(values) -> float:
    """Standard deviation from the median absolute deviation; NaN of nothing."""
    return MAD_TO_SIGMA * float(np.median(np.abs(values - np.median(values)))) if len(values) else float("nan")


def compared(truth: Truth, measured: Measured) -> dict[str, np.ndarray]:
    """Matched clean stars: mag, error and limit (mag), snr, dx, dy (sky minus truth) and place_limit (mas)."""
    from processing.science import tpv

    table, found = measured.catalog, measured.measurements
    x, y = table["xpos"].astype(float) - 1, table["ypos"].astype(float) - 1
    stars = np.flatnonzero(truth.star)
    distance, index = cKDTree(np.column_stack([x, y])).query(np.column_stack([truth.x, truth.y])[stars])
    ok = distance < MATCH
    stars, index = stars[ok], index[ok]
    clean = table["flags"][index] == 0
    stars, index = stars[clean], index[clean]
    mag = table["mag"][index] + found["zp"] + found["zp_colour"] * truth.colour[stars]
    ra, dec = tpv.pixel_to_sky(tpv.from_header(truth.wcs), truth.x[stars], truth.y[stars])
    return {
        "mag": truth.mag[stars], "error": mag - truth.mag[stars], "limit": truth.limit[stars],
        "place_limit": 1012 * truth.place_limit[stars], "snr": table["snr"][index],
        "dx": (table["ra"][index] - ra) * np.cos(np.radians(dec)) * 3.6e6, "dy": (table["dec"][index] - dec) * 3.6e6,
    }  # fmt: skip


def completeness(truth: Truth, x, y, faint: float) -> tuple[int, int]:
    """How many of the true stars of one magnitude down to `faint` were found, and how many there are."""
    stars = truth.star & (truth.mag > faint - 1) & (truth.mag <= faint)
    distance, _ = cKDTree(np.column_stack([x, y])).query(np.column_stack([truth.x, truth.y])[stars])
    return int((distance < MATCH).sum()), int(stars.sum())


def genuine(truth: Truth, x, y) -> np.ndarray:
    """Which catalog entries lie at a true source."""
    distance, _ = cKDTree(np.column_stack([truth.x, truth.y])).query(np.column_stack([x, y]))
    return distance < FALSE_BEYOND


def figures_of(frames) -> dict[str, Figure]:
    """All quadrants together."""
    pairs = [compared(truth, measured) for _, truth, measured, _ in frames]
    for pair in pairs:
        # Scatter is about the frame's own zero point, whose error stands below.
        pair["error"] = pair["error"] - np.median(pair["error"][pair["mag"] < ZERO_FROM])
    every = {key: np.concatenate([pair[key] for pair in pairs]) for key in pairs[0]}
    figures = {}
    for faint in range(15, 22):
        one = (every["mag"] > faint - 1) & (every["mag"] <= faint)
        name, target = f"{faint - 1}-{faint} mag", 1.15 if 15 < faint <= 19 else None
        figures[f"scatter, {name}"] = Figure(1e3 * robust(every["error"][one]), "mmag", n=int(one.sum()))
        ratio = robust((every["error"] / every["limit"])[one])
        figures[f"scatter over limit, {name}"] = Figure(ratio, "", target, n=int(one.sum()))
    figures |= detection_figures(frames)
    bright = every["mag"] < BRIGHT
    ten = (every["snr"] > 8) & (every["snr"] < 12.5)
    for name, which, target in ((f"brighter than {BRIGHT:g} mag", bright, 10), ("at S/N 10", ten, 30)):
        rms = np.hypot(robust(every["dx"][which]), robust(every["dy"][which])) / np.sqrt(2)
        peer = {"limit": float(np.median(every["place_limit"][which]))}
        figures[f"astrometry per axis, {name}"] = Figure(rms, "mas", target, n=int(which.sum()), peer=peer)
    errors = np.array([1e3 * (m.measurements["zp"] - t.magzp) for _, t, m, _ in frames])
    figures["zero point minus truth, median"] = Figure(abs(float(np.median(errors))), "mmag", 5, n=len(frames))
    figures["zero point minus truth, largest"] = Figure(float(np.abs(errors).max()), "mmag", n=len(frames))
    for step in frames[0][2].steps:
        figures[f"CPU, {step}"] = Figure(float(np.median([m.steps[step] for _, _, m, _ in frames])), "s", n=len(frames))
    figures["CPU, total"] = Figure(float(np.median([m.cpu for _, _, m, _ in frames])), "s", 7, n=len(frames))
    figures["peak memory"] = Figure(max(m.peak_memory for _, _, m, _ in frames), "GB", 1.5, n=len(frames))
    return figures


def detection_figures(frames) -> dict[str, Figure]:
    """Completeness by magnitude, purity; SExtractor beside it."""
    places = {"ours": [(m.catalog["xpos"] - 1.0, m.catalog["ypos"] - 1.0) for _, _, m, _ in frames]}
    if frames[0][3] is not None:
        places["SExtractor"] = [peer for _, _, _, peer in frames]
    figures = {}
    for faint in range(17, 23):
        shares = {}
        for name, positions in places.items():
            counts = [completeness(f[1], *xy, faint) for f, xy in zip(frames, positions, strict=True)]
            found, total = np.sum(counts, axis=0)
            shares[name] = found / max(total, 1)
        ours = shares.pop("ours")
        figures[f"completeness, {faint - 1}-{faint} mag"] = Figure(ours, "", better="higher", n=int(total), peer=shares)
    pure = {
        name: np.concatenate([genuine(f[1], *xy) for f, xy in zip(frames, positions, strict=True)])
        for name, positions in places.items()
    }
    n = len(pure["ours"])
    peers = {name: float(values.mean()) for name, values in pure.items() if name != "ours"}
    figures["purity"] = Figure(float(pure["ours"].mean()), "", 0.96, "higher", n, peers)
    significant = pure["ours"][np.concatenate([m.catalog["snr"] > PURITY_SNR for _, _, m, _ in frames])]
    figures[f"purity above S/N {PURITY_SNR:g}"] = Figure(
        float(significant.mean()), "", better="higher", n=len(significant)
    )
    return figures


def per_frame(frames) -> str:
    """A line for each quadrant."""
    lines = ["seeing  model FWHM  sources  purity  zero point - truth (mmag)  change of last sweep (sigma)  CPU (s)"]
    for seeing, truth, m, _ in frames:
        pure = genuine(truth, m.catalog["xpos"] - 1.0, m.catalog["ypos"] - 1.0).mean()
        error = 1e3 * (m.measurements["zp"] - truth.magzp)
        lines.append(
            f"{seeing:6.2f}  {m.measurements['psf_fwhm']:10.3f}  {len(m.catalog['mag']):7d}  {pure:6.3f}"
            f"  {error:+25.1f}  {m.measurements['psf_fit_change']:28.2f}  {m.cpu:7.2f}"
        )
    return "\n".join(lines)


def sextractor(image: np.ndarray, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Positions (0-based px) that SExtractor finds with its default 3x3 filter at 1.5 sigma."""
    from astropy.io import fits

    fits.writeto(folder / "image.fits", np.nan_to_num(image), overwrite=True)
    (folder / "columns").write_text("X_IMAGE\nY_IMAGE\n")
    (folder / "filter").write_text("CONV NORM\n1 2 1\n2 4 2\n1 2 1\n")
    options = {
        "CATALOG_NAME": "catalog", "PARAMETERS_NAME": "columns", "FILTER_NAME": "filter", "FILTER": "Y",
        "DETECT_MINAREA": "3", "DETECT_THRESH": "1.5", "ANALYSIS_THRESH": "1.5", "BACK_SIZE": "128",
        "STARNNW_NAME": "none", "VERBOSE_TYPE": "QUIET", "NTHREADS": "1",
    }  # fmt: skip
    command = [SEXTRACTOR, "image.fits", "-c", "empty"]
    (folder / "empty").write_text("")
    for key, value in options.items():
        command += [f"-{key}", value]
    subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)
    x, y = np.loadtxt(folder / "catalog", ndmin=2).T
    return x - 1, y - 1
