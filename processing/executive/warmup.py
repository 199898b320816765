"""Compile every kernel once, on a tiny frame, so that the first real quadrant does not wait for it."""

import numpy as np

from processing.pipelines.calibration.bias import BIAS, BiasInputs
from processing.pipelines.science.pipeline import SCIENCE
from processing.pipelines.science.state import ScienceInputs
from processing.science.astrometry.solve import ReferenceStars
from processing.science.coadd import coadd, resample
from processing.science.detector import tracks
from processing.science.photometry.zeropoint import Calibrators
from processing.science.subtraction import candidates, zogy
from processing.science.tpv import Tpv, identity_terms, pixel_to_sky

SIDE, SPACING, FLUX, SKY, SIGMA, OVERSCAN = 256, 32, 20000.0, 200.0, 1.0, 1000.0


def warm_up() -> None:
    """Run the bias and science pipelines on a synthetic 256x256 frame of 49 stars. Raises if they do not
    work."""
    rng = np.random.default_rng(1)
    grid = np.arange(SPACING, SIDE, SPACING) + 0.3
    x, y = (v.ravel() + rng.uniform(-6, 6, v.size) for v in np.meshgrid(grid, grid))
    row, column = np.mgrid[:SIDE, :SIDE]
    image = np.full((SIDE, SIDE), SKY + OVERSCAN)
    for cx, cy in zip(x, y, strict=True):
        image += FLUX / (2 * np.pi * SIGMA**2) * np.exp(-0.5 * ((column - cx) ** 2 + (row - cy) ** 2) / SIGMA**2)
    raw = (image + rng.normal(0, 6, image.shape)).astype(np.float32)
    strip = np.full((SIDE, 30), OVERSCAN, np.float32)
    zero, ones = np.zeros((SIDE, SIDE), np.float32), np.ones((SIDE, SIDE), np.float32)
    dark = [(OVERSCAN + rng.normal(0, 2, (SIDE, SIDE))).astype(np.uint16) for _ in range(4)]
    BIAS.run(BiasInputs(dark, [strip] * 4))
    scale = 2.8e-4
    guess = Tpv(
        np.array([SIDE / 2, SIDE / 2]), np.array([150.0, 20.0]), np.array([[-scale, 0.0], [0.0, -scale]]),
        identity_terms(),
    )  # fmt: skip
    ra, dec = pixel_to_sky(guess, x, y)
    still, mag = np.zeros(len(ra)), np.full(len(ra), 15.0)
    products = SCIENCE.run(
        ScienceInputs(
            raw,
            strip,
            {"OBSJD": 2459000.5},
            zero,
            zero,
            ones,
            zero,
            np.zeros((SIDE, SIDE), np.int16),
            guess,
            "zr",
            ReferenceStars(ra, dec, mag, still, still),
            Calibrators(ra, dec, mag + 0.5, mag, mag - 0.2),
        )  # fmt: skip
    )
    if "zp" not in products.measurements:
        raise RuntimeError(f"warm-up did not calibrate its frame: {products.measurements}")
    _warm_up_subtraction(raw - np.float32(OVERSCAN), guess)
    tracks.find_tracks(zero + np.float32(3.0) * (row == column), ones, zero > 0)


def _warm_up_subtraction(image, wcs) -> None:
    """Co-add the frame with itself, subtract that from it."""
    shape, bad = image.shape, np.zeros(image.shape, bool)
    frame = coadd.CoaddFrame(image, bad.astype(np.int16), wcs, 1.0, 6.0, 2.0)
    average = coadd.coadd_frames([frame] * 3, [coadd.measure_sky(frame)] * 3, wcs, shape)
    mapping = resample.map_pixels(wcs, wcs, shape)
    reference, _ = resample.resample(average.image, bad, mapping, shape)
    resample.take_nearest(average.uncertainty, mapping, shape, 0.0)
    resample.take_nearest(bad, mapping, shape, False)
    variance, stamp = np.full(shape, 40.0, np.float32), np.outer(*[np.hanning(23)] * 2)
    difference = zogy.subtract(
        reference, reference, variance, variance, lambda x, y: stamp, lambda x, y: stamp, 6.0, 6.0, (0.1, 0.1)
    )
    candidates.find_peaks(difference.scorr, bad)
