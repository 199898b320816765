"""The light that the PSF's tables miss, from the curve of growth of bright stars.

The tables end at a dozen pixels; the wings go on, and hold the more light the worse the seeing is. The fit has
taken the neighbours away: around each bright star the model, put back, and what the fit left, ring by ring
against the sky farther out, make its curve of growth. Beyond the rings a power law goes on (King 1971, PASP 83,
199).
"""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from archive.survey.robust import MAD_TO_SIGMA
from processing.science.psf.evaluation import psf_stamp
from processing.science.psf.model import Psf
from processing.science.psf.photometry import PsfFit

# Edges (px). The rings out to `SUMMED` are added up; those from `LAW_FROM` on determine the power law.
RINGS = np.array([0.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 21, 24, 28, 34, 40, 56])
SKY = len(RINGS) - 2
SUMMED, LAW_FROM = 24.0, 10.0
AREAS = np.pi * np.diff(RINGS**2)
# Out to here rings are averaged; farther out the median keeps unseen stars away.
MEDIAN_FROM = 8.0
MIN_PIXELS = 5
# Wings are followed out to here (px); they begin this far within the edge of the PSF's table, where it fades.
FARTHEST, TABLE_EDGE = 120, 3.0
SLOPES = np.arange(3.0, 5.01, 0.25)
CLIPPINGS = 5


@dataclass(frozen=True)
class WingsConfig:
    """min_snr; max_stars, min_stars: the brightest are used, fewer are not enough; aperture: the star's light is what
    falls within this radius (px); star_error: scatter of a star's total beside its noise (relative);
    max_error: of the total, above which the PSF is left as it is; clip: robust sigmas."""

    min_snr: float = 100.0
    max_stars: int = 150
    min_stars: int = 8
    aperture: float = 60.0
    star_error: float = 0.003
    max_error: float = 0.004
    clip: float = 3.0


@dataclass(frozen=True)
class Wings:
    """total: light within the aperture over the flux of the fit; error: of it; slope: of the power law; stars: used;
    profile: what the fit leaves of a star at 0, 1, 2, ... px, per pixel and per flux of the fit."""

    total: float
    error: float
    slope: float
    stars: int
    profile: np.ndarray


def measure_wings(
    fit: PsfFit, psf: Psf, noise: float, bad: np.ndarray, rows: np.ndarray, config: WingsConfig | None = None
) -> Wings | None:
    """Curve of growth of bright stars beyond their fitted models; None if there are too few or they disagree.

    Parameters
    ----------
    fit : PsfFit, with the residual of all stars
    psf : Psf that was fitted
    noise : float, DN per pixel, typical
    bad : bool array (ny, nx), left out
    rows : array (n,), indices of clean bright stars in the fit
    """
    config = config or WingsConfig()
    rows = rows[np.argsort(-fit.flux[rows])][: config.max_stars]
    profiles = [_rings(fit, row, bad) for row in rows]
    usable = np.array([np.isfinite(profile).all() for profile in profiles], bool)
    if usable.sum() < config.min_stars:
        return None
    contrast = np.array(profiles)[usable]
    contrast -= contrast[:, SKY:]
    summed = RINGS[1:] <= SUMMED
    growth = contrast[:, summed] @ AREAS[summed]
    # The sum's noise: of its own pixels, and that of the sky taken from each of them.
    area = AREAS[summed].sum()
    sigma = noise * np.sqrt(area + area**2 / AREAS[SKY]) / fit.flux[rows[usable]]
    weight = 1.0 / (sigma**2 + config.star_error**2)
    for _ in range(CLIPPINGS):
        mean = np.average(growth, weights=weight)
        off = np.abs(growth - mean) / np.hypot(sigma, config.star_error)
        used = weight > 0
        weight = weight * (off <= config.clip * max(1.0, MAD_TO_SIGMA * np.median(off[used])))
    kept = weight > 0
    mean = np.average(growth, weights=weight)
    error = float(np.sqrt(np.sum((weight * (growth - mean)) ** 2)) / weight.sum())
    if kept.sum() < config.min_stars or error > config.max_error:
        return None
    average = np.average(contrast, axis=0, weights=weight)
    amplitude, slope = _power_law(average)
    beyond = amplitude * (_law_integral(slope, SUMMED, config.aperture) + area * _law_mean(slope)[SKY])
    inside = float(psf_stamp(psf, psf.shape[1] / 2, psf.shape[0] / 2, psf.radius - 1).sum())
    profile = _profile(average, amplitude, slope, psf.radius)
    return Wings(inside + float(mean) + float(beyond), error, float(slope), int(kept.sum()), profile)


def _profile(contrast, amplitude, slope, radius):
    """Light beyond the PSF's table: the rings where they are well measured, farther out the power law."""
    middle = 0.5 * (RINGS[1:] + RINGS[:-1])
    rings = contrast + amplitude * _law_mean(slope)[SKY]
    r = np.arange(FARTHEST + 1.0)
    law = amplitude * np.maximum(r, 1.0) ** -slope
    share = np.clip((r - LAW_FROM - 4.0) / 4.0, 0.0, 1.0)
    profile = share * law + (1.0 - share) * np.interp(r, middle, rings)
    # Within the table the fit has had its say.
    return np.maximum(profile, 0.0) * (r > radius - TABLE_EDGE)


def wing_light(
    shape: tuple[int, int], x: np.ndarray, y: np.ndarray, flux: np.ndarray, wings: Wings, faintest: float
) -> np.ndarray:
    """Light of stars beyond their PSF's table, as far as it exceeds `faintest` (DN per pixel): float32 (ny, nx), DN.

    x, y (0-based px), flux (of the fit, DN) : arrays (n,)
    """
    light = np.zeros(shape, np.float32)
    bright = flux * wings.profile.max() > faintest
    _add_wings(light, x[bright], y[bright], flux[bright], wings.profile, faintest)
    return light


@njit(cache=True)
def _add_wings(light, xs, ys, fluxes, profile, faintest):
    ny, nx = light.shape
    first = 0
    while first < profile.size and profile[first] <= 0.0:
        first += 1
    for n in range(xs.size):
        last = profile.size - 1
        while last > first and fluxes[n] * profile[last] < faintest:
            last -= 1
        for j in range(max(int(ys[n]) - last, 0), min(int(ys[n]) + last + 2, ny)):
            for i in range(max(int(xs[n]) - last, 0), min(int(xs[n]) + last + 2, nx)):
                r = np.hypot(i - xs[n], j - ys[n])
                k = int(r)
                if k >= first - 1 and k < last:
                    light[j, i] += fluxes[n] * (profile[k] + (r - k) * (profile[k + 1] - profile[k]))


def _rings(fit, row, bad):
    """Residual of the fit around a star in each ring, per pixel and per flux of the star; NaN where unseen."""
    reach = int(RINGS[-1]) + 1
    x, y, (ny, nx) = fit.x[row], fit.y[row], bad.shape
    x0, x1 = max(int(x) - reach, 0), min(int(x) + reach + 1, nx)
    y0, y1 = max(int(y) - reach, 0), min(int(y) + reach + 1, ny)
    radius = np.hypot(np.arange(x0, x1) - x, (np.arange(y0, y1) - y)[:, None])
    good = ~bad[y0:y1, x0:x1] & (radius < RINGS[-1])
    ring = np.searchsorted(RINGS, radius[good], side="right") - 1
    order = np.argsort(ring, kind="stable")
    parts = np.split(fit.residual[y0:y1, x0:x1][good][order], np.searchsorted(ring[order], np.arange(1, len(AREAS))))
    values = np.full(len(AREAS), np.nan)
    for k, part in enumerate(parts):
        if len(part) >= MIN_PIXELS:
            values[k] = np.mean(part, dtype=float) if RINGS[k] < MEDIAN_FROM else np.median(part)
    return values / fit.flux[row]


def _law_integral(slope, inner, outer):
    """Light of r^-slope between two radii."""
    if slope == 2.0:
        return 2 * np.pi * np.log(outer / inner)
    return 2 * np.pi * (outer ** (2 - slope) - inner ** (2 - slope)) / (2 - slope)


def _law_mean(slope):
    """Mean of r^-slope in each ring; 0 in the innermost."""
    edges = np.maximum(RINGS, 1.0)
    return np.array([_law_integral(slope, a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]) / AREAS


def _power_law(contrast):
    """Amplitude and slope of the wings, each ring against the sky ring, by least squares; no wings: 0."""
    chosen = (RINGS[:-1] >= LAW_FROM) & (np.arange(len(AREAS)) < SKY)
    weight = np.sqrt(AREAS[chosen])
    best = (np.inf, 0.0, SLOPES[-1])
    for slope in SLOPES:
        law = _law_mean(slope)
        shape = (law[chosen] - law[SKY]) * weight
        data = contrast[chosen] * weight
        amplitude = max(shape @ data / (shape @ shape), 0.0)
        best = min(best, (float(np.sum((data - amplitude * shape) ** 2)), amplitude, slope))
    return best[1], best[2]


def with_total(psf: Psf, wings: Wings) -> Psf:
    """The same PSF, a star's whole light its unit: the tables then hold less than 1."""
    factor = np.float32(1.0 / wings.total)
    return replace(
        psf,
        splines=psf.splines * factor,
        samples=psf.samples * factor,
        noise_area=psf.noise_area * wings.total**2,
    )


def wings_of(
    fit: PsfFit, psf: Psf, noise: float, bad: np.ndarray, flags: np.ndarray, config: WingsConfig
) -> Wings | None:
    """Wings from the bright stars whose surroundings are clean, flags (n,) being 0; None if they cannot be measured."""
    bright = fit.flux > config.min_snr * noise * np.sqrt(psf.noise_area)
    return measure_wings(fit, psf, noise, bad, np.flatnonzero((flags == 0) & bright), config)


def with_whole_light(
    fit: PsfFit, psf: Psf, noise: float, bad: np.ndarray, flags: np.ndarray, config: WingsConfig
) -> tuple[PsfFit, Psf, dict[str, float]]:
    """Fluxes and PSF in units of a star's whole light, and what was measured; unchanged where wings cannot be measured.

    Parameters
    ----------
    flags : int array (n,), 0 for the sources whose surroundings are clean
    """
    found = wings_of(fit, psf, noise, bad, flags, config)
    if found is None:
        return fit, psf, {"wing_stars": 0}
    whole = replace(fit, flux=fit.flux * found.total, sigma=fit.sigma * found.total)
    measured = {"wing_stars": found.stars, "psf_total": found.total, "psf_total_unc": found.error}
    return whole, with_total(psf, found), measured
