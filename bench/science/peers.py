"""SExtractor, scamp and PSFEx on the same calibrated images (Debian packages; `make bench-peers`)."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from bench.science import calibration, matching
from bench.science.figures import Peer
from bench.science.programs import run_program

SEXTRACTOR = next((name for name in ("source-extractor", "sex") if shutil.which(name)), None)
SCAMP, PSFEX = shutil.which("scamp"), shutil.which("psfex")
INSTALLED = SEXTRACTOR is not None
COLUMNS = "X_IMAGE Y_IMAGE SNR_WIN"
LDAC_COLUMNS = (
    "XWIN_IMAGE YWIN_IMAGE ERRAWIN_IMAGE ERRBWIN_IMAGE ERRTHETAWIN_IMAGE X_IMAGE Y_IMAGE FLUX_AUTO FLUXERR_AUTO "
    "FLUX_APER(1) FLUXERR_APER(1) FLUX_RADIUS ELONGATION SNR_WIN FLAGS"
)
STAMP = "VIGNET(35,35)"
THRESHOLDS = (1.0, 1.25, 1.5, 2.0, 2.5)
"""Sigmas (of the unsmoothed image) that SExtractor is tried with; the one that does it most good counts."""
CALIBRATION_SIGMA = 10.0  # sources for scamp and PSFEx


def missing() -> str:
    """The peers that are not installed and so not compared."""
    names = {"SExtractor": SEXTRACTOR, "scamp": SCAMP, "PSFEx": PSFEX}
    absent = [name for name, path in names.items() if path is None]
    return f"not installed, not compared (make bench-peers): {', '.join(absent)}" if absent else ""


def measure(inputs, measured, truth, folder: Path, seeing: float) -> dict[str, Peer]:
    """Every installed peer's result on one calibrated image with our mask; folder: for their files."""
    _write_image(folder / "image.fits", inputs, measured)
    _write_weight(folder / "weight.fits", measured.bad)
    equal = _write_filters(folder, seeing)
    limit = measured.measurements["maglim"]
    tried = [_found(folder, "usual.conv", threshold) for threshold in THRESHOLDS]
    best = max(tried, key=lambda peer: matching.balance(truth, matching.match(truth, peer.x, peer.y), limit))
    peers = {"SExtractor": best, "SExtractor, our filter": _found(folder, "matched.conv", equal)}
    if SCAMP or PSFEX:
        options = {
            "DETECT_THRESH": CALIBRATION_SIGMA,
            "ANALYSIS_THRESH": CALIBRATION_SIGMA,
            "FILTER_NAME": "usual.conv",
        }
        _extract(folder, f"{LDAC_COLUMNS} {STAMP}", "FITS_LDAC", "stars.cat", options)
    nothing = np.zeros(0)
    if SCAMP:
        peers["scamp"] = Peer(nothing, nothing, nothing, *calibration.run_scamp(SCAMP, inputs, truth, folder))
    if PSFEX:
        peers["PSFEx"] = Peer(nothing, nothing, nothing, *calibration.run_psfex(PSFEX, truth, folder))
    return peers


def _write_image(path, inputs, measured):
    from astropy.io import fits

    from processing.science import tpv

    header = fits.Header([card[:3] for card in tpv.header_cards(inputs.guess)])
    gain = float(inputs.header["GAIN"])
    header.update({"GAIN": gain, "SATURATE": 57000.0, "EXPTIME": 30.0})
    fits.writeto(path, np.nan_to_num(measured.image), header, overwrite=True)


def _write_weight(path, bad):
    """A weight of 0 in the pixels that our mask calls bad, 1 elsewhere."""
    from astropy.io import fits

    fits.writeto(path, np.where(bad, 0, 1).astype(np.float32), overwrite=True)


def _write_filters(folder, seeing) -> float:
    """Kernel files: the program's usual 3x3 filter, and the pipeline's own; returns the threshold that goes with it,
    in sigmas of the unsmoothed image as SExtractor takes it."""
    from processing.science.detection import DetectionConfig, matched_filter

    usual = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])
    matched = matched_filter(seeing)
    for name, kernel in (("usual.conv", usual), ("matched.conv", matched)):
        rows = "\n".join(" ".join(f"{v:.6g}" for v in row) for row in kernel)
        (folder / name).write_text(f"CONV NORM\n{rows}\n")
    return DetectionConfig().threshold * float(np.sqrt((matched**2).sum()))


def _found(folder: Path, kernel: str, threshold: float) -> Peer:
    """SExtractor's catalog with a filter and a threshold."""
    options = {"DETECT_THRESH": threshold, "ANALYSIS_THRESH": threshold, "FILTER_NAME": kernel}
    cpu = _extract(folder, COLUMNS, "ASCII", "catalog.txt", options)
    x, y, snr = np.loadtxt(folder / "catalog.txt", ndmin=2).T
    return Peer(x - 1, y - 1, snr, cpu)


def _extract(folder, columns, kind, name, options):
    """Run SExtractor; CPU seconds."""
    (folder / "columns").write_text(columns.replace(" ", "\n") + "\n")
    (folder / "empty").write_text("")
    every = {
        "CATALOG_NAME": name, "CATALOG_TYPE": kind, "PARAMETERS_NAME": "columns", "FILTER": "Y", "DETECT_MINAREA": 3,
        "BACK_SIZE": 128, "STARNNW_NAME": "none", "VERBOSE_TYPE": "QUIET", "NTHREADS": 1, "PHOT_APERTURES": 10,
        "WEIGHT_TYPE": "MAP_WEIGHT", "WEIGHT_IMAGE": "weight.fits", "WEIGHT_THRESH": 0,
        "MEMORY_PIXSTACK": 3_000_000, "MEMORY_OBJSTACK": 30_000, **options,
    }  # fmt: skip
    return run_program([SEXTRACTOR, "image.fits", "-c", "empty"], every, folder)
