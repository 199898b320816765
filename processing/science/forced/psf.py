"""The PSF near a place for forced photometry: modelled from stars of the same image, tied to its catalog's fluxes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import sep
from scipy.ndimage import shift as shifted
from scipy.spatial import cKDTree

from archive.survey.robust import robust_scatter
from processing.science.errors import NoPsfModelError
from processing.science.psf import model as psf_model
from processing.science.psf.evaluation import psf_stamp
from processing.science.psf.model import Psf, PsfConfig

HALF = 12  # px: of the stamps; ZTF's PSF products have 25 x 25
MIN_TIED = 5  # stars that tell the scale of the PSF


@dataclass(frozen=True)
class ForcedConfig:
    """Every number that forced photometry turns on.

    section : px on each side of the place, within which stars model the PSF; fit_radius : of the fit, in FWHM, at most
    HALF px; sky_inner, sky_outer : annulus of the sky (px); noise_radius : where the noise of the sky is measured (px);
    star_radius : around catalog stars, left out there (px); same : a catalog source that near is the target itself
    (px); min_sky : pixels; aperture : diameter (px); psf_snr, psf_isolation (px), max_peak (of saturation), min_stars :
    of PSF stars; least_error : of the PSF's amplitude, relative; unknown_error : where no star tells it;
    profile_error : of a pixel of the PSF, enters chi2 only; alike : largest difference of the PSFs of science image and
    difference, of the peak, at which they are taken for the same; places : px on each side, where the correlation of
    the pixels is measured
    """

    section: int = 400
    fit_radius: float = 2.0
    sky_inner: float = 13.0
    sky_outer: float = 30.0
    noise_radius: float = 60.0
    star_radius: float = 4.5
    same: float = 1.5
    min_sky: int = 100
    aperture: float = 9.0
    psf_snr: float = 40.0
    psf_isolation: float = 9.0
    max_peak: float = 0.7
    min_stars: int = 8
    least_error: float = 0.0005
    unknown_error: float = 0.02
    profile_error: float = 0.03
    alike: float = 0.03
    places: int = 200
    psf: PsfConfig = field(default_factory=lambda: PsfConfig(max_stars=120, cell=400, min_stars=8))


@dataclass(frozen=True)
class Stars:
    """Sources of the PSF catalog in the section, arrays (n,): 0-based section pixels; flux (DN), snr, sharp, flags."""

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    snr: np.ndarray
    sharp: np.ndarray
    flags: np.ndarray


@dataclass(frozen=True)
class Section:
    """The part of a science image around a place, and of its difference where there is one.

    science, difference : float32 (ny, nx), DN, with sky; difference None: the science image is measured. bad : bool
    (ny, nx). x, y : the place, 0-based section pixels. gain (e-/DN), saturation (DN): of the science image.
    central_psf : (25, 25), of the science image at its centre; difference_psf : (25, 25). reference_flux : of the
    reference's source at the place, in DN of the science image, 0 where there is none; reference_gain : e- per DN of
    the science image in the reference.
    """

    science: np.ndarray
    bad: np.ndarray
    x: float
    y: float
    stars: Stars
    gain: float
    saturation: float
    central_psf: np.ndarray | None = None
    difference: np.ndarray | None = None
    difference_psf: np.ndarray | None = None
    reference_flux: float = 0.0
    reference_gain: float = np.inf

    def of_difference(self) -> tuple[np.ndarray, np.ndarray]:
        """The difference and its PSF.

        Raises
        ------
        ValueError
            where the science image is measured.
        """
        if self.difference is None or self.difference_psf is None:
            raise ValueError("this section has no difference: its science image is measured")
        return self.difference, self.difference_psf


@dataclass(frozen=True)
class LocalPsf:
    """The PSF near a place. `model`: from stars of the section, or None; `central`: a stamp, where no model is; scale:
    light of a star in the catalog's unit over that in the stamp; error: of that, relative, from star to star; rows: the
    stars' places in the section's list."""

    model: Psf | None
    central: np.ndarray | None
    scale: float
    error: float
    stars: int
    rows: tuple[int, ...] = ()

    def at(self, x: float, y: float) -> np.ndarray:
        """Stamp (25, 25) of a star at (x, y) about its nearest pixel, of sum 1."""
        if self.model is None:
            if self.central is None:
                raise ValueError("a PSF is either a model or a stamp; this has neither")
            return move(self.central, x - round(x), y - round(y))
        stamp = psf_stamp(self.model, x, y, HALF)
        return stamp / stamp.sum()


def move(stamp: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """A stamp whose star is moved by (dx, dy) pixels, by cubic splines; of sum 1."""
    out = shifted(stamp.astype(float), (dy, dx), order=3, mode="constant")
    return out / out.sum()


def model_psf(section: Section, config: ForcedConfig | None = None) -> LocalPsf | None:
    """The PSF near the place from stars of the section; from the central stamp where they are too few; None without."""
    config = config or ForcedConfig()
    light, variance = _light(section)
    rows = _psf_stars(section, light, config)
    stars = section.stars
    try:
        if len(rows) < config.min_stars:
            raise NoPsfModelError(f"{len(rows)} stars", psf_stars=len(rows))
        ivar = np.where(section.bad, np.float32(0), 1 / variance).astype(np.float32)
        model = psf_model.build_psf(light, ivar, stars.x[rows], stars.y[rows], stars.flux[rows], config.psf)
    except NoPsfModelError:
        if section.central_psf is None or not section.central_psf.any():
            return None
        central = section.central_psf / section.central_psf.sum()
        return _tied(LocalPsf(None, central, 1.0, config.unknown_error, 0), section, light, rows, config)
    return _tied(LocalPsf(model, None, 1.0, config.unknown_error, len(rows)), section, light, rows, config)


def _light(section: Section) -> tuple[np.ndarray, np.ndarray]:
    """The section without its sky, finite everywhere, and the variance of its pixels."""
    unfit = section.bad | ~np.isfinite(section.science)
    back = sep.Background(np.nan_to_num(section.science).astype(np.float32), mask=unfit, bw=64, bh=64)
    light = np.nan_to_num(section.science - back.back()).astype(np.float32)
    return light, np.float32(back.globalrms**2) + np.maximum(light, 0) / np.float32(section.gain)


def _psf_stars(section: Section, light: np.ndarray, config: ForcedConfig) -> np.ndarray:
    """Bright, alone, unsaturated, point-like stars away from the edges, and not the target; brightest first."""
    s, edge = section.stars, config.psf.radius + 2
    ny, nx = light.shape
    inside = (s.x > edge) & (s.x < nx - 1 - edge) & (s.y > edge) & (s.y < ny - 1 - edge)
    other = np.hypot(s.x - section.x, s.y - section.y) > config.same
    rows = np.flatnonzero(inside & other & (s.snr > config.psf_snr) & (s.flags == 0))
    column, row = np.rint(s.x[rows]).astype(int), np.rint(s.y[rows]).astype(int)
    rows = rows[(light[row, column] < config.max_peak * section.saturation) & ~section.bad[row, column]]
    if len(rows) == 0:
        return rows
    rows = rows[np.abs(s.sharp[rows] - np.median(s.sharp[rows])) < 0.3]
    points = np.column_stack([s.x, s.y])
    tree, chosen = cKDTree(points), []
    for k in rows[np.argsort(-s.flux[rows])]:
        near = [j for j in tree.query_ball_point(points[k], config.psf_isolation) if j != k]
        if s.flux[near].clip(0).sum() < config.psf.neighbour * s.flux[k]:
            chosen.append(k)
    return np.array(chosen[: config.psf.max_stars], dtype=int)


def _tied(found: LocalPsf, section: Section, light: np.ndarray, rows: np.ndarray, config: ForcedConfig) -> LocalPsf:
    """The PSF with its scale in the catalog's fluxes, and how far single stars differ from it.

    Stars are measured as the target is, so that what the model lacks is the same for both. The catalog's fluxes come
    of the same pixels: the two differ by noise only as far as one of them uses fewer of these.
    """
    s, noise = section.stars, _sky_noise(section, light)
    measured: list[tuple[float, float]] = []
    for k in rows:
        box, inner = box_of(s.x[k], s.y[k], light.shape)
        if box is None or inner.size != inner.sum() or inner.shape != (2 * HALF + 1, 2 * HALF + 1):
            continue
        stamp = found.at(s.x[k], s.y[k])
        use = (radius_of(s.x[k], s.y[k]) <= fit_radius(stamp, config)) & ~section.bad[box] & (stamp > 0)
        variance = noise**2 + s.flux[k] * np.maximum(stamp, 0) / section.gain
        flux, sigma = amplitude(light[box], stamp, variance, use)
        measured.append((s.flux[k] / flux, abs(s.snr[k] ** -2 - (sigma / flux) ** 2)))
    ratios, noises = np.array(measured, float).reshape(-1, 2).T
    good = np.isfinite(ratios) & (ratios > 0)
    if good.sum() < MIN_TIED:
        return found
    scale = float(np.median(ratios[good]))
    scatter = robust_scatter(ratios[good] / scale, 1.0)
    error = np.sqrt(max(scatter**2 - np.median(noises[good]), config.least_error**2))
    return LocalPsf(found.model, found.central, scale, float(error), int(good.sum()), tuple(rows.tolist()))


def _sky_noise(section: Section, light: np.ndarray) -> float:
    """Robust scatter of the section, whose pixels mostly show sky."""
    return scatter(light[~section.bad][::3])


def fit_radius(stamp: np.ndarray, config: ForcedConfig) -> float:
    """The radius around a star of this PSF within which pixels are used, px."""
    return min(config.fit_radius * 2 * np.sqrt(half_area(stamp) / np.pi), HALF)


def amplitude(light: np.ndarray, stamp: np.ndarray, variance: np.ndarray, use: np.ndarray) -> tuple[float, float]:
    """Flux of a star of a given PSF and its error, by weighted least squares on the pixels of `use`."""
    weight = stamp[use] / variance[use]
    norm = (weight * stamp[use]).sum()
    return float((weight * light[use]).sum() / norm), float(norm**-0.5)


def box_of(x: float, y: float, shape: tuple[int, int]):
    """Slices of the stamp about a place within a frame, and the part of a stamp that they are; None outside."""
    ny, nx = shape
    column, row = round(float(x)), round(float(y))
    x0, x1, y0, y1 = max(column - HALF, 0), min(column + HALF + 1, nx), max(row - HALF, 0), min(row + HALF + 1, ny)
    if x0 >= x1 or y0 >= y1:
        return None, np.zeros((0, 0))
    inner = np.ones((2 * HALF + 1, 2 * HALF + 1), bool)
    part = np.s_[y0 - row + HALF : y1 - row + HALF, x0 - column + HALF : x1 - column + HALF]
    return np.s_[y0:y1, x0:x1], inner[part]


def radius_of(x: float, y: float) -> np.ndarray:
    """Distance of a stamp's pixels from its star, px."""
    offset = np.arange(-HALF, HALF + 1)
    return np.hypot(*np.meshgrid(offset - (x - round(float(x))), offset - (y - round(float(y)))))


def scatter(values: np.ndarray) -> float:
    """Robust standard deviation; 1e-6 at least."""
    return float(max(robust_scatter(values), 1e-6))


def half_area(stamp: np.ndarray) -> float:
    """Area above half maximum, px: from pixels divided by linear interpolation."""
    fine = np.arange(-HALF, HALF + 0.01, 0.125)
    grid = np.arange(-HALF, HALF + 1)
    rows = np.array([np.interp(fine, grid, line) for line in stamp])
    full = np.array([np.interp(fine, grid, column) for column in rows.T])
    return float((full > 0.5 * stamp.max()).sum() / 64)
