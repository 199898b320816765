"""Stars of a PSF catalog as arrays, and those of them that model a PSF. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from astropy.table import Table
from scipy.spatial import cKDTree

from processing.science.psf.model import PsfConfig


@dataclass(frozen=True)
class CatalogStars:
    """Columns of a PSF catalog, arrays (n,): x, y (0-based px), ra, dec (deg), flux, sigflux (DN), snr, chi, sharp,
    flags."""

    x: np.ndarray
    y: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    flux: np.ndarray
    sigflux: np.ndarray
    snr: np.ndarray
    chi: np.ndarray
    sharp: np.ndarray
    flags: np.ndarray

    @classmethod
    def of(cls, catalog: Table) -> CatalogStars:
        """The stars of a table with the columns of psfcat."""
        names = ("ra", "dec", "flux", "sigflux", "snr", "chi", "sharp")
        values = {name: np.asarray(catalog[name], float) for name in names}
        x, y = (np.asarray(catalog[name], float) - 1 for name in ("xpos", "ypos"))
        return cls(x=x, y=y, flags=np.asarray(catalog["flags"], int), **values)

    def rows(self, chosen: np.ndarray) -> CatalogStars:
        """Some of the stars, by a mask or by indices."""
        return CatalogStars(*(getattr(self, column.name)[chosen] for column in fields(self)))

    def moved_to(self, x: np.ndarray, y: np.ndarray) -> CatalogStars:
        """The same stars at other pixels."""
        return replace(self, x=x, y=y)


def choose_psf_stars(
    stars: CatalogStars,
    image: np.ndarray,
    bad: np.ndarray,
    max_peak: float,
    min_snr: float,
    isolation: float,
    config: PsfConfig,
) -> np.ndarray:
    """Rows of the stars that model a PSF: bright, alone, unsaturated, of the PSF's shape; brightest first.

    Parameters
    ----------
    image : float32 (ny, nx), DN, sky-subtracted; bad : bool (ny, nx)
    max_peak : DN; isolation : px within which neighbours are counted
    """
    ny, nx = image.shape
    edge = config.radius + 2
    inside = (stars.x > edge) & (stars.x < nx - edge) & (stars.y > edge) & (stars.y < ny - edge)
    rows = np.flatnonzero(inside & (stars.snr > min_snr) & (stars.flags == 0))
    rows = rows[np.argsort(-stars.flux[rows])]
    column, row = np.rint(stars.x[rows]).astype(int), np.rint(stars.y[rows]).astype(int)
    rows = rows[(image[row, column] < max_peak) & ~bad[row, column]]
    if len(rows):
        rows = rows[np.abs(stars.sharp[rows] - np.median(stars.sharp[rows])) < 0.3]
    points = np.column_stack([stars.x, stars.y])
    tree, chosen = cKDTree(points), []
    for k in rows:
        near = [j for j in tree.query_ball_point(points[k], isolation) if j != k]
        if stars.flux[near].clip(0).sum() < config.neighbour * stars.flux[k]:
            chosen.append(k)
        if len(chosen) >= config.max_stars:
            break
    return np.array(chosen, dtype=int)
