"""The files of the difference pipeline: difference image, its PSF, candidates, stamps, log."""

import numpy as np
from astropy.table import Table

from processing.pipelines.base import Cards, Measurements, Product, StepReport, log_text
from processing.pipelines.difference.state import DifferenceConfig, DifferenceState
from processing.science import tpv

VERSION = "2"
SUFFIXES = (
    "scimrefdiffimg.fits.fz",
    "diffimgpsf.fits",
    "diffcand.fits",
    "diffstamps.fits",
    "diffimlog.txt",
)
STAMP = 63
"""Side of the stamps in alert packets, px."""


def make_products(
    state: DifferenceState, config: DifferenceConfig, measurements: Measurements, steps: tuple[StepReport, ...]
) -> dict[str, Product]:
    """All files of one difference: suffix -> Product."""
    cards = list(state.inputs.cards) + tpv.header_cards(state.inputs.science.wcs) + _cards(state, measurements)
    image = np.where(state.reference_bad, np.float32(0.0), state.subtraction.difference)
    ny, nx = state.shape
    text = log_text("difference", VERSION, config, steps)
    return {
        "scimrefdiffimg.fits.fz": Product(image, [("BUNIT", "DN", "Data number"), *cards]),
        "diffimgpsf.fits": Product(state.subtraction.psf_at(nx / 2, ny / 2), cards),
        "diffcand.fits": Product(state.table, cards),
        "diffstamps.fits": Product(stamps(state), cards),
        "diffimlog.txt": Product(text, []),
    }


def stamps(state: DifferenceState) -> Table:
    """Cut-outs of science image, reference and difference around the candidates that become alerts; the
    reference on the science image's pixels and flux scale, the difference of negative candidates inverted as
    it was searched."""
    rows = np.flatnonzero(state.table["alert"])
    x, y = np.rint(state.table["x"][rows]).astype(int), np.rint(state.table["y"][rows]).astype(int)
    difference = cut(state.subtraction.difference, x, y)
    difference[~np.asarray(state.table["positive"][rows], bool)] *= -1
    return Table(
        {
            "row": rows.astype(np.int32),
            "science": cut(state.inputs.science.image, x, y),
            "template": cut(state.reference, x, y),
            "difference": difference,
        }
    )


def cut(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Stamps about pixels, NaN beyond the edge: float32 (n, 63, 63)."""
    half = STAMP // 2
    out = np.full((len(x), STAMP, STAMP), np.nan, np.float32)
    ny, nx = image.shape
    for k, (column, row) in enumerate(zip(x, y, strict=True)):
        y0, y1 = max(row - half, 0), min(row + half + 1, ny)
        x0, x1 = max(column - half, 0), min(column + half + 1, nx)
        inside = np.s_[y0 - row + half : y1 - row + half, x0 - column + half : x1 - column + half]
        out[k][inside] = image[y0:y1, x0:x1]
    return out


def _cards(state: DifferenceState, measured: Measurements) -> Cards:
    header = state.inputs.science.header
    kept = [
        (name, header[name], "of the science image")
        for name in ("OBSJD", "EXPTIME", "FILTER", "GAIN", "SATURATE", "MAGZP", "MAGZPUNC", "MAGZPRMS", "SEEING")
        if name in header
    ]
    return [
        *kept,
        ("DIFFMLIM", measured["diffmaglim"], "5-sigma limit of the difference [mag]"),
        ("DIFFNOIS", measured["difference_noise"], "Noise of the difference where there is sky [DN]"),
        ("SCORRSIG", measured["scorr_scatter"], "Robust scatter of Scorr where there is sky"),
        ("FLUXRAT", measured["flux_ratio"], "Flux of science image over reference"),
        ("FLUXRATN", measured["flux_ratio_stars"], "Stars that gave FLUXRAT"),
        ("REGERRX", measured["registration_error_x"], "Error of the registration, x [pixels]"),
        ("REGERRY", measured["registration_error_y"], "Error of the registration, y [pixels]"),
        ("NCAND", measured["raw_candidates"], "Peaks beyond the threshold"),
        ("NALERT", measured["alerts"], "Candidates that become alerts"),
    ]
