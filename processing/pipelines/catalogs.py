"""Catalogs of PSF fits and of apertures as tables; those of science images and references have the same columns."""

from dataclasses import dataclass

import numpy as np
import sep
from astropy.table import Table

from archive.survey.bits import BAD_PIXEL_MASK
from processing.science import masks, tpv
from processing.science.background import Background
from processing.science.photometry import apertures, stellarity
from processing.science.photometry.zeropoint import MAG_PER_RELATIVE_FLUX
from processing.science.psf.model import Psf
from processing.science.psf.photometry import PsfFit

# SExtractor's automatic aperture: 2.5 Kron radii, of a Kron radius measured within 6 isophotal ones.
KRON_FACTOR, KRON_RADIUS, MIN_KRON_RADIUS = 2.5, 6.0, 3.5
PSF_COLUMNS = {
    "sourceid": "i4", "xpos": "f4", "ypos": "f4", "ra": "f8", "dec": "f8", "flux": "f4", "sigflux": "f4", "mag": "f4",
    "sigmag": "f4", "snr": "f4", "chi": "f4", "sharp": "f4", "flags": "i2",
}  # fmt: skip


@dataclass(frozen=True)
class MeasuredSources:
    """Everything that the catalogs of an image are made of. fit, psf: None without a PSF; wcs: None without astrometry;
    mask: ZTF's bits; sources: detections; clean: float32 (ny, nx), DN, without sky; bad: pixels left out of apertures;
    gain: e-/DN; aperture_flux, aperture_sigma: (n, diameters), DN."""

    fit: PsfFit | None
    mask: np.ndarray
    wcs: tpv.Tpv | None
    sources: np.ndarray
    clean: np.ndarray
    bad: np.ndarray
    sky: Background
    gain: float
    aperture_flux: np.ndarray
    aperture_sigma: np.ndarray
    psf: Psf | None


def _sky(measured: MeasuredSources, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions (deg) of pixels, NaN without an astrometric solution."""
    if measured.wcs is None:
        return np.full(len(x), np.nan), np.full(len(x), np.nan)
    return tpv.pixel_to_sky(measured.wcs, x, y)


def _magnitudes(flux: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(invalid="ignore", divide="ignore"):
        mag = np.where(flux > 0, -2.5 * np.log10(flux), np.nan)
        return mag, np.where(flux > 0, MAG_PER_RELATIVE_FLUX * sigma / flux, np.nan)


def psf_catalog(measured: MeasuredSources) -> Table:
    """PSF-fit catalog; xpos, ypos are FITS pixels, magnitudes instrumental (add MAGZP)."""
    if measured.fit is None:
        return Table({name: np.zeros(0, kind) for name, kind in PSF_COLUMNS.items()})
    fit = measured.fit
    ny, nx = measured.mask.shape
    keep = (fit.flux > 0) & (fit.sigma > 0)
    keep &= (fit.x > -0.5) & (fit.x < nx - 0.5) & (fit.y > -0.5) & (fit.y < ny - 0.5)
    x, y, flux, sigma = fit.x[keep], fit.y[keep], fit.flux[keep], fit.sigma[keep]
    ra, dec = _sky(measured, x, y)
    mag, sigmag = _magnitudes(flux, sigma)
    bad = (measured.mask & BAD_PIXEL_MASK).astype(np.int16)
    columns = [
        np.arange(len(x), dtype=np.int32), (x + 1).astype(np.float32), (y + 1).astype(np.float32), ra, dec,
        flux.astype(np.float32), sigma.astype(np.float32), mag.astype(np.float32), sigmag.astype(np.float32),
        (flux / sigma).astype(np.float32), fit.chi[keep].astype(np.float32), 
        fit.sharp[keep].astype(np.float32),
        masks.flag_sources(bad, x, y),
    ]  # fmt: skip
    return Table(dict(zip(PSF_COLUMNS, columns, strict=True)))


def _kron(measured: MeasuredSources) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Automatic elliptical aperture (Kron 1980): flux, error (DN), radius."""
    s = measured.sources
    a, b = np.clip(s["a"], 0.3, None), np.clip(s["b"], 0.3, None)
    a = np.maximum(a, b)
    theta = np.clip(s["theta"], -np.pi / 2, np.pi / 2)
    radius, _ = sep.kron_radius(measured.clean, s["x"], s["y"], a, b, theta, KRON_RADIUS, mask=measured.bad)
    radius = np.maximum(KRON_FACTOR * np.nan_to_num(radius), MIN_KRON_RADIUS)
    flux, _, _ = sep.sum_ellipse(measured.clean, s["x"], s["y"], a, b, theta, radius, mask=measured.bad, subpix=1)
    area = np.pi * a * b * radius**2
    return flux, np.sqrt(area * measured.sky.rms**2 + np.maximum(flux, 0) / measured.gain), radius


def _class_star(measured: MeasuredSources) -> np.ndarray:
    """Probability that a source is a point; NaN where it cannot be told."""
    s = measured.sources
    if measured.psf is None or len(s) == 0:
        return np.full(len(s), np.nan)
    small, large = (apertures.DIAMETERS.index(d) for d in (stellarity.SMALL, stellarity.LARGE))
    mag, error = _magnitudes(measured.aperture_flux, measured.aperture_sigma)
    excess = mag[:, small] - mag[:, large] - stellarity.expected_concentration(measured.psf, s["x"], s["y"])
    return stellarity.stellarity(excess, np.hypot(error[:, small], error[:, large]))


def aperture_catalog(measured: MeasuredSources) -> Table:
    """SExtractor-like catalog with fixed apertures; X_IMAGE, Y_IMAGE are FITS pixels, magnitudes
    instrumental."""
    s = measured.sources
    ra, dec = _sky(measured, s["x"], s["y"])
    auto, auto_sigma, kron_radius = _kron(measured) if len(s) else (np.zeros(0),) * 3
    mag_auto, mag_auto_error = _magnitudes(auto, auto_sigma)
    mag_aper, mag_aper_error = _magnitudes(measured.aperture_flux, measured.aperture_sigma)
    bad = (measured.mask & BAD_PIXEL_MASK).astype(np.int16)
    rows = np.clip(np.rint(s["y"]).astype(int), 0, measured.mask.shape[0] - 1)
    columns = np.clip(np.rint(s["x"]).astype(int), 0, measured.mask.shape[1] - 1)
    single = {
        "X_IMAGE": s["x"] + 1, "Y_IMAGE": s["y"] + 1, "MAG_AUTO": mag_auto, "MAGERR_AUTO": mag_auto_error,
        "FLUX_AUTO": auto, "FLUXERR_AUTO": auto_sigma, "MAG_APER": mag_aper, "MAGERR_APER": mag_aper_error,
        "FLUX_APER": measured.aperture_flux, "FLUXERR_APER": measured.aperture_sigma, "FLUX_MAX": s["peak"],
        "BACKGROUND": measured.sky.level[rows, columns], "A_IMAGE": s["a"], "B_IMAGE": s["b"],
        "THETA_IMAGE": np.degrees(s["theta"]), "ELONGATION": s["a"] / np.maximum(s["b"], 1e-3),
        # Full width of a Gaussian of the isophotal second moments
        "KRON_RADIUS": kron_radius, "CLASS_STAR": _class_star(measured),
        "FLUX_RADIUS": stellarity.half_light_radius(measured.aperture_flux, apertures.DIAMETERS, auto),
        "FWHM_IMAGE": 2.0 * np.sqrt(np.log(2.0) * (s["a"] ** 2 + s["b"] ** 2)),
    }  # fmt: skip
    table = Table({"NUMBER": np.arange(1, len(s) + 1, dtype=np.int32)})
    table["ALPHA_J2000"], table["DELTA_J2000"] = ra, dec
    for name, values in single.items():
        table[name] = np.asarray(values, np.float32)
    table["ISOAREA_IMAGE"] = s["npix"].astype(np.int32)
    table["FLAGS"] = s["flag"].astype(np.int16)
    table["IMAFLAGS"] = masks.flag_sources(bad, s["x"], s["y"])
    return table
