"""Projection and PSF against the truth: ours, scamp's, PSFEx's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.science.programs import run_program

GRID, MAS = 40, 3.6e6
WCS_LABEL, PSF_LABEL = "WCS about its mean, per axis", "PSF's misplaced light"
REFERENCE_FAINTEST = 19.5
# PSFEx takes minutes for the thousands of stars of a crowded field.
PSFEX_LEAST_SNR, PSFEX_STARS = 40.0, 800
CENTRE_HALF = 8  # px, of the stamps compared


def wcs_error(truth, wcs, shape) -> float:
    """RMS per axis (mas) of a projection about its mean offset from the true one, on a grid of pixels."""
    from processing.science import tpv

    ny, nx = shape
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(0, nx - 1, GRID), np.linspace(0, ny - 1, GRID)))
    ra, dec = tpv.pixel_to_sky(tpv.from_header(truth.wcs), x, y)
    found_ra, found_dec = wcs(x, y)
    east, north = (found_ra - ra) * np.cos(np.radians(dec)) * MAS, (found_dec - dec) * MAS
    return float(np.sqrt(0.5 * (east.var() + north.var())))


def run_scamp(program: str, inputs, truth, folder: Path) -> tuple[float, dict[str, float]]:
    """CPU (s) and the error of the projection, from the sources in stars.cat and the same Gaia stars."""
    from astropy.io import fits

    _write_reference(inputs, folder / "reference.cat")
    (folder / "empty.scamp").write_text("")
    options = {
        "ASTREF_CATALOG": "FILE", "ASTREFCAT_NAME": "reference.cat", "ASTREFMAG_KEY": "MAG", "DISTORT_DEGREES": 4,
        "ASTREFCENT_KEYS": "X_WORLD,Y_WORLD", "ASTREFERR_KEYS": "ERRA_WORLD,ERRB_WORLD,ERRTHETA_WORLD",
        "POSITION_MAXERR": 2, "POSANGLE_MAXERR": 1, "CROSSID_RADIUS": 2, "SOLVE_PHOTOM": "N", "CHECKPLOT_TYPE": "NONE",
        "CHECKPLOT_DEV": "NULL", "WRITE_XML": "N", "VERBOSE_TYPE": "QUIET", "NTHREADS": 1, "MATCH_NMAX": 1000,
        "PROJECTION_TYPE": "TPV",
    }  # fmt: skip
    cpu = run_program([program, "stars.cat", "-c", "empty.scamp"], options, folder)
    from astropy.wcs import WCS

    lines = (folder / "stars.head").read_text("latin-1").splitlines()
    cards = [line for line in lines if not line.startswith(("HISTORY", "COMMENT", "END"))]
    wcs = WCS(fits.Header.fromstring("\n".join(cards), sep="\n"))
    error = wcs_error(truth, lambda x, y: wcs.all_pix2world(x, y, 0), np.shape(inputs.raw))
    return cpu, {WCS_LABEL: error}


def _write_reference(inputs, path):
    """The astrometric catalog at the epoch of the exposure, as scamp reads one."""
    from astropy.io import fits

    from processing.pipelines.science.pipeline import epoch_of
    from processing.science.astrometry.solve import apply_proper_motion

    stars = inputs.stars
    bright = stars.mag < REFERENCE_FAINTEST
    ra, dec = (values[bright] for values in apply_proper_motion(stars, epoch_of(inputs.header)))
    error = np.full(bright.sum(), 1e-7)
    columns = {
        "X_WORLD": ("D", ra), "Y_WORLD": ("D", dec), "ERRA_WORLD": ("E", error), "ERRB_WORLD": ("E", error),
        "ERRTHETA_WORLD": ("E", 0 * error), "MAG": ("E", stars.mag[bright]), "MAGERR": ("E", 0 * error + 0.01),
        "OBSDATE": ("D", 0 * error + 2016.0), "FLAGS": ("I", np.zeros(bright.sum(), np.int16)),
    }  # fmt: skip
    header = np.array([" " * 80], dtype="S80")
    head = fits.BinTableHDU.from_columns([fits.Column("Field Header Card", "80A", array=header)], name="LDAC_IMHEAD")
    body = fits.BinTableHDU.from_columns(
        [fits.Column(name, kind, array=values) for name, (kind, values) in columns.items()], name="LDAC_OBJECTS"
    )
    fits.HDUList([fits.PrimaryHDU(), head, body]).writeto(path, overwrite=True)


def run_psfex(program: str, truth, folder: Path) -> tuple[float, dict[str, float]]:
    """CPU (s) and the misplaced light of its PSF at the frame's centre, from the stamps in stars.cat."""
    from astropy.io import fits

    (folder / "empty.psfex").write_text("")
    options = {
        "BASIS_TYPE": "PIXEL_AUTO", "PSF_SAMPLING": 0.5, "PSF_SIZE": "51,51", "PSFVAR_DEGREES": 2,
        "CHECKPLOT_DEV": "NULL", "CHECKPLOT_TYPE": "NONE", "CHECKIMAGE_TYPE": "NONE", "WRITE_XML": "N",
        "VERBOSE_TYPE": "QUIET", "NTHREADS": 1, "SAMPLE_FWHMRANGE": "1.5,10.0",
        "SAMPLE_MINSN": max(PSFEX_LEAST_SNR, _snr_of_brightest(folder / "stars.cat", PSFEX_STARS)),
    }  # fmt: skip
    cpu = run_program([program, "stars.cat", "-c", "empty.psfex"], options, folder)
    with fits.open(folder / "stars.psf") as file:
        header, masks = file[1].header, file[1].data["PSF_MASK"][0]
    # Its polynomials are of the position about a zero point near the centre, constant first.
    u, v = (
        (centre - header[f"POLZERO{axis}"]) / header[f"POLSCAL{axis}"]
        for axis, centre in ((1, truth.shape[1] / 2), (2, truth.shape[0] / 2))
    )
    terms = np.array([u**i * v**j for j in range(3) for i in range(3 - j)])
    return cpu, {PSF_LABEL: misplaced(truth, np.tensordot(terms, masks, 1), header["PSF_SAMP"])}


def _snr_of_brightest(path, count):
    """S/N of the star that is the `count`-th brightest of the clean ones, as PSFEx reckons it."""
    from astropy.io import fits

    with fits.open(path) as file:
        table = file["LDAC_OBJECTS"].data
        clean = table["FLAGS"] == 0
        snr = np.sort((table["FLUX_APER"] / table["FLUXERR_APER"])[clean])[::-1]
    return float(snr[min(count, len(snr)) - 1])


def misplaced(truth, stamp: np.ndarray, step: float = 1.0) -> float:
    """Light that a PSF puts in the wrong place, in percent: half the sum of |model - truth| over pixels within
    `CENTRE_HALF`, the model moved to where it fits best.

    stamp : the model sampled every `step` px about its middle
    """
    from scipy.ndimage import map_coordinates, spline_filter
    from scipy.optimize import minimize

    goal = truth.centre_psf
    middle = goal.shape[0] // 2
    goal = goal[middle - CENTRE_HALF : middle + CENTRE_HALF + 1, middle - CENTRE_HALF : middle + CENTRE_HALF + 1]
    goal = goal / goal.sum()
    coefficients = spline_filter(np.asarray(stamp, float), 3)
    offsets = np.arange(-CENTRE_HALF, CENTRE_HALF + 1.0)

    def wrong(shift):
        rows, columns = (
            (offsets - move) / step + (side - 1) / 2 for move, side in zip(shift, stamp.shape, strict=True)
        )
        model = map_coordinates(coefficients, np.meshgrid(rows, columns, indexing="ij"), order=3, prefilter=False)
        return 50.0 * float(np.abs(model / model.sum() - goal).sum())

    return float(minimize(wrong, (0.0, 0.0), method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-4}).fun)
