"""The files of the science pipeline: images, catalogs and their header cards, named as in ZTF's archive."""

import numpy as np

from processing.pipelines.base import Measurements, Product, StepReport, log_text
from processing.pipelines.catalogs import MeasuredSources, aperture_catalog, psf_catalog
from processing.pipelines.science import cards as headers
from processing.pipelines.science.state import VERSION, ScienceConfig, ScienceState
from processing.science.photometry import quality
from processing.science.psf import daophot
from processing.science.psf.evaluation import psf_stamp

SUFFIXES = (
    "sciimg.fits",
    "mskimg.fits",
    "sciunc.fits",
    "psfcat.fits",
    "sexcat.fits",
    "sciimgdao.psf",
    "sciimgdaopsfcent.fits",
    "sciimlog.txt",
)
PSF_CUTOUT_HALF = 12


def make_products(
    state: ScienceState, config: ScienceConfig, measurements: Measurements, steps: tuple[StepReport, ...]
) -> dict[str, Product]:
    """All files of one quadrant: suffix -> Product."""
    infobits = quality.assess(measurements, config.limits)
    measurements["infobits"] = int(infobits)
    measurements["status"] = quality.status(infobits)
    cards = headers.science_cards(state, measurements)
    measured = MeasuredSources(
        fit=state.fit, mask=state.mask, wcs=state.astrometry.wcs if state.astrometry else None, sources=state.sources,
        clean=state.clean, bad=state.bad, sky=state.sky, gain=state.gain, aperture_flux=state.aperture_flux,
        aperture_sigma=state.aperture_sigma, psf=state.psf,
    )  # fmt: skip
    text = log_text("science", VERSION, config, steps)
    if state.problems:
        text += "\nproblems\n" + "".join(f"    {problem}\n" for problem in state.problems)
    return {
        "sciimg.fits": Product(state.image, [("BUNIT", "DN", "Data number")] + cards),
        "mskimg.fits": Product(state.mask, headers.mask_cards(state)),
        "sciunc.fits": Product(state.uncertainty, [("BUNIT", "DN", "Data number")] + cards),
        "psfcat.fits": Product(psf_catalog(measured), cards),
        "sexcat.fits": Product(aperture_catalog(measured), cards),
        "sciimgdao.psf": Product(daophot.as_text(state.psf, state.image.shape, config.psf.radius), []),
        "sciimgdaopsfcent.fits": Product(psf_cutout(state), cards),
        "sciimlog.txt": Product(text, []),
    }


def psf_cutout(state: ScienceState) -> np.ndarray:
    """PSF at the centre of the frame, flux 1 within the cutout: float32 (25, 25); zeros if there is none."""
    side = 2 * PSF_CUTOUT_HALF + 1
    if state.psf is None:
        return np.zeros((side, side), np.float32)
    ny, nx = state.psf.shape
    stamp = psf_stamp(state.psf, float(nx // 2), float(ny // 2), PSF_CUTOUT_HALF)
    return (stamp / stamp.sum()).astype(np.float32)
