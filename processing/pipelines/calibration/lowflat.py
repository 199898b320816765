"""The low-frequency flat pipeline: dithered exposures of one quadrant and filter -> lownuflat, its uncertainty and
the quadrant's hot pixels.

The night's screen flat takes what differs from pixel to pixel; what is left of it against starlight is smooth. Stars
measured at many places of the quadrant tell it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from archive.survey.bits import BAD_PIXEL_MASK, MaskBit
from archive.survey.times import julian_year
from processing.pipelines.base import Cards, Measurements, Pipeline, Product, StepReport, log_text
from processing.science import detection, tpv
from processing.science.astrometry import solve as astrometry
from processing.science.astrometry.solve import AstrometryConfig
from processing.science.background import measure_background
from processing.science.detection import DetectionConfig
from processing.science.detector.defects import hot_pixels
from processing.science.detector.detrend import detrend
from processing.science.detector.overscan import fit_overscan
from processing.science.errors import NoAstrometryError, UnusableFrameError
from processing.science.fill import fill_masked
from processing.science.photometry import apertures, zeropoint
from processing.science.photometry.starflat import StarFlat, StarFlatConfig, StarObservations, solve_star_flat

VERSION = "1"
MARGIN_DEG = 0.05
"""around a frame, for errors of the pointing"""


@dataclass(frozen=True)
class LowFlatConfig:
    """overscan_order; saturation: raw DN; gain (e-/DN); background_box: px; aperture: diameter (px), wide, so that
    the seeing and the PSF's changes across the frame do not count; min_snr: of a star; faint_limit: of its catalog
    magnitude; crowding: light of neighbours within one and a half apertures, relative to the star's; match_radius: px;
    hot_clip: sigmas of a hot pixel; detection, fit: of those steps."""

    overscan_order: int = 9
    saturation: float = 58000.0
    gain: float = 6.0
    background_box: int = 128
    aperture: float = 24.0
    min_snr: float = 40.0
    faint_limit: float = 19.0
    crowding: float = 0.03
    match_radius: float = 1.0
    hot_clip: float = 8.0
    detection: DetectionConfig = field(default_factory=DetectionConfig)
    astrometry: AstrometryConfig = field(default_factory=AstrometryConfig)
    fit: StarFlatConfig = field(default_factory=StarFlatConfig)


@dataclass(frozen=True)
class StarExposure:
    """One dithered exposure: raw (ny, nx) and overscan (ny, n), DN; header (OBSJD); guess: expected projection."""

    raw: np.ndarray
    overscan: np.ndarray
    header: Mapping[str, Any]
    guess: tpv.Tpv


@dataclass(frozen=True)
class LowFlatInputs:
    """exposures: at least five; bias, flat (mean 1): float32 (ny, nx); defects: int16 mask of both; filtercode; stars:
    astrometric catalog; calibrators: photometric catalog of the whole dithered area; cards: carried into the
    products."""

    exposures: list[StarExposure]
    bias: np.ndarray
    flat: np.ndarray
    defects: np.ndarray
    filtercode: str
    stars: astrometry.ReferenceStars
    calibrators: zeropoint.Calibrators
    cards: Cards = field(default_factory=list)


@dataclass
class LowFlatState:
    """Dithered exposures on their way, in the order in which the steps add to it.

    begin : magnitude, colour: of all calibrators (mag); known: indices of those that are used
    measure_stars : images: without sky; rows: x, y, star, exposure, mag, sigma of each measurement, (6, n)
    fit_surface : solution; flat, uncertainty: float32 (ny, nx)
    find_hot_pixels : mask: int16
    """

    inputs: LowFlatInputs
    magnitude: np.ndarray
    colour: np.ndarray
    known: np.ndarray
    images: list[np.ndarray] = field(init=False)
    rows: np.ndarray = field(init=False)
    solution: StarFlat = field(init=False)
    flat: np.ndarray = field(init=False)
    uncertainty: np.ndarray = field(init=False)
    mask: np.ndarray = field(init=False)


def begin(inputs: LowFlatInputs, config: LowFlatConfig) -> LowFlatState:
    if len(inputs.exposures) < config.fit.min_exposures:
        raise UnusableFrameError(
            f"{len(inputs.exposures)} dithered exposures: at least {config.fit.min_exposures} needed"
        )
    magnitude, colour, _ = zeropoint.band_and_colour(inputs.calibrators, inputs.filtercode)
    known = np.isfinite(magnitude) & np.isfinite(colour) & (magnitude < config.faint_limit)
    return LowFlatState(inputs, magnitude, colour, np.flatnonzero(known))


def measure_stars(state: LowFlatState, config: LowFlatConfig) -> Measurements:
    """Aperture magnitudes of the catalog's stars in every exposure that can be placed on the sky."""
    state.images, rows, unplaced = [], [], 0
    for number, exposure in enumerate(state.inputs.exposures):
        image, bad, saturated = _detrended(exposure, state.inputs, config)
        sky = measure_background(image, bad, config.background_box)
        clean = fill_masked(image, bad, sky.level) - sky.level
        state.images.append(clean)
        try:
            rows.append(_stars_of(exposure, clean, sky, bad, saturated, state, config, number))
        except NoAstrometryError:
            unplaced += 1
    if len(rows) < config.fit.min_exposures:
        raise UnusableFrameError(
            f"{len(rows)} of {len(state.inputs.exposures)} dithered exposures could be placed on the sky: "
            f"at least {config.fit.min_exposures} needed",
            unplaced=unplaced,
        )
    state.rows = np.concatenate(rows, axis=1)
    return {"exposures": len(rows), "unplaced": unplaced, "star_measurements": state.rows.shape[1]}


def _detrended(exposure, inputs, config):
    fit = fit_overscan(exposure.overscan, config.overscan_order, config.saturation)
    image, saturated = detrend(exposure.raw, fit.curve, inputs.bias, inputs.flat, fit.level + config.saturation)
    bad = ((inputs.defects & np.int16(BAD_PIXEL_MASK)) != 0) | saturated | ~np.isfinite(image)
    return image, bad, saturated


def _stars_of(exposure, clean, sky, bad, saturated, state, config, number):
    """Rows x, y, star, exposure, mag, sigma of the isolated stars of one exposure: array (6, n)."""
    found = detection.detect(clean, sky.noise, bad, config.detection)
    x, y = found["x"].astype(float), found["y"].astype(float)
    flux, sigma = (
        v[:, 0] for v in apertures.aperture_fluxes(clean, sky.noise, bad, x, y, config.gain, (config.aperture,))
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        snr = np.nan_to_num(flux / sigma)
    solution = astrometry.solve_astrometry(
        x, y, found["flux"], 1.0 / np.clip(snr, 1.0, 100.0), _near(state.inputs.stars, exposure.guess, clean.shape),
        exposure.guess, clean.shape,
        julian_year(float(exposure.header["OBSJD"])), config.astrometry,
    )  # fmt: skip
    catalog = state.inputs.calibrators
    inside = state.known[_within(catalog.ra[state.known], catalog.dec[state.known], exposure.guess, clean.shape)]
    star_x, star_y = tpv.sky_to_pixel(solution.wcs, catalog.ra[inside], catalog.dec[inside])
    i, j = astrometry.match_nearest(x, y, star_x, star_y, config.match_radius)
    whole = ~_touches(bad, x[i], y[i], config.aperture / 2) & (snr[i] > config.min_snr)
    whole &= ~_crowded(x, y, found["flux"], config)[i]
    i, j = i[whole], inside[j[whole]]
    mag = -2.5 * np.log10(flux[i])
    return np.array([x[i], y[i], j, np.full(len(i), number), mag, zeropoint.MAG_PER_RELATIVE_FLUX / snr[i]])


def _near(stars, guess, shape):
    """The catalog about one exposure: far away the projection means nothing."""
    near = _within(stars.ra, stars.dec, guess, shape)
    return astrometry.ReferenceStars(
        stars.ra[near], stars.dec[near], stars.mag[near], stars.pmra[near], stars.pmdec[near], stars.epoch
    )


def _within(ra, dec, guess, shape):
    """Whether positions (deg) lie on the frame or near it."""
    ny, nx = shape
    centre_ra, centre_dec = tpv.pixel_to_sky(guess, np.array([(nx - 1) / 2]), np.array([(ny - 1) / 2]))
    radius = 0.5 * np.hypot(nx, ny) * np.sqrt(abs(np.linalg.det(guess.cd))) + MARGIN_DEG
    east = (np.mod(ra - centre_ra + 180.0, 360.0) - 180.0) * np.cos(np.radians(dec))
    return np.hypot(east, dec - centre_dec) < radius


def _touches(bad, x, y, radius):
    """Whether a bad pixel, or the frame's edge, lies within the radius of a place."""
    ny, nx = bad.shape
    rows, columns = np.nonzero(bad)
    near = np.zeros(len(x), bool)
    if len(rows) and len(x):
        distance, _ = cKDTree(np.column_stack([columns, rows])).query(np.column_stack([x, y]))
        near = distance < radius
    return near | (x < radius) | (y < radius) | (x > nx - 1 - radius) | (y > ny - 1 - radius)


def _crowded(x, y, flux, config):
    """Whether others shine into a star's aperture."""
    if not len(x):
        return np.zeros(0, bool)
    pairs = cKDTree(np.column_stack([x, y])).query_pairs(1.5 * config.aperture / 2 + 2.0, output_type="ndarray")
    others = np.bincount(pairs.ravel(), flux[pairs[:, ::-1]].ravel(), minlength=len(x))
    return others > config.crowding * flux


def fit_surface(state: LowFlatState, config: LowFlatConfig) -> Measurements:
    x, y, star, exposure, mag, sigma = state.rows
    numbers, compact = np.unique(star.astype(int), return_inverse=True)
    _, order = np.unique(exposure.astype(int), return_inverse=True)
    seen = StarObservations(x, y, compact, order, mag, sigma, state.magnitude[numbers], state.colour[numbers])
    state.solution = solve_star_flat(seen, state.inputs.bias.shape, config.fit)
    state.flat, state.uncertainty = state.solution.flat(), state.solution.uncertainty()
    return {
        "stars": state.solution.stars,
        "measurements_kept": int(state.solution.kept.sum()),
        "starflat_rms": state.solution.rms,
        "starflat_chi2": state.solution.chi2,
        "starflat_colour": state.solution.colour,
        "starflat_uncertainty": float(np.median(state.uncertainty)),
        "lownuflat_min": float(state.flat.min()),
        "lownuflat_max": float(state.flat.max()),
        "visits_per_star": _visits(compact[state.solution.kept]),
    }


def _visits(stars: np.ndarray) -> float:
    """Mean number of places at which a star was seen."""
    return float(len(stars) / max(len(np.unique(stars)), 1))


def find_hot_pixels(state: LowFlatState, config: LowFlatConfig) -> Measurements:
    """Mask pixels that shine in every exposure although the stars moved."""
    hot = hot_pixels(state.images, config.hot_clip)
    del state.images
    state.mask = np.where(hot, np.int16(MaskBit.NOISY), np.int16(0)).astype(np.int16)
    return {"hot_pixels": int(np.count_nonzero(hot))}


def finish(
    state: LowFlatState, config: LowFlatConfig, measurements: Measurements, steps: tuple[StepReport, ...]
) -> dict[str, Product]:
    cards = list(state.inputs.cards) + [
        ("NFRAMES", measurements["exposures"], "Number of dithered exposures"),
        ("NSTARS", measurements["stars"], "Number of stars"),
        ("SFLATRMS", measurements["starflat_rms"], "Robust scatter of the measurements [mag]"),
        ("SFLATUNC", measurements["starflat_uncertainty"], "Median relative uncertainty"),
        ("SFLATDEG", config.fit.degree, "Degree of the Chebyshev surface"),
        ("PIPEVER", VERSION, "Version of the lownuflat pipeline"),
    ]
    return {
        "lownuflat.fits": Product(state.flat, cards),
        "lownuflatunc.fits": Product(state.uncertainty, cards),
        "lownuflatcmask.fits": Product(state.mask, cards),
        "lownuflatlog.txt": Product(log_text("lownuflat", VERSION, config, steps), []),
    }


LOWFLAT = Pipeline(
    name="lownuflat",
    version=VERSION,
    config=LowFlatConfig,
    begin=begin,
    steps=(measure_stars, fit_surface, find_hot_pixels),
    finish=finish,
    makes=("lownuflat.fits", "lownuflatunc.fits", "lownuflatcmask.fits", "lownuflatlog.txt"),
)
