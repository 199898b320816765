"""Simulated quadrants with their truth, and the least scatter that photons allow."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

CHANNEL, FILTERCODE, JD = 38, "zr", 2459116.93
# FWHM (px): from the best twentieth to the worst of real exposures
FULL_SEEING, QUICK_SEEING = (1.5, 1.8, 2.1, 2.6, 3.4), (1.7, 2.6)
QUICK_SIDE = 1024
LIMIT_HALF, SUBPIXELS, CELLS = 20, 5, 3  # px; per px; along each side of the frame


@dataclass(frozen=True)
class FieldType:
    """boresight (deg); background (DN); crowded: of the Galactic plane; cpu: target (s)."""

    name: str
    boresight: tuple[float, float]
    background: float
    crowded: bool
    cpu: float


FIELD_TYPES = (
    FieldType("typical", (212.0, 48.0), 183.0, False, 7.0),
    FieldType("crowded", (283.5, 2.0), 450.0, True, 14.0),
)


@dataclass(frozen=True)
class Truth:
    """Points and galaxies in the quadrant: id; x, y (0-based px), mag, colour, star (bool); limit (mag) and place_limit
    (px), the least possible scatter; magzp; wcs (cards); shape (ny, nx);
    centre_psf: of a star in the middle of the frame."""

    id: np.ndarray
    x: np.ndarray
    y: np.ndarray
    mag: np.ndarray
    colour: np.ndarray
    star: np.ndarray
    limit: np.ndarray
    place_limit: np.ndarray
    magzp: float
    wcs: dict = field(repr=False)
    shape: tuple[int, int] = (0, 0)
    centre_psf: np.ndarray | None = None


def make_sky_of(camera, kind: FieldType, seed: int):
    """The sky around the quadrant and the quadrant's nominal centre."""
    from archive.survey.camera import ccd_quadrant, plane_to_sky, quadrant_centre
    from processing.simulate.sky import PLANE, Population, make_sky

    centre = plane_to_sky(*quadrant_centre(camera, *ccd_quadrant(CHANNEL)), *kind.boresight)
    half = 0.5 * np.hypot(camera.nx, camera.ny) * camera.pixel_scale
    population = PLANE if kind.crowded else Population()
    return make_sky((float(centre[0]), float(centre[1])), half + 0.05, seed, population, first_jd=JD)


def simulate(
    camera, kind: FieldType, seeing: float, seed: int, sky=None, zero_point=26.2, offset=(0.0, 0.0), catalog_seed=None
):
    """Inputs of the pipeline for one quadrant, and its truth.

    seeing : FWHM, px; sky : of `make_sky_of`, drawn from the seed by default; offset : of the pointing, deg;
    catalog_seed : of the errors in the reference catalogs, by default the seed.
    """
    from archive.survey.camera import ccd_quadrant, filter_of, nominal_wcs
    from processing.pipelines.science.state import ScienceInputs
    from processing.science import tpv
    from processing.simulate import detector, optics
    from processing.simulate.conditions import COLOUR_COEFFICIENT, Conditions
    from processing.simulate.randomness import stream
    from processing.simulate.render import render_scene

    sky = sky or make_sky_of(camera, kind, seed)
    fid = filter_of(FILTERCODE).fid
    rng = stream(seed, "bench")
    boresight = kind.boresight[0] + offset[0], kind.boresight[1] + offset[1]
    cards = optics.true_wcs(camera, CHANNEL, optics.draw_pointing(rng, *boresight))
    psf = optics.draw_point_spread(rng, CHANNEL, seeing)
    slope = COLOUR_COEFFICIENT[filter_of(FILTERCODE).band]
    visible = sky.at(JD, FILTERCODE)
    conditions = Conditions(seeing, kind.background, zero_point, slope, 1.1)
    scene = render_scene(camera, visible, cards, psf, conditions, zero_point)
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
        guess=tpv.from_header(nominal_wcs(camera, *ccd_quadrant(CHANNEL), *boresight)),
        filtercode=FILTERCODE, **catalogs(sky, seed if catalog_seed is None else catalog_seed),
    )  # fmt: skip
    return inputs, truth_of(camera, visible, scene, psf, cards, level, kind.background, zero_point)


def truth_of(camera, visible, scene, psf, cards, level, background, zero_point) -> Truth:
    """The sources that lie within the quadrant."""
    from processing.simulate.sky import Kind

    inside = (scene.x > -0.5) & (scene.x < camera.nx - 0.5) & (scene.y > -0.5) & (scene.y < camera.ny - 0.5)
    part, x, y = visible[scene.row[inside]], scene.x[inside], scene.y[inside]
    limits = noise_limits(camera, psf, x, y, scene.flux[inside] * level, background * camera.gain * level)
    middle = true_psf(psf, camera, camera.nx / 2, camera.ny / 2, 0.0)
    return Truth(
        part["id"], x, y, part["mag"].astype(float), part["colour"].astype(float), part["kind"] != Kind.GALAXY,
        *limits, zero_point + 2.5 * float(np.log10(level)), cards, (camera.ny, camera.nx), middle,
    )  # fmt: skip


def catalogs(sky, seed: int) -> dict:
    """Gaia's and Pan-STARRS's stars of that sky, as the pipeline takes them."""
    from processing.science.astrometry.solve import ReferenceStars
    from processing.science.photometry.zeropoint import Calibrators
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
