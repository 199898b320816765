"""Stars that show only when their neighbours are gone: what to take for one, and which of them to believe in the end.

A peak of the residual beside a bright star may be an error of that star's profile, and what a point cannot fit of a
galaxy has peaks of its own. The first is told by its share of the light around it, the second by its shape.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.spatial import cKDTree

from archive.survey.robust import FWHM_PER_SIGMA
from processing.science.peaks import find_peaks
from processing.science.psf.evaluation import psf_stamp
from processing.science.psf.model import Psf
from processing.science.psf.photometry import PsfFit

# A peak this near (px) to a bad pixel is that pixel's edge.
NEAR_BAD = 2


@dataclass(frozen=True)
class BlendsConfig:
    """rounds: at most; passes: of the fit between rounds; threshold: sigmas of the flux; filter: width of the matched
    filter in FWHM, below 1 since neighbours are what hides; profile_error: relative error of the profiles, per pixel;
    min_distance: px, nearer peaks are errors of the known star's model; min_share, final_share: of the light at the
    peak that is its own, when found and in the end; min_snr: fainter ones do not last beside a brighter neighbour
    within `blend` FWHM, nor if found on the residual; max_chi, max_extent: of those that last; extent is the
    sharpness over its error, extent_alone that where sources within 1.5 FWHM by chance are rarer than `crowding`, so
    that light beside a source belongs to it."""

    rounds: int = 2
    passes: int = 4
    threshold: float = 4.5
    filter: float = 0.85
    profile_error: float = 0.02
    min_distance: float = 0.9
    min_share: float = 0.1
    final_share: float = 0.12
    min_snr: float = 2.0
    blend: float = 1.0
    max_chi: float = 1.5
    max_extent: float = 20.0
    extent_alone: float = 4.0
    crowding: float = 0.05


def find_blended(
    fit: PsfFit,
    light: np.ndarray,
    noise: np.ndarray,
    bad: np.ndarray,
    psf: Psf,
    gain: float,
    config: BlendsConfig | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """New stars in the residual of a fit: x, y (0-based px), flux (DN).

    Parameters
    ----------
    fit : PsfFit, its residual on a sky of zero
    light, noise : float32 arrays (ny, nx), DN
        What was taken away for the stars, their wings too; noise of the sky.
    bad : bool array (ny, nx)
    psf : Psf
    gain : float, e-/DN
    """
    config = config or BlendsConfig()
    x, y, flux = find_peaks(
        fit.residual, light, noise, bad, gain, config.filter * psf.fwhm, config.threshold, config.profile_error
    )
    if len(x) == 0:
        return x, y, flux
    row, column = np.rint(y).astype(int), np.rint(x).astype(int)
    edge = maximum_filter(bad, 2 * NEAR_BAD + 1)
    new = ~edge[row, column]
    new &= flux * _peak(psf) > config.min_share * light[row, column]
    if len(fit.x):
        distance, _ = cKDTree(np.column_stack([fit.x, fit.y])).query(np.column_stack([x, y]))
        new &= distance > config.min_distance
    return x[new], y[new], flux[new]


def _peak(psf):
    """The PSF's value in the pixel of a star's centre."""
    return float(psf_stamp(psf, float(psf.shape[1] // 2), float(psf.shape[0] // 2), 1)[1, 1])


def lasting(fit: PsfFit, light: np.ndarray, first: int, psf: Psf, config: BlendsConfig | None = None) -> np.ndarray:
    """A mask of the sources to keep, bool (n,).

    fit : with errors
    light : as for `find_blended`
    first : how many of its sources were detected on the image, the others on the residual
    """
    config = config or BlendsConfig()
    if len(fit.x) == 0:
        return np.zeros(0, bool)
    ny, nx = fit.model.shape
    with np.errstate(invalid="ignore", divide="ignore"):
        snr = np.where(fit.flux > 0, fit.flux / fit.sigma, 0.0)
    snr = np.nan_to_num(snr)
    late = np.arange(len(fit.x)) >= first
    faint = snr < config.min_snr
    places = np.column_stack([fit.x, fit.y])
    tree = cKDTree(places)
    brighter = np.zeros(len(fit.x), bool)
    for n in np.flatnonzero(faint & ~late):
        near = tree.query_ball_point(places[n], config.blend * psf.fwhm)
        brighter[n] = fit.flux[near].max() > fit.flux[n]
    row = np.clip(np.rint(fit.y).astype(int), 0, ny - 1)
    column = np.clip(np.rint(fit.x).astype(int), 0, nx - 1)
    share = fit.flux * _peak(psf) / np.maximum(light[row, column], 1e-6)
    extent = np.nan_to_num(fit.sharp) * snr / (psf.fwhm / FWHM_PER_SIGMA) ** 2
    chance = first / (ny * nx) * np.pi * (1.5 * psf.fwhm) ** 2
    limit = config.extent_alone if chance < config.crowding else config.max_extent
    odd = (share < config.final_share) | (np.nan_to_num(fit.chi) > config.max_chi) | (extent > limit)
    return ~(faint & (late | brighter)) & ~(late & odd)
