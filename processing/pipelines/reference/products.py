"""The files of the reference pipeline, named as in ZTF's archive."""

import numpy as np

from processing.pipelines.base import Cards, Measurements, Product, StepReport, log_text
from processing.pipelines.catalogs import MeasuredSources, aperture_catalog, psf_catalog
from processing.pipelines.reference.state import ReferenceConfig, ReferenceState
from processing.science import tpv

VERSION = "2"
SUFFIXES = ("refimg.fits", "refcov.fits", "refunc.fits", "refpsfcat.fits", "refsexcat.fits", "refimlog.txt")


def make_products(
    state: ReferenceState, config: ReferenceConfig, measurements: Measurements, steps: tuple[StepReport, ...]
) -> dict[str, Product]:
    """All files of one reference: suffix -> Product."""
    cards = list(state.inputs.cards) + tpv.linear_cards(state.wcs, "TAN") + calibration_cards(state, measurements)
    measured = MeasuredSources(
        fit=state.fit, mask=state.mask, wcs=state.wcs, sources=state.sources, clean=state.clean,
        bad=state.coverage == 0, sky=state.sky, gain=state.gain, aperture_flux=state.aperture_flux,
        aperture_sigma=state.aperture_sigma, psf=state.psf,
    )  # fmt: skip
    names = "\n".join(f"    {frame.name} seeing {frame.seeing:.2f} px" for frame in state.used)
    return {
        "refimg.fits": Product(state.image, [("BUNIT", "DN", "Data number"), *cards]),
        "refcov.fits": Product(state.coverage, cards),
        "refunc.fits": Product(state.uncertainty, [("BUNIT", "DN", "Data number"), *cards]),
        "refpsfcat.fits": Product(psf_catalog(measured), cards),
        "refsexcat.fits": Product(aperture_catalog(measured), cards),
        "refimlog.txt": Product(log_text("reference", VERSION, config, steps) + f"frames\n{names}\n", []),
    }


def calibration_cards(state: ReferenceState, measured: Measurements) -> Cards:
    return [
        ("MAGZP", state.zero_point, "Magnitude zero point [mag]"),
        ("NFRAMES", measured["frames"], "Number of frames averaged"),
        ("GAIN", state.gain, "Effective gain of the average [e-/DN]"),
        ("SATURATE", float(state.saturation), "Saturation value [DN]"),
        ("SEEING", round(measured["psf_fwhm"], 4), "seeing FWHM [pixels]"),
        ("MAGLIM", measured["maglim"], "5-sigma mag-limit in PSF-fit catalog [mag]"),
        ("BKGMED", measured["background"], "Median background [DN]"),
        ("BKGRMS", measured["noise"], "Robust scatter of the pixels [DN]"),
        ("CLIPPED", float(np.round(measured["clipped"], 6)), "Share of pixel values left out"),
        ("INFOBITS", 0, "infoBits"),
    ]
