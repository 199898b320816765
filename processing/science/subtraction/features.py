"""The columns of a candidate as alert packets name them, its score, and whether it becomes an alert."""

from dataclasses import dataclass

import numpy as np
from astropy.table import Table
from scipy.spatial import cKDTree

from processing.science import tpv
from processing.science.photometry.zeropoint import MAG_PER_RELATIVE_FLUX
from processing.science.psf.evaluation import psf_stamp
from processing.science.psf.model import Psf
from processing.science.subtraction import realbogus
from processing.science.subtraction.candidates import NOTHING, Measured
from processing.science.subtraction.stars import CatalogStars

FIT_RADIUS = 4.0


@dataclass(frozen=True)
class Triggers:
    """Conditions under which a candidate becomes an alert. snr: at least; magpsf: at most (mag); nbad: at most, of the
    central 5x5; fwhm: at most (px); elong: at most; magdiff: (from, to), mag; rb: at least.

    Source: ZTF Science Data System Explanatory Supplement, section 9.1.
    """

    snr: float = 5.0
    magpsf: float = 23.5
    nbad: int = 4
    fwhm: float = 7.0
    elong: float = 1.6
    magdiff: tuple[float, float] = (-0.4, 0.75)
    rb: float = 0.0

    def select(self, table: Table) -> np.ndarray:
        """A mask of the rows that trigger, bool (n,)."""
        low, high = self.magdiff
        return (
            (table["scorr"] >= self.snr)
            & (table["magpsf"] > 0)
            & (table["magpsf"] <= self.magpsf)
            & (table["nbad"] <= self.nbad)
            & (table["fwhm"] > 0)
            & (table["fwhm"] <= self.fwhm)
            & (table["elong"] <= self.elong)
            & (table["magdiff"] >= low)
            & (table["magdiff"] <= high)
            & (table["rb"] >= self.rb)
        )


def psf_fluxes(image: np.ndarray, bad: np.ndarray, psf: Psf, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Flux of stars at known places, each on its own: least squares on the pixels within 4 px, each with the
    same weight, as suits bright stars. NaN where a bad pixel lies among them. Arrays (n,), DN.

    image : float32 (ny, nx), DN, sky-subtracted; x, y : 0-based px
    """
    half = int(FIT_RADIUS) + 1
    offset = np.arange(-half, half + 1)
    within = np.hypot(*np.meshgrid(offset, offset)) <= FIT_RADIUS
    flux = np.full(len(x), np.nan)
    ny, nx = image.shape
    for k, (cx, cy) in enumerate(zip(x, y, strict=True)):
        column, row = int(np.floor(cx + 0.5)), int(np.floor(cy + 0.5))
        part = np.s_[row - half : row + half + 1, column - half : column + half + 1]
        if min(column, row) < half or column + half >= nx or row + half >= ny or bad[part][within].any():
            continue
        model = psf_stamp(psf, float(cx), float(cy), half)[within]
        flux[k] = (model * image[part][within]).sum() / (model * model).sum()
    return flux


@dataclass(frozen=True)
class SearchedImage:
    """The science image whose difference was searched. wcs; shape: (ny, nx); zero_point (mag); whole_light: of a star
    over that in its PSF model; limit: 5 sigma of the difference (mag); fwhm: of its PSF (px)."""

    wcs: tpv.Tpv
    shape: tuple[int, int]
    zero_point: float
    whole_light: float
    limit: float
    fwhm: float


def candidate_table(
    measured: Measured,
    image: SearchedImage,
    reference_stars: CatalogStars,
    reference_zero_point: float,
    triggers: Triggers,
) -> Table:
    """All candidates with the columns of alert packets that the images alone decide.

    Adds `positive`, `alert`, and 0-based pixels x, y. reference_stars : of its PSF catalog, in the image's pixels
    """
    zero_point, total = image.zero_point, image.whole_light
    m = measured
    ra, dec = tpv.pixel_to_sky(image.wcs, m.x, m.y)
    # The PSF model ends; the zero point is for the whole light of a star.
    magpsf, sigmapsf = magnitudes(total * m.flux, total * m.sigma, zero_point)
    magap, sigmagap = magnitudes(m.ap, m.ap_sigma, zero_point)
    magapbig, sigmagapbig = magnitudes(m.big, m.big_sigma, zero_point)
    ny, nx = image.shape
    edge = np.min([m.x, m.y, nx - 1 - m.x, ny - 1 - m.y], axis=0) if len(m) else np.zeros(0)
    elong = np.where(m.b > 0, m.a / np.where(m.b > 0, m.b, 1.0), NOTHING)
    known = magap > 0
    table = Table(
        {
            "x": m.x, "y": m.y, "positive": m.positive, "xpos": m.x + 1, "ypos": m.y + 1, "ra": ra, "dec": dec,
            "magpsf": magpsf, "sigmapsf": sigmapsf, "chipsf": m.chi2, "magap": magap, "sigmagap": sigmagap,
            "magapbig": magapbig, "sigmagapbig": sigmagapbig, "sky": m.sky,
            # An aperture that holds no light tells nothing; such a candidate never triggers.
            "magdiff": np.where(known, magap - magpsf, NOTHING), "fwhm": m.fwhm, "classtar": m.sharpness,
            "mindtoedge": edge, "magfromlim": np.where(known, image.limit - magap, NOTHING),
            "seeratio": m.fwhm / image.fwhm, "aimage": m.a, "bimage": m.b, "aimagerat": m.a / m.fwhm,
            "bimagerat": m.b / m.fwhm, "elong": elong, "nneg": m.nneg, "nbad": m.nbad, "sumrat": m.sumrat,
            "scorr": m.scorr, "dsnrms": m.d_ratio, "ssnrms": m.s_ratio, "dsdiff": m.d_ratio - m.s_ratio,
            "flux": m.flux, "sigflux": m.sigma,
        }
    )  # fmt: skip
    for name, values in _nearest_reference(m, reference_stars, reference_zero_point).items():
        table[name] = values
    table["rb"] = realbogus.score(table)
    table["alert"] = triggers.select(table)
    return table


def magnitudes(flux: np.ndarray, sigma: np.ndarray, zero_point: float) -> tuple[np.ndarray, np.ndarray]:
    """Magnitudes and errors; -999 where there is no light."""
    lit = flux > 0
    safe = np.where(lit, flux, 1.0)
    mag = zero_point - 2.5 * np.log10(safe)
    return np.where(lit, mag, NOTHING), np.where(lit, MAG_PER_RELATIVE_FLUX * sigma / safe, NOTHING)


def _nearest_reference(m: Measured, stars: CatalogStars, zero_point: float) -> dict[str, np.ndarray]:
    """The nearest source of the reference's PSF catalog: distance (px), place, magnitude, shape."""
    names = ("distnr", "magnr", "sigmagnr", "chinr", "sharpnr", "ranr", "decnr")
    if len(stars.x) == 0 or len(m) == 0:
        return {name: np.full(len(m), NOTHING) for name in names}
    distance, k = cKDTree(np.column_stack([stars.x, stars.y])).query(np.column_stack([m.x, m.y]))
    magnr, sigmagnr = magnitudes(stars.flux[k], stars.sigflux[k], zero_point)
    values = (distance, magnr, sigmagnr, stars.chi[k], stars.sharp[k], stars.ra[k], stars.dec[k])
    return dict(zip(names, values, strict=True))
