"""The files of the science pipeline: images, catalogs and their header cards, named as in ZTF's archive."""

import numpy as np
import sep
from astropy.table import Table

from archive.survey.bits import BAD_PIXEL_MASK
from processing.pipelines.base import Product, log_text
from processing.pipelines.science import cards as headers
from processing.pipelines.science.state import VERSION
from processing.science import masks, tpv
from processing.science.photometry import apertures, quality, stellarity
from processing.science.photometry.zeropoint import MAG_PER_RELATIVE_FLUX
from processing.science.psf import model

SUFFIXES = (
    "sciimg.fits",
    "mskimg.fits",
    "sciunc.fits",
    "psfcat.fits",
    "sexcat.fits",
    "sciimgdaopsfcent.fits",
    "sciimlog.txt",
)
# SExtractor's automatic aperture: 2.5 Kron radii, of a Kron radius measured within 6 isophotal ones.
KRON_FACTOR, KRON_RADIUS, MIN_KRON_RADIUS = 2.5, 6.0, 3.5
PSF_CUTOUT_HALF = 12


def make_products(state, config, measurements, steps):
    """All files of one quadrant: suffix -> Product."""
    infobits = quality.assess(measurements, config.limits)
    measurements["infobits"] = int(infobits)
    measurements["status"] = quality.status(infobits)
    cards = headers.science_cards(state, measurements)
    text = log_text("science", VERSION, config, steps)
    if state.problems:
        text += "\nproblems\n" + "".join(f"    {problem}\n" for problem in state.problems)
    return {
        "sciimg.fits": Product(state.image, [("BUNIT", "DN", "Data number")] + cards),
        "mskimg.fits": Product(state.mask, headers.mask_cards(state)),
        "sciunc.fits": Product(state.uncertainty, [("BUNIT", "DN", "Data number")] + cards),
        "psfcat.fits": Product(psf_catalog(state), cards),
        "sexcat.fits": Product(aperture_catalog(state), cards),
        "sciimgdaopsfcent.fits": Product(psf_cutout(state), cards),
        "sciimlog.txt": Product(text, []),
    }


def _sky(state, x, y):
    """Positions (deg) of pixels, NaN without an astrometric solution."""
    if state.astrometry is None:
        return np.full(len(x), np.nan), np.full(len(x), np.nan)
    return tpv.pixel_to_sky(state.astrometry.wcs, x, y)


def _magnitudes(flux, sigma):
    with np.errstate(invalid="ignore", divide="ignore"):
        mag = np.where(flux > 0, -2.5 * np.log10(flux), np.nan)
        return mag, np.where(flux > 0, MAG_PER_RELATIVE_FLUX * sigma / flux, np.nan)


def psf_catalog(state):
    """PSF-fit catalog; xpos, ypos are FITS pixels, magnitudes instrumental (add MAGZP)."""
    names = [
        "sourceid",
        "xpos",
        "ypos",
        "ra",
        "dec",
        "flux",
        "sigflux",
        "mag",
        "sigmag",
        "snr",
        "chi",
        "sharp",
        "flags",
    ]
    if state.fit is None:
        types = ["i4", "f4", "f4", "f8", "f8", "f4", "f4", "f4", "f4", "f4", "f4", "f4", "i2"]
        return Table({name: np.zeros(0, kind) for name, kind in zip(names, types, strict=True)})
    fit = state.fit
    ny, nx = state.mask.shape
    keep = (fit.flux > 0) & (fit.sigma > 0)
    keep &= (fit.x > -0.5) & (fit.x < nx - 0.5) & (fit.y > -0.5) & (fit.y < ny - 0.5)
    x, y, flux, sigma = fit.x[keep], fit.y[keep], fit.flux[keep], fit.sigma[keep]
    ra, dec = _sky(state, x, y)
    mag, sigmag = _magnitudes(flux, sigma)
    bad = (state.mask & BAD_PIXEL_MASK).astype(np.int16)
    columns = [
        np.arange(len(x), dtype=np.int32), (x + 1).astype(np.float32), (y + 1).astype(np.float32), ra, dec,
        flux.astype(np.float32), sigma.astype(np.float32), mag.astype(np.float32), sigmag.astype(np.float32),
        (flux / sigma).astype(np.float32), fit.chi[keep].astype(np.float32), 
        fit.sharp[keep].astype(np.float32),
        masks.flag_sources(bad, x, y),
    ]  # fmt: skip
    return Table(dict(zip(names, columns, strict=True)))


def _kron(state, s):
    """Automatic elliptical aperture (Kron 1980), DN."""
    a, b = np.clip(s["a"], 0.3, None), np.clip(s["b"], 0.3, None)
    a = np.maximum(a, b)
    theta = np.clip(s["theta"], -np.pi / 2, np.pi / 2)
    radius, _ = sep.kron_radius(state.clean, s["x"], s["y"], a, b, theta, KRON_RADIUS, mask=state.bad)
    radius = np.maximum(KRON_FACTOR * np.nan_to_num(radius), MIN_KRON_RADIUS)
    flux, _, _ = sep.sum_ellipse(state.clean, s["x"], s["y"], a, b, theta, radius, mask=state.bad, subpix=1)
    area = np.pi * a * b * radius**2
    return flux, np.sqrt(area * state.sky.rms**2 + np.maximum(flux, 0) / state.gain), radius


def _class_star(state, s):
    """Probability that a source is a point; NaN where it cannot be told."""
    if state.psf is None or len(s) == 0:
        return np.full(len(s), np.nan)
    small, large = (apertures.DIAMETERS.index(d) for d in (stellarity.SMALL, stellarity.LARGE))
    mag, error = _magnitudes(state.aperture_flux, state.aperture_sigma)
    excess = mag[:, small] - mag[:, large] - stellarity.expected_concentration(state.psf, s["x"], s["y"])
    return stellarity.stellarity(excess, np.hypot(error[:, small], error[:, large]))


def aperture_catalog(state):
    """SExtractor-like catalog with fixed apertures; X_IMAGE, Y_IMAGE are FITS pixels, magnitudes
    instrumental."""
    s = state.sources
    ra, dec = _sky(state, s["x"], s["y"])
    auto, auto_sigma, kron_radius = _kron(state, s) if len(s) else (np.zeros(0),) * 3
    mag_auto, mag_auto_error = _magnitudes(auto, auto_sigma)
    mag_aper, mag_aper_error = _magnitudes(state.aperture_flux, state.aperture_sigma)
    bad = (state.mask & BAD_PIXEL_MASK).astype(np.int16)
    rows = np.clip(np.rint(s["y"]).astype(int), 0, state.mask.shape[0] - 1)
    columns = np.clip(np.rint(s["x"]).astype(int), 0, state.mask.shape[1] - 1)
    single = {
        "X_IMAGE": s["x"] + 1, "Y_IMAGE": s["y"] + 1, "MAG_AUTO": mag_auto, "MAGERR_AUTO": mag_auto_error,
        "FLUX_AUTO": auto, "FLUXERR_AUTO": auto_sigma, "MAG_APER": mag_aper, "MAGERR_APER": mag_aper_error,
        "FLUX_APER": state.aperture_flux, "FLUXERR_APER": state.aperture_sigma, "FLUX_MAX": s["peak"],
        "BACKGROUND": state.sky.level[rows, columns], "A_IMAGE": s["a"], "B_IMAGE": s["b"],
        "THETA_IMAGE": np.degrees(s["theta"]), "ELONGATION": s["a"] / np.maximum(s["b"], 1e-3),
        # Full width of a Gaussian of the isophotal second moments
        "KRON_RADIUS": kron_radius, "CLASS_STAR": _class_star(state, s),
        "FLUX_RADIUS": stellarity.half_light_radius(state.aperture_flux, apertures.DIAMETERS, auto),
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


def psf_cutout(state):
    """PSF at the centre of the frame, flux 1 within the cutout: float32 (25, 25); zeros if there is none."""
    side = 2 * PSF_CUTOUT_HALF + 1
    if state.psf is None:
        return np.zeros((side, side), np.float32)
    ny, nx = state.psf.shape
    stamp = model.psf_stamp(state.psf, float(nx // 2), float(ny // 2), PSF_CUTOUT_HALF)
    return (stamp / stamp.sum()).astype(np.float32)
