"""Astrometric solution: match detections to a reference catalog, then fit a TPV projection.

1. Pattern match: histogram of all offsets between bright detections and bright catalog stars, for a few
rotations.
   The true offset piles up; the rest is a Poisson background, and the pile must stand far above it.
2. First pass: pointing, rotation and scale from the bright stars.
3. Second pass: all stars, TPV polynomial of the wanted degree. It is linear in the coefficients once CRPIX,
CD and
   CRVAL are fixed, so it needs no starting values and no iteration but the clipping of outliers.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.ndimage import uniform_filter
from scipy.spatial import cKDTree

from archive.sky.sphere import to_ra_dec
from processing.science import tpv
from processing.science.astrometry.fits import degree_for, fit_distortion, refit_pointing
from processing.science.errors import NoAstrometryError

MAS_PER_DEGREE = 3.6e6


@dataclass(frozen=True)
class ReferenceStars:
    """Astrometric catalog: ra, dec (deg, ICRS at `epoch`), mag, pmra (times cos dec) and pmdec (mas/yr, NaN
    = unknown); epoch: Julian year."""

    ra: np.ndarray
    dec: np.ndarray
    mag: np.ndarray
    pmra: np.ndarray
    pmdec: np.ndarray
    epoch: float = 2016.0


@dataclass(frozen=True)
class AstrometryConfig:
    """search: largest pointing error (px); max_rotation, rotation_step: trial rotations (deg); bin_size: of
    the offset histogram (px); bright: stars used in the pattern match; significance: of the pile over its
    background (sigmas); min_matches: fewer give NoAstrometryError; first_radius, final_radius: matching radii
    (px); degree: of the TPV fit; floor: position error added in quadrature (px); clip: robust sigmas;
    max_rms: larger gives NoAstrometryError (arcsec); bright_fraction: share of the matched stars, the brightest,
    whose rms is quoted; grid: cells per side for the check of coverage; max_stars: detections used, the brightest,
    and as many catalog stars: more cost time and say nothing new."""

    search: float = 200.0
    max_rotation: float = 0.4
    rotation_step: float = 0.1
    bin_size: float = 3.0
    bright: int = 500
    significance: float = 8.0
    min_matches: int = 8
    first_radius: float = 6.0
    final_radius: float = 1.5
    degree: int = 4
    floor: float = 0.01
    clip: float = 3.5
    max_rms: float = 0.6
    bright_fraction: float = 0.5
    grid: int = 3
    max_stars: int = 8000


@dataclass(frozen=True)
class Astrometry:
    """wcs; detection, star: indices of the matched pairs; rms: (2,) deg, of the bright half, along
    ra*cos(dec), dec; chi2: per degree of freedom; matched_detections, matched_stars: percent of those that
    could match; scale_change: percent against the guess; min_grid_matches; max_grid_residual (arcsec);
    offset: pointing error (px); rotation: deg."""

    wcs: tpv.Tpv
    detection: np.ndarray
    star: np.ndarray
    rms: np.ndarray
    chi2: float
    matched_detections: float
    matched_stars: float
    scale_change: float
    min_grid_matches: int
    max_grid_residual: float
    offset: tuple[float, float]
    rotation: float


class Detections(NamedTuple):
    """Arrays (n,): x, y (0-based px), flux (any unit), sigma: error of a position along one axis (px)."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    sigma: np.ndarray

    def weight(self, floor: float) -> np.ndarray:
        """One over the error of each position, with a floor (px)."""
        return 1.0 / np.hypot(floor, self.sigma)

    def brightest(self, count: int) -> np.ndarray:
        """Rows of the brightest."""
        return np.argsort(-self.flux)[:count]


class Pattern(NamedTuple):
    """x, y: where the catalog's stars are by the pattern of the detections (px); offset: pointing error (px); rotation
    (deg)."""

    x: np.ndarray
    y: np.ndarray
    offset: tuple[float, float]
    rotation: float


def apply_proper_motion(stars: ReferenceStars, epoch: float) -> tuple[np.ndarray, np.ndarray]:
    """Positions (ra, dec), deg, at another epoch (Julian year); on the unit sphere, so right at the poles
    too."""
    years = epoch - stars.epoch
    a, d = np.radians(stars.ra), np.radians(stars.dec)
    along_ra = np.radians(np.nan_to_num(stars.pmra) * years / MAS_PER_DEGREE)
    along_dec = np.radians(np.nan_to_num(stars.pmdec) * years / MAS_PER_DEGREE)
    ca, sa, cd, sd = np.cos(a), np.sin(a), np.cos(d), np.sin(d)
    x = cd * ca - along_ra * sa - along_dec * sd * ca
    y = cd * sa + along_ra * ca - along_dec * sd * sa
    z = sd + along_dec * cd
    return to_ra_dec(np.stack([x, y, z], axis=-1))


@njit(cache=True)
def _offset_histogram(x, y, star_x, star_y, search, bin_size, counts):
    counts[:] = 0
    n = counts.shape[0]
    for i in range(x.size):
        for j in range(star_x.size):
            dx, dy = star_x[j] - x[i], star_y[j] - y[i]
            if abs(dx) < search and abs(dy) < search:
                a, b = int((dx + search) / bin_size), int((dy + search) / bin_size)
                if a < n and b < n:
                    counts[b, a] += 1


def _rotate(x, y, centre, angle):
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    dx, dy = x - centre[0], y - centre[1]
    return c * dx - s * dy + centre[0], s * dx + c * dy + centre[1]


def match_pattern(
    x: np.ndarray,
    y: np.ndarray,
    star_x: np.ndarray,
    star_y: np.ndarray,
    centre: tuple[float, float],
    config: AstrometryConfig,
) -> tuple[float, float, float]:
    """Offset (px) and rotation (deg, about `centre`) that carry catalog stars onto detections.

    x, y and star_x, star_y are the bright detections and the catalog stars at their expected pixels.

    Raises
    ------
    NoAstrometryError
        if no pile of offsets stands out.
    """
    n = int(np.ceil(2 * config.search / config.bin_size))
    counts = np.zeros((n, n), np.int32)
    best = (-np.inf, 0, 0.0, 0.0, 0.0)
    steps = int(round(config.max_rotation / config.rotation_step))
    for angle in np.arange(-steps, steps + 1) * config.rotation_step:
        qx, qy = _rotate(star_x, star_y, centre, angle)
        _offset_histogram(x, y, qx, qy, config.search, config.bin_size, counts)
        piles = uniform_filter(counts.astype(np.float64), 3, mode="constant") * 9.0
        row, column = np.unravel_index(piles.argmax(), piles.shape)
        expected = 9.0 * counts.mean()
        significance = (piles[row, column] - expected) / np.sqrt(expected + 1.0)
        if significance > best[0]:
            near = slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2)
            part = counts[near].astype(float)
            rows, columns = np.mgrid[near]
            dx = ((columns + 0.5) * part).sum() / part.sum() * config.bin_size - config.search
            dy = ((rows + 0.5) * part).sum() / part.sum() * config.bin_size - config.search
            best = (significance, int(round(piles[row, column])), dx, dy, angle)
    significance, pairs, dx, dy, angle = best
    if significance < config.significance or pairs < config.min_matches:
        raise NoAstrometryError(
            f"best offset has {pairs} pairs at {significance:.1f} sigma over chance: at least "
            f"{config.min_matches} pairs and {config.significance:g} sigma needed",
            astrometry_pairs=pairs,
            astrometry_significance=float(significance),
        )
    return dx, dy, angle


def match_nearest(
    x: np.ndarray, y: np.ndarray, star_x: np.ndarray, star_y: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """One-to-one matches within a radius: pairs that are each other's nearest. Returns two index arrays."""
    empty = np.zeros(0, int)
    if len(x) == 0 or len(star_x) == 0:
        return empty, empty
    points, stars = np.column_stack([x, y]), np.column_stack([star_x, star_y])
    distance, star = cKDTree(stars).query(points, distance_upper_bound=radius)
    _, back = cKDTree(points).query(stars)
    detection = np.flatnonzero(np.isfinite(distance))
    detection = detection[back[star[detection]] == detection]
    return detection, star[detection]


def solve_astrometry(
    x: np.ndarray,
    y: np.ndarray,
    flux: np.ndarray,
    sigma: np.ndarray,
    stars: ReferenceStars,
    guess: tpv.Tpv,
    shape: tuple[int, int],
    epoch: float,
    config: AstrometryConfig | None = None,
) -> Astrometry:
    """Solve for the projection of a frame.

    Parameters
    ----------
    x, y : arrays (n,), 0-based pixels
    flux : array (n,)
        Ranks the detections; units do not matter.
    sigma : array (n,), pixels
        Error of a position along one axis.
    stars : ReferenceStars
    guess : Tpv
        Pointing of the telescope with the camera's nominal geometry.
    shape : (ny, nx)
    epoch : float, Julian year of the exposure

    Returns
    -------
    Astrometry

    Raises
    ------
    NoAstrometryError
        if there are too few stars, no significant match, or the residuals are too large.
    """
    config = config or AstrometryConfig()
    brightest = np.argsort(-flux)[: config.max_stars]
    detections = Detections(*(values[brightest] for values in (x, y, flux, sigma)))
    ra, dec = apply_proper_motion(stars, epoch)
    near, pattern = _find_pattern(detections, ra, dec, stars.mag, guess, shape, config)
    ra, dec = ra[near], dec[near]
    wcs = _approach(detections, ra, dec, pattern, guess, config)
    star_x, star_y = tpv.sky_to_pixel(wcs, ra, dec)
    i, j = match_nearest(detections.x, detections.y, star_x, star_y, config.final_radius)
    xi, eta = tpv.project(ra[j], dec[j], wcs.crval)
    weight, degree = detections.weight(config.floor)[i], degree_for(len(i), config.degree)
    wcs, keep = fit_distortion(wcs, detections.x[i], detections.y[i], xi, eta, weight, degree, config.clip)
    i, j = i[keep], j[keep]
    found = _assess(wcs, guess, detections, (ra, dec), (i, j), pattern, shape, config)
    return replace(found, detection=brightest[i], star=near[j])


def _find_pattern(
    detections: Detections,
    ra: np.ndarray,
    dec: np.ndarray,
    mag: np.ndarray,
    guess: tpv.Tpv,
    shape: tuple[int, int],
    config: AstrometryConfig,
) -> tuple[np.ndarray, Pattern]:
    """The catalog stars that may be in the frame, brightest first, and where the pattern of detections puts them."""
    ny, nx = shape
    expected_x, expected_y = tpv.sky_to_pixel(guess, ra, dec)
    margin = config.search + 0.01 * max(shape)
    near = np.flatnonzero(
        (expected_x > -margin) & (expected_x < nx + margin) & (expected_y > -margin) & (expected_y < ny + margin)
    )
    if len(detections.x) < config.min_matches or len(near) < config.min_matches:
        raise NoAstrometryError(
            f"{len(detections.x)} detections and {len(near)} catalog stars in the frame: "
            f"at least {config.min_matches} of both needed",
            astrometry_detections=len(detections.x),
            astrometry_stars=len(near),
        )
    bright = detections.brightest(config.bright)
    area_ratio = (nx + 2 * margin) * (ny + 2 * margin) / (nx * ny)
    near = near[np.argsort(mag[near], kind="stable")][: int(1.2 * area_ratio * config.max_stars)]
    ranked = near[: int(1.2 * area_ratio * config.bright)]
    centre = ((nx - 1) / 2, (ny - 1) / 2)
    dx, dy, angle = match_pattern(
        detections.x[bright], detections.y[bright], expected_x[ranked], expected_y[ranked], centre, config
    )
    turned_x, turned_y = _rotate(expected_x[near], expected_y[near], centre, angle)
    return near, Pattern(turned_x - dx, turned_y - dy, (float(dx), float(dy)), float(angle))


def _approach(
    detections: Detections,
    ra: np.ndarray,
    dec: np.ndarray,
    pattern: Pattern,
    guess: tpv.Tpv,
    config: AstrometryConfig,
) -> tpv.Tpv:
    """The projection after a few rounds of matching and fitting, with ever smaller radii and more terms."""
    x, y = detections.x, detections.y
    weight, bright = detections.weight(config.floor), detections.brightest(config.bright)
    star_x, star_y = pattern.x, pattern.y
    wcs, radius = guess, config.first_radius
    pool = bright
    for attempt in range(4):
        i, j = match_nearest(x[pool], y[pool], star_x, star_y, radius)
        if len(i) < config.min_matches:
            raise NoAstrometryError(
                f"{len(i)} pairs within {radius:g} px: at least {config.min_matches} needed",
                astrometry_matches=len(i),
            )
        i = pool[i]
        xi, eta = tpv.project(ra[j], dec[j], wcs.crval)
        wcs = refit_pointing(wcs, x[i], y[i], xi, eta, weight[i], config.clip)
        if attempt >= 2:
            degree = degree_for(len(i), config.degree if attempt == 3 else min(config.degree, 3))
            xi, eta = tpv.project(ra[j], dec[j], wcs.crval)
            wcs, _ = fit_distortion(wcs, x[i], y[i], xi, eta, weight[i], degree, config.clip)
        star_x, star_y = tpv.sky_to_pixel(wcs, ra, dec)
        pool = bright if attempt == 0 else np.arange(len(x))
        radius = (4.0, 2.5, config.final_radius, config.final_radius)[attempt]
    return wcs


def _assess(
    wcs: tpv.Tpv,
    guess: tpv.Tpv,
    detections: Detections,
    stars: tuple[np.ndarray, np.ndarray],
    matches: tuple[np.ndarray, np.ndarray],
    pattern: Pattern,
    shape: tuple[int, int],
    config: AstrometryConfig,
) -> Astrometry:
    """The quality of a projection's fit; stars: ra, dec (deg); matches: rows of detections and of their stars."""
    x, y, flux, sigma = detections
    ra, dec = stars
    i, j = matches
    ny, nx = shape
    found_ra, found_dec = tpv.pixel_to_sky(wcs, x[i], y[i])
    d_ra = (np.mod(found_ra - ra[j] + 180.0, 360.0) - 180.0) * np.cos(np.radians(dec[j]))
    d_dec = found_dec - dec[j]
    rank = np.argsort(-flux[i])[: max(int(config.bright_fraction * len(i)), min(len(i), config.min_matches))]
    rms = np.array([np.sqrt(np.mean(d_ra[rank] ** 2)), np.sqrt(np.mean(d_dec[rank] ** 2))])
    scale = np.sqrt(abs(np.linalg.det(wcs.cd)))
    star_x, star_y = tpv.sky_to_pixel(wcs, ra, dec)
    inside = (star_x > 0) & (star_x < nx - 1) & (star_y > 0) & (star_y < ny - 1)
    chance = inside.sum() / (nx * ny) * np.pi * config.final_radius**2
    n_free = 2 * len(tpv.terms_up_to(degree_for(len(i), config.degree)))
    if len(i) < config.min_matches or len(i) < 3.0 * chance * min(len(x), inside.sum()) and chance < 0.2:
        raise NoAstrometryError(
            f"{len(i)} matches, {chance * len(x):.0f} expected by chance: not a trustworthy match",
            astrometry_matches=len(i),
        )
    if rms.max() * 3600 > config.max_rms:
        raise NoAstrometryError(
            f"residual rms {rms.max() * 3600:.2f} arcsec: must be below {config.max_rms:g}",
            astrometry_matches=len(i),
            astrometry_rms=float(rms.max() * 3600),
        )
    cell = np.clip((y[i] / ny * config.grid).astype(int), 0, config.grid - 1) * config.grid + np.clip(
        (x[i] / nx * config.grid).astype(int), 0, config.grid - 1
    )
    residual = np.hypot(d_ra, d_dec) * 3600
    medians = [np.median(residual[cell == k]) for k in range(config.grid**2) if np.any(cell == k)]
    weight = 1.0 / np.hypot(config.floor, sigma[i])
    chi2 = float(np.sum(((d_ra**2 + d_dec**2) / scale**2) * weight**2) / max(2 * len(i) - n_free, 1))
    return Astrometry(
        wcs=wcs,
        detection=i,
        star=j,
        rms=rms,
        chi2=chi2,
        matched_detections=100.0 * len(i) / len(x),
        matched_stars=100.0 * len(i) / max(int(inside.sum()), 1),
        scale_change=100.0 * (scale / np.sqrt(abs(np.linalg.det(guess.cd))) - 1.0),
        min_grid_matches=int(np.bincount(cell, minlength=config.grid**2).min()),
        max_grid_residual=float(max(medians)),
        offset=pattern.offset,
        rotation=pattern.rotation,
    )
