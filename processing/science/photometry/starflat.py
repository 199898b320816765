"""The smooth response to starlight, from stars seen at many places of a quadrant.

A star is as bright in one corner as in the other. What its measured magnitudes differ by, once the exposures' zero
points are taken out, is the flat's error. A slope across the frame looks like zero points that change with the dither;
the stars' catalog magnitudes, each good to a hundredth, tell the two apart.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from archive.survey.robust import MAD_TO_SIGMA, robust_scatter
from processing.science import surface
from processing.science.errors import UnusableFrameError
from processing.science.surface import Surface

MAG_TO_FLUX = -0.4 * np.log(10.0)


@dataclass(frozen=True)
class StarFlatConfig:
    """degree: of the surface, less with fewer than stars_per_term stars for each of its terms; min_exposures,
    min_stars: fewer give UnusableFrameError; catalog_error: sigma of a catalog magnitude (mag); floor: added to the
    error of a measurement (mag); clip: robust sigmas; passes: of clipping."""

    degree: int = 4
    stars_per_term: int = 15
    min_exposures: int = 5
    min_stars: int = 12
    catalog_error: float = 0.015
    floor: float = 0.004
    clip: float = 3.5
    passes: int = 8


@dataclass(frozen=True)
class StarObservations:
    """One row a measurement: x, y (0-based px); star, exposure (numbers from 0); mag (instrumental, of the image
    divided by the high-frequency flat), sigma (mag). One row a star: catalog_mag, catalog_colour (mag)."""

    x: np.ndarray
    y: np.ndarray
    star: np.ndarray
    exposure: np.ndarray
    mag: np.ndarray
    sigma: np.ndarray
    catalog_mag: np.ndarray
    catalog_colour: np.ndarray


@dataclass(frozen=True)
class StarFlat:
    """magnitudes: Surface, mag, by which stars are measured too faint; covariance: of its terms but the constant;
    zero_points: (exposures,) mag; colour: coefficient; rms: robust scatter of the measurements kept (mag), chi2: per
    degree of freedom; kept: bool by measurement; stars: number used."""

    magnitudes: Surface
    covariance: np.ndarray
    zero_points: np.ndarray
    colour: float
    rms: float
    chi2: float
    kept: np.ndarray
    stars: int

    def flat(self) -> np.ndarray:
        """Response of the sky over that of the high-frequency flat, median 1: float32 (ny, nx)."""
        image = np.exp(np.float32(MAG_TO_FLUX) * self.magnitudes.image())
        return image / np.median(image[::8, ::8])

    def uncertainty(self) -> np.ndarray:
        """One-sigma error of `flat`, relative: float32 (ny, nx).

        The variance of a polynomial is a polynomial of twice its degree, so that few nodes give all pixels.
        """
        degree = len(self.magnitudes.coefficients) - 1
        ny, nx = self.magnitudes.shape
        x, y = (v.ravel() for v in np.meshgrid(np.linspace(0, nx - 1, 6 * degree), np.linspace(0, ny - 1, 6 * degree)))
        terms = surface.basis(x, y, self.magnitudes.shape, degree)[:, 1:]
        variance = np.einsum("ij,jk,ik->i", terms, self.covariance, terms)
        double = surface.basis(x, y, self.magnitudes.shape, 2 * degree)
        fitted = surface.from_terms(np.linalg.lstsq(double, variance, rcond=None)[0], (ny, nx), 2 * degree)
        return np.float32(-MAG_TO_FLUX) * np.sqrt(np.maximum(fitted.image(), 0.0))


def solve_star_flat(
    seen: StarObservations,
    shape: tuple[int, int],
    config: StarFlatConfig = StarFlatConfig(),  # noqa: B008 (frozen)
) -> StarFlat:
    """Zero points, colour term and surface by weighted least squares, with clipping.

    Model: mag = catalog_mag + d - zero_point - colour * catalog_colour + surface(x, y), where each star's d is normal
    with sigma catalog_error. The d are eliminated (Schur complement), so that the system has as many unknowns as
    exposures and terms.

    Raises
    ------
    UnusableFrameError
        if too few exposures or stars are left.
    """
    exposures, stars = int(seen.exposure.max(initial=-1)) + 1, len(seen.catalog_mag)
    degree = _degree_for(stars, config)
    design = _design(seen, exposures, surface.basis(seen.x, seen.y, shape, degree)[:, 1:])
    target = seen.mag - seen.catalog_mag[seen.star]
    weight = np.nan_to_num(1.0 / (seen.sigma**2 + config.floor**2))
    members = csr_matrix((np.ones(len(target)), (seen.star, np.arange(len(target)))), shape=(stars, len(target)))
    usable = np.isfinite(target) & np.isfinite(design).all(axis=1) & (weight > 0)
    design, target, weight = np.where(usable[:, None], design, 0.0), np.where(usable, target, 0.0), weight * usable
    keep = usable
    prior = np.full(stars, config.catalog_error**-2.0)
    for _ in range(config.passes):
        w = weight * keep
        _check_enough(seen, keep, config)
        per_star = members @ w + prior
        sums, mean = members @ (design * w[:, None]), members @ (target * w)
        normal = design.T @ (design * w[:, None]) - sums.T @ (sums / per_star[:, None])
        solution = np.linalg.solve(normal, design.T @ (target * w) - sums.T @ (mean / per_star))
        residual = target - design @ solution
        offset = (members @ (residual * w)) / per_star
        residual = residual - offset[seen.star]
        # Variable stars, and stars whose catalog magnitude is wrong, still tell about the surface.
        free = np.abs(offset) > config.clip * config.catalog_error
        prior = np.where(free, 1e-6 * config.catalog_error**-2.0, config.catalog_error**-2.0)
        pull = np.abs(residual) * np.sqrt(weight)
        new = usable & (pull < config.clip * MAD_TO_SIGMA * np.median(pull[keep]))
        if np.array_equal(new, keep):
            break
        keep = new
    used = np.unique(seen.star[keep])
    freedom = max(int(keep.sum()) - len(used) - len(solution), 1)
    # A star's own offset follows its few measurements, which then lie too near to it.
    shrunk = np.sqrt(int(keep.sum()) / freedom)
    chi2 = float(np.sum(residual[keep] ** 2 * weight[keep]) / freedom)
    covariance = np.linalg.inv(normal) * max(chi2, 1.0)
    values = np.concatenate([[0.0], solution[exposures + 1 :]])
    return StarFlat(
        surface.from_terms(values, shape, degree),
        covariance[exposures + 1 :, exposures + 1 :],
        solution[:exposures],
        float(solution[exposures]),
        float(shrunk * robust_scatter(residual[keep], 0.0)),
        chi2,
        keep,
        len(used),
    )


def _design(seen: StarObservations, exposures: int, terms: np.ndarray) -> np.ndarray:
    """Derivatives of each magnitude by zero points, colour coefficient, terms of the surface."""
    colour = seen.catalog_colour
    colour = colour - np.median(colour) if len(colour) else colour
    in_exposure = (seen.exposure[:, None] == np.arange(exposures)).astype(float)
    return np.column_stack([-in_exposure, -colour[seen.star], terms])


def _degree_for(stars, config):
    for degree in range(config.degree, 1, -1):
        if stars >= config.stars_per_term * len(surface.terms(degree)):
            return degree
    return 1


def _check_enough(seen, keep, config):
    exposures, stars = len(np.unique(seen.exposure[keep])), len(np.unique(seen.star[keep]))
    if exposures < config.min_exposures or stars < config.min_stars:
        raise UnusableFrameError(
            f"{stars} stars in {exposures} dithered exposures: at least {config.min_stars} stars in "
            f"{config.min_exposures} exposures needed",
            starflat_stars=stars,
            starflat_exposures=exposures,
        )
