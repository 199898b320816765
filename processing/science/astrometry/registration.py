"""The registration of two catalogs of one place: displacement, flux ratio, and what scatter is left."""

from dataclasses import dataclass

import numpy as np

from archive.survey.robust import MAD_TO_SIGMA, robust_scatter
from processing.science.astrometry.solve import match_nearest
from processing.science.coadd.resample import Shift, polynomial_terms
from processing.science.errors import UnusableFrameError

MIN_MATCHES = 10
LEAST_SNR = 20.0  # that a star is expected to have in the image, to tell the ratio of fluxes
FLUX_FLOOR = 0.005  # relative: no star tells more than this
STARS_PER_TERM = 12
SCATTER_STARS = 60


@dataclass(frozen=True)
class Registration:
    """shift: to add to science positions so that they fall on the reference's; error: (x, y), scatter of
    bright stars about it (px); science, reference: indices of the matched stars."""

    shift: Shift
    error: tuple[float, float]
    science: np.ndarray
    reference: np.ndarray


def register(
    x: np.ndarray,
    y: np.ndarray,
    reference_x: np.ndarray,
    reference_y: np.ndarray,
    snr: np.ndarray,
    shape: tuple[int, int],
    radius: float = 2.0,
) -> Registration:
    """Fit the displacement of the reference's stars from the science image's.

    Parameters
    ----------
    x, y : stars of the science image, 0-based px
    reference_x, reference_y : stars of the reference where both WCS put them in the science image
    snr : of the science stars
    shape : (ny, nx) of the science image
    radius : of a match, px

    Raises
    ------
    UnusableFrameError
        if fewer than ten stars match.
    """
    i, j = match_nearest(x, y, reference_x, reference_y, radius)
    if len(i) < MIN_MATCHES:
        raise UnusableFrameError(
            f"{len(i)} stars of image and reference match within {radius:g} px: {MIN_MATCHES} needed",
            registration_stars=len(i),
        )
    offset = np.column_stack([reference_x[j] - x[i], reference_y[j] - y[i]])
    degree = next(d for d in (2, 1, 0) if len(i) >= STARS_PER_TERM * (d + 1) * (d + 2) / 2 or d == 0)
    terms = polynomial_terms(x[i], y[i], shape, degree)
    weight = np.minimum(snr[i], 100.0)
    keep = np.ones(len(i), bool)
    for _ in range(6):
        w = (weight * keep)[:, None]
        coefficients = np.linalg.lstsq(terms * w, offset * w, rcond=None)[0]
        left = offset - terms @ coefficients
        away = np.hypot(*left.T) * weight
        keep = away < 4.0 * np.median(away[keep]) + 1e-9
    bright = np.flatnonzero(keep)[np.argsort(-snr[i[keep]])][:SCATTER_STARS]
    error = robust_scatter(left[bright, 0], 0.0), robust_scatter(left[bright, 1], 0.0)
    return Registration(Shift(coefficients, shape, degree), error, i[keep], j[keep])


@dataclass(frozen=True)
class FluxRatio:
    """ratio: science flux over reference flux in the middle; scatter: relative, of bright stars; stars: used;
    coefficients: of polynomials over the frame, of total degree `degree`."""

    ratio: float
    scatter: float
    stars: int
    coefficients: np.ndarray
    degree: int

    def over(self, shape: tuple[int, int]) -> np.ndarray:
        """The ratio at every pixel: float32 (ny, nx), or (1, 1) where it is the same everywhere."""
        if self.degree == 0:
            return np.full((1, 1), self.ratio, np.float32)
        y, x = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
        powers = ((i, j) for i in range(self.degree + 1) for j in range(self.degree + 1 - i))
        u, v = (2 * x / shape[1] - 1).astype(np.float32), (2 * y / shape[0] - 1).astype(np.float32)
        return sum(
            (np.float32(c) * u**i * v**j for c, (i, j) in zip(self.coefficients, powers, strict=True)),
            np.zeros(shape, np.float32),
        )


def match_fluxes(
    x: np.ndarray, y: np.ndarray, flux: np.ndarray, sigma: np.ndarray, reference_flux: np.ndarray, shape
) -> FluxRatio:
    """Ratio of the fluxes of the same stars, by clipped least squares; a plane if there are enough.

    Stars are chosen and weighted by what the deep reference lets expect of them: chosen by the noisy flux itself, faint
    ones would be those that chance had made brighter.

    Raises
    ------
    UnusableFrameError
        if fewer than ten stars are usable.
    """
    usable = np.isfinite(flux) & (reference_flux > 0) & (sigma > 0)
    middle = float(np.median((flux / np.where(usable, reference_flux, 1.0))[usable])) if usable.any() else 0.0
    good = usable & (middle * reference_flux > LEAST_SNR * sigma)
    if good.sum() < MIN_MATCHES:
        raise UnusableFrameError(
            f"{int(good.sum())} stars with a flux in image and reference: {MIN_MATCHES} needed",
            gain_stars=int(good.sum()),
        )
    flux, expected = flux[good], middle * reference_flux[good]
    weight = 1.0 / np.hypot(FLUX_FLOOR * expected, sigma[good])
    degree = 1 if good.sum() >= 6 * STARS_PER_TERM else 0
    terms = polynomial_terms(x[good], y[good], shape, degree) * reference_flux[good][:, None]
    keep = np.abs(flux - expected) < 0.3 * expected  # variable stars are among them
    for _ in range(6):
        w = weight * keep
        coefficients = np.linalg.lstsq(terms * w[:, None], flux * w, rcond=None)[0]
        left = np.abs(flux - terms @ coefficients) * weight
        keep = left < 3.0 * MAD_TO_SIGMA * np.median(left[keep]) + 1e-9
    scatter = MAD_TO_SIGMA * np.median((np.abs(flux - terms @ coefficients) / expected)[keep])
    return FluxRatio(float(coefficients[0]), float(scatter), int(keep.sum()), coefficients, degree)
