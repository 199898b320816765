"""The science pipeline on a real, calibrated ZTF quadrant, beside what ZTF's own products say of it.

The calibrated image stands in for a raw frame (no overscan, bias 0, flat 1); the hardware bits of its mask, which come
from calibration frames that are not at hand, are taken as input. Without Gaia's and Pan-STARRS's stars of that field
the zero point is the header's, and astrometry is asked to find the header's projection from the nominal pointing, with
a catalog made of our stars by the header's projection.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_dilation
from scipy.spatial import cKDTree

from bench.report import Figure, report
from bench.servers import NotReadyError

DATA = Path(os.environ.get("ZTF_REAL_DATA", Path(__file__).parents[2] / "shared" / "data")) / "images"
NAME = "ztf_20200924431759_000655_zr_c13_o_q3_"
FIELD_CENTRE, CCDID, QID, FILTERCODE = (55.06078, 33.35), 13, 3, "zr"
CATALOG_ERROR = 1.0  # mas, of the catalog made from the header's projection
GRID = 40
MAS_PER_DEGREE = 3.6e6


def run(quick: bool) -> None:
    """Measure the quadrant, compare, print."""
    from astropy.io import fits

    if not (DATA / f"{NAME}sciimg.fits").exists():
        raise NotReadyError(f"{DATA} holds no {NAME}sciimg.fits: set ZTF_REAL_DATA to the folder above images/")
    image, header = fits.getdata(DATA / f"{NAME}sciimg.fits", header=True)
    mask = fits.getdata(DATA / f"{NAME}mskimg.fits").astype(np.int16)
    started = time.process_time()
    products = measure(image.astype(np.float32), mask, header)
    cpu = time.process_time() - started
    catalog = products.files["psfcat.fits"].data
    figures = {
        **header_figures(products, header, catalog),
        **source_figures(catalog, mask, products.measurements["noise"]),
        **projection_figures(catalog, header, image.shape),
        "CPU, with the first call's loading": Figure(cpu, "s"),
    }
    report("real", figures, confusion(np.asarray(products.files["mskimg.fits"].data), mask), quick)


def measure(image, mask, header):
    """Run the science pipeline on the calibrated image."""
    from archive.survey.bits import MaskBit
    from processing.pipelines.science.pipeline import SCIENCE, ScienceConfig, ScienceInputs
    from processing.science import tpv
    from processing.science.astrometry.solve import ReferenceStars
    from processing.science.photometry.zeropoint import Calibrators

    hardware = MaskBit.LOW_RESPONSE | MaskBit.HIGH_RESPONSE | MaskBit.NOISY | MaskBit.DEAD
    zero, none = np.zeros(image.shape, np.float32), np.zeros(0)
    inputs = ScienceInputs(
        raw=image, overscan=zero[:, :30], header=header, bias=zero, bias_unc=zero, flat=zero + 1, flat_unc=zero,
        defects=mask & np.int16(int(hardware)), guess=tpv.from_header(header), filtercode=FILTERCODE,
        stars=ReferenceStars(*[none] * 5), calibrators=Calibrators(*[none] * 5),
    )  # fmt: skip
    return SCIENCE.run(inputs, ScienceConfig(saturation=float(header["SATURATE"])))


def header_figures(products, header, catalog) -> dict[str, Figure]:
    """Seeing, aperture corrections, depth."""
    from processing.science.photometry import quality

    own = {card: value for card, value, _ in products.files["sciimg.fits"].cards}
    figures = {"seeing": Figure(own["SEEING"], "px", peer={"header": header["SEEING"]})}
    differences = np.array([own[f"APCOR{k}"] - header[f"APCOR{k}"] for k in range(1, 7)])
    for k in range(1, 7):
        peer = {"header": 1e3 * header[f"APCOR{k}"]}
        figures[f"APCOR{k}"] = Figure(1e3 * own[f"APCOR{k}"], "mmag", peer=peer)
    shape = 1e3 * float(np.std(differences))
    figures["scatter of the APCOR differences"] = Figure(shape, "mmag", n=6)
    flux, sigma = np.asarray(catalog["flux"], float), np.asarray(catalog["sigflux"], float)
    depth = quality.limiting_magnitude(header["MAGZP"], flux, sigma)
    figures["5-sigma limit with the header's MAGZP"] = Figure(depth, "mag", peer={"header": header["MAGLIM"]})
    return figures


def source_figures(catalog, mask, noise) -> dict[str, Figure]:
    """Our PSF catalog against the pixels that ZTF's mask marks as PSF sources."""
    from archive.survey.bits import MaskBit

    ours = np.column_stack([catalog["xpos"] - 1.0, catalog["ypos"] - 1.0])
    snr = np.asarray(catalog["snr"], float)
    theirs = np.argwhere(mask & np.int16(int(MaskBit.PSF_SOURCE)))[:, ::-1]
    to_theirs, _ = cKDTree(theirs).query(ours)
    to_ours, _ = cKDTree(ours).query(theirs)
    figures = {"PSF sources": Figure(float(len(ours)), "", peer={"ZTF": float(len(theirs))})}
    for low, high in ((5, 10), (10, 30), (30, np.inf)):
        part = (snr >= low) & (snr < high)
        figures[f"ours of S/N {low:g} to {high:g} that ZTF has"] = Figure(
            float((to_theirs[part] < 1.5).mean()), "", better="higher", n=int(part.sum())
        )
    figures["ZTF's that we have"] = Figure(float((to_ours < 1.5).mean()), "", better="higher", n=len(theirs))
    bright = snr > 20
    centred = ours[bright & (to_theirs < 1.0)]
    nearest = theirs[cKDTree(theirs).query(centred)[1]]
    offset = np.median(centred - nearest, axis=0)
    figures["offset of our pixels from ZTF's, x"] = Figure(float(offset[0]), "px", n=len(centred))
    figures["offset of our pixels from ZTF's, y"] = Figure(float(offset[1]), "px", n=len(centred))
    return figures


def projection_figures(catalog, header, shape) -> dict[str, Figure]:
    """The header's projection: read as astropy reads it, and found again from the nominal pointing."""
    from astropy.wcs import WCS

    from archive.survey.camera import Camera, nominal_wcs
    from processing.pipelines.science.state import epoch_of
    from processing.science import tpv
    from processing.science.astrometry.solve import ReferenceStars, solve_astrometry

    truth = tpv.from_header(header)
    ny, nx = shape
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(0, nx - 1, GRID), np.linspace(0, ny - 1, GRID)))
    ra, dec = tpv.pixel_to_sky(truth, x, y)
    peer = WCS(header).all_pix2world(np.column_stack([x, y]), 0)
    astropy_difference = np.hypot((ra - peer[:, 0]) * np.cos(np.radians(dec)), dec - peer[:, 1])
    good = np.asarray((catalog["snr"] > 20) & (catalog["flags"] == 0))
    px, py = np.asarray(catalog["xpos"][good], float) - 1, np.asarray(catalog["ypos"][good], float) - 1
    flux, sigma = np.asarray(catalog["flux"][good], float), np.full(good.sum(), 0.02)
    star_ra, star_dec = tpv.pixel_to_sky(truth, px, py)
    rng = np.random.default_rng(1)
    step = CATALOG_ERROR / MAS_PER_DEGREE
    star_ra = star_ra + rng.normal(0, step, len(px)) / np.cos(np.radians(star_dec))
    star_dec = star_dec + rng.normal(0, step, len(px))
    epoch = epoch_of(header)
    stars = ReferenceStars(star_ra, star_dec, -2.5 * np.log10(flux), np.zeros(len(px)), np.zeros(len(px)), epoch)
    guess = tpv.from_header(nominal_wcs(Camera(), CCDID, QID, *FIELD_CENTRE))
    found = solve_astrometry(px, py, flux, sigma, stars, guess, shape, epoch)
    found_ra, found_dec = tpv.pixel_to_sky(found.wcs, x, y)
    apart = MAS_PER_DEGREE * np.hypot((found_ra - ra) * np.cos(np.radians(dec)), found_dec - dec)
    return {
        "header's TPV, ours minus astropy, largest": Figure(
            MAS_PER_DEGREE * float(astropy_difference.max()), "mas", 0.01
        ),
        "pointing off the nominal geometry": Figure(float(np.hypot(*found.offset)), "px"),
        "header's projection found again, rms": Figure(float(np.sqrt(np.mean(apart**2))), "mas", 5.0, n=len(px)),
        "header's projection found again, largest": Figure(float(apart.max()), "mas", n=GRID**2),
    }


def confusion(ours: np.ndarray, theirs: np.ndarray) -> str:
    """A line for each bit: pixels that both, only we, only ZTF set; and shares within one pixel."""
    from archive.survey.bits import MASK_DESCRIPTIONS, bit_number

    near = np.ones((3, 3), bool)
    lines = [
        f"{'bit':3} {'both':>8} {'only ours':>10} {'only ZTF':>9} {'of ours':>8} {'of ZTF':>7}  (shares within 1 px)"
    ]
    for bit, text in MASK_DESCRIPTIONS.items():
        a, b = (ours & int(bit)) != 0, (theirs & int(bit)) != 0
        of_ours = (a & binary_dilation(b, near)).sum() / a.sum() if a.any() else np.nan
        of_theirs = (b & binary_dilation(a, near)).sum() / b.sum() if b.any() else np.nan
        counts = (int((a & b).sum()), int((a & ~b).sum()), int((b & ~a).sum()))
        numbers = f"{counts[0]:8d} {counts[1]:10d} {counts[2]:9d} {of_ours:8.3f} {of_theirs:7.3f}"
        lines.append(f"{bit_number(bit):3d} {numbers}  {text}")
    return "\n".join(lines)
