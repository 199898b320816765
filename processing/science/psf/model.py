"""A point-spread function that varies over the frame.

An elliptical Moffat whose width and shape are polynomials of the position, plus a table of residuals, four
samples per pixel, whose entries are linear in the position (the structure of DAOPHOT's PSF: Stetson 1987,
PASP 99, 191). Far from the core single stars say little: there the residual is replaced by its azimuthal
mean, measured against the image's sky and not the star's own (which would absorb the wings). Without this
the wings of bright stars ruin differencing.

The PSF is held as cubic B-spline tables, one for each cell of the frame.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter, gaussian_filter1d, spline_filter
from scipy.spatial import cKDTree

from archive.survey.robust import MAD_TO_SIGMA
from processing.science.errors import NoPsfModelError
from processing.science.psf import moffat as mof

OVERSAMPLING = 4
# Stars that choose the Moffat's exponent; the residual table takes up what it misses.
TRIAL_STARS = 60


@dataclass(frozen=True)
class PsfConfig:
    """radius: half size of the model (px); cell: side of the cells that share one table (px); max_stars,
    min_stars; min_snr: of a PSF star; max_peak: of a PSF star, as a fraction of saturation; isolation: no
    neighbour nearer (px) brighter than `neighbour` times the star, all together; size_tolerance: relative
    spread of sizes accepted; fit_radius: of the Moffat fit (px); betas: tried; core, wing: smoothing of the
    residual table inside and outside `core_radius` (samples, samples, px); wing_start, wing_width: where
    the azimuthal mean takes over (px); taper: width of the fade-out at the edge (px); model_error: error of
    a residual as a fraction of the star's flux, so that the brightest stars do not decide alone."""

    radius: int = 12
    cell: int = 192
    max_stars: int = 500
    min_stars: int = 8
    min_snr: float = 40.0
    max_peak: float = 0.75
    isolation: float = 9.0
    neighbour: float = 0.02
    size_tolerance: float = 0.25
    fit_radius: int = 6
    betas: tuple[float, ...] = (2.2, 2.6, 3.0, 3.5, 4.5)
    core: float = 1.0
    wing: float = 3.0
    core_radius: float = 4.0
    wing_start: float = 5.0
    wing_width: float = 2.0
    taper: float = 2.0
    model_error: float = 1.6e-3


@dataclass(frozen=True)
class Psf:
    """splines, samples: float32 (rows, columns, n, n): B-spline coefficients and plain values of the PSF,
    four samples a pixel, centred, flux 1 within the table; shape: (ny, nx) of the frame; radius (px); beta;
    stars: used; fwhm: of the pixel-integrated PSF, mean over the frame (px); ellipticity: of the Moffat
    core at the centre; noise_area: 1 / sum(PSF^2), mean over the frame (px)."""

    splines: np.ndarray
    samples: np.ndarray
    shape: tuple[int, int]
    radius: int
    beta: float
    stars: int
    fwhm: float
    ellipticity: float
    noise_area: float


def select_psf_stars(
    sources: np.ndarray,
    flux: np.ndarray,
    snr: np.ndarray,
    bad: np.ndarray,
    saturation: float,
    config: PsfConfig | None = None,
) -> np.ndarray:
    """Indices of clean, isolated, unsaturated stars, brightest first.

    Parameters
    ----------
    sources : structured array from `detection.detect`
    flux : array (n,), DN, in a small aperture
    snr : array (n,)
    bad : bool array (ny, nx)
    saturation : float, DN above sky
    """
    config = config or PsfConfig()
    ny, nx = bad.shape
    x, y = sources["x"], sources["y"]
    edge = config.radius + 2
    candidates = (
        (sources["flag"] == 0)
        & (snr > config.min_snr)
        & (sources["peak"] < config.max_peak * saturation)
        & (x > edge)
        & (x < nx - 1 - edge)
        & (y > edge)
        & (y < ny - 1 - edge)
    )
    size = np.sqrt(np.clip(sources["a"] * sources["b"], 0.01, None))
    if candidates.any():
        # Galaxies are larger, so the stars' own size is the lower quartile rather than the median.
        typical = np.percentile(size[candidates], 35)
        candidates &= np.abs(size - typical) < config.size_tolerance * typical
    tree = cKDTree(np.column_stack([x, y]))
    kept, relaxed = [], []
    for i in np.flatnonzero(candidates)[np.argsort(-flux[candidates])]:
        column, row = int(round(x[i])), int(round(y[i]))
        r = config.fit_radius - 1
        if bad[row - r : row + r + 1, column - r : column + r + 1].any():
            continue
        near = [j for j in tree.query_ball_point((x[i], y[i]), config.isolation) if j != i]
        contamination = sum(max(flux[j], 0.0) for j in near)
        if contamination < config.neighbour * flux[i]:
            kept.append(i)
        elif contamination < 5 * config.neighbour * flux[i]:
            relaxed.append(i)
        if len(kept) >= config.max_stars:
            break
    # In crowded fields hardly any star is alone: take the least disturbed.
    needed = max(config.max_stars // 5, config.min_stars)
    return np.array(kept + relaxed[: max(needed - len(kept), 0)], dtype=int)


def _polynomial(x, y, shape, degree):
    """Powers of the normalised position, constant first: (n, terms)."""
    u, v = 2 * np.asarray(x, float) / shape[1] - 1, 2 * np.asarray(y, float) / shape[0] - 1
    return np.stack([u**i * v**j for i in range(degree + 1) for j in range(degree + 1 - i)], -1)


class _FittedStars(NamedTuple):
    """Arrays (n,) of Moffat fits: x, y (px), flux, sky (DN); shapes (n, 3): fwhm, e1, e2."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    sky: np.ndarray
    shapes: np.ndarray


@njit(fastmath=True, cache=True)
def _accumulate_residuals(image, ivar, stars, beta, terms, radius, floor2, lhs, rhs):
    """Normal equations of the residual table: each pixel goes to the nearest sub-pixel sample."""
    xs, ys, fluxes, skies, shapes = stars
    n_terms = terms.shape[1]
    ny, nx = image.shape
    n = 2 * radius * OVERSAMPLING + 1
    half = radius * OVERSAMPLING
    for i in range(xs.size):
        ix, iy = int(round(xs[i])), int(round(ys[i]))
        for jy in range(max(0, iy - radius), min(ny, iy + radius + 1)):
            for jx in range(max(0, ix - radius), min(nx, ix + radius + 1)):
                w = ivar[jy, jx]
                if w <= 0:
                    continue
                dx, dy = jx - xs[i], jy - ys[i]
                a = int(np.floor(dx * OVERSAMPLING + half + 0.5))
                b = int(np.floor(dy * OVERSAMPLING + half + 0.5))
                if a < 0 or b < 0 or a >= n or b >= n:
                    continue
                model = mof.moffat(dx, dy, shapes[i, 0], shapes[i, 1], shapes[i, 2], beta)
                r = (image[jy, jx] - skies[i]) / fluxes[i] - model
                weight = 1.0 / (1.0 / (w * fluxes[i] * fluxes[i]) + floor2)
                weight /= 1.0 + weight * r * r / 9.0  # outliers beyond three sigmas count less and less
                for p in range(n_terms):
                    rhs[b, a, p] += weight * r * terms[i, p]
                    for q in range(n_terms):
                        lhs[b, a, p, q] += weight * terms[i, p] * terms[i, q]


@njit(fastmath=True, cache=True)
def _moffat_tables(shapes, beta, radius):
    n = 2 * radius * OVERSAMPLING + 1
    half = radius * OVERSAMPLING
    out = np.zeros((shapes.shape[0], n, n))
    for k in range(shapes.shape[0]):
        for b in range(n):
            for a in range(n):
                dx, dy = (a - half) / OVERSAMPLING, (b - half) / OVERSAMPLING
                out[k, b, a] = mof.moffat(dx, dy, shapes[k, 0], shapes[k, 1], shapes[k, 2], beta)
    return out


def _table_radius(radius):
    axis = (np.arange(2 * radius * OVERSAMPLING + 1) - radius * OVERSAMPLING) / OVERSAMPLING
    return np.hypot(axis[:, None], axis[None, :])


def _residual_table(image, ivar, fits, shapes, beta, frame_shape, degree, config):
    """Residuals from the Moffat, (n, n, terms), terms linear in the position."""
    radius, floor2 = config.radius, config.model_error**2
    terms = _polynomial(fits[:, mof.X], fits[:, mof.Y], frame_shape, degree)
    n, n_terms = 2 * radius * OVERSAMPLING + 1, terms.shape[1]
    x, y, flux = (np.ascontiguousarray(fits[:, k]) for k in (mof.X, mof.Y, mof.FLUX))
    lhs, rhs = np.zeros((n, n, n_terms, n_terms)), np.zeros((n, n, n_terms))
    sky = np.ascontiguousarray(fits[:, mof.SKY])
    stars = _FittedStars(x, y, flux, sky, shapes)
    _accumulate_residuals(image, ivar, stars, beta, terms, radius, floor2, lhs, rhs)

    def smooth(width):
        spatial = (width, width)
        return (
            gaussian_filter(lhs, spatial + (0, 0)),
            gaussian_filter(rhs, spatial + (0,)),
        )

    r = _table_radius(radius)
    core_lhs, core_rhs = smooth(config.core)
    wing_lhs, wing_rhs = smooth(config.wing)
    outside = r > config.core_radius
    left = np.where(outside[:, :, None, None], wing_lhs, core_lhs)
    right = np.where(outside[:, :, None], wing_rhs, core_rhs)
    # A faint ridge keeps samples that no star has visited at zero residual.
    ridge = 1e-3 * np.trace(left, axis1=-2, axis2=-1) + 1e-12
    left = left + ridge[..., None, None] * np.eye(n_terms)
    table = np.linalg.solve(left, right[..., None])[..., 0]

    # Wings: azimuthal mean in half-pixel rings, against the image's sky.
    lhs0, rhs0 = np.zeros((n, n, 1, 1)), np.zeros((n, n, 1))
    stars = stars._replace(sky=np.zeros(len(x)))
    _accumulate_residuals(image, ivar, stars, beta, np.ones((len(x), 1)), radius, floor2, lhs0, rhs0)
    rings = 2 * radius + 3
    ring = np.minimum((r * 2).astype(int), rings - 1)
    profile = np.bincount(ring.ravel(), rhs0.ravel(), rings) / np.maximum(
        np.bincount(ring.ravel(), lhs0.ravel(), rings), 1e-12
    )
    profile[np.arange(rings) > 2 * (radius - 1)] = 0.0
    profile = gaussian_filter1d(profile, 1.0)
    wings = np.zeros_like(table)
    wings[..., 0] = np.interp(2 * r - 0.5, np.arange(rings), profile)
    share = np.clip((r - config.wing_start) / config.wing_width, 0.0, 1.0)[..., None]
    fade = np.clip((radius - r) / config.taper, 0.0, 1.0)[..., None]
    return (table * (1 - share) + wings * share) * fade


def _fit_shapes(fits, shape, degree):
    """Polynomials of width and ellipticity, (terms, 3), and the stars that follow them."""
    terms = _polynomial(fits[:, mof.X], fits[:, mof.Y], shape, degree)
    columns = fits[:, [mof.FWHM, mof.E1, mof.E2]]
    good = (fits[:, mof.CHI2] < mof.UNUSABLE) & (fits[:, mof.FLUX] > 0)
    coefficients = np.zeros((terms.shape[1], 3))
    for _ in range(5):
        if good.sum() < terms.shape[1] + 1:
            break
        coefficients = np.linalg.lstsq(terms[good], columns[good], rcond=None)[0]
        residual = np.abs(columns - terms @ coefficients)
        limit = 3.5 * MAD_TO_SIGMA * np.median(residual[good], axis=0) + 1e-4
        good = good & np.all(residual < limit, axis=1)
    return coefficients, good


def _fwhm_of(samples):
    """Width of the area above half maximum, as a circle's diameter (px)."""
    above = (samples > 0.5 * samples.max()).sum() / OVERSAMPLING**2
    return 2.0 * np.sqrt(above / np.pi)


def _best_profile(residual, ivar, x, y, flux, config):
    """Power of the Moffat that fits a few bright stars best, and their width (px)."""
    start = mof.fit_stars(residual, ivar, x, y, flux, 3.0, config.fit_radius, 2.0, 8)
    usable = start[:, mof.CHI2] < mof.UNUSABLE
    width = float(np.median(start[usable, mof.FWHM])) if usable.any() else 2.0
    trials = []
    for beta in config.betas:
        trial = mof.fit_stars(residual, ivar, x, y, flux, beta, config.fit_radius, width, 8)
        trials.append((float(np.median(trial[:, mof.CHI2])), beta))
    return min(trials)[1], width


def _cell_centres(shape, cell):
    """Rows and columns of the PSF's tables, and x, y (px) of the middle of each."""
    rows, columns = (max(1, -(-side // cell)) for side in shape)
    cy, cx = np.meshgrid(
        (np.arange(rows) + 0.5) / rows * shape[0],
        (np.arange(columns) + 0.5) / columns * shape[1],
        indexing="ij",
    )
    return rows, columns, cx.ravel(), cy.ravel()


def build_psf(
    residual: np.ndarray,
    ivar: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    flux: np.ndarray,
    config: PsfConfig | None = None,
) -> Psf:
    """Model the PSF from stars.

    Parameters
    ----------
    residual : float32 array (ny, nx), DN
        Sky-subtracted image, finite everywhere.
    ivar : float32 array (ny, nx), DN^-2
        Inverse variance, 0 = bad.
    x, y, flux : arrays (n,)
        Stars from `select_psf_stars`: 0-based pixels, DN.

    Raises
    ------
    NoPsfModelError
        if fewer than `min_stars` are left after the fits.
    """
    config = config or PsfConfig()
    if len(x) < config.min_stars:
        raise NoPsfModelError(f"{len(x)} stars for the PSF: at least {config.min_stars} needed", psf_stars=len(x))
    shape = residual.shape
    x, y, flux = (np.ascontiguousarray(v, dtype=np.float64) for v in (x, y, flux))
    few = np.argsort(-flux)[:TRIAL_STARS]
    beta, width = _best_profile(residual, ivar, x[few], y[few], flux[few], config)
    fits = mof.fit_stars(residual, ivar, x, y, flux, beta, config.fit_radius, width, 10)
    # Five stars for each coefficient: a PSF that varies less than the true one errs by centimagnitudes at the edges.
    degree = 0 if len(x) < 15 else 1 if len(x) < 30 else 2
    coefficients, good = _fit_shapes(fits, shape, degree)
    if good.sum() < config.min_stars:
        raise NoPsfModelError(
            f"{int(good.sum())} of {len(x)} PSF stars have consistent shapes: at least {config.min_stars} needed",
            psf_stars=int(good.sum()),
        )
    fits = fits[good]
    star_shapes = _polynomial(fits[:, mof.X], fits[:, mof.Y], shape, degree) @ coefficients
    table_degree = min(degree, 1)
    table = _residual_table(residual, ivar, fits, star_shapes, beta, shape, table_degree, config)
    rows, columns, cx, cy = _cell_centres(shape, config.cell)
    cell_shapes = _polynomial(cx, cy, shape, degree) @ coefficients
    samples = _moffat_tables(cell_shapes, beta, config.radius)
    samples += np.einsum("abt,ct->cab", table, _polynomial(cx, cy, shape, table_degree))
    samples /= samples.sum((1, 2), keepdims=True) / OVERSAMPLING**2
    splines = np.stack([spline_filter(s, 3, mode="mirror") for s in samples]).astype(np.float32)
    grid = (rows, columns) + samples.shape[1:]
    return Psf(
        splines=splines.reshape(grid),
        samples=samples.astype(np.float32).reshape(grid),
        shape=shape,
        radius=config.radius,
        beta=beta,
        stars=len(fits),
        fwhm=float(np.mean([_fwhm_of(s) for s in samples])),
        ellipticity=float(np.hypot(*cell_shapes[len(cell_shapes) // 2, 1:])),
        noise_area=float(np.mean(OVERSAMPLING**2 / (samples**2).sum((1, 2)))),
    )
